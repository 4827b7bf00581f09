"""The run's own health: what must be true of a run before its traffic may pass a canary.

A problem makes its check inconclusive, never failed: it says that the run cannot be believed, not
that the canary is bad.
"""

from collections.abc import Iterable, Sequence

from canarygate.judge import bookkeeping, load
from canarygate.judge.arm import Arm, finite
from canarygate.judge.condition import condition, per_role
from canarygate.judge.pace import pace
from canarygate.judge.policy import RunLimits
from canarygate.judge.wording import count
from canarygate.results import RunFile, RunOutcome
from canarygate.verdict import Check

VOID = frozenset({RunOutcome.NOT_STARTED, RunOutcome.BROKEN, RunOutcome.INTERRUPTED})
ENDED = frozenset({RunOutcome.FINISHED, RunOutcome.DECIDED})


def health_checks(
    run: RunFile, arms: Sequence[Arm], limits: RunLimits, *, was_certain: bool
) -> list[Check]:
    """Every check of the run's health; those per role say which role in their reason.

    `was_certain`: the records show an answer that was certain before the end of the run.
    """
    return [
        _outcome(run),
        _decision(run, was_certain),
        _answers(arms),
        _identity(run),
        bookkeeping.records(arms),
        bookkeeping.counts(arms),
        bookkeeping.unfinished(arms, limits, was_decided(run)),
        bookkeeping.counted(arms, "unrecorded", "unrecorded answer", 0),
        bookkeeping.counted(arms, "exceptions", "task exception", limits.exceptions),
        bookkeeping.counted(arms, "listener_errors", "recorder error", 0),
        load.workers(arms),
        load.users(arms, was_decided(run)),
        pace(run, arms),
        load.target(arms),
        load.silence(arms),
        load.length(arms, limits, was_decided(run)),
        load.ending(arms),
        load.generator_cpu(arms, limits),
        load.generator_lag(arms, limits),
    ]


def was_decided(run: RunFile) -> bool:
    """We ended the load ourselves, because the answer was certain."""
    return run.decided or run.outcome is RunOutcome.DECIDED


def is_generator_short(arms: Iterable[Arm], limits: RunLimits) -> bool:
    """Some role's generator measurably lacked CPU: slowness and timeouts may be its own."""
    return any(
        (finite(arm.facts.generator_cpu) or 0) > limits.generator_cpu
        or (finite(arm.facts.generator_lag_seconds) or 0) > limits.generator_lag_seconds
        for arm in arms
    )


def _outcome(run: RunFile) -> Check:
    because = f": {run.reason}" if run.reason else ""
    problems = [] if run.outcome in ENDED else [f"the run is {run.outcome}{because}"]
    return condition(
        "outcome", problems, f"the run is {run.outcome}", numbers={"outcome": str(run.outcome)}
    )


def _decision(run: RunFile, was_certain: bool) -> Check:
    """A load that was ended early is judged as far as it went only where that was enough."""
    problems = (
        ["the load was ended early, but its records were not certain"]
        if was_decided(run) and not was_certain
        else []
    )
    good = "an answer was certain before the end" if was_certain else "nothing was decided early"
    return condition("decision", problems, good)


def _answers(arms: Sequence[Arm]) -> Check:
    """A dead canary beside a living stable fails by its errors; here it is only not a pass."""
    succeeded = per_role(arms, lambda arm: arm.succeeded)
    dead = [f"{arm.role} never succeeded ({_sent(arm)})" for arm in arms if not arm.succeeded]
    return condition(
        "answers",
        dead if arms else ["no role was driven"],
        "every host answered",
        value=min((arm.succeeded for arm in arms), default=None),
        limit=1,
        numbers=succeeded,
    )


def _sent(arm: Arm) -> str:
    if not arm.facts.started and not arm.recorded:
        return "no request was sent"
    return f"{count(arm.recorded, 'request')} came back, {arm.facts.unfinished:,} did not"


def _identity(run: RunFile) -> Check:
    problems = [f"both hosts are the same: {run.same_identity}"] if run.same_identity else []
    return condition("identity", problems, "nothing shows that two hosts are the same")
