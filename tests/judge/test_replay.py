"""When the answer is certain: looks, the earliest moment, and the same answer live and afterwards."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canarygate.judge.replay import Decision, Plan, decide, look_times
from canarygate.judge.traffic import Scene
from canarygate.verdict import Verdict
from tests.judge.arms import Answers, answers, decided, failed_by, scene_of
from tests.judge.samples import LIMITS_ONLY, POLICY


@pytest.mark.parametrize(
    ("planned", "warm_up", "times"),
    [
        (45, 10, (45,)),
        (46, 10, (45, 46)),
        (300, 10, (45, 90, 180, 300)),
        (3_600, 10, (45, 90, 180, 300, 600, 1_200, 2_400, 3_600)),
        (300, 60, (90, 180, 300)),
        (300, 25, (45, 90, 180, 300)),
        (20, 10, (20,)),
        (0, 10, (0,)),
    ],
)
def test_looks_are_taken_at_these_moments_and_last_at_the_end(
    planned: float, warm_up: float, times: tuple[float, ...]
) -> None:
    assert times == look_times(Plan(planned_seconds=planned), warm_up)


PLAIN, STABLE = answers(1), answers(2)


def test_a_pass_before_the_shortest_time_does_not_count() -> None:
    early, later = (decided(PLAIN, PLAIN, min_seconds=seconds) for seconds in (0.0, 100.0))

    assert (Verdict.PASS, Verdict.PASS) == (early.verdict, later.verdict)
    assert early.at_seconds < 100 <= later.at_seconds


def test_a_fail_before_the_shortest_time_is_told_when_it_was() -> None:
    failing = PLAIN.failing(np.arange(0, len(PLAIN.ok), 8))

    assert summary(decided(failing, STABLE)) == summary(decided(failing, STABLE, min_seconds=100.0))


def test_what_comes_after_the_answer_changes_nothing() -> None:
    """It passed; that it fails later is for the next gate."""
    passed = decided(PLAIN, PLAIN)
    later = PLAIN.failing(PLAIN.sent > passed.at_seconds)

    assert summary(passed) == summary(decided(later, PLAIN))


def summary(decision: Decision | None) -> object:
    """All of a decision that can be compared."""
    return decision and (
        decision.verdict,
        decision.at_seconds,
        decision.checks,
        decision.is_early,
        decision.comparison,
    )


def test_a_run_that_goes_on_is_open_until_something_is_certain() -> None:
    failing = scene_of(PLAIN.failing(np.arange(0, len(PLAIN.ok), 8)), STABLE)
    plan = Plan(planned_seconds=300)
    over = decide(failing, POLICY, plan)

    assert over is not None
    assert None is decide(failing, POLICY, plan, until=over.at_seconds - 1e-6)
    assert summary(over) == summary(decide(failing, POLICY, plan, until=over.at_seconds))


def test_an_open_run_has_no_last_look() -> None:
    """Nobody knows yet what its last requests come to."""
    scene = scene_of(PLAIN, PLAIN)

    assert None is decide(scene, POLICY, Plan(planned_seconds=40), until=41.0)
    assert None is not decide(scene, POLICY, Plan(planned_seconds=40))


def worse(seed: int, kind: str) -> Answers:
    """A canary with a fault of some kind."""
    plain = answers(seed, lasting=100, per_second=8)
    random = np.random.default_rng(seed)
    match kind:
        case "errors":
            return plain.failing(random.random(len(plain.ok)) < 0.05)
        case "slow":
            return plain.slower(plain.seconds * 1.5)
        case "much slower":
            return plain.slower(plain.seconds + 0.7)
        case _:
            return plain


KINDS = st.sampled_from(["none", "errors", "slow", "much slower"])


@given(seed=st.integers(0, 1_000), canary=KINDS, stable=KINDS, is_compared=st.booleans())
@settings(max_examples=15, deadline=None)
def test_watching_second_by_second_finds_what_is_found_afterwards(
    seed: int, canary: str, stable: str, is_compared: bool
) -> None:
    scene = scene_of(worse(seed, canary), worse(seed + 1, stable))
    policy = POLICY if is_compared else LIMITS_ONLY
    plan = Plan(planned_seconds=100)
    over = decide(scene, policy, plan)
    assert over is not None
    live = None
    for until in np.arange(0.7, 100, 1.0):
        cut = replace(scene, canary=scene.canary.up_to(until + 0.3))  # some are there too soon
        live = decide(cut, policy, plan, until=float(until))
        if live is not None:
            assert until - 1 <= live.at_seconds <= until
            break

    assert summary(live) == (summary(over) if live is not None else None)
    assert (live is not None) == (over.is_early and over.at_seconds <= 99.7)


@given(seed=st.integers(0, 1_000), canary=KINDS, factor=st.floats(1, 20), more=st.floats(0, 2))
@settings(max_examples=25, deadline=None)
def test_a_slower_canary_never_turns_a_fail_into_a_pass(
    seed: int, canary: str, factor: float, more: float
) -> None:
    own, other = worse(seed, canary), worse(seed + 1, "none")
    before = decided(own, other, lasting=100)
    after = decided(own.slower(own.seconds * factor + more), other, lasting=100)

    assert before.verdict is not Verdict.FAIL or after.verdict is not Verdict.PASS


STRANGE = st.sampled_from([0.0, 1e-9, 0.05, 0.05, 3.0, 1e6])


@given(
    st.lists(st.tuples(STRANGE, STRANGE, st.booleans(), st.integers(0, 4)), max_size=60),
    st.lists(st.tuples(STRANGE, STRANGE, st.booleans(), st.integers(0, 4)), max_size=60),
)
@settings(max_examples=60, deadline=None)
def test_strange_data_is_judged_without_a_warning(
    canary: list[tuple[float, float, bool, int]], stable: list[tuple[float, float, bool, int]]
) -> None:
    decision = decided(strange(canary), strange(stable))

    assert decision.comparison is not None


def strange(rows: list[tuple[float, float, bool, int]]) -> Answers:
    """Whatever it is."""
    sent, seconds, ok, endpoint = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Answers(
        sent=np.array(sent, np.float64),
        seconds=np.array(seconds, np.float64),
        ok=np.array(ok, bool),
        endpoint=np.array(endpoint, np.int64),
    )


def test_a_hundred_endpoints_are_judged_together() -> None:
    """Each is too rare to be judged alone; all of them together are not."""
    from canarygate.judge.arm import make_arm

    names = tuple(("GET", f"/{number}") for number in range(100))
    arms = [
        make_arm(
            role,
            ended_seconds=PLAIN.sent + PLAIN.seconds,
            duration_seconds=PLAIN.seconds * factor,
            endpoint=np.arange(len(PLAIN.sent)) % 100,
            endpoints=names,
        )
        for role, factor in (("canary", 1.5), ("stable", 1.0))
    ]
    scene = Scene(canary=arms[0], stable=arms[1], generator_short=False)
    decision = decide(scene, POLICY, Plan(planned_seconds=300))

    assert decision is not None
    assert Verdict.FAIL is decision.verdict
    assert decision.at_seconds <= 45


def test_errors_of_both_arms_are_no_fail_however_they_come_first_to_the_canary() -> None:
    """One arm's limit is broken a little before the other's."""
    canary = PLAIN.failing(np.arange(0, len(PLAIN.ok), 9))
    stable = STABLE.failing(np.arange(40, len(STABLE.ok), 9))

    assert [] == failed_by(decided(canary, stable))
