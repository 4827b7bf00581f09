"""What the recorder costs: the checkout flow without pauses, as fast as one Locust process can.

    python benchmarks/throughput.py [--rounds 5] [--seconds 3] [--users 20]

In each round, against one static server, one after the other: the flow as a person would run it
with plain Locust, the same with our recorder, the same on HttpUser, and `wrk` as the ceiling. Then
plain and recorded at once on one CPU: what else the machine does slows both alike there, so that
this ratio holds on a machine that is not idle. Requests are counted by the server; CPU seconds are
the generator's own, of the measured window alone.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from _bench import (
    CHECKOUT,
    CPUS,
    cpu_seconds,
    ended,
    middle,
    pin,
    put,
    running_server,
    table,
    tally,
)

from canarygate.results import CANARY
from canarygate.runner.command import RECORDER, locust_argv, locust_env, role_files
from canarygate.runner.process import say_go
from canarygate.settings import RunSettings

sys.path.insert(0, str(CHECKOUT / "scripts"))
FLOWS = Path(__file__).with_name("flows")
START_SECONDS = 30.0
SETTLE_SECONDS = 1.0
"""After the first request: users start, connections open."""
WRK_PACKAGES = ("wrk", "libluajit-5.1-2")
PLAIN, RECORDED, HTTP_USER, WRK = "plain", "recorder on", "HttpUser, plain", "wrk"

Command = tuple[str, Mapping[str, str]]
"""A program and its environment."""


@dataclass(frozen=True)
class Rate:
    """Of one window."""

    per_second: float
    cpu_us: float
    """The generator's CPU microseconds per request."""
    busy: float
    """The generator's CPU seconds per second."""


