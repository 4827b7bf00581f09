"""A change and its interval are told in one unit, so that a reader can compare them."""

import pytest

from canarygate.judge.phrases import TIMES, change, interval


@pytest.mark.parametrize(
    ("ratio", "low", "high", "told"),
    [
        (1.38, 1.21, 1.57, "+38 % [+21, +57]"),
        (0.9, 0.8, 1.05, "-10 % [-20, +5]"),
        (2.9, 2.5, 3.3, "+190 % [+150, +230]"),
        (3.23, 2.8, 3.59, "3.23x [2.8x, 3.59x]"),
        (1200.0, 900.0, 1500.0, "1,200x [900x, 1,500x]"),
    ],
)
def test_an_interval_has_the_unit_of_its_change(
    ratio: float, low: float, high: float, told: str
) -> None:
    assert told == f"{change(ratio)} {interval(ratio, low, high)}".replace(TIMES, "x")
