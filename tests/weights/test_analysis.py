"""From two readings to a weight: the formula by hand, the breaker, and everything that only holds."""

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canarygate.weights.analysis import (
    DEFAULT_RULES,
    Decision,
    Reading,
    Rules,
    Status,
    decide,
    safe_weight,
)

WELL = Reading(
    latency_seconds=0.1,
    beyond_share=0.0,
    error_share=0.0,
    requests=1000.0,
    age_seconds=1.0,
    resets=0.0,
)
MEASURES = ("latency_seconds", "beyond_share", "error_share", "requests", "age_seconds", "resets")


def decide_with(role: str, changes: dict[str, Any]) -> Decision:
    """All is well but for this role's changes."""
    readings = {"canary": WELL, "stable": WELL, role: replace(WELL, **changes)}
    return decide(readings["canary"], readings["stable"], DEFAULT_RULES)


@pytest.mark.parametrize(
    ("latency_delta", "error_delta", "weight"),
    [
        (0.0, 0.0, 100.0),
        (-0.5, 0.0, 100.0),  # not 14,104
        (0.0, -0.2, 100.0),
        (0.05, 0.01, 51.1),  # 5 + 95 * exp(-0.5) * 0.8
        (0.1, 0.0, 39.9),  # 5 + 95 * exp(-1)
        (0.2, 0.0, 17.9),
        (0.0, 0.01, 81.0),
        (0.0, 0.04, 24.0),
        (0.0, 0.06, 24.0),  # errors alone leave a fifth
        (0.1, 0.06, 14.5),  # not -7.36
        (0.3, 0.2, 14.5),  # not -14.9
        (9.9, 1.0, 14.5),
    ],
)
def test_the_formula(latency_delta: float, error_delta: float, weight: float) -> None:
    assert weight == safe_weight(latency_delta, error_delta, DEFAULT_RULES)


def test_the_formula_has_nothing_more_to_say_from_23_percent_on() -> None:
    """Why the breaker is needed: ln(10) / 10."""
    least = math.log(10) / 10

    assert 14.5 == safe_weight(least, 0, DEFAULT_RULES) == safe_weight(least * 9, 0, DEFAULT_RULES)
    assert 14.6 == safe_weight(0.229, 0, DEFAULT_RULES)


def test_the_weight_ends_at_the_maximum() -> None:
    rules = Rules(max_weight=20)

    assert 20 == safe_weight(0, 0, rules)
    assert 6.5 == safe_weight(1, 0, rules)


finite = st.floats(-1e6, 1e6)
some_rules = st.builds(
    lambda floor, more, steep, errors, least, least_errors: Rules(
        floor=floor,
        max_weight=floor + more,
        latency_steepness=steep,
        error_steepness=errors,
        safety_floor=least,
        error_floor=least_errors,
    ),
    st.floats(0.01, 50),
    st.floats(0, 50),
    st.floats(0, 1000),
    st.floats(0, 10000),
    st.floats(0, 1),
    st.floats(0, 1),
)


@settings(deadline=None)
@given(finite, finite, some_rules)
def test_the_weight_is_always_within_floor_and_maximum(
    latency_delta: float, error_delta: float, rules: Rules
) -> None:
    weight = safe_weight(latency_delta, error_delta, rules)

    assert rules.floor <= weight <= rules.max_weight


@settings(deadline=None)
@given(finite, finite, finite, some_rules)
def test_slower_or_more_errors_never_get_more(
    a: float, b: float, other: float, rules: Rules
) -> None:
    low, high = sorted((a, b))

    assert safe_weight(high, other, rules) <= safe_weight(low, other, rules)
    assert safe_weight(other, high, rules) <= safe_weight(other, low, rules)


any_number = (
    st.none() | st.floats() | st.sampled_from([0.0, 1.0, 100.0, 1000.0, math.nan, math.inf])
)
any_reading = st.builds(
    Reading,
    is_bounded=st.booleans(),
    **dict.fromkeys(MEASURES, any_number),
)


