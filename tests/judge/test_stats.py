"""The formulas, against numbers worked out by hand or by another way of computing them."""

from math import exp, log, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canarygate.judge.stats import (
    count_apart,
    log10_or_none,
    log_evidence,
    lower_bound,
    requests_needed,
    upper_bound,
    weakest_log_evidence,
)

SECOND = 1_000_000


@pytest.mark.parametrize(
    ("hits", "requests", "share", "evidence"),
    [
        (9, 9, 0.5, 102.3),
        (8, 8, 0.5, 56.777778),
        (3, 3, 0.5, 3.75),
        (0, 0, 0.5, 1.0),
        (1, 1, 0.01, 50.5),
        (2, 2, 0.01, 3367.0),
    ],
)
def test_evidence_is_what_the_integral_gives_by_hand(
    hits: int, requests: int, share: float, evidence: float
) -> None:
    assert evidence == pytest.approx(exp(log_evidence(hits, requests, share)), rel=1e-6)


def test_evidence_equals_the_likelihood_ratio_averaged_numerically() -> None:
    hits, requests, share = 15, 526, 0.01
    grid = share + (1 - share) * (np.arange(1_000_000) + 0.5) / 1_000_000
    ratios = (grid / share) ** hits * ((1 - grid) / (1 - share)) ** (requests - hits)

    assert float(ratios.mean()) == pytest.approx(exp(log_evidence(hits, requests, share)))


def test_evidence_that_underflows_speaks_against_and_never_for() -> None:
    """Clipping it instead would call nearly every healthy canary broken."""
    assert -np.inf == log_evidence(0, 1_000_000, 0.01)
    assert log10_or_none(-np.inf) is None


def test_evidence_of_a_million_failures_is_finite() -> None:
    assert round(float(log_evidence(1_000_000, 1_000_000, 0.01)) / log(10)) == 1_999_994


@given(
    requests=st.integers(1, 5_000),
    share=st.floats(1e-6, 0.999),
    data=st.data(),
)
def test_evidence_grows_with_every_hit_and_falls_with_every_other_request(
    requests: int, share: float, data: st.DataObject
) -> None:
    hits = data.draw(st.integers(0, requests - 1))
    all_three = log_evidence([hits, hits + 1, hits], [requests, requests, requests + 1], share)
    here, more_hits, more_requests = np.minimum(all_three, 700)

    assert not np.isnan(all_three).any()
    assert exp(here) <= exp(more_hits) * (1 + 1e-9)
    assert exp(more_requests) <= exp(here) * (1 + 1e-9)


@pytest.mark.parametrize(
    ("hits", "requests", "bound"),
    [
        (0, 0, 1.0),
        (3, 3, 1.0),
        (0, 298, 0.010002432),
        (0, 299, 0.009969147),
        (0, 300, 0.009936082),
        (1, 472, 0.010010788),
        (1, 473, 0.009989707),
        (1, 475, 0.009947811),
        (63, 526, 0.1456160),
    ],
)
def test_upper_bounds_are_those_of_clopper_and_pearson(
    hits: int, requests: int, bound: float
) -> None:
    assert bound == pytest.approx(upper_bound(hits, requests, 0.95), rel=1e-5)


def test_the_upper_bound_without_a_hit_is_the_closed_form() -> None:
    assert pytest.approx(upper_bound(0, 300, 0.95)) == 1 - 0.05 ** (1 / 300)


@pytest.mark.parametrize(
    ("hits", "requests", "bound"),
    [(0, 0, 0.0), (0, 526, 0.0), (1, 1, 0.05), (3, 3, 0.05 ** (1 / 3)), (63, 526, 0.0971679)],
)
def test_lower_bounds_are_those_of_clopper_and_pearson(
    hits: int, requests: int, bound: float
) -> None:
    assert bound == pytest.approx(lower_bound(hits, requests, 0.95), rel=1e-5)


@pytest.mark.parametrize(
    ("hits", "share", "needed"), [(0, 0.01, 299), (1, 0.01, 473), (0, 0.05, 59), (4, 0.01, 913)]
)
def test_so_many_requests_rule_a_limit_out(hits: int, share: float, needed: int) -> None:
    assert needed == requests_needed(hits, share, 0.95)


