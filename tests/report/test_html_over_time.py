"""Bins lose no request and make no latency up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canarygate.report.html.over_time import bin_up
from canarygate.summary import nearest_rank
from canarygate.trace import Seen

EDGES = np.arange(0.0, 60.1, 5.0)


def seen_of(ended: list[float], failed: list[int], seconds: float | None = 60.0) -> Seen:
    """Requests that took a tenth of the second that they ended in."""
    times = np.sort(np.asarray(ended, np.float64))
    ok = np.ones(len(times), bool)
    ok[[index for index in failed if index < len(times)]] = False
    return Seen(
        ended=times,
        duration=times / 10 + 0.001,
        ok=ok,
        warm=np.ones(len(times), bool),
        endpoint=np.zeros(len(times), np.int64),
        endpoints=(("GET", "/"),),
        seconds=seconds,
    )


@given(
    ended=st.lists(st.floats(-5, 60), min_size=1, max_size=60),
    failed=st.lists(st.integers(0, 59), max_size=30),
)
def test_every_request_is_in_one_bin(ended: list[float], failed: list[int]) -> None:
    """Also one that ended before the load began, by a clock that was set back."""
    seen = seen_of(ended, failed)

    bins = bin_up(seen, EDGES)

    assert len(seen) == pytest.approx((bins.rate * 5).sum())
    assert int((~seen.ok).sum()) == bins.errors
    known = np.isfinite(bins.p50)
    assert (bins.p50[known] <= bins.p95[known]).all()
    assert set(bins.p95[known]) <= set(seen.duration[seen.ok])
    shares = bins.error_share[np.isfinite(bins.error_share)]
    assert ((shares >= 0) & (shares <= 1)).all()
    assert list(np.isfinite(bins.error_share)) == list(bins.rate > 0)


def test_a_bins_quantiles_are_those_of_its_successes() -> None:
    seen = seen_of([float(each) for each in np.linspace(5.01, 9.99, 41)], [0, 40])

    bins = bin_up(seen, EDGES)

    kept = np.sort(seen.duration[1:-1])
    assert nearest_rank(kept, 0.5) == bins.p50[1]
    assert nearest_rank(kept, 0.95) == bins.p95[1]
    assert pytest.approx(2 / 41) == bins.error_share[1]
    assert np.isnan(bins.p50[0])


def test_the_last_bin_is_no_slower_for_being_cut_short() -> None:
    """The load ended in its middle; ten requests a second stay ten a second."""
    seen = seen_of([float(each) for each in np.arange(0.05, 57.5, 0.1)], [], seconds=57.5)

    bins = bin_up(seen, EDGES)

    assert bins.rate == pytest.approx(np.full(12, 10.0), rel=0.05)