@settings(deadline=None)
@given(any_reading, any_reading, st.lists(st.text(max_size=5), max_size=1))
def test_whatever_was_read_the_weight_is_a_number_and_0_unless_it_may_proceed(
    canary: Reading, stable: Reading, problems: list[str]
) -> None:
    decision = decide(canary, stable, DEFAULT_RULES, problems)

    assert math.isfinite(decision.weight)
    assert (decision.status is Status.PROCEED) == (5 <= decision.weight <= 100)
    assert decision.status is Status.PROCEED or 0 == decision.weight
    assert decision.reasons
    assert all(
        each is None or math.isfinite(each)
        for each in (decision.latency_delta, decision.error_delta)
    )


@settings(deadline=None)
@given(st.sampled_from(MEASURES), st.sampled_from(["canary", "stable"]))
def test_nothing_proceeds_when_anything_is_missing(name: str, role: str) -> None:
    decision = decide_with(role, {name: None})

    assert (Status.HOLD, 0.0) == (decision.status, decision.weight)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1.0])
@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("role", ["canary", "stable"])
def test_what_cannot_be_holds(role: str, name: str, value: float) -> None:
    decision = decide_with(role, {name: value})

    assert (Status.HOLD, 0.0) == (decision.status, decision.weight)
    assert decision.reasons[0].startswith(f"{role}: its ")
    assert decision.reasons[0].endswith("which cannot be")


def test_two_equal_versions_proceed_with_everything() -> None:
    assert decide(WELL, WELL, DEFAULT_RULES) == Decision(
        status=Status.PROCEED,
        weight=100.0,
        reasons=(
            "p99 is as good as stable's (0.1 s against 0.1 s), 0.00% errors on both: safe at 100 %",
        ),
        latency_delta=0.0,
        error_delta=0.0,
    )


def test_a_little_worse_proceeds_with_less() -> None:
    canary = replace(WELL, latency_seconds=0.11, error_share=0.01)
    decision = decide(canary, WELL, DEFAULT_RULES)

    assert Status.PROCEED is decision.status
    assert 33.0 == decision.weight  # 5 + 95 * exp(-1) * 0.8
    assert decision.reasons == (
        "p99 is 10.0% above stable's (0.11 s against 0.1 s), 1.00% errors against 0.00%: safe at 33 %",
    )


def held(*reasons: str, **deltas: float | None) -> Decision:
    return Decision(status=Status.HOLD, weight=0.0, reasons=reasons, **deltas)


def rolled_back(*reasons: str, **deltas: float | None) -> Decision:
    return Decision(status=Status.ROLLBACK, weight=0.0, reasons=reasons, **deltas)


MORE = 0.16 / 0.1 - 1
SLOW = "p99 is 60.0% above stable's (0.16 s against 0.1 s), and 50% more is the limit"
FAILING = "6.00% errors against 0.00%, and 5 points more are the limit"


