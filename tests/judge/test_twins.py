"""The same user's same request on both arms, and when the pairs of them decide."""

from dataclasses import replace

import numpy as np
import pytest

from canarygate.verdict import Verdict
from tests.judge.pairs_of_arms import canary, check, lognormal, looked, stable

PASS, FAIL = Verdict.PASS, Verdict.FAIL


def test_twins_are_compared_pair_by_pair() -> None:
    """What a request asks for decides most of what it takes; 25 % show among 60 requests."""
    asked = lognormal(1, 60, spread=0.8)
    own = canary({"/": 1.25 * asked * lognormal(2, 60, 1.0, 0.1)})
    other = stable({"/": asked * lognormal(3, 60, 1.0, 0.1)})
    strangers = replace(other, sequence=other.sequence + 1000)

    assert [FAIL, PASS] == [check(looked(own, arm), "slower").state for arm in (other, strangers)]


@pytest.mark.parametrize(("with_a_twin", "is_paired"), [(54, True), (53, False)])
def test_pairs_decide_where_nine_of_ten_have_a_twin(with_a_twin: int, is_paired: bool) -> None:
    """Nothing about how long anything took has a part in that choice."""
    own, other = canary({"/": lognormal(1, 60)}), stable({"/": lognormal(2, 60)})
    lost = np.arange(60) >= with_a_twin
    found = looked(own, replace(other, sequence=other.sequence + 1000 * lost))

    assert is_paired == found.groups[0].is_paired
    assert with_a_twin / 60 == found.comparison.matched_share


def test_a_twin_asks_the_same_endpoint() -> None:
    counts = {"/a": [0.05] * 30, "/b": [0.05] * 30}
    own, other = canary(counts), stable(counts)
    swapped = replace(other, endpoint=1 - other.endpoint)

    assert [1.0, 0.0] == [looked(own, arm).comparison.matched_share for arm in (other, swapped)]


def test_a_sequence_that_comes_twice_has_no_twin() -> None:
    own, other = canary({"/": [0.05] * 30}), stable({"/": [0.05] * 30})
    twice = replace(other, sequence=np.maximum(other.sequence, 3))

    assert 27 / 30 == looked(own, twice).comparison.matched_share
