from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from canarygate.results import RoleRun, RunOutcome
from canarygate.runner.outcome import how_it_ended, outcome_of, seconds

if TYPE_CHECKING:
    from tests.conftest import MakeRecords, MakeRole

START = 1_790_000_000.0
FINE = RoleRun(
    host="http://canary",
    users_wanted=20,
    users=20,
    started=10,
    returned=10,
    recorded=10,
    tasks=10,
    start=START,
    end=START + 45.0,
    planned_seconds=45.0,
    complete=True,
    exit_status=0,
)


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({}, []),
        ({"end": START + 44.0}, []),
        ({"end": START + 50.0}, []),
        ({"end": START + 43.9}, ["the load ended after 44 of 45 s"]),
        ({"planned_seconds": None}, []),
        ({"start": None, "end": None}, ["the load ended after 0 of 45 s"]),
        (
            {"workers_wanted": 4, "workers_lost": 1},
            ["1 of 4 Locust workers were lost"],
        ),
        (
            {"complete": False, "exit_status": -9, "end": None},
            ["Locust was killed by signal 9 before its records were complete"],
        ),
        (
            {"complete": False, "exit_status": 1},
            ["Locust exited with 1 before its records were complete"],
        ),
        (
            {"complete": False, "exit_status": None},
            ["Locust had to be killed before its records were complete"],
        ),
        ({"exceptions": 10}, ["every task raised (10 exceptions)"]),
        ({"exceptions": 9}, []),
        ({"started": 0, "tasks": 0}, ["Locust sent no request at all"]),
        ({"started": 0, "tasks": 10}, ["Locust sent no request at all"]),
        ({"started": 0, "exceptions": 10}, ["every task raised (10 exceptions)"]),
        (
            {"complete": False, "exit_status": -15, "workers_wanted": 2, "workers_lost": 2},
            [
                "2 of 2 Locust workers were lost",
                "Locust was killed by signal 15 before its records were complete",
            ],
        ),
    ],
    ids=str,
)
def test_each_way_to_break_is_named(
    make_records: "MakeRecords", changes: dict[str, Any], reasons: list[str]
) -> None:
    roles = {"canary": replace(FINE, **changes)}

    outcome, reason = outcome_of(roles, {"canary": make_records(4)}, was_stopped=False)

    assert "; ".join(f"canary: {each}" for each in reasons) == reason
    assert (RunOutcome.BROKEN if reasons else RunOutcome.FINISHED) is outcome


def test_a_run_that_the_parent_ended_early_is_not_cut_short(make_records: "MakeRecords") -> None:
    roles = {"canary": replace(FINE, end=START + 5.0)}

    found = outcome_of(roles, {"canary": make_records(4)}, was_stopped=True)

    assert (RunOutcome.DECIDED, "") == found


def test_a_shape_of_the_locustfile_has_to_fill_the_run_time_that_was_asked_for(
    make_records: "MakeRecords",
) -> None:
    roles = {"canary": replace(FINE, end=START + 20.0, planned_seconds=None)}
    records = {"canary": make_records(4)}
    found = {
        asked: outcome_of(roles, records, was_stopped=False, run_time_seconds=asked)
        for asked in (20.0, 45.0)
    }

    assert (RunOutcome.FINISHED, "") == found[20.0]
    assert RunOutcome.BROKEN is found[45.0][0]
    assert found[45.0][1].startswith("canary: the load ended after 20 of 45 s; ")


def test_a_load_that_never_began_lasted_no_time() -> None:
    assert (0.0, 0.0, 45.0) == (
        seconds(replace(FINE, start=None)),
        seconds(replace(FINE, end=None)),
        seconds(FINE),
    )


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (None, "had to be killed"),
        (0, "exited with 0"),
        (3, "exited with 3"),
        (-9, "was killed by signal 9"),
    ],
)
def test_an_exit_status_is_put_into_words(status: int | None, words: str) -> None:
    assert words == how_it_ended(status)


def test_a_run_with_an_answer_is_finished(
    make_records: "MakeRecords", make_role: "MakeRole"
) -> None:
    """One host that answers is enough: that the other one does not is what the judge is for."""
    answered = make_records(4)
    silent = replace(answered, status=answered.status * 0)
    roles = {"canary": make_role(silent), "stable": make_role(answered)}

    found = outcome_of(roles, {"canary": silent, "stable": answered}, was_stopped=False)

    assert (RunOutcome.FINISHED, "") == found


@pytest.mark.parametrize("requests", [0, 4])
def test_a_run_that_nobody_answered_is_broken(
    make_records: "MakeRecords", make_role: "MakeRole", requests: int
) -> None:
    records = make_records(requests)
    records = replace(records, status=records.status * 0)
    role = make_role(records, started=4)

    found = outcome_of({"canary": role}, {"canary": records}, was_stopped=False)

    assert (RunOutcome.BROKEN, "nothing answered on any host") == found


def test_what_broke_either_role_is_the_reason(
    make_records: "MakeRecords", make_role: "MakeRole"
) -> None:
    records = make_records(4)
    roles = {
        "canary": make_role(records, complete=False, exit_status=-9),
        "stable": make_role(records, workers_wanted=2, workers_lost=1),
    }

    assert (
        RunOutcome.BROKEN,
        "canary: Locust was killed by signal 9 before its records were complete; "
        "stable: 1 of 2 Locust workers were lost",
    ) == outcome_of(roles, dict.fromkeys(roles, records), was_stopped=False)
