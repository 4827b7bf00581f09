"""From both arms to an answer: the first moment at which anything is certain, and what it is."""

from collections.abc import Sequence
from dataclasses import dataclass

from canarygate.verdict import Check, Comparison, Verdict

FIRST_LOOKS = (45.0, 90.0, 180.0, 300.0)
"""Seconds; after these each look comes at twice the time of the one before."""
COMPARED_SECONDS = 20.0
"""A look comes at least this long after the warm-up."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How long a run may last, and what it has to wait for. Seconds since the load began."""

    planned_seconds: float
    """It lasts that long at most."""
    min_seconds: float = 0.0
    """Passes before this do not count."""
    memory_asked: bool = False
    """A pass waits for an answer about memory."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What became certain, and when."""

    verdict: Verdict
    """PASS or FAIL before the end of a run; at its end INCONCLUSIVE as well."""
    at_seconds: float
    checks: Sequence[Check]
    """Of the traffic, the comparison and memory; the run's own health is not among them."""
    comparison: Comparison | None


def look_times(plan: Plan, warm_up_seconds: float) -> tuple[float, ...]:
    """When the arms are compared: at 45, 90, 180, 300 s, each doubling, and last at the end."""
    times: list[float] = []
    moment = 0.0
    for number in range(64):
        moment = FIRST_LOOKS[number] if number < len(FIRST_LOOKS) else moment * 2
        if moment >= plan.planned_seconds:
            break
        if moment >= warm_up_seconds + COMPARED_SECONDS:
            times.append(moment)
    return (*times, plan.planned_seconds)
