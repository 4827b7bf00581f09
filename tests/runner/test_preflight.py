"""Probes of tiny servers that answer in every way but the one hoped for."""

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canarygate.runner import preflight
from canarygate.runner.preflight import Identity, Reading, place, probe_all, same_identity

Talk = Callable[[socket.socket], None]
Serve = Callable[[Talk], str]
FAST_SECONDS = 0.5
HEAD = "HTTP/1.1 200 OK\r\n"


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "TIMEOUT_SECONDS", FAST_SECONDS)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A server that gives each connection to a function; its address as a base URL."""
    listeners: list[socket.socket] = []
    open_ones: list[socket.socket] = []

    def begin(talk: Talk) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    open_ones.append(connection)
                    threading.Thread(target=attend, args=(talk, connection), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    def attend(talk: Talk, connection: socket.socket) -> None:
        with suppress(OSError):
            connection.recv(65536)
            talk(connection)

    yield begin
    for each in listeners:
        each.shutdown(socket.SHUT_RDWR)
    for each in [*listeners, *open_ones]:
        each.close()


def says(text: str, body: bytes = b"") -> Talk:
    """Answers with this head and this body, and closes."""

    def talk(connection: socket.socket) -> None:
        length = f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        connection.sendall((text + length).encode() + body)
        connection.close()

    return talk


def hangs(_: socket.socket) -> None:
    """Takes the request and never says a word."""


def drips(connection: socket.socket) -> None:
    """A letter at a time: no single read ever takes long."""
    for letter in HEAD + "X-Drip: " + "x" * 200:
        connection.sendall(letter.encode())
        time.sleep(0.05)


def probe(host: str) -> Identity:
    return probe_all({"canary": host})["canary"]


def test_a_host_that_tells_who_it_is_is_known_by_that(serve: Serve) -> None:
    body = (
        b"# TYPE process_start_time_seconds gauge\n"
        b"process_start_time_seconds 1.79e+09\n"
        b'process_start_time_seconds{pod="b"} 1790000001.25\n'
        b"other_process_start_time_seconds 5\n"
    )

    found = probe(serve(says(f"{HEAD}X-Version: v2\r\nX-Instance: a1\r\n", body)))

    assert (True, "") == (found.answered, found.error)
    assert {"1.79e+09", "1790000001.25"} == found.start_times
    assert ({"v2"}, {"a1"}) == (set(found.versions), set(found.instances))


@pytest.mark.parametrize(
    "talk",
    [
        says("HTTP/1.1 404 Not Found\r\nX-Version: v2\r\n"),
        says("HTTP/1.1 503 Busy\r\nX-Version: v2\r\n", b"busy"),
        says("HTTP/1.1 302 Found\r\nX-Version: v2\r\nLocation: http://127.0.0.1:1/\r\n"),
        says(f"{HEAD}X-Version: v2\r\nContent-Encoding: gzip\r\n", gzip.compress(b"a" * 9999)),
        says(f"{HEAD}X-Version: v2\r\n", b"a" * (preflight.MOST_BYTES + 9999)),
        says(f"{HEAD}X-Version: v2\r\n", b"\xff\x00" * 99),
        says(f"{HEAD}X-Version: v2\r\n", b"a_total 1.2.3\nb_total e\nc_total 1e-9\n"),
    ],
    ids=["404", "503", "redirect", "gzip", "huge", "binary", "no numbers"],
)
def test_any_answer_is_an_answer(serve: Serve, talk: Talk) -> None:
    """Whether it is a good one is for the load to find out. A redirect is not followed."""
    found = probe(serve(talk))

    assert found.answered
    assert ({"v2"}, set()) == (set(found.versions), set(found.start_times))


def test_a_host_that_refuses_is_told_as_that(free_port: int) -> None:
    assert Identity(error="connection refused") == probe(f"http://127.0.0.1:{free_port}")


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_a_name_that_nobody_knows_is_told_as_that() -> None:
    assert Identity(error="unknown host name") == probe("http://nowhere.invalid")


@pytest.mark.parametrize(
    "talk",
    [
        lambda connection: connection.close(),
        lambda connection: connection.sendall(b"\x00\x01\r\n\r\n"),
        says(f"{HEAD}Content-Encoding: gzip\r\n", b"this is no gzip"),
        says(f"{HEAD}Transfer-Encoding: chunked\r\n", b"what?\r\n"),
    ],
    ids=["closes", "nonsense", "no gzip", "no chunks"],
)
def test_what_is_no_answer_is_an_error_and_never_a_crash(serve: Serve, talk: Talk) -> None:
    """pytest fails on an exception in a thread; so would the gate's terminal look."""
    found = probe(serve(talk))

    assert not found.answered
    assert found.error


@pytest.mark.parametrize("talk", [hangs, drips], ids=["hangs", "drips"])
def test_hosts_that_never_finish_are_given_up_together(serve: Serve, talk: Talk) -> None:
    start = time.monotonic()

    found = probe_all({"canary": serve(talk), "stable": serve(talk)})

    assert time.monotonic() - start < 2 * FAST_SECONDS
    assert [False, False] == [each.answered for each in found.values()]
    assert all(each.error for each in found.values())


