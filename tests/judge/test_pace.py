"""A run that sent less than it was meant to send is no pass, whatever the answers that it got."""

from typing import Any

import pytest

from canarygate.judge.arm import read_arm
from canarygate.judge.pace import pace
from canarygate.results import RoleRun, RunFile, RunOutcome
from canarygate.verdict import Check, Verdict

KEPT = {"scheduled": 1000, "begun": 1000, "lateness_seconds": 0.004, "user_seconds": 400.0}


def check(arrival: str, **roles: dict[str, Any]) -> Check:
    """Roles of 20 s by what their recorders counted."""
    facts = {
        role: RoleRun(
            **{"host": "http://h", "users_wanted": 20, "start": 0.0, "end": 20.0, **counts}
        )
        for role, counts in roles.items()
    }
    run = RunFile(
        run_id="run-1",
        service="shop",
        outcome=RunOutcome.FINISHED,
        settings={"arrival": arrival},
        roles=facts,
    )
    return pace(run, [read_arm(role, each, None, 0.0) for role, each in facts.items()])


def test_a_schedule_that_was_kept_passes_and_tells_the_rates() -> None:
    found = check("open", canary=KEPT | {"begun": 960}, stable=KEPT)

    assert (
        Check(
            name="run.pace",
            state=Verdict.PASS,
            reason="the open schedule was kept",
            value=0.96,
            limit=0.9,
            numbers={
                "canary_scheduled": 1000,
                "canary_begun": 960,
                "canary_turns_per_second": 48.0,
                "canary_lateness_seconds": 0.004,
                "stable_scheduled": 1000,
                "stable_begun": 1000,
                "stable_turns_per_second": 50.0,
                "stable_lateness_seconds": 0.004,
            },
        )
        == found
    )


@pytest.mark.parametrize("role", ["canary", "stable"])
def test_turns_that_were_not_begun_leave_the_answer_open(role: str) -> None:
    slow = {role: KEPT | {"begun": 880, "busy_seconds": 300.0, "lateness_seconds": 2.4}}

    found = check("open", **({"canary": KEPT, "stable": KEPT} | slow))

    assert Verdict.INCONCLUSIVE == found.state
    assert (
        f"{role}: 880 of 1,000 scheduled turns begun (88 %; needed 90 %), users were 75 % of the "
        "time inside requests, 95 % of turns began within 2.4 s"
    ) == found.reason


@pytest.mark.parametrize("scheduled", [0, -1])
def test_a_schedule_that_asked_for_nothing_is_no_pass(scheduled: int) -> None:
    found = check("open", canary=KEPT | {"scheduled": scheduled, "begun": 0}, stable=KEPT)

    assert Verdict.INCONCLUSIVE == found.state
    assert "canary: the open schedule asked for nothing" == found.reason


def test_more_turns_than_were_scheduled_are_no_pass() -> None:
    """The recorder's own counts cannot be right then."""
    assert Verdict.INCONCLUSIVE == check("open", canary=KEPT | {"begun": 1001}).state


def busy(share: float) -> dict[str, Any]:
    return {"user_seconds": 400.0, "busy_seconds": 400.0 * share}


def test_closed_runs_report_how_busy_their_users_were() -> None:
    found = check("closed", canary=busy(0.25), stable=busy(0.2))

    assert Verdict.PASS == found.state
    assert (0.25, {"canary_busy_share": 0.25, "stable_busy_share": 0.2}) == (
        found.value,
        found.numbers,
    )


@pytest.mark.parametrize(
    ("canary", "stable", "state"),
    [
        (0.95, 0.1, Verdict.INCONCLUSIVE),
        (0.1, 0.95, Verdict.INCONCLUSIVE),
        (1.2, 0.1, Verdict.INCONCLUSIVE),
        (0.95, 0.94, Verdict.PASS),  # no time to think in the locustfile: both alike
        (0.8, 0.1, Verdict.PASS),
    ],
)
def test_a_role_that_slow_answers_throttled_alone_leaves_the_answer_open(
    canary: float, stable: float, state: Verdict
) -> None:
    assert state == check("closed", canary=busy(canary), stable=busy(stable)).state


def test_the_reason_says_which_role_and_what_helps() -> None:
    assert (
        "canary: users were 95 % of the time inside requests, so that slow answers set its load, "
        "and the other role's did not; --arrival open keeps both in step"
    ) == check("closed", canary=busy(0.95), stable=busy(0.1)).reason


def test_a_run_of_before_there_were_such_counts_is_judged_as_it_was() -> None:
    found = check("", canary={}, stable={})

    assert Verdict.PASS == found.state
    assert found.value is None
