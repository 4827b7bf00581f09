"""The absolute limits alone, on evenly spread traffic of which every number is known."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from canarygate.judge.checks import judge
from canarygate.records import Outcome
from canarygate.results import RunOutcome
from canarygate.verdict import Check, Judgement, Verdict, combine
from tests.judge import samples
from tests.judge.samples import (
    LIMITS_ONLY,
    POLICY,
    START,
    Traffic,
    check,
    role,
    run_of,
    states,
    traffic,
)

ERRORS = "canary.error_ratio"
HALF_SECOND = "canary.slower_than_0.5s_ratio"
SECOND = "canary.slower_than_1s_ratio"


def judged(canary: Traffic | None, stable: Traffic | None = None, **more: Any) -> Judgement:
    """Stable stands beside, and is not compared."""
    return samples.judged(canary, stable, policy=LIMITS_ONLY, **more)


def test_a_healthy_canary_passes_every_check() -> None:
    judgement = judged(traffic(526))

    assert states(judgement.checks) == {}
    assert judgement.verdict is Verdict.PASS
    assert judgement.sentence == (
        "pass: limits only, no stable host: errors below 1 % (0 of 526, at most 0.568 %),"
        " requests slower than 0.5 s below 5 % (0 of 526, at most 0.568 %),"
        " requests slower than 1 s below 1 % (0 of 526, at most 0.568 %)"
    )


def test_a_check_carries_all_it_takes_to_work_it_out_again() -> None:
    found = check(judged(traffic(526, failed=63), traffic(530)), ERRORS)

    assert replace(found, numbers={}) == Check(
        name=ERRORS,
        state=Verdict.FAIL,
        reason=(
            "canary's errors are above 1 %: 11 of 88 requests (12.5 %, at least 7.17 %);"
            " stable 0 of 89"
        ),
        value=11 / 88,
        limit=0.01,
    )
    assert found.numbers == {
        "requests": 88,
        "hits": 11,
        "lower_bound": pytest.approx(0.07170642),
        "log10_e": pytest.approx(6.885833),
        "log10_e_without_worst_block": pytest.approx(3.061435),
        "hits_apart": 4,
        "pass_requests": 88,
        "pass_hits": 11,
        "upper_bound": pytest.approx(0.1984136),
        "requests_needed": 1_818,
        "stable_requests": 89,
        "stable_hits": 0,
        "stable_lower_bound": 0.0,
        "stable_log10_e": pytest.approx(-1.954243),
        "stable_log10_e_without_worst_block": None,
        "stable_hits_apart": 0,
        "stable_pass_requests": 89,
        "stable_pass_hits": 0,
        "stable_upper_bound": pytest.approx(0.03309972),
        "stable_requests_needed": 299,
    }


def test_the_sentence_of_a_failure_has_the_moment_both_arms_and_the_scope() -> None:
    assert judged(traffic(526, failed=63), traffic(530)).sentence == (
        "fail after 20 s: canary's errors are above 1 %: 11 of 88 requests (12.5 %, at least"
        " 7.17 %); stable 0 of 89 (limits only, stable not compared)"
    )


def test_the_sentence_of_a_short_run_says_how_many_requests_are_missing() -> None:
    assert judged(traffic(120)).sentence == (
        "inconclusive: errors: 0 of 120 do not rule out 1 % (at most 2.47 %);"
        " 179 more requests without another would; and 1 other open check"
        " (limits only, no stable host)"
    )


@pytest.mark.parametrize(
    ("failed", "requests", "state"),
    [
        (0, 298, "inconclusive"),
        (0, 299, "pass"),
        (0, 300, "pass"),
        (1, 472, "inconclusive"),
        (1, 473, "pass"),
        (1, 475, "pass"),
    ],
)
def test_a_limit_of_one_percent_takes_so_many_requests(
    failed: int, requests: int, state: str
) -> None:
    assert state == check(judged(traffic(requests, failed=failed)), ERRORS).state


@pytest.mark.parametrize(
    ("slow", "states_of_both"),
    [
        ({0.5: 526}, ("pass", "pass")),
        ({0.501: 17}, ("pass", "pass")),
        ({0.501: 18}, ("inconclusive", "pass")),
        ({0.501: 50}, ("inconclusive", "pass")),
        ({0.501: 55}, ("fail", "pass")),
        ({1.001: 1}, ("pass", "pass")),
        ({1.001: 2}, ("pass", "inconclusive")),
        ({1.001: 22}, ("inconclusive", "fail")),
        ({1.001: 526}, ("fail", "fail")),
    ],
)
def test_limits_of_slowness(slow: Mapping[float, int], states_of_both: tuple[str, str]) -> None:
    judgement = judged(traffic(526, slow=slow))

    assert states_of_both == (
        check(judgement, HALF_SECOND).state,
        check(judgement, SECOND).state,
    )


@pytest.mark.parametrize("rate", [1, 10, 100, 1_000])
def test_a_dead_canary_is_failed_within_five_seconds_at_every_rate(rate: int) -> None:
    seconds = np.arange(1, 5 * rate + 1) / rate
    dead = traffic(5 * rate, failed=5 * rate, kind=Outcome.REFUSED, first=seconds[0], last=5.0)

    assert check(judged(dead, traffic(526)), ERRORS).state == "fail"


@pytest.mark.parametrize("kind", [kind for kind in Outcome if kind is not Outcome.OK])
def test_every_kind_of_failure_is_an_error(kind: Outcome) -> None:
    judgement = judged(traffic(526, failed=526, kind=kind), traffic(526))

    assert judgement.verdict is Verdict.FAIL
    assert "53 of 53 requests" in judgement.sentence


def test_failures_that_answer_fast_do_not_make_a_canary_fast() -> None:
    """12 % of failures in 1 ms, and every success too slow: the slowness is seen first."""
    mixed = traffic(526, failed=63, slow={0.9: 463})
    fast = mixed.seconds.copy()
    fast[mixed.outcome != 0] = 0.001
    judgement = judged(type(mixed)(ended=mixed.ended, seconds=fast, outcome=mixed.outcome))

    assert check(judgement, HALF_SECOND).state == "fail"
    assert 18.0 == judgement.decided_at_seconds


def test_a_slow_request_that_fails_instead_does_not_help_to_pass() -> None:
    slow = check(judged(traffic(1_000, slow={0.9: 40})), HALF_SECOND)
    failing = check(judged(traffic(1_000, failed=3, slow={0.9: 37})), HALF_SECOND)

    assert (slow.state, failing.state) == ("inconclusive", "inconclusive")
    assert "40 of 1,000 slow or failed" in failing.reason


def test_a_canary_without_a_success_has_no_latency_to_judge() -> None:
    judgement = judged(traffic(526, failed=526), traffic(526))

    assert check(judgement, HALF_SECOND).reason == (
        "requests slower than 0.5 s: no success of the canary after its warm-up to judge"
    )


def test_the_warm_up_is_not_judged_for_latency_but_for_errors() -> None:
    """Everything before 10 s is slow, or fails."""
    slow_start = traffic(900, first=0.0, last=44.9)
    early = slow_start.ended < 10
    slow_start.seconds[early] = 3.0
    failing_start = traffic(900, first=0.0, last=44.9)
    failing_start.outcome[early] = 2

    assert judged(slow_start).verdict is Verdict.PASS
    assert check(judged(failing_start), ERRORS).state == "fail"


def test_a_request_belongs_to_the_warm_up_by_when_it_was_meant_to_be_sent() -> None:
    """One that was sent in the warm-up and answered after it is not judged."""
    late = traffic(526, first=10.5, last=45.0)
    late.seconds[:100] = late.ended[:100] - 9.9

    assert check(judged(late), SECOND).numbers["pass_requests"] == 426


@pytest.mark.parametrize(
    ("times", "state"),
    [
        (np.linspace(20.0, 21.9, 60), "inconclusive"),
        (np.concatenate([np.linspace(20.0, 21.9, 57), [30.0, 35.0, 40.0]]), "inconclusive"),
        (
            np.concatenate([np.linspace(20.0, 20.5, 30), np.linspace(30.0, 30.5, 30)]),
            "inconclusive",
        ),
        (np.linspace(20.0, 30.0, 60), "fail"),
    ],
    ids=["one burst", "one burst and a few", "two bursts", "ten seconds"],
)
def test_one_burst_of_errors_is_no_broken_limit(
    times: np.ndarray[tuple[int], np.dtype[np.float64]], state: str
) -> None:
    """Two bursts of half a second each touch too few seconds that lie apart."""
    answers = traffic(526 - len(times))
    burst = traffic(len(times), failed=len(times))
    both = type(answers)(
        ended=np.concatenate([answers.ended, times]),
        seconds=np.concatenate([answers.seconds, burst.seconds]),
        outcome=np.concatenate([answers.outcome, burst.outcome]),
    )

    assert state == check(judged(both), ERRORS).state


def test_eight_errors_in_a_run_are_inconclusive_and_not_a_failure() -> None:
    assert check(judged(traffic(526, failed=8)), ERRORS).state == "inconclusive"


def test_both_arms_breaking_a_limit_points_at_the_environment() -> None:
    judgement = judged(traffic(526, failed=63), traffic(530, failed=60))

    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert judgement.sentence.startswith(
        "inconclusive: canary's errors are above 1 %: 63 of 526 requests (12 %, at least 9.72 %);"
        " stable 60 of 530: both break it, which points at the environment"
    )


def test_both_arms_slow_points_at_the_environment() -> None:
    slow = traffic(526, slow={2.0: 300})

    assert judged(slow, slow).verdict is Verdict.INCONCLUSIVE


def test_stable_excuses_only_the_limit_that_it_breaks_too() -> None:
    judgement = judged(traffic(526, failed=63), traffic(530, slow={2.0: 300}))

    assert judgement.verdict is Verdict.FAIL


def test_a_dead_canary_fails_even_beside_a_stable_that_breaks_the_limit() -> None:
    judgement = judged(traffic(526, failed=526), traffic(530, failed=60))

    assert judgement.verdict is Verdict.FAIL


def test_a_pass_does_not_depend_on_stable_passing() -> None:
    """A stable that is too slow itself is no reason to hold a good canary back."""
    assert judged(traffic(526), traffic(530, slow={2.0: 300})).verdict is Verdict.PASS
    assert judged(traffic(526), traffic(20)).verdict is Verdict.PASS


@pytest.mark.parametrize("canary_failed", [0, 526])
def test_a_dead_stable_leaves_everything_open(canary_failed: int) -> None:
    dead = traffic(530, failed=530)
    judgement = judged(traffic(526, failed=canary_failed), dead)

    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert "stable never succeeded (530 requests came back, 0 did not)" in judgement.sentence


def test_a_stable_without_a_record_leaves_everything_open() -> None:
    missing = judged(traffic(526, failed=526), traffic(0))

    assert missing.verdict is Verdict.INCONCLUSIVE
    assert "stable never succeeded (no request was sent)" in missing.sentence


SILENT = {"started": 20, "returned": 0, "recorded": 0}


def test_a_canary_that_never_answers_fails_beside_a_stable_that_does() -> None:
    """Requests without an end leave no records; what is open is the evidence."""
    judgement = judged(traffic(0), traffic(526), canary_facts=SILENT)

    assert judgement.verdict is Verdict.FAIL
    assert judgement.sentence == (
        "fail: canary answered none of 20 requests in 45 s (20 never came back, 0 failed);"
        " stable answered 526 (limits only, stable not compared)"
    )


@pytest.mark.parametrize(
    "facts",
    [
        {"end": START + 9.9},
        {"end": None},
        {"start": None},
        {"complete": False},
        {"generator_lag_seconds": 3.0},
        {"started": 0},
        {"started": 2},
    ],
)
def test_silence_is_no_failure_where_something_else_may_explain_it(facts: dict[str, float]) -> None:
    judgement = judged(traffic(0), traffic(526), canary_facts=SILENT | facts)

    assert judgement.verdict is Verdict.INCONCLUSIVE


def test_silence_of_the_only_host_is_inconclusive() -> None:
    assert judged(traffic(0), canary_facts=SILENT).verdict is Verdict.INCONCLUSIVE


def test_silence_of_both_is_inconclusive() -> None:
    silent = judged(traffic(0), traffic(0), canary_facts=SILENT, stable_facts=SILENT)

    assert silent.verdict is Verdict.INCONCLUSIVE


def test_nothing_at_all_is_inconclusive() -> None:
    nothing = judge(run_of({}), {}, POLICY)

    assert nothing.verdict is Verdict.INCONCLUSIVE
    assert nothing.sentence == (
        "inconclusive: no role was driven; and 3 other open checks (limits only, no stable host)"
    )


def test_a_stable_without_a_canary_is_inconclusive() -> None:
    alone = traffic(526)
    judgement = judge(run_of({"stable": role(alone)}), {"stable": alone.records()}, POLICY)

    assert judgement.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    "outcome", [RunOutcome.BROKEN, RunOutcome.INTERRUPTED, RunOutcome.NOT_STARTED]
)
@pytest.mark.parametrize("failed", [0, 526])
def test_a_void_run_decides_nothing_whatever_it_seems_to_show(
    outcome: RunOutcome, failed: int
) -> None:
    judgement = judged(
        traffic(526, failed=failed), traffic(526), outcome=outcome, reason="Locust was killed"
    )

    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert combine(judgement.checks) is Verdict.INCONCLUSIVE
    assert judgement.sentence.startswith(f"inconclusive: the run is {outcome}: Locust was killed")


def test_a_void_run_keeps_what_it_seemed_to_show() -> None:
    judgement = judged(traffic(526, failed=526), outcome=RunOutcome.BROKEN)

    assert check(judgement, ERRORS).reason == (
        "the run is broken, so this decides nothing: canary's errors are above 1 %:"
        " 53 of 53 requests (100 %, at least 94.5 %)"
    )


@pytest.mark.parametrize("short", [{"generator_cpu": 0.95}, {"generator_lag_seconds": 0.2}])
@pytest.mark.parametrize("role_name", ["canary_facts", "stable_facts"])
def test_a_generator_short_of_cpu_is_not_a_slow_canary(
    short: dict[str, float], role_name: str
) -> None:
    slow = traffic(526, failed=60, kind=Outcome.TIMEOUT, slow={2.0: 400})
    judgement = judged(slow, traffic(526), **{role_name: short})

    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert check(judgement, SECOND).reason == (
        "requests slower than 1 s: not judged, the generator was the bottleneck"
    )
    assert "timeouts are not held against it" in check(judgement, ERRORS).reason


def test_a_generator_short_of_cpu_does_not_excuse_errors_that_the_canary_answered() -> None:
    judgement = judged(traffic(526, failed=63), traffic(526), canary_facts={"generator_cpu": 0.95})

    assert judgement.verdict is Verdict.FAIL


def test_timeouts_of_a_short_generator_still_stand_in_the_way_of_a_pass() -> None:
    found = check(
        judged(traffic(526, failed=60, kind=Outcome.TIMEOUT), canary_facts={"generator_cpu": 0.95}),
        ERRORS,
    )

    assert (found.state, found.numbers["hits"], found.numbers["pass_hits"]) == (
        "inconclusive",
        0,
        60,
    )
