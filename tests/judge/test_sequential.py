"""The tests that may fail a canary at any moment: evidence, bursts, and what agrees with what."""

from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canarygate.judge.arm import Arm, make_arm
from canarygate.judge.pairs import pair_up
from canarygate.judge.sequential import (
    error_evidence,
    first_errors,
    first_gross,
    gross_evidence,
)
from canarygate.judge.stats import distinct, log_evidence, weakest_log_evidence, when_apart
from tests.judge.arms import answers
from tests.judge.samples import POLICY

GROSS = POLICY.compare_gross
ERRORS = POLICY.compare_errors


@pytest.mark.parametrize(("hits", "evidence"), [(9, 102.3), (8, 56.8), (3, 3.75)])
def test_so_much_evidence_lies_in_errors_of_the_canary_alone(hits: int, evidence: float) -> None:
    assert pytest.approx(evidence, rel=1e-3) == exp(log_evidence(hits, hits, 0.5))


def test_evidence_that_underflows_is_evidence_against() -> None:
    """Nearly all of ten thousand errors are stable's."""
    assert -np.inf == log_evidence(10, 10_000, 0.5)


def test_each_number_of_hits_may_have_a_share_of_its_own() -> None:
    each = log_evidence([9, 5], [9, 9], [0.5, 0.3])

    assert [log_evidence(9, 9, 0.5), log_evidence(5, 9, 0.3)] == list(each)


def arm_with(times: list[float], failed: list[bool], role: str = "canary") -> Arm:
    ended = np.array(times, np.float64)
    return make_arm(
        role,
        ended_seconds=ended,
        duration_seconds=np.full(len(ended), 0.001),
        ok=~np.array(failed, bool),
    )


def test_errors_need_seconds_that_lie_apart() -> None:
    """Forty errors within two seconds, of 200 requests per arm in 20 s."""
    times = list(np.linspace(0.1, 20, 200))
    burst = [5 <= time < 6.9 for time in times]
    stable = arm_with(times, [False] * 200, "stable")
    longer = [5 <= time < 7.1 for time in times]

    assert None is first_errors(arm_with(times, burst), stable, ERRORS)
    assert None is not first_errors(arm_with(times, longer), stable, ERRORS)


def test_errors_below_the_difference_that_matters_do_not_fail() -> None:
    """0.4 points more are certain, and too few."""
    times = list(np.linspace(0.1, 300, 10_000))
    failed = [number % 250 == 0 for number in range(10_000)]
    canary, stable = arm_with(times, failed), arm_with(times, [False] * 10_000, "stable")
    found = error_evidence(canary, stable, ERRORS)

    assert None is first_errors(canary, stable, ERRORS)
    assert (40, True, False) == (found.canary_errors, found.log_e > log(100), found.broken)


def test_timeouts_of_a_short_generator_are_nobodys_errors() -> None:
    times = np.linspace(0.1, 20, 200)
    canary = make_arm(
        "canary",
        ended_seconds=times,
        duration_seconds=times * 0,
        ok=np.arange(200) % 2 == 0,
        timed_out=np.arange(200) % 2 == 1,
    )
    stable = arm_with(list(times), [False] * 200, "stable")

    assert None is not first_errors(canary, stable, ERRORS)
    assert None is first_errors(canary, stable, ERRORS, blame_timeouts=False)


def test_errors_before_stable_has_answered_are_held_against_nobody() -> None:
    canary = arm_with([1.0, 2.0, 3.0, 4.0, 5.0], [True] * 5)
    nobody = arm_with([], [], "stable")

    assert None is first_errors(canary, nobody, ERRORS)
    assert error_evidence(canary, nobody, ERRORS).difference is None


@given(seed=st.integers(0, 10_000), share=st.sampled_from([0.0, 0.02, 0.12, 1.0]))
def test_the_moment_of_errors_is_the_first_prefix_that_is_broken(seed: int, share: float) -> None:
    """Looked for at every error, one by one, the slow way."""
    random = np.random.default_rng(seed)
    times = [np.sort(random.uniform(0, 20, 150)) for _ in range(2)]
    canary = arm_with(list(times[0]), list(random.random(150) < share))
    stable = arm_with(list(times[1]), list(random.random(150) < 0.01), "stable")
    moments = (canary.ended[~canary.ok] / 1e6).tolist()
    first = next(
        (
            moment
            for moment in moments
            if error_evidence(canary.up_to(moment), stable.up_to(moment), ERRORS).broken
        ),
        None,
    )

    assert first == first_errors(canary, stable, ERRORS)


