"""Whether a host is ready: what counts as an answer, and that waiting always ends."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from canarygate.errors import RunBroken
from canarygate.runner.readiness import is_good, is_taken, status_of, wait_until_ready
from canarygate.settings import ServiceSettings

Answer = Callable[[bytes], bytes]


class Host:
    """Answers what it is told to; keeps what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._answer = answer
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.asked: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Wakes the thread as well."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                with connection, suppress(OSError):
                    asked = connection.recv(65536)
                    self.asked.append(asked)
                    connection.sendall(self._answer(asked))


@pytest.fixture
def host() -> Iterator[Callable[[Answer], Host]]:
    hosts: list[Host] = []

    def make(answer: Answer) -> Host:
        hosts.append(Host(answer))
        return hosts[-1]

    yield make
    for each in hosts:
        each.close()


MakeHost = Callable[[Answer], Host]


def status(code: int, headers: str = "") -> bytes:
    return f"HTTP/1.1 {code} X\r\n{headers}Content-Length: 0\r\n\r\n".encode()


def wait(url: str, path: str = "", seconds: float = 5.0) -> float:
    settings = ServiceSettings(ready_path=path, ready_timeout_seconds=seconds)
    return wait_until_ready({"canary": url}, settings, lambda: None)


@pytest.mark.parametrize(
    ("code", "anywhere", "at_a_path"),
    [
        (200, True, True),
        (204, True, True),
        (302, True, True),
        (401, True, False),
        (404, True, False),
        (500, False, False),
        (503, False, False),
        (101, False, False),
    ],
)
def test_whoever_names_a_path_means_that_one(code: int, anywhere: bool, at_a_path: bool) -> None:
    assert (anywhere, at_a_path) == (is_good(code, ""), is_good(code, "/healthz"))


def test_a_host_is_ready_at_its_first_good_answer(host: MakeHost) -> None:
    answers = iter([status(503), b"nonsense\r\n\r\n", b"", status(200)])
    service = host(lambda _asked: next(answers))

    took = wait(service.url + "/prefix", "/healthz?deep=1")

    assert 4 == len(service.asked)
    assert service.asked[-1].startswith(b"GET /prefix/healthz?deep=1 HTTP/1.1\r\n")
    assert 0.3 < took < 5


def test_a_redirect_is_an_answer_and_not_followed(host: MakeHost) -> None:
    elsewhere = host(lambda _asked: status(200))
    service = host(lambda _asked: status(302, f"Location: {elsewhere.url}/login\r\n"))

    wait(service.url)

    assert [] == elsewhere.asked


def test_a_password_in_the_url_is_sent_and_not_said(host: MakeHost) -> None:
    service = host(lambda _asked: status(503))
    url = service.url.replace("://", "://me:s%2Fcret@")

    with pytest.raises(RunBroken) as broken:
        wait(url, seconds=0.2)

    assert b"Authorization: Basic bWU6cy9jcmV0\r\n" in service.asked[0]
    assert "cret" not in str(broken.value)


def test_an_answer_that_never_ends_is_not_waited_for(host: MakeHost) -> None:
    over = threading.Event()

    def trickle(_asked: bytes) -> bytes:
        over.wait(20)
        return b""

    service = host(trickle)
    began = time.monotonic()

    with pytest.raises(RunBroken, match=r"canary was not ready within 0.3 s: GET .*/: no answer"):
        wait(service.url, seconds=0.3)

    over.set()
    assert time.monotonic() - began < 2


def test_what_was_said_last_is_told() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"

        with pytest.raises(RunBroken) as broken:
            wait(url, "/healthz", seconds=0.3)

    assert f"canary was not ready within 0.3 s: GET {url}/healthz: connection refused" == str(
        broken.value
    )
    assert "READY_TIMEOUT" in broken.value.hint


def test_every_host_has_to_be_ready(host: MakeHost) -> None:
    good, bad = host(lambda _asked: status(200)), host(lambda _asked: status(500))
    settings = ServiceSettings(ready_timeout_seconds=0.3)

    with pytest.raises(
        RunBroken, match=r"stable was not ready within 0.3 s: GET .*/: 500 Internal"
    ):
        wait_until_ready({"canary": good.url, "stable": bad.url}, settings, lambda: None)


def test_a_check_that_raises_ends_the_wait(host: MakeHost) -> None:
    service = host(lambda _asked: status(503))

    def check() -> None:
        raise RunBroken("the service is gone")

    with pytest.raises(RunBroken, match="gone"):
        wait_until_ready({"canary": service.url}, ServiceSettings(), check)


def test_the_last_check_is_after_the_last_answer(host: MakeHost) -> None:
    """A start command that ended may have left somebody behind who answers."""
    service = host(lambda _asked: status(200))
    checks: list[int] = []

    wait_until_ready(
        {"canary": service.url}, ServiceSettings(), lambda: checks.append(len(service.asked))
    )

    assert 1 == checks[-1]


def test_a_port_is_taken_by_whoever_accepts_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]

        assert is_taken(f"http://127.0.0.1:{port}/prefix")
        assert is_taken(f"https://localhost:{port}")

    assert not is_taken(f"http://127.0.0.1:{port}")
    assert not is_taken("http://no-such-host.invalid")
    assert not is_taken(f"http://{'x' * 80}.invalid")


def test_an_impossible_host_is_an_error_of_the_network() -> None:
    with pytest.raises((OSError, ValueError)):
        status_of(f"http://{'x' * 80}.invalid/", 0.5)
