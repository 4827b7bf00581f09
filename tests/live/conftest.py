"""Real gates on the command line, real shops, a real Pushgateway; and nothing left behind by any of them."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from canarygate.records import OUTCOMES, Outcome
from canarygate.results import CANARY, ROLES, Run, read_run

FLOWS = Path(__file__).with_name("flows")
MARK = "CANARYGATE_TEST_MARK"
ENOUGH = {
    "users": "20",
    "spawn_rate": "40",
    "run_time": "4s",
    "warm_up": "1s",
    "request_timeout": "2s",
    "locust_file": str(FLOWS / "quick_flow.py"),
}
"""Some 500 requests per role: what would be a pass if nothing else were wrong."""
BUSY = "[run]\ngenerator_lag_seconds = 5.0\ngenerator_cpu = 1.0\n"
"""A machine that does other work beside the tests makes no test of ours inconclusive."""
LIMITS_ONLY = "[compare]\nenabled = false\n" + BUSY
"""Four seconds are too few to compare two versions, and enough for the policy's limits."""


def eventually(claim: Callable[[], object], what: str, seconds: float = 30) -> None:
    """Wait until the claim holds."""
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.01)


def environ_of(process_id: int) -> dict[str, str]:
    """What a process was started with; empty when it is gone."""
    try:
        raw = Path(f"/proc/{process_id}/environ").read_bytes()
    except OSError:
        return {}
    pairs = (entry.partition("=") for entry in raw.decode(errors="replace").split("\0"))
    return {name: value for name, _, value in pairs if name}


def parent_of(process_id: int) -> int:
    """The process that forked it; 0 when it is gone."""
    try:
        stat = Path(f"/proc/{process_id}/stat").read_text()
    except OSError:
        return 0
    state, parent = stat.rpartition(")")[2].split()[:2]
    return 0 if state == "Z" else int(parent)


def marked(mark: str) -> list[int]:
    """Every living process of one gate, whoever its parent is now."""
    candidates = (int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit())
    return sorted(
        each for each in candidates if environ_of(each).get(MARK) == mark and parent_of(each)
    )


@dataclass(frozen=True)
class Ended:
    """What a gate left behind: its exit code, its words, its folder."""

    code: int
    out: str
    err: str
    folder: Path
    seconds: float

    @property
    def run_file(self) -> dict[str, Any]:
        """run.json; empty where no folder was made."""
        return self._read("run.json")

    @property
    def report(self) -> dict[str, Any]:
        """report.json; empty where there is none."""
        return self._read("report.json")

    @property
    def answer(self) -> tuple[int, str, str]:
        """Exit code, the run's outcome, and the verdict; `none` where nothing was written."""
        outcome = str(self.run_file.get("outcome", "none"))
        return self.code, outcome, str(self.report.get("verdict", "none"))

    @property
    def run(self) -> Run:
        """The run as every later stage reads it."""
        return read_run(self.folder)

    @property
    def open_checks(self) -> dict[str, str]:
        """Reason by name of each check that did not pass."""
        return {
            check["name"]: check["reason"]
            for check in self.report["checks"]
            if check["state"] != "pass"
        }

    def records(self, role: str = CANARY) -> int:
        """How many requests of a role were recorded."""
        return len(self.run.records[role])

    def outcomes(self, role: str = CANARY) -> dict[Outcome, int]:
        """How the recorded requests of a role ended."""
        found = Counter(self.run.records[role].outcome.tolist())
        return {OUTCOMES[index]: number for index, number in found.items()}

    def _read(self, name: str) -> dict[str, Any]:
        path = self.folder / name
        return dict(json.loads(path.read_text())) if path.exists() else {}


