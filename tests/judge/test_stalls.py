"""Stalls: the canary's worst seconds beside stable's."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from canarygate.judge.arm import Arm, make_arm
from canarygate.judge.looks import look
from canarygate.judge.stalls import Stalls, find_stalls
from canarygate.results import CANARY, STABLE
from canarygate.verdict import Check, Verdict
from tests.judge.pairs_of_arms import POLICY, lognormal

RULES = POLICY.compare_stalls


def arm(
    role: str, seed: int, *, seconds: float = 300.0, stalled: Any = (), took: float = 1.0
) -> Arm:
    """Ten requests a second of about 50 ms; those that ended first after `stalled` took longer."""
    number = round((seconds - 10) * 10)
    ended = np.linspace(10.1, seconds, number)
    duration = lognormal(seed, number)
    duration[np.searchsorted(ended, np.asarray(stalled, np.float64))] += took
    return make_arm(role, ended_seconds=ended, duration_seconds=duration, warm=ended > 0)


def freezes(starts: NDArray[np.float64], length: float = 2.0) -> NDArray[np.float64]:
    """The ends of ten users' requests that nobody answers for `length` seconds."""
    return np.concatenate([start + length + np.linspace(0.01, 0.9, 10) for start in starts])


def stalls_check(canary: Arm, stable: Arm, looks: int = 4) -> Check:
    found = look(canary, stable, POLICY, at=300.0, number_of_looks=looks, is_last=True)
    return found.checks[1]


def test_one_percent_of_requests_that_stall_for_a_second_fail() -> None:
    stalled = np.linspace(12, 299, 30)
    found = stalls_check(arm(CANARY, 1, stalled=stalled), arm(STABLE, 2))

    assert Verdict.FAIL == found.state
    assert (
        "the canary stalls: 30 of the 32 worst seconds are the canary's (longest beyond the"
        " typical answer: canary 1.05 s, stable 0.125 s)" == found.reason
    )


def test_what_waits_behind_a_stall_on_an_open_schedule_is_not_another_one() -> None:
    """The same durations, of which the users' own queue is one second."""
    stalled = np.linspace(12, 299, 30)
    queued = arm(CANARY, 1, stalled=stalled)
    waited = np.where(queued.duration_seconds > 0.9, 1.0, 0.0)

    found = stalls_check(replace(queued, waited_seconds=waited), arm(STABLE, 2))

    assert Verdict.PASS == found.state


def test_a_single_freeze_of_two_seconds_is_no_failure() -> None:
    found = stalls_check(
        arm(CANARY, 1, stalled=freezes(np.array([150.0])), took=2.0), arm(STABLE, 2)
    )

    assert Verdict.PASS == found.state
    assert (
        "no stalls, as far as seen: 2 of the 8 worst seconds are the canary's (longest beyond the"
        " typical answer: canary 2.04 s, stable 0.125 s)" == found.reason
    )


def test_a_freeze_of_two_seconds_every_twenty_is_a_failure() -> None:
    stalled = freezes(np.arange(20.0, 290.0, 20.0))

    assert Verdict.FAIL == stalls_check(arm(CANARY, 1, stalled=stalled), arm(STABLE, 2)).state


def test_stalls_of_both_arms_are_the_environments() -> None:
    stalled = np.linspace(12, 299, 30)
    found = stalls_check(arm(CANARY, 1, stalled=stalled), arm(STABLE, 2, stalled=stalled + 0.3))

    assert Verdict.PASS == found.state


def test_seconds_that_tie_are_taken_from_stable_first() -> None:
    """Equal constants: with the margin at 0, every second of both arms has an excess of 0."""
    ended = np.arange(10.5, 50)
    own, other = (
        make_arm(role, ended_seconds=ended, duration_seconds=np.full(40, 1.0), warm=ended > 0)
        for role in (CANARY, STABLE)
    )

    assert Stalls(
        p=1.0, worst=8, canary_worst=0, seconds=80, canary_longest=0.0, stable_longest=0.0
    ) == find_stalls(own, other, RULES)


@pytest.mark.parametrize(("milliseconds", "canary_worst"), [(49, 0), (51, 8)])
def test_fifty_milliseconds_more_are_no_stall(milliseconds: int, canary_worst: int) -> None:
    """In 8 of 40 seconds the canary takes longer than the 10 ms that all else takes."""
    ended = np.arange(10.5, 50)
    durations = np.full(40, 0.010)
    slow = durations + (np.arange(40) % 5 == 0) * milliseconds / 1000
    own = make_arm(CANARY, ended_seconds=ended, duration_seconds=slow, warm=ended > 0)
    other = make_arm(STABLE, ended_seconds=ended, duration_seconds=durations, warm=ended > 0)

    assert canary_worst == find_stalls(own, other, RULES).canary_worst


def test_a_slow_endpoint_is_measured_by_its_own_median() -> None:
    """One endpoint takes a second and is asked more on the canary: that is no stall."""
    ended = np.linspace(10.1, 100, 900)
    slow = np.arange(900) % 3 == 0
    own, other = (
        make_arm(
            role,
            ended_seconds=ended,
            duration_seconds=np.where(rows, 1.0, 0.01) * lognormal(seed, 900, 1.0, 0.05),
            endpoint=rows.astype(np.int64),
            endpoints=(("GET", "/fast"), ("GET", "/slow")),
            warm=ended > 0,
        )
        for role, seed, rows in ((CANARY, 1, slow), (STABLE, 2, slow & (np.arange(900) % 4 == 0)))
    )

    assert find_stalls(own, other, RULES).p > 0.01


@pytest.mark.parametrize("seconds", [12.0, 20.0])
def test_few_seconds_tell_nothing(seconds: float) -> None:
    """Eight of the worst need 32 seconds of both arms together."""
    own, other = (
        arm(CANARY, 1, seconds=seconds, took=9.0, stalled=[11.0]),
        arm(STABLE, 2, seconds=seconds),
    )

    assert (0, 1.0) == (
        find_stalls(own, other, RULES).worst,
        find_stalls(own, other, RULES).p,
    )


def test_an_arm_without_successes_has_no_stalls() -> None:
    nothing = make_arm(CANARY, ended_seconds=np.zeros(0), duration_seconds=np.zeros(0))

    assert Stalls(
        p=1.0, worst=0, canary_worst=0, seconds=0, canary_longest=0.0, stable_longest=0.0
    ) == find_stalls(nothing, arm(STABLE, 1), RULES)


def test_equal_arms_stall_as_rarely_as_the_policy_says() -> None:
    """Two hundred pairs without a margin: 0.5 % would be one."""
    draw = np.random.RandomState(1)
    ended = np.linspace(10.1, 100, 900)
    failed = 0
    for _ in range(200):
        own, other = (
            make_arm(
                role,
                ended_seconds=ended,
                duration_seconds=0.05 * np.exp(draw.standard_normal(900)),
                warm=ended > 0,
            )
            for role in (CANARY, STABLE)
        )
        failed += find_stalls(own, other, RULES).p <= RULES.alpha

    assert 0 == failed
