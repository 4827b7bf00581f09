"""What closed arrival hides and open arrival shows: a freeze, and how far apart two arms drift.

    python benchmarks/arrival.py [--seconds 20]

Freeze: a shop that answers in 2 ms stops for 2 s in the middle of the run; five users of the hurried
checkout flow, closed, open, and at a fixed rate, each with a shop of its own at the same time.
Step: canary answers in 60 ms and stable in 2 ms, same seed; how far apart the same user's same
request is sent on both. All numbers are from the records, latencies from the intended start.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from _bench import CHECKOUT, ended, put, table
from numpy.typing import NDArray

from canarygate.records import Records
from canarygate.results import CANARY, STABLE, Run, read_run

FLOW = """
import sys
sys.path.insert(0, {flows!r})
import checkout_flow

class Hurried(checkout_flow.CheckoutUser):
    think_seconds = ({low}, {high})
"""
WAYS: Mapping[str, Sequence[str]] = {
    "closed": ("--arrival", "closed"),
    "open": ("--arrival", "open"),
    "open, --rate 50": ("--arrival", "open", "--rate", "50"),
}


def main() -> None:
    """Measure, and say what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=20, help="of each run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        tell_freeze(freeze(folder, options.seconds), options.seconds)
        tell_step(step(folder, options.seconds), options.seconds)


def freeze(folder: Path, seconds: int) -> dict[str, Run]:
    """One run against a shop of its own for each way, all at once."""
    with ExitStack() as stack:
        faults = f"base=2ms; freeze=2s after={seconds // 2}s"
        shops = {way: stack.enter_context(shop(faults)) for way in WAYS}
        commands = {
            way: ["run", "--target-host", url, "--users", "5", *common(folder, seconds, 0.05, 0.2)]
            for way, url in shops.items()
        }
        return driven(folder, "freeze", commands)


def step(folder: Path, seconds: int) -> dict[str, Run]:
    """Both roles, for each way of arriving by the flow's own waits, one after the other."""
    with shop("base=60ms") as canary, shop("base=2ms") as stable:
        hosts = ["--target-host", canary, "--stable-host", stable]
        options = ["--users", "10", "--seed", "step", *common(folder, seconds, 0.2, 0.4)]
        return {
            way: driven(folder, "step", {way: ["gate", *hosts, *options]})[way]
            for way in ("closed", "open")
        }


def common(folder: Path, seconds: int, low: float, high: float) -> list[str]:
    """What all runs are told; the flow is written for them."""
    flow = folder / f"flow_{int(low * 1000)}.py"
    flow.write_text(FLOW.format(flows=str(CHECKOUT / "locustfiles"), low=low, high=high))
    policy = folder / "policy.toml"
    policy.write_text("[compare]\nenabled = false\n")
    return [
        *("--spawn-rate", "50", "--run-time", f"{seconds}s", "--warm-up", "1s"),
        *("--locust-file", str(flow), "--results-dir", str(folder), "--policy", str(policy)),
    ]


def driven(folder: Path, what: str, commands: Mapping[str, Sequence[str]]) -> dict[str, Run]:
    """Run canarygate once for each way, all at once; whatever the verdicts, the records count."""
    names = {way: f"{what}-{number}-{way[:4].strip()}" for number, way in enumerate(commands)}
    with ExitStack() as stack:
        running = [
            stack.enter_context(canarygate(*command, *WAYS[way], "--run-id", names[way]))
            for way, command in commands.items()
        ]
        for process in running:
            process.wait()
    return {way: read_run(folder / name) for way, name in names.items()}


@contextmanager
def canarygate(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """A command of ours that says nothing."""
    process = subprocess.Popen(
        [sys.executable, "-m", "canarygate", *arguments],
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with ended(process):
        yield process


@contextmanager
def shop(faults: str) -> Iterator[str]:
    """A demo shop in a process of its own; gives its URL."""
    process = subprocess.Popen(
        [sys.executable, "-m", "canarygate", "serve", "shop", "--port", "0", "--faults", faults],
        stdout=subprocess.PIPE,
        text=True,
    )
    with ended(process):
        assert process.stdout is not None
        yield process.stdout.readline().removeprefix("listening on ").strip()


def tell_freeze(runs: Mapping[str, Run], seconds: int) -> None:
    """Milliseconds from the intended start, beside what Locust's own statistics call p99."""
    put(f"a freeze of 2 s in a run of {seconds} s, 5 users:")
    rows = {}
    for way, run in runs.items():
        records, facts = run.records[CANARY], run.file.roles[CANARY]
        latency = (records.end - records.intended_start) * 1000
        rows[way] = (
            f"{len(records)}",
            *(f"{np.percentile(latency, share):.0f}" for share in (50, 95, 99)),
            f"{int((latency > 100).sum())}",
            f"{np.percentile(records.duration_ms, 99):.0f}",
            f"{facts.begun} of {facts.scheduled}" if facts.scheduled else "-",
        )
    table(("requests", "p50 ms", "p95", "p99", "> 100 ms", "Locust's p99", "turns begun"), rows)
    put()


def tell_step(runs: Mapping[str, Run], seconds: int) -> None:
    """Seconds between a request and its twin."""
    put(f"60 ms against 2 ms for {seconds} s, 10 users per role, same seed:")
    rows = {}
    for way, run in runs.items():
        apart = step_seconds(run)
        rows[way] = (
            f"{len(run.records[CANARY])}",
            f"{len(run.records[STABLE])}",
            *(f"{np.percentile(apart, share):.3f}" for share in (50, 95, 100)),
        )
    table(("canary requests", "stable", "apart p50 s", "p95", "most"), rows)


def step_seconds(run: Run) -> NDArray[np.float64]:
    """How far apart the same user's same request was sent on both roles."""
    canary, stable = (sent(run.records[role]) for role in (CANARY, STABLE))
    return np.abs([canary[each] - stable[each] for each in canary.keys() & stable.keys()])


def sent(records: Records) -> dict[tuple[str, int], float]:
    """When, by user and place in its sequence."""
    users = (records.users[each] for each in records.user.tolist())
    keys = zip(users, records.sequence.tolist(), strict=True)
    return dict(zip(keys, records.start.tolist(), strict=True))


if __name__ == "__main__":
    main()
