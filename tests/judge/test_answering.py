"""An arm that stopped answering is noticed, and one that began a moment later has not stopped."""

import pytest

from canarygate.judge.answering import AT_THE_END, BEFORE_A_LOOK, Windows, silent_role
from canarygate.judge.traffic import Scene
from tests.judge.arms import Answers, answers, scene_of

CANARY, STABLE = answers(1), answers(2)
END = 30.5


def from_to(arm: Answers, first: float, last: float) -> Answers:
    ended = arm.sent + arm.seconds
    return arm.only((ended >= first) & (ended <= last))


def scene(canary: Answers, stable: Answers) -> Scene:
    return scene_of(canary, stable)


@pytest.mark.parametrize("windows", [BEFORE_A_LOOK, AT_THE_END])
def test_two_that_answer_until_the_end_have_not_stopped(windows: Windows) -> None:
    both = from_to(CANARY, 0, END), from_to(STABLE, 0, END)

    assert silent_role(scene(*both), END, windows) is None


@pytest.mark.parametrize("late", [0.3, 0.5, 1.0, 3.0])
def test_one_that_began_a_moment_later_has_not_stopped(late: float) -> None:
    """Before the last 30 seconds of a run of 30.5, one arm had a dozen answers and the other none."""
    canary, stable = from_to(CANARY, 0, END), from_to(STABLE, late, END)

    assert silent_role(scene(canary, stable), END, AT_THE_END) is None
    assert (
        silent_role(scene(from_to(CANARY, late, END), from_to(STABLE, 0, END)), END, AT_THE_END)
        is None
    )


@pytest.mark.parametrize("last", [10.0, 20.0, 25.0])
def test_one_that_stopped_is_named(last: float) -> None:
    stopped, other = from_to(CANARY, 0, last), from_to(STABLE, 0, END)

    assert "canary" == silent_role(scene(stopped, other), END, AT_THE_END)
    assert "stable" == silent_role(
        scene(from_to(CANARY, 0, END), from_to(STABLE, 0, last)), END, AT_THE_END
    )


def test_without_stable_there_is_nobody_to_compare_with() -> None:
    assert silent_role(scene_of(from_to(CANARY, 0, 10), None), END, AT_THE_END) is None
