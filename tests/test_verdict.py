from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canarygate.verdict import Check, Verdict, combine

PASS, FAIL, OPEN = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE


def checks(*states: Verdict) -> list[Check]:
    return [
        Check(name=f"check {index}", state=state, reason="") for index, state in enumerate(states)
    ]


@pytest.mark.parametrize(
    ("states", "verdict"),
    [
        ((), OPEN),
        ((PASS,), PASS),
        ((PASS, PASS), PASS),
        ((PASS, OPEN), OPEN),
        ((OPEN, FAIL, PASS), FAIL),
        ((FAIL, FAIL), FAIL),
    ],
)
def test_checks_add_up(states: tuple[Verdict, ...], verdict: Verdict) -> None:
    assert verdict is combine(checks(*states))


@given(st.lists(st.sampled_from(Verdict)))
def test_it_passes_only_when_something_passed_and_nothing_did_not(states: list[Verdict]) -> None:
    assert (set(states) == {PASS}) == (combine(checks(*states)) is PASS)


@given(st.lists(st.sampled_from(Verdict), min_size=1), st.randoms(use_true_random=False))
def test_the_order_of_the_checks_never_matters(states: list[Verdict], random: Random) -> None:
    shuffled = list(states)
    random.shuffle(shuffled)

    assert combine(checks(*states)) is combine(checks(*shuffled))
