"""What a gate would find, by its traffic and its time: the table of docs/judging.md.

    python benchmarks/sensitivity.py [--runs 200]

Every run is simulated as in verdict_quality.py, with pods of typical noise and closed arrival. A cell
is the share of the runs that failed; the last row is the healthy canary's median time to its pass.
"""

import argparse
from collections.abc import Mapping, Sequence
from statistics import median

from _bench import put

from canarygate.judge.policy import load_policy
from canarygate.judge.replay import Decision, Plan, decide
from canarygate.judge.simulation import HEALTHY, Fault, simulate
from canarygate.judge.simulation_traffic import BUSIEST, RAREST, Load
from canarygate.verdict import Verdict

LOADS = ((20, 45), (20, 180), (20, 300), (60, 180))
"""Users per arm, and seconds at most."""
FAULTS: Mapping[str, Fault] = {
    "1 % errors": Fault(error_share=0.01),
    "2 % errors": Fault(error_share=0.02),
    "12 % errors": Fault(error_share=0.12),
    "every request +200 ms": Fault(delay_seconds=0.2),
    "busiest endpoint +20 %": Fault(factors={BUSIEST: 1.2}),
    "busiest endpoint +30 %": Fault(factors={BUSIEST: 1.3}),
    "rarest endpoint +30 %": Fault(factors={RAREST: 1.3}),
    "rarest endpoint +100 %": Fault(factors={RAREST: 2.0}),
    "1 % of the requests stall 1 s": Fault(stall_share=0.01),
}


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=200, help="simulated runs per cell")
    runs = parser.parse_args().runs
    put(_row("the canary", [f"{users} users, {seconds} s" for users, seconds in LOADS]))
    put(_row("---", ["---"] * len(LOADS)))
    for name, fault in FAULTS.items():
        answers = [_decided(fault, users, seconds, runs) for users, seconds in LOADS]
        put(_row(name, [_share(each, Verdict.FAIL) for each in answers]))
    healthy = [_decided(HEALTHY, users, seconds, runs) for users, seconds in LOADS]
    put(_row("healthy, fails", [_share(each, Verdict.FAIL) for each in healthy]))
    put(_row("healthy, inconclusive", [_share(each, Verdict.INCONCLUSIVE) for each in healthy]))
    put(_row("healthy, passes after (median)", [_time(each) for each in healthy]))


def _decided(fault: Fault, users: int, seconds: int, runs: int) -> list[Decision]:
    load, policy = Load(users=users, seconds=float(seconds)), load_policy(None)
    plan = Plan(planned_seconds=float(seconds))
    found = [decide(simulate(seed, load, fault), policy, plan) for seed in range(runs)]
    return [each for each in found if each is not None]


def _share(decisions: Sequence[Decision], verdict: Verdict) -> str:
    hits = sum(each.verdict is verdict for each in decisions)
    return f"{100 * hits / len(decisions):.3g} %"


def _time(decisions: Sequence[Decision]) -> str:
    times = [each.at_seconds for each in decisions if each.verdict is Verdict.PASS]
    return f"{median(times):.0f} s" if times else "never"


def _row(name: str, cells: Sequence[str]) -> str:
    return "| " + " | ".join([name, *cells]) + " |"


if __name__ == "__main__":
    main()
