"""Sample runs; a real Pushgateway and Prometheus; and servers that misbehave as those never do."""

import contextlib
import json
import os
import shutil
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest
import requests

from canarygate.records import OUTCOMES, RECORD_FIELDS, Outcome, Records, encode_record
from canarygate.results import RoleRun, Run, RunFile, RunOutcome, write_run
from canarygate.settings import PushSettings
from push_metrics.exposition import Group
from push_metrics.labels import label_value

CHECKOUT = Path(__file__).resolve().parent.parent.parent
NOW = 1_795_217_000.0
Seen = tuple[str, str, float, Outcome]
"""Method, name, milliseconds, outcome."""

SEEN: Sequence[Seen] = (
    ("GET", "/products/:id", 10.0, Outcome.OK),
    ("GET", "/products/:id", 20.0, Outcome.OK),
    ("GET", "/products/:id", 30.0, Outcome.HTTP_5XX),
    ("POST", "/checkout", 250.0, Outcome.OK),
    ("POST", "/checkout", 5000.0, Outcome.TIMEOUT),
)


def records_of(seen: Sequence[Seen]) -> Records:
    """Records with these requests, one after the other."""
    endpoints = list(dict.fromkeys((method, name) for method, name, _, _ in seen))
    count = len(seen)
    return Records(
        start=np.full(count, NOW),
        intended_start=np.full(count, NOW),
        end=np.full(count, NOW) + 1,
        user=np.zeros(count, np.int64),
        sequence=np.arange(1, count + 1),
        endpoint=np.asarray([endpoints.index((each[0], each[1])) for each in seen], np.int64),
        duration_ms=np.asarray([each[2] for each in seen], np.float64),
        status=np.full(count, 200),
        outcome=np.asarray([OUTCOMES.index(each[3]) for each in seen], np.int64),
        bytes=np.full(count, 2),
        worker=np.zeros(count, np.int64),
        endpoints=tuple(endpoints),
        users=("Shopper/0",),
    )


def role_run(count: int, **changes: Any) -> RoleRun:
    """A role whose Locust ended well after 10 s."""
    facts: dict[str, Any] = {
        "host": "http://canary:8080",
        "users": 4,
        "users_wanted": 4,
        "started": count + 2,
        "returned": count,
        "recorded": count,
        "exceptions": 1,
        "start": NOW,
        "end": NOW + 10,
        "complete": True,
        "exit_status": 0,
    }
    return RoleRun(**(facts | changes))


class MakeRun(Protocol):
    """Builds a run in memory."""

    def __call__(
        self,
        canary: Sequence[Seen] = SEEN,
        stable: Sequence[Seen] | None = None,
        *,
        role: Mapping[str, Any] = {},
        **file: Any,
    ) -> Run:
        """The run with these requests per role."""
        ...


@pytest.fixture
def a_run() -> MakeRun:
    """A finished run of the service `checkout`, with a stable side if that is given."""

    def make(
        canary: Sequence[Seen] = SEEN,
        stable: Sequence[Seen] | None = None,
        *,
        role: Mapping[str, Any] = {},
        **file: Any,
    ) -> Run:
        seen = {"canary": canary} | ({} if stable is None else {"stable": stable})
        facts: dict[str, Any] = {
            "run_id": "run-1",
            "service": "checkout",
            "outcome": RunOutcome.FINISHED,
            "versions": {"canarygate": "0.1.0", "locust": "2.47.0"},
            "roles": {name: role_run(len(each), **role) for name, each in seen.items()},
        }
        records = {name: records_of(each) for name, each in seen.items()}
        return Run(file=RunFile(**(facts | file)), records=records)

    return make


def write_folder(folder: Path, run: Run, report: Mapping[str, Any] | None = None) -> None:
    """The run as a result folder."""
    folder.mkdir(parents=True)
    write_run(folder, run.file)
    for role, records in run.records.items():
        lines = [encode_record(RECORD_FIELDS)]
        for index in range(len(records)):
            method, name = records.endpoints[records.endpoint[index]]
            row = (
                *(records.start[index], records.intended_start[index], records.end[index]),
                *(records.users[0], int(records.sequence[index]), method, name),
                *(float(records.duration_ms[index]), int(records.status[index])),
                *(OUTCOMES[records.outcome[index]].value, 2, 0),
            )
            lines.append(encode_record(float(x) if isinstance(x, np.float64) else x for x in row))
        (folder / f"{role}_requests.csv").write_text("".join(lines), newline="")
    if report is not None:
        (folder / "report.json").write_text(json.dumps(report))


