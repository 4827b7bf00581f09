"""The formulas: evidence that a share is above a limit, and bounds on a share.

Shares are fractions of 1. `hits` of `requests` were errors, or slow. Functions of arrays
broadcast, as numpy does.
"""

from math import isnan, log10

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincc, betaincinv, betaln


def log_evidence(hits: ArrayLike, requests: ArrayLike, share: ArrayLike) -> NDArray[np.float64]:
    """Natural logarithm of the evidence E that hits are more frequent than `share`.

    With k hits in n requests and the limit r = share, E is the likelihood ratio of q against r,
    averaged over q uniform in (r, 1):

        B(k+1, n-k+1) P(Beta(k+1, n-k+1) > r) / (1-r) / (r^k (1-r)^(n-k))

    While the true share is at most r, E is a non-negative supermartingale that starts at 1, so the
    probability that it ever reaches 1/alpha is at most alpha, however often one looks (Ville 1939;
    mixtures of this kind: Robbins 1970). It grows with k at fixed n and falls with n at fixed k.

    Where P underflows the records speak for a kept limit, and the answer is -inf.
    """
    k = np.asarray(hits, np.float64)
    misses = np.asarray(requests, np.float64) - k
    share = np.asarray(share, np.float64)
    above = np.asarray(betaincc(k + 1, misses + 1, share), np.float64)
    # Below the smallest normal number digits are lost one by one: that is underflow already.
    above = np.where(above < np.finfo(np.float64).tiny, 0.0, above)
    with np.errstate(divide="ignore"):
        log_above = np.log(above)
    at_limit = k * np.log(share) + misses * np.log1p(-share)
    return np.asarray(betaln(k + 1, misses + 1) + log_above - np.log1p(-share) - at_limit)


def log10_or_none(log_e: float) -> float | None:
    """For people and JSON: log10, None for no evidence at all (-inf)."""
    return log_e * log10(np.e) if np.isfinite(log_e) else None


def upper_bound(hits: int, requests: int, confidence: float) -> float:
    """One-sided upper confidence bound of a share (Clopper & Pearson 1934); 1 without requests."""
    if hits >= requests:
        return 1.0
    return float(betaincinv(hits + 1, requests - hits, confidence))


def lower_bound(hits: int, requests: int, confidence: float) -> float:
    """One-sided lower confidence bound of a share (Clopper & Pearson 1934); 0 without hits."""
    if hits <= 0:
        return 0.0
    bound = float(betaincinv(hits, requests - hits + 1, 1 - confidence))
    return 0.0 if isnan(bound) else bound


def requests_needed(hits: int, share: float, confidence: float) -> int:
    """Fewest requests whose upper bound lies below `share`, if no hit joins these."""
    low, high = hits, 2 * hits + 1
    while upper_bound(hits, high, confidence) >= share:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if upper_bound(hits, middle, confidence) < share:
            high = middle
        else:
            low = middle
    return high


def weakest_log_evidence(
    times: NDArray[np.int64], hit: NDArray[np.bool_], share: float, block: int
) -> float:
    """The least log evidence that is left after dropping all requests of one window of time.

    Every window [s, s + block) is tried, wherever it starts: what it holds changes only where it
    begins to lose or to hold one more request, so that two windows per request are all there are.

    Args:
        times: when each request ended, ascending, in any whole unit.
        hit: which of them are hits.
        share: the limit.
        block: the window's length, in the unit of `times`.
    """
    if not len(times):
        return 0.0
    # A window either begins with a request, or ends just before one.
    new = np.concatenate([[True], times[1:] != times[:-1]])
    here = np.maximum.accumulate(np.where(new, np.arange(len(times)), 0))
    first = np.concatenate([here, np.searchsorted(times, times - block, "left")])
    last = np.concatenate([np.searchsorted(times, times + block, "left"), here])
    hits_before = np.concatenate([[0], np.cumsum(hit, dtype=np.int64)])
    dropped_hits = hits_before[last] - hits_before[first]
    # Among windows with as many hits, the one with the fewest requests leaves the least evidence.
    fewest = np.full(int(dropped_hits.max()) + 1, len(times))
    np.minimum.at(fewest, dropped_hits, last - first)
    seen = np.flatnonzero(np.bincount(dropped_hits))
    return float(log_evidence(hits_before[-1] - seen, len(times) - fewest[seen], share).min())


def count_apart(times: NDArray[np.int64], gap: int) -> int:
    """Most of these ascending times that can be picked with at least `gap` between neighbours."""
    count, position = 0, 0
    while position < len(times):
        count += 1
        position = int(np.searchsorted(times, times[position] + gap, "left"))
    return count


def when_apart(times: NDArray[np.int64], gap: int, number: int) -> int | None:
    """Index of the first of these ascending times that completes `number`, each `gap` apart.

    None where `count_apart` of all of them is less than `number`.
    """
    position = 0
    for _ in range(number - 1):
        if position >= len(times):
            return None
        position = int(np.searchsorted(times, times[position] + gap, "left"))
    return position if position < len(times) else None


def distinct(times: NDArray[np.int64]) -> NDArray[np.int64]:
    """Ascending times, each once."""
    return times[np.concatenate([[True], times[1:] != times[:-1]])] if len(times) else times
