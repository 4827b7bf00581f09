"""What must never fail, what must, and what nobody can tell: the cases that the judge is held to."""

from collections.abc import Callable

import numpy as np
import pytest

from canarygate.judge.arm import make_arm
from canarygate.judge.replay import Plan, decide
from canarygate.judge.traffic import Scene
from canarygate.verdict import Verdict
from tests.judge.arms import Answers, answers, check_of, decided, failed_by
from tests.judge.samples import POLICY

STABLE = answers(2)
SAME = answers(1)


def during(arm: Answers, first: float, last: float, factor: float) -> Answers:
    """Slower by a factor while it is between two moments."""
    inside = (arm.sent >= first) & (arm.sent < last)
    return arm.slower(np.where(inside, arm.seconds * factor, arm.seconds))


def frozen(arm: Answers, *begins: float, lasting: float = 2.0) -> Answers:
    """Everything that is under way or comes during a freeze is answered when it is over."""
    seconds = arm.seconds.copy()
    for begin in begins:
        caught = (arm.sent + seconds >= begin) & (arm.sent < begin + lasting)
        seconds[caught] += begin + lasting - np.maximum(arm.sent[caught], begin)
    return arm.slower(seconds)


def errors_at(*moments: float) -> Answers:
    """The request sent next after each moment fails."""
    return SAME.failing(np.searchsorted(SAME.sent, moments))


NOT_FAILED: dict[str, tuple[Answers, Answers]] = {
    "an exact copy": (SAME, SAME),
    "two arms alike": (SAME, STABLE),
    "twice as fast": (SAME.slower(SAME.seconds / 2), STABLE),
    "+8 %": (SAME.slower(SAME.seconds * 1.08), STABLE),
    "+2 ms": (SAME.slower(SAME.seconds + 0.002), STABLE),
    "constant 54 against 50 ms": (answers(1, constant=0.054), answers(2, constant=0.050)),
    "constant and equal": (answers(1, constant=0.05), answers(2, constant=0.05)),
    "cold for ten seconds": (during(SAME, 0, 10, 5), STABLE),
    "one burst": (during(SAME, 60, 61.5, 8), STABLE),
    "one burst when the warm-up is over": (during(SAME, 10, 11.5, 8), STABLE),
    "one freeze": (frozen(SAME, 100.0), STABLE),
    "one freeze before the first look": (frozen(SAME, 30.0), STABLE),
    "eight errors, spread": (errors_at(*range(10, 280, 34)), STABLE),
    "eight errors in one second": (errors_at(*np.arange(100, 101, 0.125)), STABLE),
}


@pytest.mark.parametrize("case", NOT_FAILED)
@pytest.mark.parametrize("lasting", [45.0, 300.0])
def test_what_is_no_regression_never_fails(case: str, lasting: float) -> None:
    canary, stable = (until(arm, lasting) for arm in NOT_FAILED[case])

    assert [] == failed_by(decided(canary, stable, lasting=lasting))


def until(arm: Answers, lasting: float) -> Answers:
    """The first part of a run."""
    return arm.only(arm.sent < lasting - 1)


@pytest.mark.parametrize("case", ["an exact copy", "twice as fast", "constant and equal"])
def test_a_canary_that_is_no_worse_passes(case: str) -> None:
    assert Verdict.PASS is decided(*NOT_FAILED[case]).verdict


RAREST = SAME.endpoint == 4
FAILED: dict[str, tuple[Answers, Answers, float]] = {
    "constant 60 against 50 ms": (answers(1, constant=0.060), answers(2, constant=0.050), 45),
    "+200 ms": (SAME.slower(SAME.seconds + 0.2), STABLE, 15),
    "+800 ms": (SAME.slower(SAME.seconds + 0.8), STABLE, 15),
    "+30 %": (SAME.slower(SAME.seconds * 1.3), STABLE, 90),
    "the rarest endpoint twice as slow": (
        SAME.slower(np.where(RAREST, SAME.seconds * 2, SAME.seconds)),
        STABLE,
        90,
    ),
    "12 % failures that answer in 1 ms": (SAME.failing(np.arange(0, len(SAME.ok), 8)), STABLE, 8),
    "every request refused": (SAME.failing(np.arange(len(SAME.ok))), STABLE, 4),
    "a freeze every twenty seconds": (frozen(SAME, *np.arange(15, 300, 20)), STABLE, 300),
}


@pytest.mark.parametrize("case", FAILED)
def test_what_is_a_regression_fails_in_time(case: str) -> None:
    canary, stable, latest = FAILED[case]
    decision = decided(canary, stable)

    assert Verdict.FAIL is decision.verdict
    assert decision.at_seconds <= latest