@pytest.fixture
def a_folder(tmp_path: Path) -> Callable[..., Path]:
    """Writes a run, and a report if there is one, as a result folder."""

    def make(run: Run, report: Mapping[str, Any] | None = None) -> Path:
        folder = tmp_path / "results" / run.file.run_id
        write_folder(folder, run, report)
        return folder

    return make


Series = dict[tuple[str, frozenset[tuple[str, str]]], float]
"""By name and labels."""


@pytest.fixture
def series_of() -> Callable[[Sequence[Group]], Series]:
    """Every series of these groups as a scrape would show it: an empty label is none."""

    def flatten(groups: Sequence[Group]) -> Series:
        return {
            (
                family.metric.name + sample.suffix,
                frozenset(
                    (name, label_value(value))
                    for name, value in {**group.key.mapping, **sample.labels}.items()
                    if value
                ),
            ): float(sample.value)
            for group in groups
            for family in group.families
            for sample in family.samples
        }

    return flatten


# --- real programs ---


def find_program(name: str) -> str:
    """The program on PATH, else where `make tools` puts it; without it the test fails."""
    places = (
        shutil.which(name),
        shutil.which(f"prometheus-{name}"),
        shutil.which(name, path=str(CHECKOUT / ".cache" / "bin")),
    )
    found = next(filter(None, places), None)
    if found is None:
        pytest.fail(f"{name} is neither on PATH nor in .cache/bin; run `make tools`", pytrace=False)
    return found


@pytest.fixture(scope="session")
def promtool() -> str:
    """Where promtool is."""
    return find_program("promtool")


