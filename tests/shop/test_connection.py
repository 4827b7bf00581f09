"""The server without sockets: bytes in, bytes out, and what the series say about it."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canarygate.shop.app import ShopServer, ShopSettings
from canarygate.shop.connection import Connection
from canarygate.shop.faults import parse_faults

GET = b"GET /api/products/42 HTTP/1.1\r\n\r\n"


class _Wire(asyncio.Transport):
    """A transport that keeps what is written, and can be slow in taking it."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.stuck = 0
        self.protocol: Connection | None = None
        self._is_closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += bytes(data)

    def get_write_buffer_size(self) -> int:
        return self.stuck

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        assert (0, None) == (high, low)

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        self.abort()

    def abort(self) -> None:
        if not self._is_closing:
            self._is_closing = True
            assert self.protocol is not None
            self.protocol.connection_lost(None)


@dataclass
class Client:
    """A connection to a shop in this process."""

    server: ShopServer
    wire: _Wire = field(default_factory=_Wire)

    def __post_init__(self) -> None:
        self.connection = self.wire.protocol = Connection(self.server)
        self.connection.connection_made(self.wire)

    def send(self, data: bytes) -> list[int]:
        """The statuses that came back at once."""
        before = len(self.wire.sent)
        self.connection.data_received(data)
        return statuses(self.wire.sent[before:])


def a_server(faults: str = "") -> ShopServer:
    return ShopServer(ShopSettings(faults=parse_faults(faults)), freeze=time.sleep)


def statuses(sent: bytes) -> list[int]:
    return [int(part[:3]) for part in sent.split(b"HTTP/1.1 ")[1:]]


def counts(server: ShopServer) -> dict[str, float]:
    """Sum of each counter of requests over its labels; counters at zero are left out."""
    sums: dict[str, float] = {}
    for family in server.meter.registry.collect():
        for sample in family.samples:
            if sample.name.endswith("_total") and "requests" in sample.name and sample.value:
                sums[sample.name] = sums.get(sample.name, 0) + sample.value
    return sums


def value(server: ShopServer, name: str, labels: Mapping[str, str]) -> float | None:
    return server.meter.registry.get_sample_value(name, dict(labels))


def test_a_request_is_answered_and_counted_under_all_its_labels() -> None:
    server = a_server()
    answered = Client(server).send(b"GET /api/products/42 HTTP/1.1\r\nx-LOAD-test: a/1\r\n\r\n")
    labels = {
        "method": "GET",
        "route": "/api/products/:id",
        "version": "v1",
        "traffic": "synthetic",
    }
    completed = {**labels, "status_code": "200"}

    assert [200] == answered
    assert 1 == value(server, "http_requests_started_total", labels)
    assert 1 == value(server, "http_requests_total", completed)
    assert 1 == value(server, "http_request_duration_seconds_count", completed)
    assert value(server, "http_errors_total", completed) is None


def test_an_error_is_counted_among_the_errors_too() -> None:
    server = a_server()
    labels = {
        "method": "other",
        "route": "other",
        "status_code": "404",
        "version": "v1",
        "traffic": "user",
    }
    answered = Client(server).send(b"BREW /pot/1 HTTP/1.1\r\n\r\n")

    assert [404] == answered
    assert 1 == value(server, "http_errors_total", labels)
    assert 1 == value(server, "http_requests_total", labels)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_what_the_platform_asks_is_not_counted_and_has_no_faults(path: str) -> None:
    server = a_server("drop=100%")
    answered = Client(server).send(f"GET {path}?x=1 HTTP/1.1\r\n\r\n".encode())

    assert [200] == answered
    assert {} == counts(server)


@given(st.integers(0, 4), st.data())
def test_requests_are_answered_however_the_network_cuts_them(
    number: int, data: st.DataObject
) -> None:
    body = b'{"productId": 1}'
    post = (
        b"POST /api/cart/items HTTP/1.1\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    )
    stream = (GET + post) * number
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    client = Client(a_server())
    answered = [
        status
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)
        for status in client.send(stream[start:end])
    ]

    assert [200, 201] * number == answered


