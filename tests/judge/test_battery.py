"""A short battery of `benchmarks/verdict_quality.py`, whose counts must not change unnoticed.

A count that changes after an edit of the judge is no failure by itself: run the benchmark, see that
the targets are still reached, and freeze the new counts.
"""

from collections import Counter
from statistics import median

import pytest

from canarygate.judge.policy import load_policy
from canarygate.judge.replay import Decision, Plan, decide
from canarygate.judge.simulation import HEALTHY, Fault, simulate, simulate_memory
from canarygate.judge.simulation_memory import MEGABYTE
from canarygate.judge.simulation_traffic import BUSIEST, RAREST, Load

POLICY = load_policy(None)
SHORT = Load(seconds=45.0)
USUAL = Load(seconds=90.0)
LONG = Load(seconds=300.0)
BOTH_SLOW = Fault(delay_seconds=0.5)
BOTH_FAIL = Fault(error_share=0.12)

Counts = dict[str, int]


def decided(
    runs: int, load: Load, canary: Fault, stable: Fault = HEALTHY, *, has_memory: bool = False
) -> list[Decision]:
    plan = Plan(planned_seconds=load.seconds, memory_asked=has_memory)
    decisions = []
    for seed in range(1, runs + 1):
        memory = simulate_memory(seed, load.seconds, canary, stable) if has_memory else None
        decision = decide(simulate(seed, load, canary, stable), POLICY, plan, memory)
        assert decision is not None
        decisions.append(decision)
    return decisions


def counts(decisions: list[Decision]) -> Counts:
    return dict(Counter(str(each.verdict) for each in decisions))


@pytest.mark.parametrize(
    ("load", "canary", "runs", "expected"),
    [
        (LONG, HEALTHY, 60, {"pass": 60}),
        (Load(seconds=300.0, is_open=True), HEALTHY, 60, {"pass": 60}),
        (SHORT, HEALTHY, 60, {"pass": 60}),
        (USUAL, Fault(is_cold=True), 40, {"pass": 40}),
    ],
    ids=["300 s", "300 s, open", "45 s", "cold start, 90 s"],
)
def test_two_pods_of_one_image_pass(load: Load, canary: Fault, runs: int, expected: Counts) -> None:
    """A gate that stops good releases is switched off: one in two hundred is the most."""
    decisions = decided(runs, load, canary)

    assert expected == counts(decisions)
    assert 120 >= sum(each.at_seconds for each in decisions) / runs


@pytest.mark.parametrize("is_open", [False, True], ids=["closed", "open"])
@pytest.mark.parametrize(
    ("canary", "closed", "opened", "seconds"),
    [
        (Fault(error_share=0.12), {"fail": 20}, {"fail": 20}, 9),
        (Fault(error_share=0.12, error_seconds=0.001), {"fail": 20}, {"fail": 20}, 9),
        (Fault(delay_seconds=0.2), {"fail": 20}, {"fail": 20}, 15),
        (Fault(delay_seconds=0.8), {"fail": 20}, {"fail": 20}, 15),
        (Fault(error_share=0.02), {"fail": 19, "pass": 1}, {"fail": 20}, 45),
        (Fault(factors={BUSIEST: 1.3}), {"fail": 19, "pass": 1}, {"fail": 18, "pass": 2}, 45),
        (Fault(factors={RAREST: 2.0}), {"fail": 20}, {"fail": 20}, 45),
    ],
    ids=["12 % 5xx", "quick 5xx", "+200 ms", "+800 ms", "2 % 5xx", "busiest +30 %", "rarest x2"],
)
def test_a_broken_canary_fails_in_time(
    canary: Fault, closed: Counts, opened: Counts, seconds: float, is_open: bool
) -> None:
    decisions = decided(20, Load(seconds=90.0, is_open=is_open), canary)

    assert (opened if is_open else closed) == counts(decisions)
    assert seconds >= median(each.at_seconds for each in decisions)


@pytest.mark.parametrize("fault", [BOTH_SLOW, BOTH_FAIL], ids=["slow", "failing"])
def test_both_arms_broken_are_no_answer(fault: Fault) -> None:
    assert {"inconclusive": 10} == counts(decided(10, USUAL, fault, fault))


@pytest.mark.parametrize(
    ("canary", "expected"),
    [
        (Fault(is_cold=True), {"pass": 10}),
        (Fault(leak_bytes_per_second=1.0 * MEGABYTE), {"fail": 10}),
        (Fault(leak_bytes_per_second=0.2 * MEGABYTE), {"fail": 9, "pass": 1}),
    ],
    ids=["fresh", "leak of 1 MB/s", "leak of 0.2 MB/s"],
)
def test_memory_that_leaks_fails_and_that_only_warms_up_passes(
    canary: Fault, expected: Counts
) -> None:
    assert expected == counts(decided(10, LONG, canary, has_memory=True))


def test_a_leak_never_passes_a_run_too_short_to_see_it() -> None:
    leak = Fault(leak_bytes_per_second=1.0 * MEGABYTE)

    assert {"inconclusive": 10} == counts(decided(10, SHORT, leak, has_memory=True))
