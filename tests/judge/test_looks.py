"""A look at both arms: what it calls slower, what it does not, and the table it gives."""

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canarygate.judge.arm import Arm, make_arm
from canarygate.judge.looks import Look
from canarygate.judge.slower import find_slowness
from canarygate.results import CANARY, STABLE
from canarygate.verdict import Check, Comparison, EndpointComparison, Verdict
from tests.judge.pairs_of_arms import POLICY, canary, check, lognormal, looked, stable, states

PASS, FAIL, INCONCLUSIVE = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE
SETTINGS = settings(max_examples=25, deadline=None)


def slower(found: Look) -> Check:
    return check(found, "slower")


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [(60.0, FAIL), (54.0, PASS), (50.0, PASS), (25.0, PASS)],
    ids=["60 ms", "54 ms, +8 %", "an exact copy", "2 times faster"],
)
def test_constant_durations_need_no_spread_to_be_judged(
    milliseconds: float, expected: Verdict
) -> None:
    """Stable answers everything in 50 ms."""
    found = looked(canary({"/": [milliseconds / 1000] * 300}), stable({"/": [0.05] * 300}))

    assert expected == slower(found).state


def test_two_milliseconds_are_no_regression_of_a_fast_service() -> None:
    found = looked(
        canary({"/": lognormal(1, 400, 0.005) + 0.002}), stable({"/": lognormal(2, 400, 0.005)})
    )

    assert (PASS, PASS, PASS) == states(found)


def test_a_slower_endpoint_fails_with_the_numbers_a_person_wants() -> None:
    found = looked(
        canary({"/cart": 1.4 * lognormal(1, 300), "/home": lognormal(2, 300, 0.02)}),
        stable({"/cart": lognormal(3, 300), "/home": lognormal(4, 300, 0.02)}),
    )

    assert FAIL == slower(found).state
    assert "GET /cart is slower (typical +40 % [+32, +48], p95 88.4 → 124 ms; tolerance 10 %)" == (
        slower(found).reason
    )
    assert [FAIL, PASS] == [row.state for row in found.comparison.endpoints]


def test_several_slower_endpoints_are_named_the_surest_first() -> None:
    found = looked(
        canary({name: factor * lognormal(1, 300) for name, factor in FACTORS.items()}),
        stable({name: lognormal(2, 300) for name in FACTORS}),
    )

    assert slower(found).reason.startswith("GET /d is slower (")
    assert slower(found).reason.endswith("; so is GET /c, GET /b, GET /a")


FACTORS = {"/a": 1.4, "/b": 1.6, "/c": 2.0, "/d": 3.0, "/fine": 1.0}


def test_endpoints_too_rare_to_be_tested_alone_are_tested_together() -> None:
    """40 endpoints of 10 requests each, all of them 40 % slower."""
    found = looked(
        canary({f"/{i}": 1.4 * lognormal(i, 10) for i in range(40)}),
        stable({f"/{i}": lognormal(100 + i, 10) for i in range(40)}),
    )

    assert FAIL == slower(found).state
    assert "all endpoints together are slower (typical +40 %; tolerance 10 %)" == (
        slower(found).reason
    )


def test_too_few_successes_are_no_answer() -> None:
    found = looked(canary({"/": [0.05] * 19}), stable({"/": [0.05] * 19}))

    assert (INCONCLUSIVE, PASS, INCONCLUSIVE) == states(found)
    assert (
        "too few successes after the warm-up: no endpoint has 20 per role (at most 19)"
        == slower(found).reason
    )


def test_what_is_over_in_the_second_half_is_no_regression() -> None:
    """The canary was three times slower until 28 s, and has been as fast as stable since."""
    durations = lognormal(1, 600)
    durations[:300] *= 3
    found = looked(canary({"/": durations}), stable({"/": lognormal(2, 600)}))

    assert PASS == slower(found).state
    assert found.slowness.endpoints[0].p < found.slowness.endpoints[0].p_needed
    assert found.slowness.endpoints[0].p_late > 0.10


def test_what_came_in_the_second_half_is_a_regression() -> None:
    durations = lognormal(1, 600)
    durations[300:] *= 2

    assert FAIL == slower(looked(canary({"/": durations}), stable({"/": lognormal(2, 600)}))).state


