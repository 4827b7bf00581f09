"""What may fail a canary at any moment: more errors than stable, and gross slowness.

Both tests hold however often one looks, so that they need not wait for a look. Both depend, at any
moment, only on what had ended by then.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, log

import numpy as np
from numpy.typing import NDArray

from canarygate.judge.arm import MICROSECONDS, Arm
from canarygate.judge.pairs import Pairs, pair_up
from canarygate.judge.policy import ErrorRules, GrossRules
from canarygate.judge.ranks import pooled_score, rank_score, upper_p, within_margin
from canarygate.judge.stats import (
    count_apart,
    distinct,
    log_evidence,
    weakest_log_evidence,
    when_apart,
)

SETTLED_SECONDS = 2.0
"""After the warm-up; gross slowness is looked for from then on."""
NEWEST = 20_000
"""So many of each arm's newest successes are ranked; more would cost time and tell no more."""
CHUNK = 4_096


@dataclass(frozen=True, kw_only=True)
class ErrorEvidence:
    """Errors of both arms, and the evidence that the canary's are more frequent."""

    canary_errors: int
    canary_requests: int
    stable_errors: int
    stable_requests: int
    log_e: float
    """-inf where there is none."""
    apart: int
    """Of the canary's errors, so many lie a second or more apart."""
    broken: bool

    @property
    def difference(self) -> float | None:
        """Of the two shares; None while an arm has no request."""
        if not self.canary_requests or not self.stable_requests:
            return None
        return self.canary_errors / self.canary_requests - self.stable_errors / self.stable_requests


def failures(arm: Arm, *, blame_timeouts: bool) -> NDArray[np.bool_]:
    """Which requests failed; without `blame_timeouts` a timeout may be the generator's own doing."""
    return ~arm.ok if blame_timeouts else ~arm.ok & ~arm.timed_out


def error_evidence(
    canary: Arm, stable: Arm, rules: ErrorRules, *, blame_timeouts: bool = True
) -> ErrorEvidence:
    """The errors of two arms as they stand.

    Among all errors the canary's share is at most its share of all requests if it is no worse: the
    evidence is `log_evidence` of the canary's errors among all, with that share as the limit.
    """
    own = canary.ended[failures(canary, blame_timeouts=blame_timeouts)]
    other = int(failures(stable, blame_timeouts=blame_timeouts).sum())
    apart = count_apart(own, MICROSECONDS)
    log_e = -np.inf
    if len(canary) and len(stable):
        share = len(canary) / (len(canary) + len(stable))
        log_e = float(log_evidence(len(own), len(own) + other, share))
    found = ErrorEvidence(
        canary_errors=len(own),
        canary_requests=len(canary),
        stable_errors=other,
        stable_requests=len(stable),
        log_e=log_e,
        apart=apart,
        broken=False,
    )
    enough = apart >= rules.seconds_apart and log_e >= -log(rules.alpha)
    is_worse = found.difference is not None and found.difference >= rules.share
    return ErrorEvidence(**{**vars(found), "broken": enough and is_worse})


def counts_by(
    moments: NDArray[np.int64],
    errors: Sequence[NDArray[np.int64]],
    canary: Arm,
    stable: Arm,
) -> tuple[NDArray[np.int64], ...]:
    """At each moment (microseconds): errors of the canary and of stable, requests of both.

    `errors` are the times of the canary's errors and of stable's.
    """
    return tuple(
        np.searchsorted(times, moments, "right") for times in (*errors, canary.ended, stable.ended)
    )


def first_errors(
    canary: Arm, stable: Arm, rules: ErrorRules, *, blame_timeouts: bool = True
) -> float | None:
    """When the canary's errors first were provably more frequent than stable's; seconds.

    Every moment at which an error of the canary ended is tried: only there the evidence grows.
    """
    errors = [arm.ended[failures(arm, blame_timeouts=blame_timeouts)] for arm in (canary, stable)]
    begin = when_apart(errors[0], MICROSECONDS, rules.seconds_apart)
    if begin is None:
        return None
    moments = distinct(errors[0][begin:])
    # Most canaries that fail do so among their first errors: the rest need not be computed.
    for first in range(0, len(moments), CHUNK):
        chunk = moments[first : first + CHUNK]
        k, k_stable, n, n_stable = counts_by(chunk, errors, canary, stable)
        compared = n_stable > 0
        worse = k / n - k_stable / np.maximum(n_stable, 1) >= rules.share
        kept = compared & worse
        if not kept.any():
            continue
        k, k_stable, n, n_stable = k[kept], k_stable[kept], n[kept], n_stable[kept]
        strong = log_evidence(k, k + k_stable, n / (n + n_stable)) >= -log(rules.alpha)
        if strong.any():
            return float(chunk[kept][strong][0]) / MICROSECONDS
    return None


@dataclass(frozen=True, kw_only=True)
class GrossEvidence:
    """The pairs of one endpoint (or of all), and the evidence that the canary is grossly slower."""

    endpoint: tuple[str, str] | None
    """None: all endpoints together."""
    hits: int
    pairs: int
    log_e: float
    needed: float
    """What `log_e` has to reach."""


