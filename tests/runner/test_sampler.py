"""Sampling beside a load: sources that misbehave are told of, and never hold anybody up."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from canarygate.memory import MemorySamples, memory_path, read_memory
from canarygate.runner.fetch import Fetcher, Unreadable
from canarygate.runner.sampler import Sampler, sampling
from canarygate.settings import MemorySettings

INTERVAL = 0.3
LIMIT = 64 << 20
Act = Callable[[socket.socket, threading.Event], None]
BODY = b"process_resident_memory_bytes 5e6\nprocess_start_time_seconds 1.79e9\n"


def says(body: bytes, status: str = "200 OK", *headers: str) -> Act:
    head = "".join(f"{each}\r\n" for each in (f"HTTP/1.1 {status}", "Connection: close", *headers))

    def act(connection: socket.socket, _over: threading.Event) -> None:
        connection.sendall(head.encode() + b"\r\n" + body)

    return act


def hangs(_connection: socket.socket, over: threading.Event) -> None:
    over.wait(20)


def drips(connection: socket.socket, over: threading.Event) -> None:
    """Each byte is well inside of any time-out of a socket."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not over.wait(0.02):
        connection.sendall(b"x")


def drips_a_body(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while not over.wait(0.02):
        connection.sendall(b"#")


def floods(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while not over.is_set():
        connection.sendall(b"#" * 65536)


def leaves(connection: socket.socket, _over: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")


class Server:
    """Does one thing for everybody who asks."""

    def __init__(self, act: Act) -> None:
        self._act = act
        self.over = threading.Event()
        self.heads: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/metrics"
        self._threads = [threading.Thread(target=self._listen, daemon=True)]
        self._threads[0].start()

    def _listen(self) -> None:
        while not self.over.is_set():
            with contextlib.suppress(OSError):
                connection, _ = self._listener.accept()
                thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            head = connection.recv(65536)
            if head:
                self.heads.append(head)
                self._act(connection, self.over)

    def close(self) -> None:
        """Leave no thread behind."""
        self.over.set()
        with contextlib.suppress(OSError):
            socket.create_connection(self._listener.getsockname(), 1).close()
        for thread in list(self._threads):
            thread.join(2)
        self._listener.close()


@pytest.fixture
def serve() -> Iterator[Callable[[Act], Server]]:
    servers: list[Server] = []

    def make(act: Act) -> Server:
        servers.append(Server(act))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


def sampled(folder: Path, urls: dict[str, str], seconds: float) -> dict[str, MemorySamples]:
    settings = MemorySettings(metrics_urls=urls, limit_bytes=LIMIT)
    sampler = Sampler(settings, folder, interval=INTERVAL)
    sampler.start()
    time.sleep(seconds)
    before = time.monotonic()
    sampler.stop()

    assert time.monotonic() - before < 1
    return dict(read_memory(folder))


def test_each_role_is_sampled_from_the_start_to_the_end(
    serve: Callable[[Act], Server], tmp_path: Path
) -> None:
    began = time.time()
    found = sampled(
        tmp_path, {"canary": serve(says(BODY)).url, "stable": serve(says(BODY)).url}, 1.1
    )

    assert {"canary": 4, "stable": 4} == {role: len(each) for role, each in found.items()}
    canary = found["canary"]
    ages = canary.time - began
    assert ages[0] < 0.2
    assert [0.36, 0.66, 0.96] == pytest.approx(ages[1:].tolist(), abs=0.15)
    assert ([5e6] * 4, [LIMIT] * 4, [1.79e9] * 4, ("",) * 4) == (
        canary.bytes.tolist(),
        canary.limit_bytes.tolist(),
        canary.process_start.tolist(),
        canary.error,
    )


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (hangs, "no answer in time"),
        (drips, "no answer in time"),
        (drips_a_body, "no answer in time"),
        (floods, "the answer is longer than 8 MiB"),
        (leaves, "the answer was cut short"),
        (says(b"nothing here", "404 Not Found"), "answered 404 Not Found"),
        (says(b"", "302 Found", "Location: http://127.0.0.1:1/"), "answered 302 Found"),
        (says(b'{"error": "bad\nquery"}', "400 No", "Content-Type: application/json"), "bad query"),
        (says(b"<html>login</html>"), "there is no process_resident_memory_bytes"),
        (says(b"\xff\xfe"), "there is no process_resident_memory_bytes"),
    ],
)
def test_a_source_that_misbehaves_is_told_of_and_holds_up_nobody(
    serve: Callable[[Act], Server], tmp_path: Path, act: Act, reason: str
) -> None:
    found = sampled(tmp_path, {"canary": serve(act).url, "stable": serve(says(BODY)).url}, 0.55)

    assert [5e6] * 2 == found["stable"].bytes.tolist()
    assert len(found["canary"]) >= 1
    assert all(reason in error for error in found["canary"].error), found["canary"].error


def test_nobody_there_is_an_error_and_so_is_a_name_that_nobody_has(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    found = sampled(tmp_path, {"canary": f"http://127.0.0.1:{port}/metrics"}, 0.1)

    assert ("connection refused",) == found["canary"].error


def test_a_source_that_hangs_is_never_asked_twice_at_once(serve: Callable[[Act], Server]) -> None:
    """A name server that hangs cannot be interrupted; its threads shall not pile up."""
    server, fetcher = serve(hangs), Fetcher()
    with pytest.raises(Unreadable, match="in time"):
        fetcher.get(server.url, deadline=time.monotonic() + 0.1, given_up=lambda: False)
    before = threading.active_count()
    for _ in range(5):
        with contextlib.suppress(Unreadable):
            fetcher.get(server.url, deadline=time.monotonic() + 0.05, given_up=lambda: False)

    assert threading.active_count() <= before + 5, "one of ours, and what the server has"


def test_stopping_does_not_wait_for_an_answer(
    serve: Callable[[Act], Server], tmp_path: Path
) -> None:
    settings = MemorySettings(metrics_urls={"canary": serve(hangs).url}, limit_bytes=LIMIT)
    began = time.monotonic()
    with sampling(settings, tmp_path):
        time.sleep(0.2)

    assert time.monotonic() - began < 1
    assert {} == read_memory(tmp_path), "what was not answered by the end is no sample"


def test_credentials_in_the_url_are_sent_and_never_written(
    serve: Callable[[Act], Server], tmp_path: Path
) -> None:
    server = serve(says(b"", "401 Unauthorized"))
    found = sampled(tmp_path, {"canary": server.url.replace("//", "//ann:s%2Fcret@")}, 0.15)

    assert ("answered 401 Unauthorized",) == found["canary"].error
    assert b"Authorization: Basic YW5uOnMvY3JldA==" in server.heads[0]
    assert "cret" not in memory_path(tmp_path).read_text()


def test_a_folder_that_cannot_be_written_to_ends_the_sampling_and_nothing_else(
    serve: Callable[[Act], Server], tmp_path: Path
) -> None:
    memory_path(tmp_path).mkdir()
    settings = MemorySettings(metrics_urls={"canary": serve(says(BODY)).url}, limit_bytes=LIMIT)
    with sampling(settings, tmp_path):
        pass


def test_memory_that_nobody_asked_for_leaves_no_file(tmp_path: Path) -> None:
    with sampling(None, tmp_path):
        pass

    assert not memory_path(tmp_path).exists()


def test_a_sampler_may_be_stopped_twice_and_before_it_began(tmp_path: Path) -> None:
    sampler = Sampler(MemorySettings(), tmp_path)
    sampler.stop()
    sampler.stop()

    assert {} == read_memory(tmp_path)