def test_what_a_slow_host_has_said_in_time_counts(serve: Serve) -> None:
    """Three questions, each on a connection of its own; here only the first is answered."""
    answers = iter([says(f"{HEAD}X-Version: v2\r\n")])

    found = probe(serve(lambda connection: next(answers, hangs)(connection)))

    assert (True, ["v2"]) == (found.answered, list(found.versions))


def test_every_pod_behind_a_host_may_answer(serve: Serve) -> None:
    answers = iter([says(f"{HEAD}X-Version: v{number}\r\n") for number in (1, 2, 3)])

    found = probe(serve(lambda connection: next(answers)(connection)))

    assert {"v1", "v2", "v3"} == found.versions


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("http://canary", ("http", "canary", 80)),
        ("http://canary:80/shop", ("http", "canary", 80)),
        ("https://Canary", ("https", "canary", 443)),
        ("http://canary:8080", ("http", "canary", 8080)),
        ("http://user:secret@canary:8080", ("http", "canary", 8080)),
        ("http://localhost:1", ("http", "localhost", 1)),
        ("http://127.0.0.1:1", ("http", "localhost", 1)),
        ("http://[::1]:1", ("http", "localhost", 1)),
        ("http://[fd00::1]", ("http", "fd00::1", 80)),
    ],
)
def test_a_place_is_a_scheme_a_host_and_a_port(
    url: str, found: tuple[str, str, int | None]
) -> None:
    assert found == place(url)


def who(*, instances: str = "", times: str = "", versions: str = "") -> Identity:
    return Identity(
        answered=True,
        instances=frozenset(instances.split()),
        start_times=frozenset(times.split()),
        versions=frozenset(versions.split()),
    )


@pytest.mark.parametrize(
    ("canary", "stable", "shown"),
    [
        (who(), who(), ""),
        (Identity(error="refused"), who(times="1", versions="v1"), ""),
        (who(times="1"), who(times="1"), "process_start_time_seconds 1 on both hosts"),
        (who(times="1"), who(times="2"), ""),
        (who(times="1 2"), who(times="2 3"), "process_start_time_seconds 2 on both hosts"),
        (who(versions="v1"), who(versions="v1"), "X-Version: v1 from both hosts"),
        (who(versions="v1"), who(versions="v2"), ""),
        # A new configuration of the same image.
        (who(times="1", versions="v1"), who(times="2", versions="v1"), ""),
        # Where one side has no start time, the version is the only identity there is.
        (
            who(times="1", versions="v1"),
            who(versions="v1"),
            "X-Version: v1 from both hosts",
        ),
        (
            who(times="1", versions="v1"),
            who(times="1", versions="v2"),
            "process_start_time_seconds 1 on both hosts",
        ),
        (who(instances="a", times="1"), who(instances="b", times="1"), ""),
        (
            who(instances="a b", times="1"),
            who(instances="b", times="2"),
            "X-Instance: b from both hosts",
        ),
        (
            who(instances="a", times="1"),
            who(times="1"),
            "process_start_time_seconds 1 on both hosts",
        ),
    ],
)
def test_the_same_process_on_both_sides_is_noticed(
    canary: Identity, stable: Identity, shown: str
) -> None:
    assert (shown, shown) == (same_identity(canary, stable), same_identity(stable, canary))


def counted(asked: float, answered: float, requests: float) -> Identity:
    """One answer of a process that started at 1, and how many requests it had served."""
    counters = {'http_requests_total{route="/"}': requests}
    reading = Reading(start_time="1", asked=asked, answered=answered, counters=counters)
    return Identity(answered=True, start_times=frozenset({"1"}), readings=(reading,))


@pytest.mark.parametrize(
    ("canary", "stable", "are_one"),
    [
        (counted(1.0, 2.0, 5), counted(3.0, 4.0, 5), True),
        (counted(1.0, 2.0, 5), counted(3.0, 4.0, 6), True),
        (counted(1.0, 2.0, 5), counted(3.0, 4.0, 4), False),
        # Asked at once, either may have been counted first.
        (counted(1.0, 3.0, 5), counted(2.0, 4.0, 4), True),
    ],
)
def test_two_processes_of_one_start_time_are_told_apart_by_a_counter_that_fell(
    canary: Identity, stable: Identity, are_one: bool
) -> None:
    assert (are_one, are_one) == (
        bool(same_identity(canary, stable)),
        bool(same_identity(stable, canary)),
    )


@given(
    *[
        st.builds(
            who,
            instances=st.sampled_from(["", "a", "b"]),
            times=st.sampled_from(["", "1", "2", "1 2"]),
            versions=st.sampled_from(["", "v1", "v2"]),
        )
    ]
)
def test_a_host_that_tells_anything_is_the_same_as_itself(identity: Identity) -> None:
    assert identity == who() or same_identity(identity, identity)
