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
class Judgement:
    """Every check, the verdict they add up to, and the sentence a person reads first."""

    verdict: Verdict
    sentence: str
    checks: Sequence[Check]


def combine(checks: Sequence[Check]) -> Verdict:
    """One failed check fails; else one that could not tell leaves it open; no checks tell nothing."""
    states = {check.state for check in checks}
    if Verdict.FAIL in states:
        return Verdict.FAIL
    if Verdict.INCONCLUSIVE in states or not states:
        return Verdict.INCONCLUSIVE
    return Verdict.PASS