@dataclass
class RunningGate:
    """A gate under way."""

    process: "subprocess.Popen[bytes]"
    mark: str
    folder: Path
    talk: Path
    began: float = field(default_factory=time.monotonic)

    def wait_for_signals(self) -> None:
        """Until it has taken over SIGTERM: the first moment at which it can answer to one."""

        def catches_sigterm() -> bool:
            status = Path(f"/proc/{self.process.pid}/status").read_text()
            caught = re.search(r"^SigCgt:\s*([0-9a-f]+)", status, re.MULTILINE)
            return bool(caught and int(caught[1], 16) >> (signal.SIGTERM - 1) & 1)

        eventually(catches_sigterm, "the gate takes over SIGTERM")

    def wait_for_locust(self) -> None:
        """Until every role's Locust has been started."""
        eventually(lambda: self.locusts(CANARY), "Locust is started")

    def wait_for_requests(self, number: int = 100, role: str = CANARY) -> None:
        """Until the load is in full flow."""
        self.until(lambda: self._recorded(role) >= number, f"{number} requests are recorded")

    def wait_for_stopping(self, role: str = CANARY) -> None:
        """Until a role's run time is over and requests under way are still being waited for."""
        self.until(lambda: self._status(role).get("counts", {}).get("end"), "the load is stopping")

    def run_seconds(self, role: str = CANARY) -> float:
        """Since the first user of a role began."""
        start = self._status(role).get("counts", {}).get("start")
        return time.time() - start if start else 0.0

    def until(self, claim: Callable[[], object], what: str) -> None:
        """Wait for something to happen while the gate runs."""
        eventually(lambda: self.process.poll() is not None or claim(), what)
        assert self.process.poll() is None, f"the gate ended before: {what}\n{self._said('err')}"

    def locusts(self, role: str) -> list[int]:
        """The processes of one role's Locust: itself, or the master and then its workers."""
        found = [
            each
            for each in marked(self.mark)
            if f'"role": "{role}"' in environ_of(each).get("CANARYGATE_RECORDER", "")
        ]
        return sorted(found, key=lambda each: (parent_of(each) != self.process.pid, each))

    def signal(self, number: int) -> None:
        """To the gate's own process, as Kubernetes does it."""
        self.process.send_signal(number)

    def end(self, seconds: float = 60) -> Ended:
        """Wait for its end; none of its processes may outlive it."""
        code = self.process.wait(seconds)
        took = time.monotonic() - self.began
        self.assert_nothing_is_left()
        return Ended(code, self._said("out"), self._said("err"), self.folder, took)

    def assert_nothing_is_left(self, seconds: float = 2) -> None:
        """The kernel needs a moment to end a chain of orphans."""
        deadline = time.monotonic() + seconds
        while marked(self.mark) and time.monotonic() < deadline:
            time.sleep(0.02)
        left = {each: Path(f"/proc/{each}/cmdline").read_bytes() for each in marked(self.mark)}

        assert {} == left

    def _said(self, stream: str) -> str:
        return self.talk.with_suffix(f".{stream}").read_text(errors="replace")

    def _recorded(self, role: str) -> int:
        path = self.folder / f"{role}_requests.csv"
        return path.read_bytes().count(b"\n") - 1 if path.exists() else 0

    def _status(self, role: str) -> dict[str, Any]:
        with suppress(FileNotFoundError):
            return dict(json.loads((self.folder / f".work-{role}" / "status.json").read_text()))
        return {}


@dataclass
class Gates:
    """Starts gates as their users do."""

    folder: Path
    started: list[RunningGate] = field(default_factory=list)

    def start(
        self,
        canary: str | None,
        stable: str | None = None,
        *more: str,
        environ: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        command: str = "gate",
        terminal: int | None = None,
        **options: str,
    ) -> RunningGate:
        """`canarygate gate …` in a process of its own; options are named as their flags are.

        Unless told otherwise it lasts as long as planned, and judges by limits only. With a
        `terminal`, the talk goes there.
        """
        mark = uuid.uuid4().hex
        run_id = f"t-{mark[:12]}"
        hosts = {"target_host": canary, "stable_host": stable}
        given = {name: url for name, url in hosts.items() if url is not None}
        policy = self.folder / "limits_only.toml"
        policy.write_text(LIMITS_ONLY)
        own = {"results_dir": str(self.folder / "results"), "run_id": run_id, "policy": str(policy)}
        given |= ENOUGH | own | options
        if command == "gate":
            given = {"min_run_time": given["run_time"]} | given
        flags = [
            part for name, value in given.items() for part in (f"--{name.replace('_', '-')}", value)
        ]
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        variables = {"PATH": os.environ["PATH"], "HOME": str(home), MARK: mark, **(environ or {})}
        talk = self.folder / run_id
        with talk.with_suffix(".out").open("wb") as out, talk.with_suffix(".err").open("wb") as err:
            process = subprocess.Popen(
                [sys.executable, "-m", "canarygate", command, *flags, *more],
                env=variables,
                cwd=cwd or self.folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err if terminal is None else terminal,
            )
        gate = RunningGate(process, mark, self.folder / "results" / run_id, talk)
        self.started.append(gate)
        return gate

    def run(
        self,
        canary: str | None,
        stable: str | None = None,
        *more: str,
        environ: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        **options: str,
    ) -> Ended:
        """The same, from start to end."""
        return self.start(
            canary, stable, *more, environ=environ, cwd=cwd, terminal=None, **options
        ).end()

    def flow(self, text: str) -> str:
        """A locustfile of a case's own, as `locust_file`."""
        path = self.folder / f"flow_{len(list(self.folder.glob('flow_*.py')))}.py"
        path.write_text(
            "import os, random, signal, sys, time\n"
            "import gevent\n"
            "from locust import FastHttpUser, HttpUser, LoadTestShape, between, constant, events, task\n"
            "from locust.exception import StopUser\n\n" + text
        )
        return str(path)


@pytest.fixture
def gates(tmp_path: Path) -> Iterator[Gates]:
    """Starts gates, and ends what a failed test left of them."""
    gates = Gates(tmp_path)
    yield gates
    for gate in gates.started:
        for each in marked(gate.mark):
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        gate.process.wait()


