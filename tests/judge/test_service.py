"""A started service that ends by itself fails the run, whatever else was seen."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from canarygate.judge.checks import judge
from canarygate.judge.policy import load_policy
from canarygate.judge.service import service_check
from canarygate.results import RunFile, RunOutcome, StartedService
from canarygate.verdict import Judgement, Verdict
from tests.conftest import START

if TYPE_CHECKING:
    from tests.conftest import MakeRecords, MakeRole

RAN_ON = StartedService(program="./shop", ready_seconds=1.25)
DIED = replace(RAN_ON, exit_status=3, ended_at=START + 12.34)


@pytest.fixture
def judged(make_records: "MakeRecords", make_role: "MakeRole") -> Any:
    """A run that would pass, but for its service."""

    def judged(service: StartedService | None, **run: Any) -> Judgement:
        records = make_records()
        values: dict[str, Any] = {"outcome": RunOutcome.DECIDED, "warm_up_seconds": 10.0}
        file = RunFile(
            run_id="run-1",
            service="checkout",
            roles={"canary": make_role(records)},
            started_service=service,
            **(values | run),
        )
        return judge(file, {"canary": records}, load_policy(None))

    return judged


def test_a_service_that_runs_on_passes_and_is_no_news(judged: Any) -> None:
    answer = judged(RAN_ON, outcome=RunOutcome.FINISHED)

    check = next(each for each in answer.checks if each.name == "canary.service")
    assert (Verdict.PASS, Verdict.PASS) == (answer.verdict, check.state)
    assert "the started service, ready after 1.2 s, ran until it was told to stop" == check.reason
    assert "service" not in answer.sentence


def test_a_service_that_ends_fails_before_anything_else(judged: Any) -> None:
    answer = judged(DIED)

    assert Verdict.FAIL is answer.verdict
    assert (
        "fail: the started service ended by itself 12.3 s into the load (exit status 3) "
        "(limits only, no stable host)"
    ) == answer.sentence
    assert pytest.approx(12.34) == answer.decided_at_seconds
    decision = next(each for each in answer.checks if each.name == "run.decision")
    assert Verdict.PASS is decision.state


@pytest.mark.parametrize(
    "outcome", [RunOutcome.BROKEN, RunOutcome.INTERRUPTED, RunOutcome.NOT_STARTED]
)
def test_in_a_run_that_is_void_it_decides_nothing(judged: Any, outcome: RunOutcome) -> None:
    """Whoever cancels a job ends the service too."""
    assert Verdict.INCONCLUSIVE is judged(DIED, outcome=outcome).verdict
    assert Verdict.INCONCLUSIVE is judged(RAN_ON, outcome=outcome).verdict


def test_two_hosts_that_are_one_do_not_excuse_it(judged: Any) -> None:
    assert Verdict.FAIL is judged(DIED, same_identity="X-Instance: 1 from both hosts").verdict


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"exit_status": 0}, "12.3 s into the load (exit status 0; a start command has to stay "),
        ({"exit_status": -9}, "12.3 s into the load (killed by SIGKILL)"),
        ({"exit_status": -99}, "12.3 s into the load (killed by signal 99)"),
        ({"ended_at": START - 1}, "before the load began (exit status 3)"),
        ({"ended_at": None}, "before the load began (exit status 3)"),
    ],
)
def test_how_it_ended_is_said(judged: Any, changes: dict[str, Any], reason: str) -> None:
    found = judged(replace(DIED, **changes))

    assert f"fail: the started service ended by itself {reason}" in found.sentence


def test_where_none_was_started_nothing_is_asked(judged: Any) -> None:
    file = RunFile(run_id="run-1", service="checkout", outcome=RunOutcome.FINISHED)

    assert service_check(file) is None
    assert "canary.service" not in [each.name for each in judged(None).checks]
