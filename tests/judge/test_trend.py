"""The Theil-Sen slope and its interval, against scipy's own."""

import random
import time

import numpy as np
import pytest
from scipy.stats import norm, theilslopes

from canarygate.judge.trend import slope, trend


@pytest.mark.parametrize("n", [4, 5, 12, 13, 55, 120])
@pytest.mark.parametrize("ties", [0, 5, 40])
def test_it_is_what_scipy_gives(n: int, ties: int) -> None:
    """Importing scipy.stats takes 0.7 s, which a watcher of a 45 s run does not have."""
    chance = random.Random(n)
    t = np.sort([chance.uniform(0, 300) for _ in range(n)])
    y = np.asarray([chance.gauss(0, 10) for _ in range(n)]) + 0.1 * t
    if ties:
        y, t = np.round(y / ties), np.round(t / ties)
    if len(set(t)) < 2:
        t[-1] += 1

    for confidence in (0.9, 0.99):
        wanted, found = theilslopes(y, t, alpha=confidence), trend(y, t, confidence)
        assert (wanted.slope, wanted.low_slope) == (found.slope, found.low)
    assert theilslopes(y, t, alpha=0.9).high_slope == found.high
    assert wanted.slope == slope(y, t)


def test_the_bound_is_of_both_sides() -> None:
    """So 0.99 leaves 0.5 %, not 1 %, below the lower bound: the rank is that of norm.ppf(0.995)."""
    chance = random.Random(1)
    t = np.arange(40.0)
    y = np.asarray([chance.gauss(0, 1) for _ in t])
    slopes = np.sort([(y[j] - y[i]) / (j - i) for i in range(40) for j in range(i + 1, 40)])
    deviation = np.sqrt(40 * 39 * 85 / 18)

    rank = round((len(slopes) - norm.ppf(0.995) * deviation) / 2) - 1
    assert slopes[rank] == trend(y, t, 0.99).low


def test_a_constant_has_no_slope_and_no_doubt() -> None:
    found = trend(np.full(20, 7.0), np.arange(20.0), 0.99)

    assert (0.0, 0.0, 0.0) == (found.slope, found.low, found.high)


def test_a_long_series_costs_no_more_than_a_short_one() -> None:
    """A soak of days: the work would grow with the square."""
    t = np.arange(100_000.0)
    began = time.process_time()
    found = trend(3 * t, t, 0.99)

    assert (3.0, 3.0) == (found.slope, found.low)
    assert time.process_time() - began < 0.5
