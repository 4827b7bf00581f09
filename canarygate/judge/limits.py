"""The absolute limits: broken on evidence, kept when breaking them is ruled out, or open."""

from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from canarygate.judge.arm import MICROSECONDS, Arm
from canarygate.judge.policy import EvidenceRules, Policy, SlowLimit
from canarygate.judge.stats import (
    count_apart,
    log10_or_none,
    log_evidence,
    lower_bound,
    requests_needed,
    upper_bound,
    weakest_log_evidence,
    when_apart,
)


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One absolute limit: at most `share` of the requests may be hits."""

    name: str
    what: str
    """The hits, in words: `errors`, `requests slower than 0.5 s`."""
    share: float
    slower_than_seconds: float | None = None
    """None: the limit of errors."""

    @property
    def is_latency(self) -> bool:
        """Judged on successes after the warm-up."""
        return self.slower_than_seconds is not None


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one role's records say about one limit. Bounds are shares; E is the evidence against."""

    requests: int
    hits: int
    lower: float
    broken: bool
    log10_e: float | None
    log10_e_weakest: float | None
    """After dropping the worst window; None as well where E itself was too small to look."""
    hits_apart: int
    pass_requests: int
    pass_hits: int
    upper: float
    kept: bool
    needed: int
    """Requests for a pass, if no hit joins these."""


def limits_of(policy: Policy) -> list[Limit]:
    """The policy's limits, errors first."""
    return [
        Limit(name="error_ratio", what="errors", share=policy.errors.share),
        *(_slow_limit(slow) for slow in policy.slow),
    ]


def _slow_limit(slow: SlowLimit) -> Limit:
    seconds = f"{slow.slower_than_seconds:g}"
    return Limit(
        name=f"slower_than_{seconds}s_ratio",
        what=f"requests slower than {seconds} s",
        share=slow.share,
        slower_than_seconds=slow.slower_than_seconds,
    )


def find(arm: Arm, limit: Limit, rules: EvidenceRules, *, blame_timeouts: bool = True) -> Finding:
    """Hold one role's records against one limit.

    Errors are shares of all requests. Latency counts successes after the warm-up; for a pass every
    failure counts as slow as well, so that a slow request cannot become good by failing. Without
    `blame_timeouts` a timeout is no evidence for a broken limit, and still speaks against a pass.
    """
    judged, hit, doubtful = _population(arm, limit, blame_timeouts)
    requests, hits = len(judged), int(hit.sum())
    pass_requests = int(arm.warm.sum()) if limit.is_latency else len(arm)
    pass_hits = int(doubtful.sum())
    log_e = float(log_evidence(hits, requests, limit.share))
    enough = -log(rules.alpha)
    weakest, apart = None, count_apart(judged[hit], MICROSECONDS)
    if log_e >= enough:
        weakest = weakest_log_evidence(judged, hit, limit.share, _block(rules))
    upper = upper_bound(pass_hits, pass_requests, rules.confidence)
    return Finding(
        requests=requests,
        hits=hits,
        lower=lower_bound(hits, requests, rules.confidence),
        broken=weakest is not None and weakest >= enough and apart >= rules.hits_apart,
        log10_e=log10_or_none(log_e),
        log10_e_weakest=None if weakest is None else log10_or_none(weakest),
        hits_apart=apart,
        pass_requests=pass_requests,
        pass_hits=pass_hits,
        upper=upper,
        kept=upper < limit.share,
        needed=requests_needed(pass_hits, limit.share, rules.confidence),
    )


@dataclass(frozen=True, kw_only=True)
class Tally:
    """One role's requests that a limit judges, so that any moment of the run can be asked about."""

    times: NDArray[np.int64]
    """When each ended, ascending, in microseconds."""
    hit: NDArray[np.bool_]
    hits_before: NDArray[np.int64]
    """Among the first 0, 1, 2 … of them."""

    def requests_by(self, ends: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many had ended by each of these moments."""
        return np.searchsorted(self.times, ends, "right")

    def is_broken_by(self, end: int, limit: Limit, rules: EvidenceRules) -> bool:
        """What `find` says of the same moment."""
        number = int(self.requests_by(np.array([end]))[0])
        times, hit = self.times[:number], self.hit[:number]
        enough, hits = -log(rules.alpha), int(self.hits_before[number])
        return (
            float(log_evidence(hits, number, limit.share)) >= enough
            and when_apart(times[hit], MICROSECONDS, rules.hits_apart) is not None
            and weakest_log_evidence(times, hit, limit.share, _block(rules)) >= enough
        )


def tally(arm: Arm, limit: Limit, *, blame_timeouts: bool = True) -> Tally:
    """The requests of a whole run that a limit judges."""
    times, hit, _doubtful = _population(arm, limit, blame_timeouts)
    before = np.concatenate([[0], np.cumsum(hit, dtype=np.int64)])
    return Tally(times=times, hit=hit, hits_before=before)


def _block(rules: EvidenceRules) -> int:
    return round(rules.block_seconds * MICROSECONDS)


def _population(
    arm: Arm, limit: Limit, blame_timeouts: bool
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """When the judged requests ended, which are hits, and (of a pass) which count as hits."""
    if limit.slower_than_seconds is None:
        blamed = ~arm.ok if blame_timeouts else ~arm.ok & ~arm.timed_out
        return arm.ended, blamed, ~arm.ok
    slow = arm.duration_seconds > limit.slower_than_seconds
    judged = arm.ok & arm.warm
    return arm.ended[judged], slow[judged], (slow | ~arm.ok)[arm.warm]
