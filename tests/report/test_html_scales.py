"""Ticks: round, inside of the axis, apart, and few."""

from itertools import pairwise
from math import log10

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canarygate.report.html import scales


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.0004, "0.4 ms"),
        (0.02, "20 ms"),
        (0.9999, "1 s"),
        (2.0, "2 s"),
        (60.0, "60 s"),
        (120.0, "2 min"),
    ],
)
def test_a_duration_is_said_like_this(seconds: float, said: str) -> None:
    assert said == scales.short_duration(seconds)


@pytest.mark.parametrize(
    ("exponent", "said"),
    [(-2, "1/100"), (-5, "10\u207b\u2075"), (0, "1"), (3, "1,000"), (54, "10\u2075\u2074")],
)
def test_a_power_is_said_like_this(exponent: int, said: str) -> None:
    assert said == scales.power(exponent)


@pytest.mark.parametrize(
    ("ratio", "said"), [(1.0, "same"), (1.1, "+10 %"), (0.8, "\u221220 %"), (2, "2x"), (50, "50x")]
)
def test_a_ratio_is_said_like_this(ratio: float, said: str) -> None:
    assert said == scales.ratio_label(ratio)


positive = st.floats(1e-6, 1e6)


@given(low=positive, times=st.floats(1.05, 1e6))
def test_ticks_of_a_log_axis_are_inside_and_few(low: float, times: float) -> None:
    high = low * times

    found = scales.log_ticks(low, high)

    assert len(found) <= 5
    assert found == sorted(found)
    assert all(low * 0.99 <= each <= high * 1.01 for each in found)
    assert found or times < 2


@given(high=st.floats(1e-9, 1e15))
def test_ticks_of_a_linear_axis_begin_at_0_and_end_inside(high: float) -> None:
    found = scales.linear_ticks(high)

    assert 0 == found[0]
    assert 2 <= len(found) <= 6
    assert found[-1] <= high * 1.001


@given(last=st.floats(0.001, 1e7))
def test_ticks_of_time_are_few_and_evenly_apart(last: float) -> None:
    (places, labels), unit = scales.time_ticks(last)

    assert 1 <= len(places) <= 7
    assert len(labels) == len(set(labels)) == len(places)
    assert unit.startswith("minutes" if last >= 600 else "seconds")


@given(low=st.floats(0.02, 0.95), high=st.floats(1.05, 200))
def test_ticks_of_changes_hold_the_same_and_are_apart(low: float, high: float) -> None:
    places, labels = scales.ratio_ticks(low, high, 0.1)

    assert "same" in labels
    assert all(low <= each <= high for each in places)
    assert all(log10(later / earlier) >= 0.0999 for earlier, later in pairwise(places))


@given(low=st.integers(-5, 0), high=st.integers(1, 700))
def test_ticks_of_powers_are_few(low: int, high: int) -> None:
    places, labels = scales.power_ticks(low, high)

    assert 1 <= len(places) <= 6
    assert len(labels) == len(places)


@pytest.mark.parametrize("last", [0.3, 1, 29, 45, 60, 300, 3600, 86_400, 1e6])
def test_bins_cover_everything_and_are_few(last: float) -> None:
    edges = list(scales.bins(last, 30))

    assert 0 == edges[0]
    assert edges[-1] >= last
    assert len(edges) <= 32
    assert all(later > earlier for earlier, later in pairwise(edges))
