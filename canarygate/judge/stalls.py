"""Stalls: are the worst seconds of the run mostly the canary's?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from canarygate.judge.arm import MICROSECONDS, Arm
from canarygate.judge.policy import StallRules

WORST = (8, 16, 32, 64)
"""So many of the worst seconds are looked at, as far as they are a quarter of all at most."""
SMALLEST_SHARE = 4


@dataclass(frozen=True, kw_only=True)
class Stalls:
    """What the worst seconds say. Seconds count once per arm."""

    p: float
    """Of the most telling number of worst seconds, corrected for having tried several; 1 at most."""
    worst: int
    """That number; 0 where there are too few seconds to tell."""
    canary_worst: int
    """Of them, the canary's."""
    seconds: int
    """With a success, of both arms together."""
    canary_longest: float
    """The canary's longest excess over its endpoint's median, in seconds."""
    stable_longest: float


def find_stalls(canary: Arm, stable: Arm, rules: StallRules) -> Stalls:
    """Rank every second of each arm by its worst excess, and count the canary's among the worst.

    An excess is what a success after the warm-up took beyond the median of its endpoint over both
    arms; the canary's is reduced by its margin. What it waited on an open schedule is left out: one
    burst makes many seconds of queues, and this test takes seconds for independent. Were both arms
    equal, the canary's share of the k worst of N seconds would be hypergeometric. Seconds that tie
    are taken from stable first.
    """
    names = sorted({*canary.endpoints, *stable.endpoints})
    endpoints = {endpoint: code for code, endpoint in enumerate(names)}
    codes, seconds, durations = [], [], []
    for arm in (canary, stable):
        judged = arm.ok & arm.warm
        place = np.array([endpoints[endpoint] for endpoint in arm.endpoints], np.int64)
        codes.append(place[arm.endpoint[judged]])
        seconds.append(arm.ended[judged] // MICROSECONDS)
        durations.append((arm.duration_seconds - arm.waited_seconds)[judged])
    own, other = len(codes[0]), len(codes[1])
    if not own or not other:
        return Stalls(
            p=1.0, worst=0, canary_worst=0, seconds=0, canary_longest=0.0, stable_longest=0.0
        )
    code, duration = np.concatenate(codes), np.concatenate(durations)
    median = _medians(code, duration, len(endpoints))[code]
    excess = duration - median
    longest = [max(float(each.max()), 0.0) for each in (excess[:own], excess[own:])]
    excess[:own] -= np.maximum(rules.share * median[:own], rules.seconds)
    canary_worst = _worst_by_second(seconds[0], excess[:own])
    stable_worst = _worst_by_second(seconds[1], excess[own:])
    number, hits, p = _most_telling(canary_worst, stable_worst)
    return Stalls(
        p=p,
        worst=number,
        canary_worst=hits,
        seconds=len(canary_worst) + len(stable_worst),
        canary_longest=longest[0],
        stable_longest=longest[1],
    )


def hypergeometric_p(hits: int, total: int, marked: int, drawn: int) -> float:
    """Chance of at least `hits` marked ones among `drawn` of `total`, of which `marked` are marked.

    The same as `scipy.stats.hypergeom.sf(hits - 1, total, marked, drawn)`.
    """
    count = np.arange(max(hits, drawn - (total - marked), 0), min(marked, drawn) + 1)
    chances = np.exp(
        _log_choose(marked, count)
        + _log_choose(total - marked, drawn - count)
        - _log_choose(total, np.array([drawn]))
    )
    return min(float(chances.sum()), 1.0)


def _most_telling(
    canary: NDArray[np.float64], stable: NDArray[np.float64]
) -> tuple[int, int, float]:
    """The number of worst seconds, the canary's among them, and p times the numbers tried."""
    excess = np.concatenate([stable, canary])  # stable first: a stable sort lets it win ties
    is_canary = np.arange(len(excess)) >= len(stable)
    hits = np.cumsum(is_canary[np.argsort(-excess, kind="stable")][: WORST[-1]])
    numbers = [number for number in WORST if number * SMALLEST_SHARE <= len(excess)]
    tried = []
    for number in numbers:
        found = int(hits[number - 1])
        p = hypergeometric_p(found, len(excess), len(canary), number) * len(numbers)
        tried.append((number, found, min(p, 1.0)))
    return min(tried, key=lambda each: each[2], default=(0, 0, 1.0))


def _medians(
    code: NDArray[np.int64], duration: NDArray[np.float64], endpoints: int
) -> NDArray[np.float64]:
    """By endpoint; 0 where it has nothing."""
    order = np.argsort(code.astype(np.int16) if endpoints < 32_000 else code, kind="stable")
    edges = np.searchsorted(code[order], np.arange(endpoints + 1))
    medians = np.zeros(endpoints)
    for endpoint in np.flatnonzero(np.diff(edges)):
        rows = order[edges[endpoint] : edges[endpoint + 1]]
        medians[endpoint] = np.median(duration[rows])
    return medians


def _worst_by_second(second: NDArray[np.int64], excess: NDArray[np.float64]) -> NDArray[np.float64]:
    """The largest excess of every second that has one; `second` ascends."""
    starts = np.flatnonzero(np.concatenate([[True], second[1:] != second[:-1]]))
    return np.maximum.reduceat(excess, starts)


def _log_choose(total: int, chosen: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(gammaln(total + 1) - gammaln(chosen + 1) - gammaln(total - chosen + 1))