def test_pairs_are_the_ith_of_both_and_come_when_both_have_ended() -> None:
    canary = make_arm(
        "canary",
        ended_seconds=np.array([12.0, 13.0, 20.0]),
        duration_seconds=np.array([0.2, 0.1, 0.3]),
    )
    stable = make_arm(
        "stable",
        ended_seconds=np.array([11.0, 14.0]),
        duration_seconds=np.array([0.1, 0.09]),
    )
    (pairs,) = pair_up(canary, stable, 0.3, 0.01)

    assert [12_000_000, 14_000_000] == list(pairs.ended)
    assert [True, False] == list(pairs.hit)
    assert [0, 1, 1] == list(pairs.hits_before)


def test_names_that_differ_in_case_are_different_endpoints() -> None:
    times = np.arange(11.0, 20.0)
    arms = [
        make_arm(role, ended_seconds=times, duration_seconds=times * 0 + 0.05, endpoints=names)
        for role, names in (("canary", (("GET", "/A"),)), ("stable", (("GET", "/a"),)))
    ]

    assert [] == pair_up(arms[0], arms[1], 0.3, 0.01)
    assert None is gross_evidence(arms[0], arms[1], GROSS)
    assert None is first_gross(arms[0], arms[1], GROSS, 10.0)


SLOWER = answers(1).slower(answers(1).seconds + 0.3).arm()
STABLE = answers(2).arm("stable")


def test_gross_slowness_is_seen_seconds_after_the_warm_up() -> None:
    found = first_gross(SLOWER, STABLE, GROSS, 10.0)

    assert found is not None
    assert 12.0 <= found.at_seconds <= 15.0


def test_a_slower_endpoint_is_named() -> None:
    plain = answers(1)
    slow = plain.slower(np.where(plain.endpoint == 0, plain.seconds * 2.5, plain.seconds))
    found = first_gross(slow.arm(), STABLE, GROSS, 10.0)

    assert found is not None
    assert ("GET", "/a") == found.endpoint


def test_a_burst_is_no_gross_slowness() -> None:
    """Whatever it is that takes 1.9 seconds: without that block nothing is left."""
    plain = answers(1)
    burst = (plain.sent >= 20) & (plain.sent < 21.5)
    slow = plain.slower(np.where(burst, plain.seconds * 8, plain.seconds))

    assert None is first_gross(slow.arm(), STABLE, GROSS, 10.0)


def test_pairs_that_are_locked_in_phase_do_not_fail_alone() -> None:
    """Both arms answer the same five durations in turn, the canary one step ahead of stable."""
    times = np.linspace(10.5, 45, 400)
    turns = np.array([0.05, 0.075, 0.11, 0.17, 0.25])[np.arange(401) % 5]
    canary, stable = (
        make_arm(role, ended_seconds=times, duration_seconds=seconds)
        for role, seconds in (("canary", turns[1:]), ("stable", turns[:-1]))
    )
    found = gross_evidence(canary, stable, GROSS)

    assert found is not None
    assert (320, 400) == (found.hits, found.pairs)
    assert found.log_e > found.needed
    assert None is first_gross(canary, stable, GROSS, 10.0)


def test_as_much_as_the_margin_is_never_a_hit() -> None:
    canary, stable = (
        make_arm(
            role, ended_seconds=np.linspace(11, 40, 300), duration_seconds=np.full(300, seconds)
        )
        for role, seconds in (("canary", 0.13), ("stable", 0.1000001))
    )
    found = gross_evidence(canary, stable, GROSS)

    assert found is not None
    assert 0 == found.hits


@given(st.lists(st.integers(0, 60), max_size=40), st.integers(1, 5), st.integers(1, 10))
def test_what_lies_apart_is_found_as_soon_as_it_is_there(
    moments: list[int], number: int, gap: int
) -> None:
    from canarygate.judge.stats import count_apart

    times = np.array(sorted(moments), np.int64)
    counts = [count_apart(times[: index + 1], gap) for index in range(len(times))]
    first = next((index for index, count in enumerate(counts) if count >= number), None)
    found = when_apart(times, gap, number)

    assert (None if first is None else times[first]) == (None if found is None else times[found])


@given(
    st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=25),
    st.sampled_from([0.01, 0.3, 0.5]),
    st.integers(0, 12),
)
def test_the_weakest_evidence_is_that_of_the_worst_window_tried_one_by_one(
    rows: list[tuple[int, bool]], share: float, block: int
) -> None:
    rows.sort()
    times = np.array([time for time, _ in rows], np.int64)
    hit = np.array([is_hit for _, is_hit in rows], bool)
    left = [
        float(log_evidence(hit[outside].sum(), outside.sum(), share))
        for begin in range(-15, 45)
        for outside in [(times < begin) | (times >= begin + block)]
    ]

    assert pytest.approx(min(left)) == weakest_log_evidence(times, hit, share, block)


def test_ascending_times_each_once() -> None:
    assert [1, 2, 5] == list(distinct(np.array([1, 1, 2, 5, 5, 5])))
    assert [] == list(distinct(np.zeros(0, np.int64)))