@pytest.mark.parametrize(
    ("canary", "stable", "decision"),
    [
        pytest.param(
            {"latency_seconds": 0.16},
            {},
            rolled_back(SLOW, latency_delta=MORE, error_delta=0.0),
            id="slow",
        ),
        pytest.param(
            {"error_share": 0.06},
            {},
            rolled_back(FAILING, latency_delta=0.0, error_delta=0.06),
            id="failing",
        ),
        pytest.param(
            {"latency_seconds": 0.16, "error_share": 0.06},
            {},
            rolled_back(SLOW, FAILING, latency_delta=MORE, error_delta=0.06),
            id="both",
        ),
        pytest.param(
            {"error_share": 1.0, "latency_seconds": None, "beyond_share": None},
            {},
            rolled_back(
                "100.00% errors against 0.00%, and 5 points more are the limit", error_delta=1.0
            ),
            id="without a single success there is no latency, and no doubt",
        ),
        pytest.param(
            {"latency_seconds": 0.16, "beyond_share": 0.3},
            {},
            rolled_back(SLOW, latency_delta=MORE, error_delta=0.0),
            id="beyond the last bucket is slower still",
        ),
        pytest.param(
            {"beyond_share": 0.01},
            {},
            held(
                "canary: p99 is beyond the histogram's highest bound (0.1 s), how far nobody knows",
                latency_delta=0.0,
                error_delta=0.0,
            ),
            id="the same bound on both is not equal",
        ),
        pytest.param(
            {},
            {"beyond_share": 0.02},
            held(
                "stable: p99 is beyond the histogram's highest bound (0.1 s), how far nobody knows",
                error_delta=0.0,
            ),
            id="stable's p99 is not known",
        ),
        pytest.param(
            {"latency_seconds": 0.16},
            {"beyond_share": None},
            held(
                "stable: whether its p99 is within the histogram's buckets is not known",
                error_delta=0.0,
            ),
            id="how far stable's p99 may be off is not known",
        ),
        pytest.param(
            {},
            {"latency_seconds": 0.0},
            held("stable: its p99 is 0 s, which nothing can be compared with", error_delta=0.0),
            id="stable's p99 is 0",
        ),
        pytest.param(
            {"requests": 499.0},
            {"requests": 0.0, "error_share": None},
            held(
                "canary: 499 requests in the window; 500 are needed",
                "stable: 0 requests in the window; 500 are needed",
            ),
            id="too little traffic",
        ),
        pytest.param(
            {"requests": 20.0, "error_share": 1.0},
            {},
            held("canary: 20 requests in the window; 500 are needed"),
            id="twenty failures out of twenty are too few",
        ),
        pytest.param(
            {"age_seconds": 61.0},
            {},
            held("canary: its newest sample is 61 s old, and 60 s are allowed"),
            id="old",
        ),
        pytest.param(
            {"age_seconds": None}, {}, held("canary: there is no current series"), id="gone"
        ),
        pytest.param(
            {},
            {"resets": 2.0},
            held("stable: a counter fell in the window, so it was restarted"),
            id="restarted",
        ),
        pytest.param(
            {"error_share": 5.0},
            {},
            held("canary: its error share is 5, which cannot be"),
            id="percent instead of a ratio",
        ),
        pytest.param(
            {"error_share": None}, {}, held("canary: no error share"), id="no label tells errors"
        ),
    ],
)
def test_what_is_held_and_what_is_rolled_back(
    canary: dict[str, Any], stable: dict[str, Any], decision: Decision
) -> None:
    found = decide(replace(WELL, **canary), replace(WELL, **stable), DEFAULT_RULES)

    assert decision == found


@settings(deadline=None)
@given(st.floats(0, 1e-6), st.floats(0, 1e308))
def test_no_p99_is_too_small_or_too_large_to_be_divided(small: float, large: float) -> None:
    for canary, stable in ((small, large), (large, small), (small, small), (large, large)):
        decision = decide(
            replace(WELL, latency_seconds=canary),
            replace(WELL, latency_seconds=stable),
            DEFAULT_RULES,
        )

        assert decision.latency_delta is None or math.isfinite(decision.latency_delta)
        assert Status.PROCEED is not decision.status or 1e-6 <= stable <= 1e6


def test_what_could_not_be_read_holds_whatever_else_was() -> None:
    canary = replace(WELL, error_share=1.0)

    assert held("Prometheus did not answer in time") == decide(
        canary, WELL, DEFAULT_RULES, ["Prometheus did not answer in time"]
    )


def test_a_difference_of_a_few_milliseconds_counts_as_none() -> None:
    """1 ms more than 2 ms is half as slow again, and the scheduler's."""
    canary, stable = replace(WELL, latency_seconds=0.0045), replace(WELL, latency_seconds=0.002)
    decision = decide(canary, stable, DEFAULT_RULES)

    assert (Status.PROCEED, 100.0) == (decision.status, decision.weight)
    assert decision.latency_delta == pytest.approx(1.25)
    strict = decide(canary, stable, replace(DEFAULT_RULES, latency_slack_seconds=0.0))
    assert Status.ROLLBACK is strict.status


def test_a_latency_from_another_query_has_no_bounds_to_be_beyond() -> None:
    own = replace(WELL, is_bounded=False, beyond_share=None)

    assert Status.PROCEED is decide(own, own, DEFAULT_RULES).status


@settings(deadline=None)
@given(st.floats(0, 2), st.floats(0, 2), st.floats(0, 1), st.floats(0, 1))
def test_a_worse_canary_never_gets_a_better_answer(
    faster: float, more: float, fewer_errors: float, more_errors: float
) -> None:
    def weight(latency: float, errors: float) -> float:
        canary = replace(WELL, latency_seconds=0.05 + latency, error_share=min(errors, 1.0))
        return decide(canary, WELL, DEFAULT_RULES).weight

    assert weight(faster + more, fewer_errors) <= weight(faster, fewer_errors)
    assert weight(faster, fewer_errors + more_errors) <= weight(faster, fewer_errors)
