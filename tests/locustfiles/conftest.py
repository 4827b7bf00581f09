"""A stand-in shop that writes down who asked for what, and real Locust processes that ask it."""

import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from urllib.parse import parse_qs, urlsplit

import pytest

FLOWS = Path(__file__).parents[2] / "locustfiles"
PROBE = Path(__file__).with_name("probe.py")


def _make_importable(name: str) -> None:
    """The pure helpers of the flows, as Locust finds them; the folder itself stays off the path."""
    spec = importlib.util.spec_from_file_location(name, FLOWS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])


_make_importable("_data")
_make_importable("_answers")


@dataclass(frozen=True)
class Asked:
    """One request as the stand-in saw it, without what a server may answer as it likes."""

    method: str
    path: str
    body: str
    paused: float


@dataclass(frozen=True)
class Answer:
    """What the stand-in answers."""

    status: int
    body: bytes
    encoding: str = "identity"


def right_answer(target: str, body: bytes) -> Answer:
    """What a shop in good health answers."""
    url = urlsplit(target)
    last = url.path.rpartition("/")[2]
    said = json.loads(body or b"{}")
    if url.path == "/api/products":
        found: dict[str, object] = {"products": [], "query": parse_qs(url.query)["q"][0]}
    elif url.path == "/api/cart/items":
        found = {"items": [said]}
    elif url.path == "/api/checkout":
        found = {"orderId": os.urandom(8).hex()}
    elif url.path.startswith("/api/orders/"):
        found = {"orderId": last, "status": "confirmed"}
    else:
        found = {"id": int(last), "name": "a thing"}
    return Answer(201 if url.path == "/api/checkout" else 200, json.dumps(found).encode())


@dataclass
class StandIn:
    """A shop on loopback that remembers; `answer` and `delay` may be changed at any time."""

    url: str = ""
    answer: Callable[[str, bytes], Answer] = right_answer
    delay: Callable[[], float] = lambda: 0.0
    asked: dict[str, dict[int, list[Asked]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    """By user, then by that user's iteration."""
    cookies: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The sessions that each user has shown."""

    def sequence(self, user: str) -> list[Asked]:
        """All that one user asked for, in order."""
        return [asked for _, visit in sorted(self.asked[user].items()) for asked in visit]


def _handler(shop: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self._remember(body)
            time.sleep(shop.delay())
            answer = shop.answer(self.path, body)
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(answer.body)))
            self.send_header("Content-Encoding", answer.encoding)
            if "Cookie" not in self.headers:
                self.send_header("Set-Cookie", f"session={os.urandom(8).hex()}; Path=/; HttpOnly")
            self.end_headers()
            self.wfile.write(answer.body)

        do_POST = do_GET  # noqa: N815

        def _remember(self, body: bytes) -> None:
            told = json.loads(self.headers.get("X-Probe", '{"identity": "", "iteration": 0}'))
            path = re.sub("(?<=/orders/).*", ":id", self.path)  # the shop's to choose
            asked = Asked(self.command, path, body.decode(), told.get("paused", 0.0))
            shop.asked[told["identity"]][told["iteration"]].append(asked)
            if "Cookie" in self.headers:
                shop.cookies[told["identity"]].add(self.headers["Cookie"])

        def log_message(self, *_: object) -> None: ...

    return Handler


@contextmanager
def stand_in() -> Iterator[StandIn]:
    """A stand-in shop while the block lasts."""
    shop = StandIn()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(shop))
    server.daemon_threads = True
    shop.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield shop
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(frozen=True)
class Run:
    """What is left of a Locust run."""

    returncode: int
    log: str
    errors: Mapping[str, set[str | None]]
    """Per request name, what its requests ended with; None is success."""
    raised: list[str]
    """Exceptions that left a task."""


@dataclass
class Locust:
    """Starts Locust processes with a probe, away from the checkout and in a clean environment."""

    folder: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(
        self,
        *options: str,
        flow: str = "checkout_flow.py",
        seconds: float = 2,
        pace: float = 0.01,
        probe: bool = True,
        **variables: str,
    ) -> Callable[[], Run]:
        """Start a run; what is returned waits for its end."""
        files = f"{PROBE},{FLOWS / flow}" if probe else str(FLOWS / flow)
        records = self.folder / f"run{len(self.started)}"
        records.mkdir()
        command = [sys.executable, "-m", "locust", "-f", files, "--headless", "--only-summary"]
        process = subprocess.Popen(
            [*command, "-t", f"{seconds}s", "--exit-code-on-error", "0", *options],
            cwd=self.folder,
            env=_environment(PROBE_PACE=str(pace), PROBE_FOLDER=str(records), **variables),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return lambda: _finished(process, records)


def _environment(**variables: str) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LOCUST_", "PROBE_", "PYTHON")) and name != "SEED"
    }
    return inherited | variables


def _finished(process: subprocess.Popen[str], records: Path) -> Run:
    _, log = process.communicate(timeout=30)
    errors: defaultdict[str, set[str | None]] = defaultdict(set)
    raised = []
    for file in records.iterdir():
        for line in map(json.loads, file.read_text().splitlines()):
            if "raised" in line:
                raised.append(line["raised"])
            else:
                errors[line["request"]].add(line["error"])
    return Run(process.returncode, log, errors, raised)


@pytest.fixture
def shop() -> Iterator[StandIn]:
    """A stand-in shop."""
    with stand_in() as shop:
        yield shop


@pytest.fixture
def slow_shop() -> Iterator[StandIn]:
    """A second one, 200 to 800 ms slower."""
    with stand_in() as shop:
        shop.delay = lambda: Random().uniform(0.2, 0.8)
        yield shop


@pytest.fixture
def locust(tmp_path: Path) -> Iterator[Locust]:
    """Locust processes that end with the test."""
    locust = Locust(tmp_path)
    yield locust
    for process in locust.started:
        if process.poll() is None:
            process.terminate()  # a killed master would leave its workers behind
        process.communicate(timeout=30)


@pytest.fixture
def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
