"""How often the whole Rollout of jobs/demo-shop stops a healthy release, and lets a bad one through.

    python benchmarks/rollout_alarms.py [--rollouts 4000] [--gates 150] [--seed 1]

Steps, limits and counts are read from jobs/. Gates are simulated as in verdict_quality.py; where the
canary's pods are new, its start is cold. The users' templates see windows of Poisson requests in the
same weather: pods of typical noise, bursts of both versions, medians of 10 to 100 ms. canary-health
has no share here: it fails when a pod does. In brackets: the 95 % interval.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod

import numpy as np
import numpy.typing as npt
from _bench import put, table
from _ended import Ended, both
from _rollout import Metric, Stage, stages
from _users import SIMULATED, Floats, Service, Users, measure

from canarygate.judge.policy import load_policy
from canarygate.judge.replay import Plan, decide, look_times
from canarygate.judge.simulation import HEALTHY, Fault, simulate
from canarygate.judge.simulation_traffic import MEDIANS, Load
from canarygate.settings import parse_duration
from canarygate.verdict import Verdict

RATES = (25, 35, 40, 50, 100, 500, 2000)
"""Users' requests/s of the whole service."""
HEALTHY_SERVICES: Mapping[str, Service] = {
    "0.1 % errors": Service(),
    "0.5 % errors": Service(errors=0.005),
    "2 % slow tail": Service(tail=0.02),
    "an outage an hour": Service(outages_per_hour=1.0),
}
BAD_RATES = (25, 50, 500)


def _slower(factor: float) -> tuple[Service, Fault]:
    return Service(factor=factor), Fault(factors=dict.fromkeys(range(len(MEDIANS)), factor))


BAD: Mapping[str, tuple[Service, Fault]] = {
    "2 % more errors": (Service(more_errors=0.02), Fault(error_share=0.02)),
    "5 % more errors": (Service(more_errors=0.05), Fault(error_share=0.05)),
    "1.3 times as slow": _slower(1.3),
    "twice as slow": _slower(2.0),
}
GATE = "locust-canary-validation"
WARM_UP_SECONDS = Load().warm_up_seconds
WENT_ON, PAUSED, ABORTED = range(3)
Codes = npt.NDArray[np.int8]


MEMORY = Ended(aborted=5, paused=13, of=4000)
"""canary-memory on a steady service, in the model of tests/jobs/test_memory_growth.py."""


def main() -> None:
    """Simulate, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rollouts", type=int, default=4000, help="per cell")
    parser.add_argument("--gates", type=int, default=150, help="per gate; of bad ones a third")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    draw, ours = np.random.default_rng(options.seed), stages()

    put("how long a healthy one takes, at least and at most, minutes")
    for stage in ours:
        put(f"  {stage.weight} %, {', '.join(stage.templates)}: {_minutes([stage])}")
    put(f"  all: {_minutes(ours)}")

    seeds = range(options.seed, options.seed + options.gates)
    parts = {**gates(ours, HEALTHY, seeds)}
    uses = sum("canary-memory" in each.templates for each in ours)
    parts |= {f"canary-memory, {number + 1}": MEMORY for number in range(uses)}
    put("\nhealthy: aborted / paused, %")
    for name, part in parts.items():
        put(f"  {name}: {both([part])}")

    found = {
        name: [users(draw, ours, service, rate, options.rollouts) for rate in RATES]
        for name, service in HEALTHY_SERVICES.items()
    }
    header = [f"{rate}/s" for rate in RATES]
    put("\nhealthy: aborted / paused by what judges users, % of rollouts, by their requests/s")
    table(header, {name: [both([each]) for each in cells] for name, cells in found.items()})
    put("\nhealthy: aborted / paused by all of it, %")
    everything = {
        name: [both([each, *parts.values()]) for each in cells] for name, cells in found.items()
    }
    table(header, everything)

    put("\nbad: aborted / paused by what judges users alone; gets past all gates, %")
    lines = {}
    for name, (service, fault) in BAD.items():
        cells = [users(draw, ours, service, rate, options.rollouts) for rate in BAD_RATES]
        seen = gates(ours, fault, seeds[: max(len(seeds) // 3, 1)])
        past = 100 * prod(each.unseen for each in seen.values())
        lines[name] = [*(both([each]) for each in cells), f"{past:.2g}"]
    table([*(f"{rate}/s" for rate in BAD_RATES), "gates"], lines)


def users(
    draw: np.random.Generator, ours: Sequence[Stage], service: Service, rate: float, rollouts: int
) -> Ended:
    """What the metrics of users' traffic do to so many rollouts."""
    traffic, state = Users(draw, service, rollouts), np.full(rollouts, WENT_ON, np.int8)
    for stage in ours:
        if metrics := [each for each in stage.metrics if each.name in SIMULATED]:
            state = np.where(state == WENT_ON, analysis(traffic, stage, metrics, rate), state)
    aborted, paused = (int((state == each).sum()) for each in (ABORTED, PAUSED))
    return Ended(aborted=aborted, paused=paused, of=rollouts)


