"""What a gate adds to the load: seconds before its first request, and after its last.

    python benchmarks/start_and_end.py [--rounds 5] [--run-time 4]

Beside `canarygate gate` with two roles runs the pair that it replaces, `locust …; python3 -m
push_metrics …` in a shell, against the same server and the same real Pushgateway, turn by turn.
The start ends when a server receives the first request; the end begins at the last one and is over
when the gateway shows what was pushed: of the gate its verdict, of the pair the run's series.
"""

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from _bench import CHECKOUT, ended, get, middle, put, running_server, table, tally

POLL_SECONDS = 0.01
PATIENCE_SECONDS = 60.0
GATE, PAIR = "gate, two roles", "locust; push_metrics"
AIM_SECONDS = 1.0


@dataclass(frozen=True)
class Lap:
    """Seconds of one gate or pair outside of its load."""

    start: float
    end: float
    exit: float
    """From the last request to the end of the command."""

    @property
    def both(self) -> float:
        """Start and end."""
        return self.start + self.end


def main() -> int:
    """Measure, and say what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--run-time", type=int, default=4, help="seconds of load")
    parser.add_argument("--users", type=int, default=20)
    options = parser.parse_args()
    program = shutil.which("pushgateway")
    if program is None:
        put("no pushgateway on PATH: nothing measured (make tools)")
        return 1
    found: dict[str, list[Lap]] = {GATE: [], PAIR: []}
    with (
        tempfile.TemporaryDirectory() as scratch,
        running_server(2) as ports,
        running_gateway(program, Path(scratch)) as gateway,
    ):
        bench = Bench(ports, gateway, options.run_time, options.users, Path(scratch))
        for number in range(options.rounds):
            names = (GATE, PAIR) if number % 2 == 0 else (PAIR, GATE)
            for name in names:
                found[name].append(bench.gate() if name == GATE else bench.pair())
    tell(options, found)
    return 0


def tell(options: argparse.Namespace, found: dict[str, list[Lap]]) -> None:
    """The table, and the difference within each round."""
    put(
        f"{options.rounds} rounds, {options.run_time} s of load, {options.users} users per role; "
        "seconds, median [least to most]"
    )
    header = ("to the first request", "last request to push seen", "both", "last request to exit")
    table(
        header,
        {
            name: tuple(
                middle([getattr(each, part) for each in laps])
                for part in ("start", "end", "both", "exit")
            )
            for name, laps in found.items()
        },
    )
    pairs = list(zip(found[GATE], found[PAIR], strict=True))
    more = [gate.both - pair.both for gate, pair in pairs]
    put(
        f"start and end of the gate take {middle(more)} s more than the pair's "
        f"(aim: at most {AIM_SECONDS:g} s)"
    )


class Bench:
    """Two ports of one server, one gateway; one command at a time."""

    def __init__(
        self, ports: Sequence[int], gateway: str, run_time: int, users: int, scratch: Path
    ) -> None:
        self._hosts = [f"http://127.0.0.1:{port}" for port in ports]
        self._ports = ports
        self._gateway = gateway
        self._run_time = run_time
        self._users = users
        self._scratch = scratch
        self._policy = scratch / "limits_only.toml"  # so short a run compares nothing
        self._policy.write_text("[compare]\nenabled = false\n", encoding="utf-8")
        self._number = 0
        self._env = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        }

    def gate(self) -> Lap:
        """A gate of two roles."""
        service = self._next()
        argv = [
            *("canarygate", "gate", "--service", service),
            *("--target-host", self._hosts[0], "--stable-host", self._hosts[1]),
            *("--users", str(self._users), "--spawn-rate", str(self._users)),
            *("--run-time", f"{self._run_time}s", "--warm-up", "1s", "--policy", str(self._policy)),
            *("--pushgateway-url", self._gateway, "--results-dir", str(self._scratch)),
        ]
        return self._lap(argv, rf'canarygate_verdict{{[^}}]*service="{service}"')

    def pair(self) -> Lap:
        """The shell's two commands, on one role."""
        service = self._next()
        prefix = self._scratch / service
        locust = [
            *("locust", "-f", "locustfiles/checkout_flow.py", "--headless"),
            *("--host", self._hosts[0], "--users", str(self._users)),
            *("--spawn-rate", str(self._users), "--run-time", f"{self._run_time}s"),
            *("--csv", str(prefix), "--exit-code-on-error", "1"),
        ]
        push = [
            *("python3", "-m", "push_metrics", "--csv", str(prefix)),
            *("--pushgateway", self._gateway, "--labels", f"service={service},type=canary"),
        ]
        argv = ["sh", "-c", f"{shlex.join(locust)}; {shlex.join(push)}"]
        return self._lap(argv, rf'canarygate_run_requests{{[^}}]*service="{service}"')

    def _next(self) -> str:
        self._number += 1
        for host in self._hosts:
            get(f"{host}/reset")
        return f"bench-{self._number}"

    def _lap(self, argv: Sequence[str], pushed: str) -> Lap:
        log = self._scratch / "log"
        began = time.monotonic()
        with log.open("wb") as output:
            process = subprocess.Popen(
                argv, cwd=CHECKOUT, env=self._env, stdout=output, stderr=subprocess.STDOUT
            )
        with ended(process):
            time.sleep(self._run_time)  # nothing can be there earlier, and polling takes CPU
            seen = self._when_seen(re.compile(pushed), process, log)
            process.wait(timeout=PATIENCE_SECONDS)
            exited = time.monotonic()
        tallies = [each for each in map(tally, self._ports) if each["requests"]]
        first = min(each["first"] for each in tallies)
        last = max(each["last"] for each in tallies)
        return Lap(first - began, seen - last, exited - last)

    def _when_seen(
        self, pushed: re.Pattern[str], process: subprocess.Popen[bytes], log: Path
    ) -> float:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            has_ended = process.poll() is not None
            if pushed.search(get(f"{self._gateway}/metrics").decode()):
                return time.monotonic()
            if has_ended:
                break
            time.sleep(POLL_SECONDS)
        raise RuntimeError(f"nothing was pushed:\n{log.read_text()}")


@contextmanager
def running_gateway(program: str, scratch: Path) -> Iterator[str]:
    """A real Pushgateway on a free port of loopback; gives its URL."""
    log = scratch / "gateway.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, "--web.listen-address=127.0.0.1:0", "--persistence.file="],
            stdout=output,
            stderr=output,
        )
    with ended(process):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and process.poll() is None:
            found = re.search(r"127\.0\.0\.1:(\d+)", log.read_text().rpartition("istening on")[2])
            if found:
                yield f"http://{found[0]}"
                return
            time.sleep(0.02)
        raise RuntimeError(f"the Pushgateway did not start:\n{log.read_text()}")


if __name__ == "__main__":
    sys.exit(main())
