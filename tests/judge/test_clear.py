"""What it takes to rule a regression out: only that makes a pass."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from canarygate.judge.clear import is_cleared
from canarygate.judge.looks import Look
from canarygate.verdict import Check, Verdict
from tests.judge.pairs_of_arms import POLICY, canary, check, lognormal, looked, stable

PASS, INCONCLUSIVE = Verdict.PASS, Verdict.INCONCLUSIVE
STRICT = replace(POLICY, clear=replace(POLICY.clear, last_look="strict"))


def clear(found: Look) -> Check:
    return check(found, "clear")


def of_endpoints(counts: dict[str, int], factors: dict[str, float] | None = None) -> Any:
    """Both arms: so many requests of each endpoint; the canary's durations times a factor."""
    own = {
        name: (factors or {}).get(name, 1.0) * lognormal(index, number)
        for index, (name, number) in enumerate(counts.items())
    }
    other = {name: lognormal(100 + i, number) for i, (name, number) in enumerate(counts.items())}
    return canary(own), stable(other)


def test_enough_equal_traffic_rules_a_regression_out() -> None:
    found = looked(*of_endpoints({"/": 600}), is_last=False)

    assert PASS == clear(found).state
    assert (
        "ruled out: more than 25 % slower, 0.75 points more errors or slow requests (95 % sure)"
        == clear(found).reason
    )
    assert "look" == found.comparison.bar


def test_the_last_look_says_so_when_it_could_rule_out_less() -> None:
    """Without an error, 300 requests rule out 0.99 points at most."""
    found = looked(*of_endpoints({"/": 300}))

    assert PASS == clear(found).state
    assert (
        "ruled out: more than 2\N{MULTIPLICATION SIGN} slower,"
        " 2 points more errors or slow requests (90 % sure)" == clear(found).reason
    )
    assert "last_look" == found.comparison.bar


@pytest.mark.parametrize(("is_last", "policy"), [(False, POLICY), (True, STRICT)])
def test_the_bar_of_the_last_look_is_for_the_last_look_and_no_strict_policy(
    is_last: bool, policy: Any
) -> None:
    found = looked(*of_endpoints({"/": 300}), is_last=is_last, policy=policy)

    assert INCONCLUSIVE == clear(found).state
    assert (
        "0.75 points more errors than stable are not ruled out: canary 0 of 300, stable 0 of 300"
        " (at most 0.994 points more); 0.75 points more requests slower than 0.5 s than stable"
        " are not ruled out: canary 0 of 300, stable 0 of 300 (at most 0.994 points more)"
        == clear(found).reason
    )


def test_a_pass_waits_while_something_looks_slower() -> None:
    """13 % slower than stable: 25 % are ruled out, and 10 % may be exceeded."""
    arms = of_endpoints({"/": 1000}, {"/": 1.13})
    early, last = (looked(*arms, is_last=is_last) for is_last in (False, True))

    assert PASS == early.comparison.endpoints[0].state
    assert INCONCLUSIVE == clear(early).state
    assert "it may be more than 10 % slower, which more traffic will show" == clear(early).reason
    assert PASS == clear(last).state


@pytest.mark.parametrize(
    ("own", "other", "early"), [(1, 0, PASS), (3, 0, INCONCLUSIVE), (3, 2, PASS), (2, 3, PASS)]
)
def test_a_pass_waits_while_the_canary_seems_to_fail_more_often(
    own: int, other: int, early: Verdict
) -> None:
    """Three errors of its own are one chance in eight: 0.75 points are ruled out, and yet."""
    arms = (
        canary({"/": lognormal(1, 3000)}, failed={"/": own}),
        stable({"/": lognormal(2, 3000)}, failed={"/": other}),
    )
    first, last = (clear(looked(*arms, is_last=is_last)) for is_last in (False, True))

    assert (early, PASS) == (first.state, last.state)
    if early is INCONCLUSIVE:
        assert "it may fail more often than stable, which more traffic will show" == first.reason


def test_no_records_are_no_pass() -> None:
    found = looked(canary({"/": []}), stable({"/": lognormal(1, 300)}))

    assert INCONCLUSIVE == clear(found).state
    assert (
        "too few samples: 0 of the 20 successes per role after the warm-up" == clear(found).reason
    )


def test_an_endpoint_that_may_be_slower_is_named() -> None:
    found = looked(*of_endpoints({"/a": 600, "/b": 25}, {"/b": 1.1}), is_last=False)

    assert INCONCLUSIVE == clear(found).state
    assert (
        "more than 25 % slower is not ruled out for GET /b (successes: 25 canary, 25 stable)"
        == clear(found).reason
    )
    assert [PASS, INCONCLUSIVE] == [row.state for row in found.comparison.endpoints]


def test_what_is_slower_than_the_bar_is_never_cleared() -> None:
    found = looked(*of_endpoints({"/": 5000}, {"/": 2.2}))

    assert INCONCLUSIVE == clear(found).state
    assert 1.5 == found.comparison.endpoints[0].ruled_out


def test_the_row_says_what_could_be_ruled_out() -> None:
    """From the same test as the pass: 30 requests see less than 3,000."""
    found = looked(*of_endpoints({"/a": 3000, "/b": 300, "/c": 30, "/d": 3}))

    assert [0.05, 0.05, 0.2, 1.0] == [row.ruled_out for row in found.comparison.endpoints]