def test_a_thousand_pipelined_requests_are_answered_in_one_go() -> None:
    """Each answer begins the next request; by recursion that would overflow the stack."""
    server = a_server()

    assert [200] * 1_000 == Client(server).send(GET * 1_000)
    assert 1_000 == counts(server)["http_requests_total"]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nx: " + b"y" * 20_000, 431),
        (b"GET / HTTP/1.1\r\nx: " + b"y" * 20_000 + b"\r\n\r\n", 431),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999\r\n\r\n", 413),
    ],
)
def test_what_is_no_request_is_refused_counted_and_ends_the_connection(
    data: bytes, status: int
) -> None:
    server = a_server()
    client = Client(server)

    assert [status] == client.send(data)
    assert client.wire.is_closing()
    assert {"http_requests_started_total": 1, "http_requests_total": 1} == counts(server)


def test_a_client_that_waits_to_be_told_gets_a_continue() -> None:
    client = Client(a_server())
    head = b"POST /api/checkout HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"

    assert [100] == client.send(head)
    assert [415] == client.send(b"{}")


def test_a_large_answer_counts_when_its_last_byte_is_in_the_socket() -> None:
    server = a_server()
    client = Client(server)
    client.wire.stuck = 1_000
    client.send(GET + GET)
    waiting = counts(server)
    client.wire.stuck = 0
    client.connection.resume_writing()

    assert {"http_requests_started_total": 1} == waiting
    assert {"http_requests_started_total": 2, "http_requests_total": 2} == counts(server)


def test_an_answer_that_its_client_did_not_wait_for_is_aborted() -> None:
    server = a_server()
    client = Client(server)
    client.wire.stuck = 1_000
    client.send(GET)
    client.wire.abort()
    aborted = {"route": "/api/products/:id", "fault": "client"}

    assert 1 == value(server, "shop_requests_aborted_total", aborted)
    assert {"http_requests_started_total": 1, "shop_requests_aborted_total": 1} == counts(server)


@pytest.mark.parametrize(("fault", "is_closed"), [("drop", True), ("hang", False)])
def test_a_request_without_an_answer_has_a_counter_of_its_own(fault: str, is_closed: bool) -> None:
    server = a_server(f"{fault}=100%")
    client = Client(server)
    answered = client.send(GET)
    closed = client.wire.is_closing()
    client.wire.abort()
    aborted = {"route": "/api/products/:id", "fault": fault}

    assert [] == answered
    assert is_closed is closed
    assert 1 == value(server, "shop_requests_aborted_total", aborted)
    assert {"http_requests_started_total": 1, "shop_requests_aborted_total": 1} == counts(server)


def test_an_injected_error_is_answered_instead_of_the_truth() -> None:
    assert [503] == Client(a_server("error=503")).send(GET)


def test_a_leak_is_held_and_told() -> None:
    server = a_server("leak=10KB")
    Client(server).send(GET * 3)
    client = Client(server)
    client.send(b"GET /metrics HTTP/1.1\r\n\r\n")

    assert 30_000 == server.memory.total_bytes
    assert b"shop_leaked_bytes 30000.0\n" in client.wire.sent


def test_a_bug_is_an_error_in_json_and_its_traceback_stays_at_home(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = a_server()
    server.answer = Mock(side_effect=ZeroDivisionError)  # type: ignore[method-assign]
    client = Client(server)

    assert [500] == client.send(GET)
    assert client.wire.sent.endswith(b'{"error": "the shop made a mistake"}')
    assert ["a request for /api/products/:id could not be answered"] == caplog.messages


def test_a_shop_that_is_stopping_is_not_ready_and_keeps_no_connection() -> None:
    server = a_server()
    server.is_draining = True
    client = Client(server)

    assert [503] == client.send(b"GET /readyz HTTP/1.1\r\n\r\n")
    assert client.wire.is_closing()


def test_a_shop_is_not_ready_until_it_is_told_to_be() -> None:
    assert [503] == Client(a_server("unready=1m")).send(b"GET /readyz HTTP/1.1\r\n\r\n")
    assert [200] == Client(a_server("unready=1m")).send(b"GET /healthz HTTP/1.1\r\n\r\n")