def test_failures_are_no_latencies() -> None:
    """12 % of the canary's requests fail, within a millisecond, and what succeeds is slow."""
    durations = 1.4 * lognormal(1, 500)
    durations[:60] = 0.001
    found = looked(canary({"/": durations}, failed={"/": 60}), stable({"/": lognormal(2, 500)}))

    assert FAIL == slower(found).state
    assert 440 == found.comparison.endpoints[0].canary_successes


def test_more_looks_share_the_same_chance_of_a_false_alarm() -> None:
    own, other = canary({"/": lognormal(1, 90)}), stable({"/": lognormal(2, 90)})

    assert [0.035 / 2, 0.035 / 2, 0.035 / 4] == [
        looked(own, other, looks=looks).comparison.endpoints[0].p_needed for looks in (1, 2, 4)
    ]


def test_the_table_has_a_row_for_every_endpoint_of_either_role() -> None:
    found = looked(
        canary({"/both": [0.05] * 500, "/new": [0.05] * 5}),
        stable({"/both": [0.05] * 500, "/old": [0.05] * 3}),
    )

    assert found.comparison == Comparison(
        at_seconds=45.0,
        bar="last_look",
        endpoints=[
            EndpointComparison(
                method="GET",
                name="/both",
                canary_successes=500,
                stable_successes=500,
                ratio=1.0,
                ratio_low=1.0,
                ratio_high=1.0,
                canary_p50=0.05,
                canary_p95=0.05,
                stable_p50=0.05,
                stable_p95=0.05,
                tolerance=0.10,
                p=1.0,
                p_needed=0.0175,
                state=PASS,
                ruled_out=0.05,
            ),
            EndpointComparison(
                method="GET",
                name="/new",
                canary_successes=5,
                stable_successes=0,
                canary_p50=0.05,
                canary_p95=0.05,
                tolerance=0.10,
                state=INCONCLUSIVE,
            ),
            EndpointComparison(
                method="GET",
                name="/old",
                canary_successes=0,
                stable_successes=3,
                stable_p50=0.05,
                stable_p95=0.05,
                tolerance=0.10,
                state=INCONCLUSIVE,
            ),
        ],
        only_one={CANARY: [("GET", "/new")], STABLE: [("GET", "/old")]},
        matched_share=500 / 505,
        step_seconds=0.0,
        measures={
            "latency_typical": 1.0,
            "latency_worst_endpoint": 1.0,
            "latency_p50": 1.0,
            "latency_p95": 1.0,
            "error_share_difference": 0.0,
        },
    )


def test_nothing_at_all_is_compared_without_a_word_of_praise() -> None:
    nothing = make_arm(CANARY, ended_seconds=np.zeros(0), duration_seconds=np.zeros(0))
    found = looked(nothing, replace(nothing, role=STABLE))

    assert (INCONCLUSIVE, PASS, INCONCLUSIVE) == states(found)
    assert found.comparison == Comparison(at_seconds=45.0, bar="last_look", endpoints=[])