def test_nine_errors_of_the_canary_alone_fail_it_at_the_ninth() -> None:
    spread = errors_at(*range(20, 29))
    decision = decided(spread, STABLE)
    moments = np.sort((spread.sent + spread.seconds)[~spread.ok])

    assert ["compare.errors"] == failed_by(decision)
    assert pytest.approx(moments[8], abs=1e-6) == decision.at_seconds


BOTH: dict[str, Callable[[Answers], Answers]] = {
    "12 % of errors": lambda arm: arm.failing(np.arange(0, len(arm.ok), 8)),
    "dead": lambda arm: arm.failing(np.arange(len(arm.ok))),
    "slow": lambda arm: arm.slower(arm.seconds + 2),
}


@pytest.mark.parametrize("case", BOTH)
def test_what_both_arms_suffer_from_is_inconclusive(case: str) -> None:
    decision = decided(BOTH[case](SAME), BOTH[case](STABLE))

    assert Verdict.INCONCLUSIVE is decision.verdict


def test_endpoints_whose_names_differ_only_in_case_are_two() -> None:
    """Taken for one, the slow half of it would be a third slower on average."""
    names = (("GET", "/items"), ("GET", "/Items"))
    random = np.random.RandomState(5)
    arms = []
    for name, factor in (("canary", 1.6), ("stable", 1.0)):
        endpoint = np.arange(3000) % 2
        seconds = 0.05 * np.exp(0.3 * random.standard_normal(3000))
        seconds[endpoint == 1] *= factor
        ended = np.linspace(0.1, 299, 3000) + seconds
        arms.append(
            make_arm(
                name,
                ended_seconds=ended,
                duration_seconds=seconds,
                endpoint=endpoint,
                endpoints=names,
            )
        )
    scene = Scene(canary=arms[0], stable=arms[1], generator_short=False, warm_up_seconds=10.0)

    decision = decide(scene, POLICY, Plan(planned_seconds=300.0))

    assert decision is not None
    assert Verdict.FAIL is decision.verdict
    assert decision.comparison is not None
    states = {row.name: str(row.state) for row in decision.comparison.endpoints}
    assert ("fail", True) == (states["/Items"], states["/items"] != "fail")


NOBODY = until(SAME, 0)


@pytest.mark.parametrize(
    ("canary", "stable"),
    [(NOBODY, STABLE), (SAME, NOBODY), (NOBODY, NOBODY), (NOBODY, None)],
    ids=["no canary", "no stable", "nothing at all", "no canary, limits only"],
)
def test_an_arm_without_a_record_is_inconclusive(canary: Answers, stable: Answers | None) -> None:
    assert Verdict.INCONCLUSIVE is decided(canary, stable).verdict


def test_one_request_a_second_for_45_seconds_is_inconclusive() -> None:
    few = [answers(seed, per_second=1, lasting=45) for seed in (1, 2)]

    assert Verdict.INCONCLUSIVE is decided(few[0], few[1], lasting=45).verdict


def test_a_short_generator_is_no_slow_canary() -> None:
    decision = decided(SAME.slower(SAME.seconds + 0.8), STABLE, generator_short=True)

    assert Verdict.INCONCLUSIVE is decision.verdict
    assert [] == failed_by(decision)
    assert (
        "gross slowness: not judged, the generator was the bottleneck"
        == check_of(decision, "compare.gross_slowness").reason
    )


def test_a_short_generator_excuses_no_errors_that_were_answered() -> None:
    canary = SAME.failing(np.arange(0, len(SAME.ok), 8))

    assert Verdict.FAIL is decided(canary, STABLE, generator_short=True).verdict


def test_an_endpoint_that_the_canary_never_served_is_no_pass() -> None:
    """Its flow always stops before the checkout."""
    decision = decided(SAME.only(SAME.endpoint != 4), STABLE)

    assert Verdict.INCONCLUSIVE is decision.verdict
    assert "no success on the canary: GET /e" in check_of(decision, "compare.clear").reason
    assert decision.comparison is not None
    assert {"stable": [("GET", "/e")]} == decision.comparison.only_one


def test_a_canary_that_hangs_shortly_before_a_look_does_not_pass_there() -> None:
    """Its open requests have failed nothing yet, and it sends no more before they do."""
    decision = decided(SAME.only(SAME.sent + SAME.seconds < 44.0), STABLE)

    assert (Verdict.INCONCLUSIVE, 300.0) == (decision.verdict, decision.at_seconds)
    assert "canary stopped answering" == check_of(decision, "compare.clear").reason
