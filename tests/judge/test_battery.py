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
from canarygate.verdict import Verdict

POLICY = load_policy(None)
RUNS = 20


def decided(
    load: Load, canary: Fault = HEALTHY, stable: Fault = HEALTHY, runs: int = RUNS
) -> list[Decision]:
    plan = Plan(planned_seconds=load.seconds)
    found = [
        decide(simulate(seed, load, canary, stable), POLICY, plan) for seed in range(1, runs + 1)
    ]
    return [each for each in found if each is not None]


def counts(decisions: list[Decision]) -> dict[str, int]:
    return dict(Counter(str(each.verdict) for each in decisions))


@pytest.mark.parametrize("is_open", [False, True])
def test_two_pods_of_one_image_pass(is_open: bool) -> None:
    """A gate that stops good releases is switched off: at most one in two hundred may be."""
    decisions = decided(Load(is_open=is_open), runs=60)

    assert {"pass": 60} == counts(decisions)
    assert 120 >= sum(each.at_seconds for each in decisions) / 60


def test_two_pods_of_one_image_pass_within_45_seconds() -> None:
    assert {"pass": 60} == counts(decided(Load(seconds=45.0), runs=60))


def test_a_canary_that_is_only_cold_passes() -> None:
    assert {"pass": 40} == counts(decided(Load(seconds=90.0), Fault(is_cold=True), runs=40))


@pytest.mark.parametrize("is_open", [False, True])
@pytest.mark.parametrize(
    ("canary", "failed", "seconds"),
    [
        (Fault(error_share=0.12), 20, 8),
        (Fault(delay_seconds=0.2), 20, 15),
        (Fault(delay_seconds=0.8), 20, 15),
        (Fault(error_share=0.02), 18, 45),
        (Fault(factors={BUSIEST: 1.3}), 18, 90),
        (Fault(factors={RAREST: 2.0}), 20, 90),
        (Fault(error_share=0.12, error_seconds=0.001), 20, 8),
    ],
    ids=["12 % 5xx", "+200 ms", "+800 ms", "2 % 5xx", "busiest +30 %", "rarest x2", "quick 5xx"],
)
def test_a_broken_canary_fails_in_time(
    canary: Fault, failed: int, seconds: float, is_open: bool
) -> None:
    decisions = decided(Load(seconds=90.0, is_open=is_open), canary)
    times = [each.at_seconds for each in decisions if each.verdict is Verdict.FAIL]

    assert failed <= len(times)
    assert seconds >= median(times)
