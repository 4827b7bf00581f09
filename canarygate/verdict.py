"""What canarygate answers: checks, each with numbers and a reason, and the verdict they add up to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """The state of one check, and of all of them together. Absence of evidence is never PASS."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One question put to the records.

    `value` and `limit` share one unit, which the name carries (`…_ratio`, `…_seconds`); both are
    None where there was nothing to measure. `numbers` holds what it takes to work it out again.
    """

    name: str
    state: Verdict
    reason: str
    value: float | None = None
    limit: float | None = None
    numbers: Mapping[str, float | int | str | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class EndpointComparison:
    """One endpoint of the canary beside stable's, after the warm-up. Durations are seconds.

    Ratios are canary to stable: 1.38 is 38 % slower. None where there was too little to tell.
    """

    method: str
    name: str
    canary_successes: int
    stable_successes: int
    ratio: float | None = None
    """Typical change: the Hodges-Lehmann ratio."""
    ratio_low: float | None = None
    ratio_high: float | None = None
    """Its 95 % interval (Moses): of sampling alone, not of pods that differ."""
    canary_p50: float | None = None
    canary_p95: float | None = None
    stable_p50: float | None = None
    stable_p95: float | None = None
    tolerance: float
    """So much slower is no regression; a fraction."""
    p: float | None = None
    p_needed: float | None = None
    """What `p` had to be at most to be called slower, after every correction."""
    state: Verdict
    """PASS: a regression is ruled out; FAIL: it is slower; INCONCLUSIVE: neither is sure."""
    ruled_out: float | None = None
    """Slower by more than this fraction is ruled out (0.25 is 25 %)."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The canary against stable, as it stood at one moment of the run."""

    at_seconds: float
    """Judged up to here, since the load began."""
    bar: str
    """What a pass had to rule out: `look` or `last_look`."""
    endpoints: Sequence[EndpointComparison]
    only_one: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    """Endpoints that only one role has: role to (method, name)."""
    matched_share: float | None = None
    """Of the canary's requests, those with a twin: the same user's same request on stable."""
    step_seconds: float | None = None
    """How far apart the twins were sent (95 % are closer)."""
    measures: Mapping[str, float] = field(default_factory=dict)
    """Canary to stable as ratios by a closed set of names, for the pushed series."""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Every check, the verdict they add up to, and the sentence a person reads first."""

    verdict: Verdict
    sentence: str
    checks: Sequence[Check]
    decided_at_seconds: float | None = None
    """When the answer became certain, since the load began; None: not before the end."""
    comparison: Comparison | None = None
    """None without a stable host, or where the policy compares nothing."""
    memory_seconds_to_limit: Mapping[str, float] = field(default_factory=dict)
    """By role, where memory grows towards a known limit."""


def combine(checks: Sequence[Check]) -> Verdict:
    """One failed check fails; else one that could not tell leaves it open; no checks tell nothing."""
    states = {check.state for check in checks}
    if Verdict.FAIL in states:
        return Verdict.FAIL
    if Verdict.INCONCLUSIVE in states or not states:
        return Verdict.INCONCLUSIVE
    return Verdict.PASS
