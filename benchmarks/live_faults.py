"""Every fault of the demo shop under a real gate: what the answer is, and after how many seconds.

Real Locust, 20 users per role, the checkout flow, two demo shops with a realistic base latency, on
one machine. Gates run a few at a time, each on shops of its own.

    .venv/bin/python benchmarks/live_faults.py [--only NAME] [--at-once 4] [--arrival open]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _bench import CHECKOUT, ended, put

BASE = (
    "base=15-40ms; base=20-60ms route=/api/products; base=30-90ms route=/api/cart/items; "
    "base=50-150ms route=/api/checkout; base=20-50ms route=/api/orders/:id"
)


@dataclass(frozen=True)
class Case:
    """A canary that misbehaves in one way, and what a gate must say of it."""

    name: str
    faults: str
    verdict: str
    stable_faults: str = ""
    has_memory: bool = False


CASES = (
    Case("healthy", "", "pass"),
    Case("200-800 ms more", "latency=200-800ms", "fail"),
    Case("12 % 5xx", "error=503:12%", "fail"),
    Case("2 % 5xx", "error=503:2%", "fail"),
    Case("checkout +100 %", "slow=2x route=/api/checkout", "fail"),
    Case("1 % stalls of 1 s", "latency=1s:1%", "fail"),
    Case("5 % dropped", "drop=5%", "fail"),
    Case("2 s freeze every 20 s", "freeze=2s every=20s", "fail"),
    Case("5 % wrong bodies", "body=wrong:5%", "fail"),
    Case("leak of 1 MB/s", "leak=1MB/s", "fail", has_memory=True),
    Case("cold start of 8 s", "cold=5x for=8s", "pass"),
    Case("one freeze of 2 s", "freeze=2s after=25s", "pass"),
    Case("healthy, memory on", "", "pass", has_memory=True),
    Case("both 12 % 5xx", "error=503:12%", "inconclusive", stable_faults="error=503:12%"),
)


@contextmanager
def shop(faults: str) -> Iterator[str]:
    """A demo shop in a process of its own."""
    argv = [sys.executable, "-m", "canarygate", "serve", "shop", "--port", "0", "--faults"]
    with (
        subprocess.Popen(
            [*argv, "; ".join(part for part in (BASE, faults) if part)],
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
        ended(process),
    ):
        assert process.stdout is not None
        yield process.stdout.readline().removeprefix("listening on ").strip()


def measure(case: Case, arrival: str, run_time: str, folder: Path) -> dict[str, Any]:
    """One gate over this case; what its report says."""
    with ExitStack() as stack:
        canary = stack.enter_context(shop(case.faults))
        stable = stack.enter_context(shop(case.stable_faults))
        argv = [sys.executable, "-m", "canarygate", "gate", "--json", "--run-time", run_time]
        argv += ["--target-host", canary, "--stable-host", stable, "--arrival", arrival]
        argv += ["--results-dir", str(folder), "--seed", case.name]
        if case.has_memory:
            argv += ["--canary-metrics-url", f"{canary}/metrics", "--memory-limit", "512MiB"]
            argv += ["--stable-metrics-url", f"{stable}/metrics"]
        began = time.monotonic()
        done = subprocess.run(argv, capture_output=True, text=True, cwd=CHECKOUT, check=False)
        took = time.monotonic() - began
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        report = {"verdict": "none", "sentence": done.stderr.strip()[-300:]}
    return report | {"took": took}


def row(case: Case, report: dict[str, Any]) -> str:
    """A line of the table."""
    moment = report.get("decided_at_seconds")
    seconds = f"{moment:.0f} s" if moment is not None else f"end, {report['took']:.0f} s"
    mark = "" if report["verdict"] == case.verdict else f"  MISSED, must be {case.verdict}"
    return f"{case.name:24} {report['verdict']:13} {seconds:12} {report['sentence']}{mark}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line per case; 1 when any of them is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", help="the cases whose name has this in it")
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("--arrival", default="closed")
    parser.add_argument("--run-time", default="300s")
    options = parser.parse_args(arguments)
    cases = [case for case in CASES if not options.only or options.only in case.name]
    missed = 0
    put(f"{'canary':24} {'verdict':13} {'after':12} sentence")
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(options.at_once) as pool:
        measured = pool.map(
            lambda case: measure(case, options.arrival, options.run_time, Path(folder)), cases
        )
        for case, report in zip(cases, measured, strict=True):
            put(row(case, report))
            missed += report["verdict"] != case.verdict
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