def main() -> None:
    """Measure, and say what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measured window")
    parser.add_argument("--users", type=int, default=20)
    options = parser.parse_args()
    server_cpu, generator_cpu = (CPUS[1], CPUS[0]) if len(CPUS) > 1 else (None, None)
    wrk = find_wrk()
    found: dict[str, list[Rate]] = {}
    abreast: list[tuple[Rate, Rate]] = []
    with running_server(2, server_cpu) as ports, tempfile.TemporaryDirectory() as scratch:
        bench = Bench(ports, generator_cpu, options.seconds, options.users, Path(scratch))
        variants: dict[str, Callable[[], Rate]] = {
            PLAIN: lambda: bench.locust("fast_checkout.py", recorded=False),
            RECORDED: lambda: bench.locust("fast_checkout.py", recorded=True),
            HTTP_USER: lambda: bench.locust("http_checkout.py", recorded=False),
        }
        if wrk:
            variants[WRK] = lambda: bench.wrk(wrk)
        for number in range(options.rounds):
            # Each goes first as often as the other, in case the machine speeds up or slows down.
            names = list(variants) if number % 2 == 0 else list(variants)[::-1]
            for name in names:
                found.setdefault(name, []).append(variants[name]())
            abreast.append(bench.abreast("fast_checkout.py", recorded_first=number % 2 == 0))
    tell(options, {name: found[name] for name in variants}, pinned=server_cpu is not None)
    tell_abreast(abreast)
    if not wrk:
        put("wrk could not be had: no ceiling in this table")


def tell(options: argparse.Namespace, found: Mapping[str, list[Rate]], *, pinned: bool) -> None:
    """The table; ratios are medians of the ratios within each round."""
    put(
        f"{options.rounds} rounds, {options.seconds:g} s windows, {options.users} users, "
        f"{'server and generator on a CPU each' if pinned else 'one CPU for both'}; "
        "median [least to most]"
    )
    rows = {}
    for name, rates in found.items():
        pairs = list(zip(rates, found[PLAIN], strict=True))
        rows[name] = (
            middle([each.per_second for each in rates], ".0f"),
            middle([mine.per_second / plain.per_second for mine, plain in pairs]),
            middle([each.cpu_us for each in rates], ".0f"),
            middle([mine.cpu_us / plain.cpu_us for mine, plain in pairs]),
            middle([each.busy for each in rates]),
        )
    header = ("requests/s", "to plain", "CPU us/request", "to plain", "CPU s/s")
    table(header, rows)


def tell_abreast(pairs: Sequence[tuple[Rate, Rate]]) -> None:
    """What the recorder costs, by runs side by side."""
    kept = [recorded.per_second / plain.per_second for recorded, plain in pairs]
    cpu = [recorded.cpu_us / plain.cpu_us for recorded, plain in pairs]
    put(
        f"side by side on one CPU, {len(pairs)} pairs, recorder on to plain: "
        f"requests/s {middle(kept)}, CPU per request {middle(cpu)}"
    )
    put(
        f"the recorder costs {1 - statistics.median(kept):.1%} of the throughput (aim: at most 10 %)"
    )


class Bench:
    """One server of two ports, and its generators."""

    def __init__(
        self, ports: Sequence[int], cpu: int | None, seconds: float, users: int, scratch: Path
    ) -> None:
        self._port, self._other = ports
        self._cpu = cpu
        self._seconds = seconds
        self._run = RunSettings(
            hosts={},
            locust_file=FLOWS,
            users=users,
            spawn_rate=users,
            run_time_seconds=int(START_SECONDS + seconds),
            seed="throughput",
            results_dir=scratch,
            run_id="",
            service="bench",
        )
        self._number = 0

    def locust(self, flow: str, *, recorded: bool) -> Rate:
        """One Locust for itself."""
        with self._running(flow, self._port, recorded=recorded) as process:
            time.sleep(SETTLE_SECONDS)
            (rate,) = self._window({self._port: process})
        return rate

    def abreast(self, flow: str, *, recorded_first: bool) -> tuple[Rate, Rate]:
        """A recorded and a plain Locust at the same time on the same CPU, in this order."""
        ports = (self._port, self._other)
        mine, plain = ports if recorded_first else ports[::-1]
        with ExitStack() as stack:
            started = {
                port: stack.enter_context(self._running(flow, port, recorded=port == mine))
                for port in ports
            }
            time.sleep(SETTLE_SECONDS)
            first, second = self._window({mine: started[mine], plain: started[plain]})
        return first, second

    @contextmanager
    def _running(
        self, flow: str, port: int, *, recorded: bool
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A Locust with the very options that a gate gives it; the recorder is the difference."""
        self._number += 1
        run = replace(
            self._run,
            hosts={CANARY: f"http://127.0.0.1:{port}"},
            locust_file=FLOWS / flow,
            run_id=str(self._number),
        )
        files = role_files(run, CANARY)
        files.work.mkdir(parents=True)
        argv = locust_argv(run, CANARY)
        if not recorded:
            argv[argv.index("-f") + 1] = argv[argv.index("-f") + 1].removeprefix(f"{RECORDER},")
        say_go(files.go, time.monotonic())
        with files.log.open("wb") as log:
            process = subprocess.Popen(
                argv,
                cwd=files.work,
                env=locust_env(run, CANARY, os.environ, token="bench", parent=os.getpid()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        with ended(process):
            pin(process.pid, self._cpu)
            self._wait_for_load(process, port, files.log)
            yield process

    def wrk(self, command: Command) -> Rate:
        """The same connections, one path."""
        program, env = command
        process = subprocess.Popen(
            [
                *(program, "--threads", "1", "--connections", str(self._run.users)),
                *("--duration", f"{int(self._seconds + SETTLE_SECONDS + 2)}s"),
                f"http://127.0.0.1:{self._port}/api/products/42",
            ],
            env=env,
            stdout=subprocess.DEVNULL,
        )
        with ended(process):
            pin(process.pid, self._cpu)
            time.sleep(SETTLE_SECONDS)
            (rate,) = self._window({self._port: process})
        return rate

    def _wait_for_load(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        before = tally(port)["requests"]
        deadline = time.monotonic() + START_SECONDS
        while tally(port)["requests"] == before:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"no load:\n{log.read_text()}")
            time.sleep(0.05)

    def _window(self, generators: Mapping[int, subprocess.Popen[bytes]]) -> list[Rate]:
        """Of each generator, by the port that it asks, over the same seconds."""
        before = {port: _look(port, process) for port, process in generators.items()}
        time.sleep(self._seconds)
        after = {port: _look(port, process) for port, process in generators.items()}
        return [_rate(before[port], after[port]) for port in generators]


def _look(port: int, process: subprocess.Popen[bytes]) -> tuple[float, int, float]:
    """When, how many requests so far, and how many CPU seconds."""
    found = tally(port)
    return found["now"], found["requests"], cpu_seconds(process.pid)


def _rate(before: tuple[float, int, float], after: tuple[float, int, float]) -> Rate:
    seconds, requests, cpu = (new - old for old, new in zip(before, after, strict=True))
    return Rate(requests / seconds, cpu / requests * 1e6, cpu / seconds)


def find_wrk() -> Command | None:
    """From PATH, else unpacked (never installed) from the distribution's packages."""
    found = shutil.which("wrk")
    if found:
        return found, os.environ
    import binaries

    cache = CHECKOUT / ".cache"
    try:
        with binaries.held(_made(cache) / "lock"):
            for package in WRK_PACKAGES:
                if not (cache / "packages" / package).is_dir():
                    binaries.unpack(package, cache)
    except binaries.Unavailable as reason:
        put(f"wrk: {reason}")
        return None
    folders = [
        str(each.parent) for each in (cache / "packages").glob("*/usr/lib/*/libluajit*.so.2")
    ]
    env = {**os.environ, "LD_LIBRARY_PATH": os.pathsep.join(folders)}
    return str(cache / "packages" / "wrk" / "usr" / "bin" / "wrk"), env


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


if __name__ == "__main__":
    main()