def analysis(traffic: Users, stage: Stage, metrics: Sequence[Metric], rate: float) -> Codes:
    """As Argo ends it: at the first look that breaks a limit, by the worst metric of that look."""
    [(looks, seconds)] = {(each.count, each.interval) for each in metrics}
    share, state = stage.weight / 100, np.zeros(0, np.int8)
    failed, unclear = ({each.name: np.zeros(0, int) for each in metrics} for _ in range(2))
    for look in range(looks):
        windows = traffic.window(seconds, (rate * share, rate * (1 - share)))
        ends = []
        for metric in metrics:
            answer = measure(metric.name, *windows, stage.given)
            fails, passes = _holds(metric.failure, answer), _holds(metric.success, answer)
            before = (failed[metric.name], unclear[metric.name]) if look else (0, 0)
            failed[metric.name] = before[0] + fails
            unclear[metric.name] = before[1] + (~fails & ~passes)
            # Of one metric Argo says inconclusive before failed; among metrics failed is worse.
            fell = np.where(failed[metric.name] > metric.failure_limit, ABORTED, WENT_ON)
            ends.append(np.where(unclear[metric.name] > metric.inconclusive_limit, PAUSED, fell))
        worst = np.max(ends, axis=0)
        state = np.where(state == WENT_ON, worst, state) if look else worst
    return state.astype(np.int8)


def _holds(condition: tuple[str, float] | None, answer: Floats) -> npt.NDArray[np.bool_]:
    assert condition is not None
    assert condition[0] in ("<=", ">")
    found = (answer <= condition[1]) if condition[0] == "<=" else (answer > condition[1])
    return np.asarray(found)


def gates(ours: Sequence[Stage], fault: Fault, seeds: range) -> dict[str, Ended]:
    """Every gate of the Rollout. At 20 % its pods are those of 5 %; before and after some are new."""
    found, policy = {}, load_policy(None)
    for stage in ours:
        if GATE not in stage.templates:
            continue
        planned, least = _run_times(stage)
        canary = replace(fault, is_cold=stage.weight != 20)
        plan, load = Plan(planned_seconds=planned, min_seconds=least), Load(seconds=planned)
        # Other runs for each gate, also where two of them are alike.
        scenes = (simulate(seed + 100_000 * stage.weight, load, canary) for seed in seeds)
        answers = [decide(scene, policy, plan) for scene in scenes]
        verdicts = [each.verdict if each else Verdict.INCONCLUSIVE for each in answers]
        found[f"gate {stage.given['stage']}, {planned:g} s"] = Ended(
            aborted=verdicts.count(Verdict.FAIL),
            paused=verdicts.count(Verdict.INCONCLUSIVE),
            of=len(verdicts),
        )
    return found


def _run_times(stage: Stage) -> tuple[float, float]:
    longest, least = (parse_duration(stage.given[name]) for name in ("run-time", "min-run-time"))
    return longest, least


def seconds(stage: Stage) -> tuple[float, float]:
    """How long a healthy canary is there, at least and at most; pods' own starts come on top."""
    if GATE not in stage.templates:
        return stage.seconds, stage.seconds
    longest, least = _run_times(stage)
    looks = look_times(Plan(planned_seconds=longest), WARM_UP_SECONDS)
    return min(each for each in looks if each >= least), longest


def _minutes(ours: Sequence[Stage]) -> str:
    return " to ".join(f"{sum(each) / 60:.3g}" for each in zip(*map(seconds, ours), strict=True))


if __name__ == "__main__":
    main()
