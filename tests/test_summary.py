import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canarygate.records import OUTCOMES, Outcome, Records
from canarygate.summary import QUANTILES, Summary, nearest_rank, summarise, summarise_endpoints

Seen = tuple[str, float, Outcome]


def records_of(seen: list[Seen]) -> Records:
    """GET requests of these names, milliseconds and outcomes."""
    names = list(dict.fromkeys(name for name, _, _ in seen))
    nothing = np.zeros(len(seen), np.int64)
    return Records(
        start=nothing.astype(float),
        intended_start=nothing.astype(float),
        end=nothing.astype(float),
        user=nothing,
        sequence=nothing,
        endpoint=np.asarray([names.index(name) for name, _, _ in seen], np.int64),
        duration_ms=np.asarray([duration for _, duration, _ in seen], np.float64),
        status=nothing,
        outcome=np.asarray([OUTCOMES.index(outcome) for _, _, outcome in seen], np.int64),
        bytes=nothing,
        worker=nothing,
        endpoints=tuple(("GET", name) for name in names),
        users=("Shopper/0",),
    )


def plain(summary: Summary) -> dict[str, object]:
    """The summary as values that can be compared."""
    return {**vars(summary), "durations": summary.durations.tolist()}


def test_latency_is_of_the_successes_alone() -> None:
    """A failure that answers in 1 ms must not make a canary look fast."""
    records = records_of(
        [
            ("/a", 30.0, Outcome.OK),
            ("/a", 10.0, Outcome.OK),
            ("/a", 1.0, Outcome.HTTP_5XX),
            ("/a", 5000.0, Outcome.TIMEOUT),
            ("/a", 1.0, Outcome.HTTP_5XX),
        ]
    )

    summary = summarise(records)

    assert {
        "method": "",
        "name": "",
        "requests": 5,
        "failures": {Outcome.HTTP_5XX: 2, Outcome.TIMEOUT: 1},
        "quantiles": {0.5: 0.01, 0.95: 0.03, 0.99: 0.03},
        "maximum": 0.03,
        "durations": [0.01, 0.03],
    } == plain(summary)
    assert 3 == summary.failed


@pytest.mark.parametrize("seen", [[], [("/a", 1.0, Outcome.REFUSED)]], ids=["nothing", "failures"])
def test_without_a_success_there_is_no_latency(seen: list[Seen]) -> None:
    summary = summarise(records_of(seen))

    assert ({}, None, len(seen)) == (summary.quantiles, summary.maximum, summary.failed)


def test_endpoints_stand_in_the_order_of_their_names() -> None:
    records = records_of(
        [("/b", 1.0, Outcome.OK), ("/a", 2.0, Outcome.OK), ("/b", 3.0, Outcome.OK)]
    )

    assert [("GET", "/a", 1, [0.002]), ("GET", "/b", 2, [0.001, 0.003])] == [
        (each.method, each.name, each.requests, each.durations.tolist())
        for each in summarise_endpoints(records)
    ]


@given(
    st.lists(
        st.tuples(st.sampled_from(["/a", "/b", "/c"]), st.floats(0, 1e6), st.sampled_from(OUTCOMES))
    )
)
def test_the_endpoints_add_up_to_the_whole(seen: list[Seen]) -> None:
    records = records_of(seen)
    whole, parts = summarise(records), summarise_endpoints(records)

    assert whole.requests == sum(part.requests for part in parts)
    assert whole.failed == sum(part.failed for part in parts)
    assert whole.durations.tolist() == sorted(x for part in parts for x in part.durations.tolist())


@given(st.lists(st.integers(0, 1000), min_size=1), st.sampled_from(QUANTILES))
def test_a_quantile_is_the_smallest_value_that_so_many_do_not_exceed(
    values: list[int], quantile: float
) -> None:
    found = nearest_rank(sorted(values), quantile)
    enough = [
        value for value in values if sum(each <= value for each in values) >= quantile * len(values)
    ]

    assert min(enough) == found


def test_a_rank_is_not_lost_to_rounding() -> None:
    """0.95 x 20 and 0.99 x 100 are a hair above 19 and 99 in binary."""
    assert (19, 99) == (
        nearest_rank([float(value) for value in range(1, 21)], 0.95),
        nearest_rank([float(value) for value in range(1, 101)], 0.99),
    )