def free_port() -> int:
    """A port on loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def a_free_port() -> int:
    """For a test that starts something there later, or never."""
    return free_port()


@contextlib.contextmanager
def running(command: Sequence[str], ready: str, folder: Path) -> Iterator[None]:
    """A process that is there when it answers, and gone afterwards."""
    log = folder / "log"
    with log.open("w") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, cwd=folder)
    try:
        deadline = time.monotonic() + 30
        while not answers(ready):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"{command[0]} did not start:\n{log.read_text()}")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answers(url: str) -> bool:
    """Whether it says 200, or asks who we are."""
    certificate = str(TLS / "cert.pem")
    try:
        return requests.get(url, timeout=1, verify=certificate).status_code in (200, 401)
    except requests.RequestException:
        return False


@dataclass(frozen=True)
class Gateway:
    """A real Pushgateway."""

    port: int

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.port}"

    def settings(self, **changes: Any) -> PushSettings:
        """Settings that push there."""
        return PushSettings(**{"url": self.url, "timeout_seconds": 5.0, **changes})

    def groups(self) -> list[dict[str, str]]:
        """The labels of every group that it holds."""
        listed = requests.get(f"{self.url}/api/v1/metrics", timeout=5).json()["data"]
        return sorted((group["labels"] for group in listed), key=lambda each: sorted(each.items()))

    def put(self, path: str, body: str) -> None:
        """What somebody else pushes."""
        response = requests.put(f"{self.url}/metrics/{path}", data=body, timeout=5)
        assert 200 == response.status_code, response.text


def start_gateway(
    folder: Path, port: int, *flags: str, scheme: str = "http"
) -> contextlib.AbstractContextManager[None]:
    """A Pushgateway that keeps nothing on disk."""
    # Debian's build keeps a file by default; an empty name turns that off.
    command = [
        find_program("pushgateway"),
        f"--web.listen-address=127.0.0.1:{port}",
        "--persistence.file=",
        *flags,
    ]
    return running(command, f"{scheme}://127.0.0.1:{port}/-/ready", folder)


@pytest.fixture
def pushgateway(tmp_path: Path) -> Iterator[Gateway]:
    """An empty one."""
    gateway = Gateway(free_port())
    with start_gateway(tmp_path, gateway.port, "--web.enable-admin-api"):
        yield gateway


@pytest.fixture
def another_pushgateway(tmp_path: Path) -> Callable[[int], contextlib.AbstractContextManager[None]]:
    """Starts an empty one on the port given, for as long as the test wants."""
    return lambda port: start_gateway(tmp_path, port)


TLS = CHECKOUT / "tests" / "data" / "tls"
PASSWORD = "hunter2"
# bcrypt of the password, with the fewest rounds.
PASSWORD_HASH = "$2b$04$abcdefghijklmnopqrstuuV3duMsC0HpUex6N9qapiuOHHWkwRXVm"


@pytest.fixture
def guarded_pushgateway(tmp_path: Path) -> Iterator[PushSettings]:
    """One that speaks TLS only and asks for a password; settings that it takes."""
    config = tmp_path / "web.yml"
    config.write_text(
        "tls_server_config:\n"
        f"  cert_file: {TLS / 'cert.pem'}\n"
        f"  key_file: {TLS / 'key.pem'}\n"
        "basic_auth_users:\n"
        f"  ann: {PASSWORD_HASH}\n"
    )
    port = free_port()
    with start_gateway(tmp_path, port, f"--web.config.file={config}", scheme="https"):
        yield PushSettings(
            url=f"https://127.0.0.1:{port}",
            timeout_seconds=5.0,
            username="ann",
            password=PASSWORD,
            ca_file=TLS / "cert.pem",
        )


@dataclass(frozen=True)
class Prometheus:
    """A real Prometheus."""

    url: str

    def query(self, text: str) -> Series:
        """What an instant query gives, by name and labels."""
        answer = requests.get(f"{self.url}/api/v1/query", params={"query": text}, timeout=5).json()
        return {
            (
                each["metric"].get("__name__", ""),
                frozenset(item for item in each["metric"].items() if item[0] != "__name__"),
            ): float(each["value"][1])
            for each in answer["data"]["result"]
        }


@pytest.fixture
def prometheus(tmp_path: Path, pushgateway: Gateway) -> Iterator[Prometheus]:
    """One that scrapes the Pushgateway each second."""
    folder = tmp_path / "prometheus"
    folder.mkdir()
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s}\n"
        "scrape_configs:\n"
        "  - job_name: pushgateway\n"
        "    honor_labels: true\n"
        "    static_configs:\n"
        f"      - targets: ['127.0.0.1:{pushgateway.port}']\n"
    )
    port = free_port()
    command = [
        find_program("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with running(command, f"http://127.0.0.1:{port}/-/ready", folder):
        yield Prometheus(f"http://127.0.0.1:{port}")


# --- stand-ins ---

Act = Callable[[socket.socket], None]


@dataclass
class StandIn:
    """A server that does one thing after the other, one per connection, and the last for ever."""

    port: int
    heard: list[bytes] = field(default_factory=list)
    """The head of each request."""

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.port}"

    def settings(self, **changes: Any) -> PushSettings:
        """Settings that push there, with little patience."""
        return PushSettings(**{"url": self.url, "timeout_seconds": 3.0, **changes})


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, acts: Sequence[Act]) -> None:
        self.acts = list(acts)
        self.stand_in = StandIn(0)
        self.over = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)
        self.stand_in.port = self.server_address[1]


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        connection: socket.socket = self.request
        connection.settimeout(0.2)
        head = b""
        while b"\r\n\r\n" not in head:
            try:
                data = connection.recv(65536)
            except OSError:
                return
            if not data:
                return
            head += data
        act = self.server.acts[min(len(self.server.stand_in.heard), len(self.server.acts) - 1)]
        self.server.stand_in.heard.append(head.partition(b"\r\n\r\n")[0])
        with contextlib.suppress(OSError):
            act(connection)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass


MakeStandIn = Callable[..., StandIn]


@pytest.fixture
def a_stand_in() -> Iterator[MakeStandIn]:
    """Starts servers that do what the acts say."""
    servers: list[_Server] = []

    def make(*acts: Act) -> StandIn:
        server = _Server(acts)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return server.stand_in

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def no_environment_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the machine has set must not decide a test."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith(("PUSH", "PRUNE")):
            monkeypatch.delenv(name)
    for name in ("SERVICE", "STAGE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
