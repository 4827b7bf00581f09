"""Simulates the runs of a row, has them judged, and counts what came of it."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median

from _rows import Row

from canarygate.judge.calibration import calibrate, measure
from canarygate.judge.policy import Policy, load_policy
from canarygate.judge.replay import Plan, decide
from canarygate.judge.simulation import simulate, simulate_memory
from canarygate.judge.simulation_traffic import Load
from canarygate.judge.stats import lower_bound, upper_bound
from canarygate.verdict import Verdict

AT_ONCE = 10
"""So many runs are one task, and share a calibration."""
CALIBRATION_RUNS = 10
CALIBRATION_SEEDS = 1_000_000
"""A/A runs that are calibrated from are none of those that are judged."""
MEMORY_BY = 120.0
MEMORY = "memory.growth"


@dataclass(frozen=True, kw_only=True)
class Found:
    """How one run was answered."""

    verdict: Verdict
    at_seconds: float
    why: tuple[str, ...]
    """The checks that failed it, or left it open."""


def answer(task: tuple[Row, bool, int, int]) -> list[Found]:
    """Simulate and judge a few runs: of a row, on an open schedule or not, from a seed, how many."""
    row, is_open, first, number = task
    load = row.load(is_open=is_open)
    policy = row.policy(load_policy(None))
    if row.is_calibrated:
        policy = _calibrated(row, load, policy, first)
    return [_answer_one(row, load, policy, seed) for seed in range(first, first + number)]


def _answer_one(row: Row, load: Load, policy: Policy, seed: int) -> Found:
    canary, stable = row.faults(seed)
    scene = simulate(seed, load, canary, stable, row.noise)
    memory = None
    if row.memory is not None:
        memory = simulate_memory(seed, load.seconds, canary, stable, row.memory)
    plan = Plan(planned_seconds=load.seconds, memory_asked=memory is not None)
    decision = decide(scene, policy, plan, memory)
    assert decision is not None, "the run is over"
    why = tuple(check.name for check in decision.checks if check.state is decision.verdict)
    return Found(
        verdict=decision.verdict,
        at_seconds=decision.at_seconds,
        why=() if decision.verdict is Verdict.PASS else why,
    )


def _calibrated(row: Row, load: Load, policy: Policy, seed: int) -> Policy:
    """The policy that `canarygate calibrate` would write from ten A/A runs."""
    runs = []
    for index in range(1, CALIBRATION_RUNS + 1):
        scene = simulate(CALIBRATION_SEEDS * index + seed, load, noise=row.noise)
        assert scene.stable is not None
        runs.append(measure(scene.canary, scene.stable, policy))
    found = calibrate(runs, policy)
    return replace(
        policy,
        compare=replace(policy.compare, tolerance=found.tolerance),
        compare_gross=replace(policy.compare_gross, tolerance=found.gross),
        clear=replace(policy.clear, slower=found.clear),
    )


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What a target is held against, as a number and as it is printed."""

    value: float
    text: str


def figure(name: str, found: Sequence[Found]) -> Figure:
    """Work out what a target calls by that name."""
    if name in SHARES:
        is_hit = SHARES[name]
        hits = sum(map(is_hit, found))
        return Figure(value=hits / len(found), text=share(hits, len(found)))
    verdict, average = TIMES[name]
    times = [each.at_seconds for each in found if each.verdict is verdict]
    if not times:
        return Figure(value=float("inf"), text="never")
    return Figure(value=average(times), text=f"{average(times):.1f} s (n {len(times)})")


def share(hits: int, number: int) -> str:
    """A share of the runs with its 95 % interval (Clopper & Pearson 1934), in percent."""
    low, high = lower_bound(hits, number, 0.975), upper_bound(hits, number, 0.975)
    return f"{100 * hits / number:.3g} % [{100 * low:.3g}, {100 * high:.3g}] ({hits} of {number})"


def _is(verdict: Verdict) -> Callable[[Found], bool]:
    return lambda found: found.verdict is verdict


def _fails_by_memory(found: Found) -> bool:
    return found.verdict is Verdict.FAIL and MEMORY in found.why


SHARES: dict[str, Callable[[Found], bool]] = {
    **{str(verdict): _is(verdict) for verdict in Verdict},
    "fail by memory": _fails_by_memory,
    "fail by memory by 120 s": lambda each: _fails_by_memory(each) and each.at_seconds <= MEMORY_BY,
}
TIMES: dict[str, tuple[Verdict, Callable[[Sequence[float]], float]]] = {
    "seconds to pass, mean": (Verdict.PASS, fmean),
    "seconds to fail, median": (Verdict.FAIL, median),
}


def when(found: Sequence[Found]) -> str:
    """Each answer's median time, and the latest."""
    parts = []
    for verdict in Verdict:
        times = [each.at_seconds for each in found if each.verdict is verdict]
        if times:
            parts.append(f"{verdict} {median(times):.0f} (..{max(times):.0f}) s")
    return ", ".join(parts)


def why(found: Sequence[Found]) -> str:
    """The checks that decided what did not pass, each with how often."""
    counts = Counter(name for each in found for name in each.why)
    return ", ".join(f"{name} {count}" for name, count in counts.most_common(4))
