"""The run's health: each lack leaves the answer open, with its own check and its own reason."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from canarygate.judge.checks import certain, judge
from canarygate.records import Records
from canarygate.results import RunOutcome
from canarygate.verdict import Verdict
from tests.judge.samples import (
    POLICY,
    START,
    Traffic,
    check,
    judged,
    role,
    run_of,
    states,
    traffic,
)

LACKS: dict[str, tuple[dict[str, Any], str, str]] = {
    "eleven requests without an end": (
        {"started": 538, "returned": 526},
        "run.unfinished_ratio",
        "canary: 12 of 538 requests never came back (2.23 %; allowed 2 %)",
    ),
    "more ends than beginnings": (
        {"started": 525},
        "run.counts",
        "canary: 526 requests came back of 525 sent",
    ),
    "an answer without a record": (
        {"started": 527, "returned": 527},
        "run.unrecorded",
        "canary: 1 unrecorded answer, allowed 0",
    ),
    "a task that raised": (
        {"exceptions": 3},
        "run.exceptions",
        "canary: 3 task exceptions, allowed 0",
    ),
    "a recorder that failed": (
        {"listener_errors": 1},
        "run.listener_errors",
        "canary: 1 recorder error, allowed 0",
    ),
    "other records than recorded": (
        {"started": 527, "returned": 527, "recorded": 527, "statistics_requests": None},
        "run.counts",
        "canary: 526 records, but the recorder counted 527",
    ),
    "other records than Locust's statistics": (
        {"statistics_requests": 530},
        "run.counts",
        "canary: 526 records, but Locust counted 530",
    ),
    "other failures than Locust's statistics": (
        {"statistics_failures": 2},
        "run.counts",
        "canary: 0 failed records, but Locust counted 2 failures",
    ),
    "a worker lost": ({"workers_lost": 1}, "run.workers", "canary: 1 lost worker"),
    "a stranger's worker": ({"foreign_workers": 2}, "run.workers", "canary: 2 foreign workers"),
    "fewer users than wanted": ({"users": 19}, "run.users", "canary: 19 of 20 users ran"),
    "no user at all": ({"users": 0, "users_wanted": 0}, "run.users", "canary: 0 of 0 users ran"),
    "users who stopped on the way": (
        {"users_at_end": 3},
        "run.users",
        "canary: 3 of 20 users were left at the end",
    ),
    "a locustfile that asks somebody else": (
        {"elsewhere": 526},
        "run.target",
        "canary: every one of 526 requests ended at another host than the one under test,"
        " by redirects or absolute URLs",
    ),
    "a run cut short": (
        {"end": START + 43.9},
        "run.length",
        "canary: cut short, 43.9 s of 45 s",
    ),
    "a run without a beginning": (
        {"start": None},
        "run.length",
        "canary: the load has no known start and end",
    ),
    "a run without an end": (
        {"end": None},
        "run.length",
        "canary: the load has no known start and end",
    ),
    "a start that is no number": (
        {"start": float("nan")},
        "run.length",
        "canary: the load has no known start and end",
    ),
    "a recorder that never finished": (
        {"complete": False},
        "run.ending",
        "canary: the recorder's final report is missing",
    ),
    "a Locust that runs still": (
        {"exit_status": None},
        "run.ending",
        "canary: Locust has not ended",
    ),
    "a Locust that was killed": (
        {"exit_status": -9},
        "run.ending",
        "canary: Locust ended with status -9",
    ),
    "a problem in words": ({"problem": "it fell over"}, "run.ending", "canary: it fell over"),
    "a generator short of CPU": (
        {"generator_cpu": 0.951},
        "run.generator_cpu_cores",
        "canary: the generator was short of CPU (0.95 cores busy)",
    ),
    "a generator whose CPU nobody measured": (
        {"generator_cpu": None},
        "run.generator_cpu_cores",
        "canary: the generator's CPU use was not measured",
    ),
    "a generator that wakes late": (
        {"generator_lag_seconds": 0.25},
        "run.generator_lag_seconds",
        "canary: the generator woke late (95 % within 0.25 s)",
    ),
    "a generator whose lag is no number": (
        {"generator_lag_seconds": float("nan")},
        "run.generator_lag_seconds",
        "canary: the generator's lag was not measured",
    ),
}


@pytest.mark.parametrize("lack", LACKS)
@pytest.mark.parametrize("role_name", ["canary", "stable"])
def test_a_lack_on_either_role_leaves_the_answer_open(lack: str, role_name: str) -> None:
    facts, name, reason = LACKS[lack]
    facts_of: dict[str, Any] = {f"{role_name}_facts": facts}
    judgement = judged(traffic(526), traffic(526), **facts_of)

    assert check(judgement, name).state is Verdict.INCONCLUSIVE
    assert check(judgement, name).reason == reason.replace("canary", role_name)
    assert judgement.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("lack", LACKS)
def test_no_lack_saves_a_canary_that_breaks_a_limit(lack: str) -> None:
    failing = traffic(526, failed=63)
    judgement = judged(failing, traffic(526), stable_facts=LACKS[lack][0])

    assert judgement.verdict is Verdict.FAIL


@pytest.mark.parametrize(
    "facts",
    [
        {"started": 536, "returned": 526},
        {"end": START + 44.0},
        {"end": START + 60.0},
        {"planned_seconds": None, "end": START + 20.0},
        {"statistics_requests": None, "statistics_failures": None},
        {"users": 25},
        {"workers_wanted": 2},
        {"generator_cpu": 0.9, "generator_lag_seconds": 0.1},
    ],
)
def test_what_is_within_bounds_lacks_nothing(facts: dict[str, Any]) -> None:
    assert states(judged(traffic(526), canary_facts=facts).checks) == {}


@pytest.mark.parametrize(
    "run",
    [{"decided": True}, {"outcome": RunOutcome.DECIDED}, {"decided": True, "reason": "early"}],
)
def test_a_run_that_we_ended_ourselves_is_not_cut_short(run: dict[str, Any]) -> None:
    """It may even have ended while users were still being started, a request of each under way."""
    facts = {"end": START + 18.9, "users": 15, "started": 526 + 15}
    failing = traffic(526, failed=400, last=18.8)
    judgement = judged(failing, traffic(526, last=18.8), canary_facts=facts, **run)

    assert Verdict.FAIL is judgement.verdict
    assert judgement.decided_at_seconds is not None
    assert {} == {
        name: state for name, state in states(judgement.checks).items() if name.startswith("run.")
    }


@pytest.mark.parametrize("unfinished", [15 + 12, 526])
def test_more_open_requests_than_users_are_not_our_doing(unfinished: int) -> None:
    facts = {"end": START + 18.9, "users": 15, "started": 526 + unfinished}
    judgement = judged(traffic(526), traffic(526), canary_facts=facts, decided=True)

    assert check(judgement, "run.unfinished_ratio").state is Verdict.INCONCLUSIVE


def test_a_load_that_was_ended_early_for_nothing_is_no_pass() -> None:
    """What the watcher saw has to be seen again."""
    judgement = judged(traffic(526), outcome=RunOutcome.DECIDED)

    assert {"run.decision": "inconclusive"} == states(judgement.checks)
    assert "the load was ended early, but its records were not certain" in judgement.sentence


def test_a_run_that_still_runs_is_open_but_may_fail_already() -> None:
    """The watcher asks while the load runs."""
    running: dict[str, Any] = {"end": None, "exit_status": None, "complete": False}
    healthy = judged(traffic(526), canary_facts=running, outcome=RunOutcome.RUNNING)
    failing = judged(traffic(526, failed=63), canary_facts=running, outcome=RunOutcome.RUNNING)

    assert (healthy.verdict, failing.verdict) == (Verdict.INCONCLUSIVE, Verdict.FAIL)
    assert healthy.sentence.startswith("inconclusive: the run is running")


def test_users_may_go_where_the_locustfiles_own_shape_lets_them() -> None:
    facts = {"users_at_end": 0, "planned_seconds": None}

    assert states(judged(traffic(526), canary_facts=facts).checks) == {}


def test_an_end_in_silence_leaves_the_answer_open() -> None:
    """Users that hang in their own code send nothing, and what they sent before looked healthy."""
    judgement = judged(traffic(526, first=1.0, last=30.0))

    assert states(judgement.checks) == {"run.silence": "inconclusive"}
    assert check(judgement, "run.silence").reason == (
        "canary: nothing was answered in the last 15 s of 45 s, where some 263 requests were due"
    )


@pytest.mark.parametrize(("requests", "last"), [(526, 43.5), (38, 30.0)])
def test_a_pause_that_chance_can_make_is_no_silence(requests: int, last: float) -> None:
    assert (
        check(judged(traffic(requests, first=1.0, last=last)), "run.silence").state is Verdict.PASS
    )


def test_users_that_all_rest_together_are_no_silence() -> None:
    """Bursts every 14 s: the pause at the end is no longer than those before it."""
    answered = traffic(526)
    bursts = answered.ended // 14 * 14
    bursting = Traffic(ended=bursts, seconds=answered.seconds, outcome=answered.outcome)

    assert check(judged(bursting), "run.silence").state is Verdict.PASS


def test_two_hosts_that_are_the_same_process_are_inconclusive() -> None:
    judgement = judged(traffic(526), traffic(526), same_identity="both say version v7, pod a")

    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert check(judgement, "run.identity").reason == (
        "both hosts are the same: both say version v7, pod a"
    )


def test_nothing_fails_and_nothing_is_certain_of_one_process_against_itself() -> None:
    """Neither an accident of the comparison nor a limit that the host breaks on both sides."""
    canary, stable = traffic(526, failed=200), traffic(526)
    roles = {"canary": role(canary), "stable": role(stable)}
    records = {"canary": canary.records(), "stable": stable.records()}
    run = run_of(roles, same_identity="both say version v7, pod a")

    assert judge(run, records, POLICY).verdict is Verdict.INCONCLUSIVE
    assert certain(run, records, POLICY, None, 45.0) is None
    assert judge(run_of(roles), records, POLICY).verdict is Verdict.FAIL


def test_a_lack_is_said_before_what_it_leaves_open() -> None:
    judgement = judged(traffic(100), canary_facts={"end": START + 8.0})

    assert judgement.sentence == (
        "inconclusive: canary: cut short, 8 s of 45 s; and 2 other open checks"
        " (limits only, no stable host)"
    )


def test_every_check_is_named_once_and_carries_a_reason() -> None:
    checks = judged(traffic(526), traffic(526)).checks

    assert [check.name for check in checks] == [
        "compare.errors",
        "compare.gross_slowness",
        "compare.slower",
        "compare.stalls",
        "compare.clear",
        "canary.error_ratio",
        "canary.slower_than_0.5s_ratio",
        "canary.slower_than_1s_ratio",
        "run.outcome",
        "run.decision",
        "run.answers",
        "run.identity",
        "run.records",
        "run.counts",
        "run.unfinished_ratio",
        "run.unrecorded",
        "run.exceptions",
        "run.listener_errors",
        "run.workers",
        "run.users",
        "run.pace",
        "run.target",
        "run.silence",
        "run.length",
        "run.ending",
        "run.generator_cpu_cores",
        "run.generator_lag_seconds",
    ]
    assert all(check.reason for check in checks)


@pytest.mark.parametrize("column", ["start", "intended_start", "end", "duration_ms"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300, -1e300])
def test_impossible_numbers_are_counted_and_never_pass(column: str, value: float) -> None:
    answered = traffic(526)
    records = answered.records()
    values = getattr(records, column)
    values[[3, 77]] = value
    judgement = judge(run_of({"canary": role(answered)}), {"canary": records}, POLICY)

    assert states(judgement.checks) == {"run.records": "inconclusive"}
    assert check(judgement, "run.records").reason == (
        "canary: 2 records with an impossible time, duration or outcome"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"duration_ms": np.full(526, -1.0)},
        {"duration_ms": np.full(526, np.nan)},
        {"end": np.full(526, START - 100)},
        {"outcome": np.full(526, 99)},
        {"outcome": np.full(526, -1)},
    ],
)
def test_records_that_are_all_impossible_leave_everything_open(
    change: dict[str, Any],
) -> None:
    answered = traffic(526)
    records = replace(answered.records(), **change)
    judgement = judge(run_of({"canary": role(answered)}), {"canary": records}, POLICY)

    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert check(judgement, "run.records").value == 526


def test_every_value_is_a_finite_plain_number_or_none() -> None:
    """What goes into report.json has to be JSON."""
    dead: Records = traffic(0).records()
    judgements = [
        judged(traffic(526, failed=526), traffic(526)),
        judge(run_of({"canary": role(None, started=5)}), {"canary": dead}, POLICY),
        judged(traffic(526), canary_facts={"generator_cpu": float("inf"), "start": float("nan")}),
        judge(run_of({}), {}, POLICY),
    ]
    checks = [check for judgement in judgements for check in judgement.checks]
    values = [
        value for each in checks for value in (each.value, each.limit, *each.numbers.values())
    ]

    assert {int, float, str, type(None)} == {type(value) for value in values}
    assert all(np.isfinite(value) for value in values if isinstance(value, float))