def test_endpoints_that_are_rare_wait_for_more_traffic_while_there_is_some() -> None:
    """Two requests rule nothing out."""
    arms = of_endpoints({"/busy": 600, "/rare": 2})

    assert [INCONCLUSIVE, PASS] == [
        clear(looked(*arms, is_last=is_last)).state for is_last in (False, True)
    ]
    assert clear(looked(*arms)).reason.endswith(
        "; too rare to be judged alone: GET /rare (successes: 2 canary, 2 stable)"
    )


def test_a_rare_endpoint_that_rules_twice_as_slow_out_does_not_have_to_wait() -> None:
    found = looked(*of_endpoints({"/busy": 600, "/rare": 12}), is_last=False)

    assert PASS == clear(found).state
    assert "too rare" not in clear(found).reason


def test_a_rare_endpoint_that_looks_slower_stands_in_the_way_to_the_end() -> None:
    found = looked(*of_endpoints({"/busy": 600, "/rare": 12}, {"/rare": 3.0}))

    assert INCONCLUSIVE == clear(found).state
    assert (
        "more than 2\N{MULTIPLICATION SIGN} slower is not ruled out for GET /rare"
        " (successes: 12 canary, 12 stable)" == clear(found).reason
    )


@pytest.mark.parametrize(("factor", "expected"), [(1.0, PASS), (2.2, INCONCLUSIVE)])
def test_a_hundred_rare_endpoints_are_ruled_out_together(factor: float, expected: Verdict) -> None:
    """Four requests of each, as in 45 s of an ordinary run."""
    counts = {f"/{index}": 4 for index in range(100)}

    assert expected == clear(looked(*of_endpoints(counts, dict.fromkeys(counts, factor)))).state


def test_an_endpoint_that_only_stable_served_forbids_a_pass() -> None:
    own, other = of_endpoints({"/a": 600, "/b": 30})
    found = looked(canary({"/a": lognormal(1, 600)}), other)

    assert INCONCLUSIVE == clear(found).state
    assert "no success on the canary: GET /b (30 on stable)" == clear(found).reason
    assert {"stable": [("GET", "/b")]} == found.comparison.only_one
    assert PASS == clear(looked(own, other)).state


def test_an_endpoint_that_only_failed_on_the_canary_forbids_a_pass() -> None:
    """12 failures of 6,012 requests are no 0.75 points more errors."""
    own = canary({"/a": lognormal(1, 6000), "/b": [0.05] * 12}, failed={"/b": 12})
    found = looked(own, stable({"/a": lognormal(2, 6000), "/b": [0.05] * 12}))

    assert "no success on the canary: GET /b (12 on stable)" == clear(found).reason


def test_an_endpoint_that_the_canary_missed_by_chance_is_named_in_the_pass() -> None:
    found = looked(
        canary({"/a": lognormal(1, 600)}), stable({"/a": lognormal(2, 600), "/b": [0.05] * 2})
    )

    assert PASS == clear(found).state
    assert clear(found).reason.endswith("GET /b (successes: 0 canary, 2 stable)")


def test_errors_count_from_the_first_request_on() -> None:
    found = looked(
        canary({"/": lognormal(1, 600)}, failed={"/": 20}), stable({"/": lognormal(2, 600)})
    )

    assert INCONCLUSIVE == clear(found).state
    assert (
        "2 points more errors than stable are not ruled out: canary 20 of 600, stable 0 of 600"
        " (at most 4.48 points more)" == clear(found).reason
    )


def test_errors_of_both_arms_forbid_no_pass() -> None:
    failed = {"/": 20}
    own = canary({"/": lognormal(1, 3000)}, failed=failed)

    assert PASS == clear(looked(own, stable({"/": lognormal(2, 3000)}, failed=failed))).state


def test_slow_requests_forbid_a_pass() -> None:
    """3 % of 600 take a second, too few for the typical duration to move."""
    durations = lognormal(1, 600)
    durations[::33] = 1.0
    found = looked(canary({"/": durations}), stable({"/": lognormal(2, 600)}))

    assert INCONCLUSIVE == clear(found).state
    assert (
        "2 points more requests slower than 0.5 s than stable are not ruled out:"
        " canary 19 of 600, stable 0 of 600 (at most 4.29 points more)" == clear(found).reason
    )


@pytest.mark.parametrize("number", [0, 1, 5, 19, 20, 300])
@pytest.mark.parametrize("milliseconds", [0.0, 50.0, 1e9])
def test_constants_of_any_number_raise_no_warning(number: int, milliseconds: float) -> None:
    durations = np.full(number, milliseconds / 1000)
    found = looked(
        canary({"/": durations}, at=2e6 + 50), stable({"/": durations}, at=2e6 + 50), at=2e6 + 50
    )

    assert [number] * bool(number) == [row.canary_successes for row in found.comparison.endpoints]
    assert (PASS if number == 300 else INCONCLUSIVE) == clear(found).state


@pytest.mark.parametrize("slower", [0.25, 1.0])
def test_the_edge_of_the_bar_is_cleared_as_rarely_as_the_bar_says(slower: float) -> None:
    """A thousand runs that are slower by exactly the bar: 5 % may be cleared."""
    draw = np.random.RandomState(5)
    group = looked(canary({"/": [0.1] * 40}), stable({"/": [0.1] * 40})).groups[0]
    cleared = 0
    for _ in range(1000):
        own = (1 + slower) * 0.1 * np.exp(0.4 * draw.standard_normal(40))
        other = 0.1 * np.exp(0.4 * draw.standard_normal(40))
        strangers = replace(group, canary=own, stable=other, is_paired=False)
        cleared += is_cleared(strangers, slower, 0.005, 0.95)

    assert 30 <= cleared <= 60
