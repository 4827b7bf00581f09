"""The rank tests, against scipy's and against what can be counted by hand."""

from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import hypergeom, mannwhitneyu, wilcoxon

from canarygate.judge.ranks import (
    holm_levels,
    pooled_score,
    rank_p,
    rank_score,
    signed_rank_score,
    upper_p,
    within_margin,
)
from canarygate.judge.stalls import hypergeometric_p
from canarygate.judge.typical import together_change, typical_change

Durations = NDArray[np.float64]
FEW = settings(max_examples=30)
"""scipy.stats takes its time."""


def some(low: int = 0, high: int = 25) -> st.SearchStrategy[Durations]:
    """Durations of few values, so that there are ties, and of many."""
    few = st.integers(0, 6).map(float)
    many = st.floats(0, 1e6, allow_nan=False)
    return st.lists(st.one_of(few, many), min_size=low, max_size=high).map(
        lambda values: np.array(values, np.float64)
    )


@FEW
@given(canary=some(1), stable=some(1))
def test_the_rank_test_is_that_of_scipy(canary: Durations, stable: Durations) -> None:
    if len(np.unique(np.concatenate([canary, stable]))) == 1:
        assert 0.5 == rank_p(canary, stable)
        return
    theirs = mannwhitneyu(
        canary, stable, alternative="greater", method="asymptotic", use_continuity=False
    )

    assert rank_p(canary, stable) == pytest.approx(theirs.pvalue, rel=1e-12, abs=1e-12)


@FEW
@given(canary=some(1), stable=some(1))
def test_the_correction_for_continuity_is_that_of_scipy(
    canary: Durations, stable: Durations
) -> None:
    """scipy always moves towards the side that is asked about, ours always towards 0."""
    score = rank_score(canary, stable, continuity=True)
    if score <= 0:
        assert score == -rank_score(stable, canary, continuity=True)
        return
    theirs = mannwhitneyu(canary, stable, alternative="greater", method="asymptotic")

    assert upper_p(score) == pytest.approx(theirs.pvalue, rel=1e-12, abs=1e-12)


@given(canary=some(), stable=some())
def test_swapping_the_arms_mirrors_the_score(canary: Durations, stable: Durations) -> None:
    assert rank_score(canary, stable) == pytest.approx(-rank_score(stable, canary), abs=1e-12)


@given(canary=some(), stable=some(), seed=st.integers(0, 1000))
def test_the_order_of_durations_does_not_matter(
    canary: Durations, stable: Durations, seed: int
) -> None:
    random = np.random.default_rng(seed)

    assert rank_score(canary, stable) == rank_score(
        random.permutation(canary), random.permutation(stable)
    )


@pytest.mark.parametrize(
    ("canary", "slower"),
    [(60.0, True), (54.0, False), (50.0, False)],
    ids=["60 ms", "54 ms", "an exact copy"],
)
def test_constant_durations_are_compared_without_a_spread(canary: float, slower: bool) -> None:
    """Against 50 ms of stable, with 10 % or 3 ms granted."""
    own = within_margin(np.full(20, canary / 1000), 0.10, 0.003)
    other = np.full(20, 0.050)

    assert slower == (rank_p(own, other) < 1e-6)
    assert slower == (upper_p(signed_rank_score(own - other)) < 1e-4)


@pytest.mark.parametrize(
    ("canary", "granted"),
    [(0.110, 0.100), (0.033, 0.030), (0.011, 0.008), (0.002, -0.001)],
    ids=["10 %", "both", "3 ms", "3 ms of 2"],
)
def test_the_larger_of_the_two_margins_is_granted(canary: float, granted: float) -> None:
    assert granted == pytest.approx(within_margin(np.array([canary]), 0.10, 0.003)[0])


@FEW
@given(
    differences=st.lists(st.integers(-5, 5), min_size=1, max_size=40)
    .map(lambda values: np.array(values, np.float64))
    .filter(lambda values: bool((values != 0).any()))
)
def test_the_signed_rank_test_is_that_of_scipy(differences: Durations) -> None:
    theirs = wilcoxon(differences, zero_method="pratt", alternative="greater", method="asymptotic")

    assert upper_p(signed_rank_score(differences)) == pytest.approx(theirs.pvalue, abs=1e-9)


def test_pairs_without_a_difference_say_nothing() -> None:
    assert [0.0, 0.0] == [signed_rank_score(np.zeros(30)), signed_rank_score(np.zeros(0))]