def gross_evidence(canary: Arm, stable: Arm, rules: GrossRules) -> GrossEvidence | None:
    """The strongest evidence as it stands; None while there are no pairs."""
    every = pair_up(canary, stable, rules.tolerance, rules.tolerance_seconds)
    if not every:
        return None
    needed = log((len(every) + 1) / rules.alpha)
    found = [
        GrossEvidence(
            endpoint=pairs.endpoint,
            hits=int(pairs.hits_before[-1]),
            pairs=len(pairs),
            log_e=float(log_evidence(pairs.hits_before[-1], len(pairs), 0.5)),
            needed=needed,
        )
        for pairs in _targets(every)
    ]
    return max(found, key=lambda each: each.log_e)


@dataclass(frozen=True, kw_only=True)
class Gross:
    """Gross slowness: when it was certain, and where."""

    at_seconds: float
    endpoint: tuple[str, str] | None
    """None: all endpoints together."""


def first_gross(
    canary: Arm, stable: Arm, rules: GrossRules, warm_up_seconds: float
) -> Gross | None:
    """The first whole second at which the canary was grossly slower, for certain.

    A pair is a hit where the canary's answer was slower than stable's by more than the margin; no
    more than half of them are, if the canary is not slower than that. Each endpoint is a test and
    so are all together; with m endpoints the evidence has to reach (m + 1) / alpha. It has to be as
    strong after any one block of time is left out (one burst is no regression), and the rank test
    of the unpaired durations has to agree: pairs can be locked in phase.
    """
    path = gross_path(canary, stable, rules, warm_up_seconds)
    if path is None:
        return None
    ends, needed = path.seconds * MICROSECONDS, path.needed
    for second, target in _candidates(path.hits, path.pairs, needed):
        end = int(ends[second])
        pairs = path.targets[target].first(int(path.pairs[target, second]))
        if _is_confirmed(pairs, path.targets[:-1], end, float(needed[second]), rules):
            return Gross(at_seconds=float(path.seconds[second]), endpoint=pairs.endpoint)
    return None


@dataclass(frozen=True, kw_only=True)
class GrossPath:
    """The pairs at each whole second at which there was anything new."""

    seconds: NDArray[np.int64]
    targets: Sequence[Pairs]
    """Each endpoint, and last all of them together."""
    hits: NDArray[np.int64]
    """Of each target (rows) at each second (columns), and so are the pairs."""
    pairs: NDArray[np.int64]
    needed: NDArray[np.float64]
    """What the logarithm of the evidence has to reach at each second."""


def gross_path(
    canary: Arm, stable: Arm, rules: GrossRules, warm_up_seconds: float
) -> GrossPath | None:
    """What `first_gross` goes over; None while there are no pairs."""
    every = pair_up(canary, stable, rules.tolerance, rules.tolerance_seconds)
    if not every:
        return None
    targets = _targets(every)
    seconds = _seconds(targets[-1], warm_up_seconds + SETTLED_SECONDS)
    ends = seconds * MICROSECONDS
    pairs = np.array([np.searchsorted(each.ended, ends, "right") for each in targets])
    hits = np.array([each.hits_before[number] for each, number in zip(targets, pairs, strict=True)])
    endpoints = (pairs[:-1] > 0).sum(axis=0)
    needed = np.log((endpoints + 1) / rules.alpha)
    return GrossPath(seconds=seconds, targets=targets, hits=hits, pairs=pairs, needed=needed)


def _targets(every: Sequence[Pairs]) -> list[Pairs]:
    """Each endpoint, and last all of them together."""
    ended = np.concatenate([pairs.ended for pairs in every])
    order = np.argsort(ended, kind="stable")
    hit = np.concatenate([pairs.hit for pairs in every])[order]
    return [*every, Pairs(endpoint=None, ended=ended[order], hit=hit)]


def _seconds(pairs: Pairs, begin: float) -> NDArray[np.int64]:
    """Whole seconds, from `begin` on, at which there was anything new."""
    whole = -(-pairs.ended // MICROSECONDS)
    return distinct(np.maximum(whole, ceil(begin)))


def _candidates(
    hits: NDArray[np.int64], pairs: NDArray[np.int64], needed: NDArray[np.float64]
) -> Iterator[tuple[int, int]]:
    """(second, target) with evidence enough, in order of time.

    One that is taken and turns out to be unconfirmed is offered again when it has a twentieth more
    pairs: confirming costs time in proportion to them.
    """
    log_e = np.full(hits.shape, -np.inf)
    possible = 2 * hits > pairs
    log_e[possible] = log_evidence(hits[possible], pairs[possible], 0.5)
    again = np.zeros(len(hits))
    for second, target in np.argwhere((log_e >= needed).T):
        number = pairs[target, second]
        if number >= again[target]:
            again[target] = number * 1.05
            yield int(second), int(target)


def _is_confirmed(
    pairs: Pairs, every: Sequence[Pairs], end: int, needed: float, rules: GrossRules
) -> bool:
    block = round(rules.block_seconds * MICROSECONDS)
    if weakest_log_evidence(pairs.ended, pairs.hit, 0.5, block) < needed:
        return False
    ranked = every if pairs.endpoint is None else [e for e in every if e.endpoint == pairs.endpoint]
    scores, sizes = [], []
    for each in ranked:
        canary, stable = each.durations(end, NEWEST)
        shifted = within_margin(canary, rules.tolerance, rules.tolerance_seconds)
        scores.append(rank_score(shifted, stable))
        sizes.append((len(canary), len(stable)))
    return upper_p(pooled_score(scores, *np.array(sizes).T)) <= rules.rank_p
