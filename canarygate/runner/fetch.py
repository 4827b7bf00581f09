"""One GET with an end: whatever the other side does, it is over in time and takes bounded memory."""

import base64
import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable
from urllib.parse import SplitResult, unquote, urlsplit

MOST_BYTES = 8 << 20
POLL_SECONDS = 0.02


class Unreadable(Exception):
    """Why there is no reading, in words without secrets."""


class Fetcher:
    """Fetches one source, never twice at once.

    A time-out of a socket is per read, so a server that drips a byte now and then would hold us for
    ever. The exchange runs in a thread of its own, and when time is over its socket is shut.
    """

    def __init__(self) -> None:
        self._last: _Exchange | None = None

    def get(self, url: str, *, deadline: float, given_up: Callable[[], bool]) -> bytes:
        """The body of a 200.

        Args:
            url: with a username and a password in it or not.
            deadline: on the monotonic clock.
            given_up: nobody waits any more.

        Raises:
            Unreadable: there is none, or not in time, or it is too long.
        """
        if self._last is not None and not self._last.done.is_set():
            raise Unreadable("no answer yet to what was asked before")
        self._last = exchange = _Exchange(url, deadline)
        threading.Thread(target=exchange.run, name="memory", daemon=True).start()
        while not exchange.done.wait(POLL_SECONDS):
            if time.monotonic() > deadline or given_up():
                exchange.abandon()
                raise Unreadable("no answer in time")
        if exchange.error:
            raise Unreadable(exchange.error)
        return exchange.body


class _Exchange:
    def __init__(self, url: str, deadline: float) -> None:
        self._parts = urlsplit(url)
        self._deadline = deadline
        self._connection: http.client.HTTPConnection | None = None
        self._is_abandoned = False
        self.done = threading.Event()
        self.body = b""
        self.error = ""

    def run(self) -> None:
        try:
            self.body = self._get()
        except Unreadable as error:
            self.error = str(error)
        except Exception as error:  # a thread has nobody to raise to
            self.error = _reason(error)
        finally:
            self._close()
            self.done.set()

    def abandon(self) -> None:
        self._is_abandoned = True
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with contextlib.suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    def _get(self) -> bytes:
        timeout = max(0.01, self._deadline - time.monotonic())
        connection = _connect(self._parts, timeout)
        self._connection = connection
        connection.connect()
        if self._is_abandoned:
            raise Unreadable("no answer in time")
        path = self._parts.path or "/"
        query = f"?{self._parts.query}" if self._parts.query else ""
        connection.request("GET", path + query, headers=_headers(self._parts))
        answer = connection.getresponse()
        if answer.status != 200:
            raise Unreadable(f"answered {answer.status} {_words(answer)}".strip())
        body = answer.read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            raise Unreadable(f"the answer is longer than {MOST_BYTES >> 20} MiB")
        if answer.length:  # half a number is another number
            raise Unreadable("the answer was cut short")
        return body

    def _close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.close()


def _connect(parts: SplitResult, timeout: float) -> http.client.HTTPConnection:
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(
            parts.hostname or "", parts.port, timeout=timeout, context=context
        )
    return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)


def _headers(parts: SplitResult) -> dict[str, str]:
    headers = {"Accept": "text/plain, application/json;q=0.9", "Connection": "close"}
    if parts.username or parts.password:
        pair = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode('ascii')}"
    return headers


def _words(answer: http.client.HTTPResponse) -> str:
    """What the server says of its refusal: a Prometheus says in its body what it disliked."""
    said = answer.read(2000).decode("utf-8", "replace")
    if "json" in (answer.getheader("Content-Type") or ""):
        return " ".join(said.split())[:300]
    return answer.reason


def _reason(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, socket.gaierror):
        return "unknown host name"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return "its certificate is not trusted"
    if isinstance(error, http.client.HTTPException):
        return f"no HTTP answer ({type(error).__name__})"
    return type(error).__name__