def test_endpoints_are_pooled_by_how_much_is_behind_them() -> None:
    """100 against 100 weighs ten times as much (in squares) as 10 against 10."""
    expected = (50**0.5 * 2.0 + 5**0.5 * 1.0) / 55**0.5

    assert expected == pytest.approx(pooled_score([2.0, 1.0], [100, 10], [100, 10]))
    assert 2.0 == pytest.approx(pooled_score([2.0, 9.0], [100, 10], [100, 0]))
    assert 0.0 == pooled_score([], [], [])


def test_holm_asks_less_of_each_p_after_the_smallest() -> None:
    assert [0.05, 0.01, 0.025, 0.0125, 0.05 / 3] == pytest.approx(
        holm_levels([0.04, 0.001, 0.02, 0.003, 0.004], 0.05)
    )


def test_holm_stops_at_the_first_that_is_not_small_enough() -> None:
    """0.026 would meet a level of its own, 0.05 / 1, were 0.0255 not too large for 0.05 / 2."""
    assert [0.05 / 3, 0.025, 0.025] == pytest.approx(holm_levels([0.01, 0.0255, 0.026], 0.05))


@given(st.lists(st.floats(0, 1), max_size=20), st.floats(1e-6, 0.5))
def test_holm_rejects_at_least_what_bonferroni_does(p: list[float], alpha: float) -> None:
    levels = holm_levels(p, alpha)
    rejected = [value for value, level in zip(p, levels, strict=True) if value <= level]

    assert all(alpha / len(p) <= level <= alpha for level in levels)
    assert sorted(p)[: len(rejected)] == sorted(rejected)


@FEW
@given(data=st.data())
def test_the_hypergeometric_tail_is_that_of_scipy(data: st.DataObject) -> None:
    total = data.draw(st.integers(1, 400))
    marked, drawn = data.draw(st.integers(0, total)), data.draw(st.integers(0, min(total, 64)))
    hits = data.draw(st.integers(0, drawn))

    assert hypergeometric_p(hits, total, marked, drawn) == pytest.approx(
        float(hypergeom.sf(hits - 1, total, marked, drawn)), abs=1e-12
    )


def pairs_of(canary: Durations, stable: Durations) -> Durations:
    return np.sort(np.divide.outer(canary, stable).ravel())


@given(canary=some(1, 12), stable=some(1, 12))
def test_the_typical_change_is_the_median_of_all_ratios(
    canary: Durations, stable: Durations
) -> None:
    canary, stable = canary + 1, stable + 1
    found = typical_change(canary, stable)

    assert found is not None
    assert found.low <= found.ratio * (1 + 1e-9)
    assert found.ratio <= found.high * (1 + 1e-9)
    assert float(np.median(np.log(pairs_of(canary, stable)))) == pytest.approx(log(found.ratio))


def test_the_interval_of_moses_is_counted_off_the_sorted_ratios() -> None:
    """10 against 10: C = 50 - 1.96 sqrt(100 * 21 / 12) = 24.07, the ranks 25 from either end."""
    random = np.random.default_rng(3)
    canary, stable = random.lognormal(size=10), random.lognormal(size=10)
    ratios = pairs_of(canary, stable)
    found = typical_change(canary, stable)

    assert found is not None
    assert (ratios[24], ratios[-25]) == pytest.approx((found.low, found.high))


def test_thinning_many_durations_hardly_changes_what_is_read() -> None:
    random = np.random.default_rng(3)
    canary, stable = 1.2 * random.lognormal(0, 0.4, 2000), random.lognormal(0, 0.4, 2000)
    ratios = pairs_of(canary, stable)
    rank = round(2e6 - 1.96 * (4e6 * 4001 / 12) ** 0.5)
    found = typical_change(canary, stable)

    assert found is not None
    assert (found.low, found.ratio, found.high) == pytest.approx(
        (ratios[rank], np.median(ratios), ratios[-rank]), rel=2e-3
    )


def test_no_durations_have_no_typical_change() -> None:
    assert typical_change(np.zeros(0), np.ones(3)) is None
    assert together_change([], []) is None


def test_durations_of_nothing_are_equal() -> None:
    found = typical_change(np.zeros(3), np.zeros(3))

    assert found is not None
    assert (1.0, 1.0, 1.0) == (found.low, found.ratio, found.high)


@FEW
@given(factor=st.floats(1.0, 5.0), canary=some(1), stable=some(1))
def test_a_slower_canary_never_scores_less(
    factor: float, canary: Durations, stable: Durations
) -> None:
    assert rank_score(canary, stable) <= rank_score(canary * factor, stable) + 1e-9