def random_arm(role: str, seed: int, number: int, factor: float = 1.0) -> Arm:
    """Three endpoints, some failures, twenty users."""
    draw = np.random.RandomState(seed)
    sent = np.sort(draw.uniform(8, 44, number))
    duration = factor * 0.05 * np.exp(0.4 * draw.standard_normal(number))
    order = draw.permutation(number)
    return make_arm(
        role,
        ended_seconds=(sent + duration)[order],
        sent_seconds=sent[order],
        duration_seconds=duration[order],
        ok=(draw.random_sample(number) > 0.02)[order],
        endpoint=draw.randint(0, 3, number)[order],
        endpoints=(("GET", "/c"), ("GET", "/a"), ("GET", "/b")),
        user=(np.arange(number) % 20)[order],
        users=tuple(f"User/{i}" for i in range(20)),
        sequence=(np.arange(number) // 20)[order],
    )


def shuffled(arm: Arm, seed: int) -> Arm:
    order = np.random.RandomState(seed).permutation(len(arm))
    return make_arm(
        arm.role,
        ended_seconds=arm.ended[order] / 1e6,
        sent_seconds=arm.sent[order] / 1e6,
        duration_seconds=arm.duration_seconds[order],
        ok=arm.ok[order],
        warm=arm.warm[order],
        endpoint=arm.endpoint[order],
        endpoints=arm.endpoints,
        user=arm.user[order],
        users=arm.users,
        sequence=arm.sequence[order],
    )


@SETTINGS
@given(seed=st.integers(0, 10_000), number=st.integers(0, 400))
def test_the_order_of_records_changes_nothing(seed: int, number: int) -> None:
    own, other = random_arm(CANARY, seed, number, 1.2), random_arm(STABLE, seed + 1, number)
    first = looked(own, other)
    again = looked(shuffled(own, seed), shuffled(other, seed + 1))

    assert first.checks == again.checks
    assert first.comparison == again.comparison


@SETTINGS
@given(seed=st.integers(0, 10_000), factor=st.floats(1.0, 3.0), is_same=st.booleans())
def test_a_slower_canary_never_looks_better(seed: int, factor: float, is_same: bool) -> None:
    """Neither less slow nor more surely clear; `is_same` gives it stable's own durations."""
    own = random_arm(CANARY, seed, 300)
    other = replace(own, role=STABLE) if is_same else random_arm(STABLE, seed + 1, 300)
    worse = replace(own, duration_seconds=own.duration_seconds * factor)
    before, after = looked(own, other), looked(worse, other)

    assert all(
        after.slowness.endpoints[index].p <= evidence.p + 1e-12
        for index, evidence in before.slowness.endpoints.items()
    )
    assert before.slowness.is_any <= after.slowness.is_any
    assert after.clearance.cleared <= before.clearance.cleared or (
        before.clearance.bar.name != after.clearance.bar.name
    )
    assert (check(after, "clear").state is PASS) <= (check(before, "clear").state is PASS)


@SETTINGS
@given(seed=st.integers(0, 10_000))
def test_swapping_the_arms_mirrors_the_typical_change(seed: int) -> None:
    own, other = random_arm(CANARY, seed, 300, 1.3), random_arm(STABLE, seed + 1, 300)
    rows = looked(own, other).comparison.endpoints
    mirrored = looked(other, own).comparison.endpoints

    for row, mirror in zip(rows, mirrored, strict=True):
        assert row.ratio is not None
        assert mirror.ratio == pytest.approx(1 / row.ratio)
        assert mirror.ratio_high == pytest.approx(1 / (row.ratio_low or 0.0))


def test_a_hundred_endpoints_are_no_hundred_chances_of_a_false_alarm() -> None:
    """A hundred equal runs of a hundred endpoints, at the very edge of the tolerance: half of 3.5 %."""
    counts = {f"/{index}": [0.1] * 25 for index in range(100)}
    groups = looked(canary(counts), stable(counts)).groups
    draw = np.random.RandomState(3)
    failed = 0
    for _ in range(100):
        durations = 0.1 * np.exp(0.3 * draw.standard_normal((100, 2, 25)))
        strangers = [
            replace(group, canary=1.1 * own, stable=other, is_paired=False)
            for group, (own, other) in zip(groups, durations, strict=True)
        ]
        failed += find_slowness(strangers, POLICY.compare, 1).is_any

    assert 2 == failed


@pytest.mark.parametrize("is_paired", [True, False])
def test_one_burst_is_no_regression(is_paired: bool) -> None:
    """Eight times slower for a second and a half, of ten requests a second."""
    durations = lognormal(1, 330)
    durations[150:165] *= 8
    other = stable({"/": lognormal(2, 330)})
    strangers = replace(other, sequence=other.sequence + 1000 * (not is_paired))

    assert (PASS, PASS) == states(looked(canary({"/": durations}), strangers))[:2]


def test_a_million_records_are_looked_at_within_seconds() -> None:
    """About one second alone on a core; the bound leaves room for a busy machine."""
    own, other = random_arm(CANARY, 1, 500_000), random_arm(STABLE, 2, 500_000)
    began = time.process_time()
    found = looked(own, other)

    assert PASS == slower(found).state
    assert time.process_time() - began < 4.0


def test_the_policy_moves_the_margin() -> None:
    own, other = canary({"/": [0.060] * 300}), stable({"/": [0.05] * 300})
    wide = replace(POLICY, compare=replace(POLICY.compare, tolerance=0.25))
    found = looked(own, other, policy=wide)

    assert PASS == slower(found).state
    assert "no endpoint is slower, as far as seen (tolerance 25 %)" == slower(found).reason
