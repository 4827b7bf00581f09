"""Did the run do what it was meant to? Apart from what it found: a broken run answers nothing."""

from collections.abc import Iterator, Mapping

from canarygate.records import Records
from canarygate.results import RoleRun, RunOutcome

SLACK_SECONDS = 1.0
"""A run may end this much before its planned time: Locust's timer and the first user's start differ."""


def outcome_of(
    roles: Mapping[str, RoleRun],
    records: Mapping[str, Records],
    *,
    was_stopped: bool,
    run_time_seconds: float | None = None,
) -> tuple[RunOutcome, str]:
    """The outcome of a run that was not interrupted, and why it is no better.

    Args:
        roles: what each role's Locust counted.
        records: what each role's Locust recorded.
        was_stopped: the parent ended the load because the answer was certain, so that a short run
            is no surprise.
        run_time_seconds: what was asked for, where a LoadTestShape decides what comes of it.
    """
    reasons = [f"{role}: {each}" for role, facts in roles.items() for each in breakages(facts)]
    # A role that broke ends the other one early too, which then needs no mention.
    if not reasons and not was_stopped:
        reasons = [
            f"{role}: {each}"
            for role, facts in roles.items()
            for each in shortages(facts, run_time_seconds)
        ]
    if not reasons and not any((each.status > 0).any() for each in records.values()):
        reasons.append("nothing answered on any host")
    if reasons:
        return RunOutcome.BROKEN, "; ".join(reasons)
    return (RunOutcome.DECIDED if was_stopped else RunOutcome.FINISHED), ""


def breakages(facts: RoleRun) -> Iterator[str]:
    """Everything that makes a role's records no answer, the most telling first."""
    if facts.workers_lost:
        yield f"{facts.workers_lost} of {facts.workers_wanted} Locust workers were lost"
    if not facts.complete:
        yield f"Locust {how_it_ended(facts.exit_status)} before its records were complete"
    if facts.tasks and facts.exceptions >= facts.tasks:
        yield f"every task raised ({facts.exceptions} exceptions)"
    elif not facts.started:
        yield "Locust sent no request at all"


def shortages(facts: RoleRun, run_time_seconds: float | None) -> Iterator[str]:
    """A load that ended early, by whatever in the locustfile or beside it."""
    if is_cut_short(facts):
        yield f"the load ended after {seconds(facts):.0f} of {facts.planned_seconds:.0f} s"
    elif facts.planned_seconds is None and (
        seconds(facts) < (run_time_seconds or 0) - SLACK_SECONDS
    ):
        yield (
            f"the load ended after {seconds(facts):.0f} of {run_time_seconds:.0f} s; where the "
            "locustfile's LoadTestShape is meant to end there, give its length as the run time"
        )


def is_cut_short(facts: RoleRun) -> bool:
    """The load ended before its planned time, without a word from the parent."""
    return facts.planned_seconds is not None and (
        seconds(facts) < facts.planned_seconds - SLACK_SECONDS
    )


def seconds(facts: RoleRun) -> float:
    """How long the load lasted; 0 when no user ever started."""
    if facts.start is None or facts.end is None:
        return 0.0
    return facts.end - facts.start


def how_it_ended(status: int | None) -> str:
    """An exit status in words."""
    if status is None:
        return "had to be killed"
    return f"was killed by signal {-status}" if status < 0 else f"exited with {status}"