@dataclass(frozen=True)
class Shop:
    """A demo shop in a process of its own."""

    url: str

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rpartition(":")[2])

    @property
    def started(self) -> int:
        """Requests that reached it, however they ended; probes and metrics are not among them."""
        return self.total("http_requests_started_total")

    @property
    def failed(self) -> int:
        """Requests that it answered with an error status, or not at all."""
        return self.total("http_errors_total") + self.total("shop_requests_aborted_total")

    def total(self, name: str, labels: str = "") -> int:
        """A counter, summed over its labels (those that hold the text `labels`)."""
        text = requests.get(f"{self.url}/metrics", timeout=5).text
        samples = (line.rpartition(" ") for line in text.splitlines() if line[:1] != "#")
        return int(
            sum(
                float(value)
                for series, _, value in samples
                if series.partition("{")[0] == name and labels in series
            )
        )


StartShop = Callable[..., Shop]


@pytest.fixture(scope="session")
def shop_starter() -> Iterator[StartShop]:
    """Starts shops; they end with the session, which costs less than ending each."""
    processes: list[subprocess.Popen[str]] = []

    def start(faults: str = "", version: str = "v2", bind: str = "127.0.0.1") -> Shop:
        command = [sys.executable, "-m", "canarygate", "serve", "shop", "--port", "0"]
        command += ["--faults", faults, "--version-label", version, "--bind", bind]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on "), line
        return Shop(line.removeprefix("listening on ").strip().replace("0.0.0.0", "127.0.0.1"))

    yield start
    for process in processes:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture
def shop(shop_starter: StartShop) -> StartShop:
    """A shop of the test's own: `shop("error=503:12%")`."""
    return shop_starter


@pytest.fixture(scope="session")
def canary(shop_starter: StartShop) -> Shop:
    """A healthy canary that tests share."""
    return shop_starter("", "v2")


@pytest.fixture(scope="session")
def stable(shop_starter: StartShop) -> Shop:
    """A healthy stable version that tests share."""
    return shop_starter("", "v1")


@pytest.fixture
def refusing() -> Iterator[str]:
    """A host that refuses every connection: the port is taken, and nobody listens on it."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


@pytest.fixture
def silent() -> Iterator[str]:
    """A host that accepts connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(1000)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def trickling() -> Iterator[str]:
    """A host whose answers come a byte every 0.3 s: no single read ever takes long."""
    over = threading.Event()

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while not over.wait(0.3):
                connection.sendall(b"x")

    def listen(listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(listening.accept()[0],), daemon=True).start()

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(1000)
        threading.Thread(target=listen, args=(listening,), daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        over.set()
        listening.shutdown(socket.SHUT_RDWR)


@dataclass
class Gateway:
    """A real Pushgateway."""

    process: "subprocess.Popen[bytes]"
    url: str

    def series(self, service: str) -> dict[str, float]:
        """What a query about a service finds: value by series, without the gateway's own labels."""
        text = requests.get(f"{self.url}/metrics", timeout=5).text
        samples = (line.rpartition(" ") for line in text.splitlines() if line[:1] != "#")
        return {
            re.sub(f'(instance=""|job="canarygate"|service="{service}"),?', "", name): float(value)
            for name, _, value in samples
            if f'service="{service}"' in name and not name.startswith("push_")
        }

    def verdict(self, service: str) -> str:
        """The verdict that was pushed; `none` when there is no such series."""
        set_to_one = [
            name
            for name, value in self.series(service).items()
            if name.startswith("canarygate_verdict{") and value == 1
        ]
        found = [re.findall('verdict="([a-z]+)"', name)[0] for name in set_to_one]
        return ",".join(found) or "none"

    def requests(self, service: str) -> dict[str, float]:
        """Pushed number of requests by role."""
        series = self.series(service)
        return {
            role: value
            for role in ROLES
            for name, value in series.items()
            if name.startswith("canarygate_run_requests{") and f'role="{role}"' in name
        }

    def kill(self) -> None:
        """It dies."""
        self.process.kill()
        self.process.wait()


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def start_gateway(tmp_path: Path) -> Iterator[Callable[[], Gateway]]:
    """Starts real Pushgateways, and ends them after the test."""
    started: list[Gateway] = []

    def start() -> Gateway:
        port = free_port()
        with (tmp_path / f"pushgateway_{port}.log").open("wb") as log:
            process = subprocess.Popen(
                # Debian's build keeps a file by default, and a second one would begin with it.
                [
                    "pushgateway",
                    f"--web.listen-address=127.0.0.1:{port}",
                    "--persistence.file=",
                ],
                cwd=tmp_path,
                stdout=log,
                stderr=log,
            )
        gateway = Gateway(process, f"http://127.0.0.1:{port}")
        started.append(gateway)

        def answers() -> bool:
            with suppress(requests.ConnectionError):
                return requests.get(f"{gateway.url}/-/ready", timeout=5).ok
            return False

        eventually(answers, "the Pushgateway is ready")
        return gateway

    yield start
    for gateway in started:
        gateway.kill()


@pytest.fixture
def gateway(start_gateway: Callable[[], Gateway]) -> Gateway:
    """A Pushgateway of the test's own."""
    return start_gateway()
