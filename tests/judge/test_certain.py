"""The judge's two entries, with records and a run around them: the plan, the moment, the sentence."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from canarygate.judge.checks import certain, judge
from canarygate.judge.policy import Policy
from canarygate.memory import MemorySamples
from canarygate.records import Outcome, Records
from canarygate.results import RunFile, RunOutcome
from canarygate.verdict import Judgement, Verdict
from tests.judge.samples import LIMITS_ONLY, POLICY, START, Traffic, check, role, run_of, traffic

SETTINGS = {"run_time_seconds": 300, "min_run_time_seconds": 0, "memory": None}
LONG = {"end": START + 300.0, "planned_seconds": 300.0}


def run_and_records(
    canary: Traffic, stable: Traffic, settings: dict[str, Any] | None = None, **changes: Any
) -> tuple[RunFile, dict[str, Records]]:
    """A run of 300 s."""
    roles = {"canary": role(canary, **LONG), "stable": role(stable, **LONG)}
    run = run_of(roles, settings={**SETTINGS, **(settings or {})}, **changes)
    return run, {"canary": canary.records(), "stable": stable.records()}


def judged(canary: Traffic, stable: Traffic, policy: Policy = POLICY, **run: Any) -> Judgement:
    """Of that run, when it is over."""
    return judge(*run_and_records(canary, stable, **run), policy)


HEALTHY = traffic(3_600, first=1.0, last=299.9)
FAILING = traffic(3_600, failed=432, first=1.0, last=299.9)
SLOW = replace(HEALTHY, seconds=HEALTHY.seconds * 5)


def test_a_pass_says_when_and_what_was_ruled_out() -> None:
    judgement = judged(HEALTHY, HEALTHY)

    assert (Verdict.PASS, 45.0) == (judgement.verdict, judgement.decided_at_seconds)
    assert (
        "pass after 45 s: ruled out: more than 25 % slower, 0.75 points more errors or slow"
        " requests (95 % sure)"
    ) == judgement.sentence
    assert judgement.comparison is not None
    assert (45.0, "look") == (judgement.comparison.at_seconds, judgement.comparison.bar)


def test_a_fail_by_errors_says_when_and_how_many() -> None:
    judgement = judged(FAILING, HEALTHY)

    assert Verdict.FAIL is judgement.verdict
    assert (
        "fail after 6.48 s: canary fails more often than stable: 9 of 67 requests (13.4 %);"
        " stable 0 of 67; canary.error_ratio fails too"
    ) == judgement.sentence


def test_a_fail_by_slowness_names_the_endpoint_and_its_change() -> None:
    judgement = judged(SLOW, HEALTHY)

    assert 14.0 == judgement.decided_at_seconds
    assert (
        "fail after 14 s: GET / is slower (typical 5\N{MULTIPLICATION SIGN} [5\N{MULTIPLICATION SIGN},"
        " 5\N{MULTIPLICATION SIGN}], p95 50 → 250 ms; tolerance 10 %)"
    ) == judgement.sentence


def test_an_open_answer_says_why() -> None:
    few = traffic(12, first=15.0, last=299.0)

    assert judged(few, few).sentence.startswith(
        "inconclusive: too few successes after the warm-up: no endpoint has 20 per role (at most 12)"
    )


def test_what_both_arms_break_is_said_before_what_it_leaves_open() -> None:
    sentence = judged(FAILING, FAILING).sentence

    assert sentence.startswith("inconclusive: canary's errors are above 1 %: 432 of 3,600 requests")
    assert sentence.endswith("stable 432 of 3,600: both break it, which points at the environment")


def test_records_after_the_answer_are_left_out() -> None:
    """Everything fails after the pass at 45 s."""
    later = replace(HEALTHY, outcome=np.where(HEALTHY.ended > 45, 2, 0))
    judgement = judged(later, HEALTHY)

    assert Verdict.PASS is judgement.verdict
    assert 0 == check(judgement, "canary.error_ratio").numbers["hits"]


@pytest.mark.parametrize("outcome", [RunOutcome.BROKEN, RunOutcome.INTERRUPTED])
def test_a_void_run_was_certain_of_nothing(outcome: RunOutcome) -> None:
    judgement = judged(FAILING, HEALTHY, outcome=outcome)

    assert (Verdict.INCONCLUSIVE, None) == (judgement.verdict, judgement.decided_at_seconds)


def test_a_running_load_is_certain_as_soon_as_it_will_ever_be() -> None:
    run, records = run_and_records(FAILING, HEALTHY, outcome=RunOutcome.RUNNING)
    over = judge(run, records, POLICY).decided_at_seconds
    assert over is not None
    roles = {
        name: replace(facts, end=None, exit_status=None, complete=False)
        for name, facts in run.roles.items()
    }
    running = replace(run, roles=roles)

    assert None is certain(running, records, POLICY, None, over - 0.01)
    assert over == certain(running, records, POLICY, None, over)
    assert over == certain(running, records, POLICY, None, 60.0)


def test_the_shortest_time_holds_a_pass_back() -> None:
    run, records = run_and_records(HEALTHY, HEALTHY, {"min_run_time_seconds": 60})

    assert None is certain(run, records, POLICY, None, 89.0)
    assert 90.0 == certain(run, records, POLICY, None, 90.0)


def test_without_a_comparison_a_load_ends_early_by_a_fail_only() -> None:
    healthy, failing = (run_and_records(arm, HEALTHY) for arm in (HEALTHY, FAILING))

    assert None is certain(*healthy, LIMITS_ONLY, None, 299.0)
    assert None is not certain(*failing, LIMITS_ONLY, None, 299.0)


def test_memory_that_was_asked_for_and_never_sampled_is_no_pass() -> None:
    judgement = judged(HEALTHY, HEALTHY, settings={"memory": {"metrics_urls": {}}})

    assert (Verdict.INCONCLUSIVE, None) == (judgement.verdict, judgement.decided_at_seconds)
    assert "memory was asked for and could not be judged" in judgement.sentence


def leak(bytes_per_second: float) -> MemorySamples:
    """One pod, a sample every 5 s."""
    time = np.arange(0.0, 300.0, 5.0)
    unknown = np.full(len(time), np.nan)
    return MemorySamples(
        time=START + time,
        pod=np.zeros(len(time), np.int64),
        bytes=2e8 + bytes_per_second * time,
        limit_bytes=np.full(len(time), 512 * 2.0**20),
        restarts=unknown,
        oom_kills=unknown,
        process_start=unknown,
        error=("",) * len(time),
        pods=("",),
    )


def test_a_leak_fails_a_canary_that_answers_well() -> None:
    run, records = run_and_records(HEALTHY, HEALTHY, {"memory": {"metrics_urls": {}}})
    memory = {"canary": leak(1e6), "stable": leak(0.0)}
    judgement = judge(run, records, POLICY, memory)

    assert Verdict.FAIL is judgement.verdict
    assert judgement.decided_at_seconds is not None
    assert judgement.sentence.startswith(f"fail after {judgement.decided_at_seconds:.3g} s: ")
    assert judgement.decided_at_seconds == certain(run, records, POLICY, memory, 200.0)
    assert judgement.memory_seconds_to_limit["canary"] < 400


def test_a_pass_waits_for_the_answer_about_memory() -> None:
    """At 45 s there are too few samples."""
    run, records = run_and_records(HEALTHY, HEALTHY, {"memory": {"metrics_urls": {}}})
    memory = {"canary": leak(0.0), "stable": leak(0.0)}
    judgement = judge(run, records, POLICY, memory)

    assert Verdict.PASS is judgement.verdict
    assert judgement.decided_at_seconds in (90.0, 180.0, None)


def test_a_run_without_settings_is_planned_by_what_its_roles_say() -> None:
    run, records = run_and_records(HEALTHY, HEALTHY)
    old = replace(run, settings={})

    assert judge(run, records, POLICY) == judge(old, records, POLICY)


def test_a_timeout_is_an_error_like_another() -> None:
    timed_out = traffic(3_600, failed=432, kind=Outcome.TIMEOUT, first=1.0, last=299.9)

    assert judged(FAILING, HEALTHY).sentence == judged(timed_out, HEALTHY).sentence


def test_on_an_open_schedule_latency_counts_from_the_intended_start() -> None:
    """Sent 200 ms late each, answered as fast as ever."""
    run, records = run_and_records(HEALTHY, HEALTHY)
    late = replace(records["canary"], intended_start=records["canary"].start - 0.2)
    judgement = judge(run, records | {"canary": late}, POLICY)

    assert check(judgement, "compare.gross_slowness").state is Verdict.FAIL