@given(hits=st.integers(0, 2_000), share=st.floats(1e-6, 0.999), confidence=st.floats(0.5, 0.999))
def test_the_requests_needed_are_the_fewest(hits: int, share: float, confidence: float) -> None:
    needed = requests_needed(hits, share, confidence)

    assert (
        upper_bound(hits, needed, confidence) < share <= upper_bound(hits, needed - 1, confidence)
    )


def weakest_by_brute_force(times: list[int], hit: list[bool], share: float, block: int) -> float:
    """Every window that starts at a whole number, one after the other."""
    evidence = []
    for start in range(min(times) - block, max(times) + 1):
        left = [h for t, h in zip(times, hit, strict=True) if not start <= t < start + block]
        evidence.append(float(log_evidence(sum(left), len(left), share)))
    return min(evidence)


@given(
    rows=st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=30),
    block=st.integers(1, 12),
)
def test_the_weakest_evidence_is_that_of_the_worst_of_all_windows(
    rows: list[tuple[int, bool]], block: int
) -> None:
    """However the records lie: no window that starts elsewhere leaves less."""
    rows.sort()
    times, hit = [t for t, _ in rows], [h for _, h in rows]

    assert weakest_by_brute_force(times, hit, 0.1, block) == pytest.approx(
        weakest_log_evidence(np.array(times), np.array(hit), 0.1, block)
    )


def test_a_window_of_no_length_drops_nothing() -> None:
    times, hit = np.arange(5), np.ones(5, bool)

    assert float(log_evidence(5, 5, 0.01)) == weakest_log_evidence(times, hit, 0.01, 0)


def test_nothing_recorded_is_no_evidence() -> None:
    assert weakest_log_evidence(np.zeros(0, np.int64), np.zeros(0, bool), 0.01, 2) == 0.0


@pytest.mark.parametrize(
    ("seconds", "apart"),
    [
        ([], 0),
        ([7.0], 1),
        ([7.0, 7.1, 7.9], 1),
        ([0.99, 1.01, 2.0], 2),
        ([0.0, 1.0, 2.0], 3),
        ([0.0, 0.5, 1.0, 1.5, 2.0], 3),
    ],
)
def test_hits_apart_do_not_depend_on_where_a_clock_second_begins(
    seconds: list[float], apart: int
) -> None:
    times = np.array([round(second * SECOND) for second in seconds], np.int64)

    assert apart == count_apart(times, SECOND)
    assert apart == count_apart(times + 123_456, SECOND)


def test_no_evidence_is_told_as_nothing() -> None:
    assert [
        pytest.approx(log10_or_none(log(100))),
        log10_or_none(-np.inf),
        log10_or_none(nan),
    ] == [2.0, None, None]


def test_a_share_at_the_limit_is_called_broken_in_at_most_one_run_of_a_hundred() -> None:
    """2,000 runs of 2,000 requests at exactly 1 %, looked at after every single request."""
    hits = np.cumsum(np.random.default_rng(7).random((2_000, 2_000)) < 0.01, axis=1)
    evidence = log_evidence(hits, np.arange(1, 2_001), 0.01)
    broken_ever = (evidence >= log(100)).any(axis=1).sum()
    broken_at_the_end = (evidence[:, -1] >= log(100)).sum()

    assert (broken_at_the_end, broken_ever) == (0, 3)


def test_a_share_at_the_limit_passes_in_at_most_five_runs_of_a_hundred() -> None:
    """20,000 runs each of 299 to 5,000 requests at exactly 1 %."""
    random = np.random.default_rng(7)
    passed = {}
    for requests in (299, 526, 1_000, 5_000):
        counts = np.bincount(random.binomial(requests, 0.01, 20_000))
        passed[requests] = sum(
            int(number)
            for hits, number in enumerate(counts)
            if upper_bound(hits, requests, 0.95) < 0.01
        )

    assert passed == {299: 953, 526: 659, 1_000: 540, 5_000: 890}
    assert max(passed.values()) <= 0.05 * 20_000
