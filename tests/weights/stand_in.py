"""A server in Prometheus' place that says what a test wants, lies and all."""

import contextlib
import json
import re
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from canarygate.weights.queries import Measure

Send = Callable[[bytes], None]
Act = Callable[[str, Send], None]
"""Given a query, sends bytes."""

HEALTHY: Mapping[Measure, str] = {
    Measure.REQUESTS: "1000",
    Measure.ERRORS: "0",
    Measure.LATENCY: "0.1",
    Measure.BEYOND: "0",
    Measure.AGE: "1.5",
    Measure.RESETS: "0",
}


def measure_of(query: str) -> Measure | None:
    """Which of our queries it is; None for any other."""
    if "histogram_quantile" in query:
        return Measure.LATENCY
    for mark, measure in (
        ("resets(", Measure.RESETS),
        ("timestamp(", Measure.AGE),
        ("1 - max", Measure.BEYOND),
        ("0 * sum", Measure.ERRORS),
        ("increase(", Measure.REQUESTS),  # the last: others hold it too
    ):
        if mark in query:
            return measure
    return None


def role_of(query: str) -> str:
    """By its version: v1 is stable."""
    return "stable" if 'version="v1"' in query else "canary"


def vector(*values: str, at: float | None = None, **more: Any) -> dict[str, Any]:
    """An answer of the query API."""
    result = [{"metric": {}, "value": [time.time() if at is None else at, each]} for each in values]
    return {"status": "success", "data": {"resultType": "vector", "result": result}, **more}


def http(body: bytes | str | Mapping[str, Any], status: str = "200 OK", head: str = "") -> bytes:
    """A whole HTTP answer."""
    if isinstance(body, Mapping):
        body = json.dumps(body)
    if isinstance(body, str):
        body = body.encode()
    return (
        f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{head}\r\n"
    ).encode() + body


def healthy(**changes: str | None) -> Act:
    """Answers every query; `canary_latency="0.2"` changes one, None empties it."""

    def act(query: str, send: Send) -> None:
        measure = measure_of(query)
        value: str | None = "1" if measure is None else HEALTHY[measure]
        value = changes.get(f"{role_of(query)}_{measure}", value)
        send(http(vector() if value is None else vector(value)))

    return act


def only(measure: Measure, role: str, raw: bytes) -> Act:
    """Healthy but for one query, which gets these bytes."""
    well = healthy()

    def act(query: str, send: Send) -> None:
        if (measure_of(query), role_of(query)) == (measure, role):
            send(raw)
        else:
            well(query, send)

    return act


def always(raw: bytes) -> Act:
    """The same to everybody."""
    return lambda _query, send: send(raw)


def slowly(seconds: float, act: Act | None = None) -> Act:
    """After a while."""

    def late(query: str, send: Send) -> None:
        time.sleep(seconds)
        (act or healthy())(query, send)

    return late


def dripping(head: bool = False) -> Act:
    """A byte now and then, for ever: no single read takes long."""

    def act(_query: str, send: Send) -> None:
        send(b"HTTP/1.1 200 OK\r\n" + (b"" if head else b"Content-Length: 100000\r\n\r\n"))
        with contextlib.suppress(OSError):
            while True:
                send(b"x")
                time.sleep(0.05)

    return act


@dataclass
class StandIn:
    """What it does, and what it was asked."""

    act: Act = field(default_factory=healthy)
    queries: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def asked(self) -> int:
        """How many of our questions came; trivial ones are not among them."""
        return sum(measure_of(each) is not None for each in self.queries)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128
    stand_in: StandIn


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        connection: socket.socket = self.request
        head = b""
        with contextlib.suppress(OSError):
            while b"\r\n\r\n" not in head:
                data = connection.recv(65536)
                if not data:
                    return
                head += data
            target = re.match(rb"GET (\S+)", head)
            assert target
            [query] = parse_qs(urlsplit(target[1].decode()).query)["query"]
            self.server.stand_in.heads.append(head.decode())
            self.server.stand_in.queries.append(query)
            self.server.stand_in.act(query, connection.sendall)


@contextlib.contextmanager
def standing_in() -> Iterator[StandIn]:
    """Runs one."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.stand_in = StandIn(port=server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server.stand_in
        finally:
            server.shutdown()
            thread.join()
