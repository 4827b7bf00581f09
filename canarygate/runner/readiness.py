"""Is a host ready to be tested? Asked again and again, within a bounded time, in a thread of its own."""

import base64
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from urllib.parse import unquote, urlsplit

from canarygate.errors import RunBroken
from canarygate.settings import ServiceSettings, without_secrets

ASK_SECONDS = 2.0
"""For one answer."""
PAUSE_SECONDS = 0.1
LOOK_SECONDS = 0.05
CONNECT_SECONDS = 1.0
ANY_ANSWER = "/"


def wait_until_ready(
    hosts: Mapping[str, str], settings: ServiceSettings, check: Callable[[], None]
) -> float:
    """Until every host has given a good answer; gives the seconds that it took.

    `check` is called between the looks, and raises where there is nothing left to wait for.

    Raises:
        RunBroken: a host did not give one in time; with its last answer.
    """
    began = time.monotonic()
    deadline = began + settings.ready_timeout_seconds
    askers = [_Asker(role, host, settings.ready_path, deadline) for role, host in hosts.items()]
    try:
        for asker in askers:
            while not asker.is_ready.wait(LOOK_SECONDS):
                check()
                if time.monotonic() > deadline:
                    raise RunBroken(
                        f"{asker.role} was not ready within {settings.ready_timeout_seconds:g} s: "
                        f"GET {without_secrets(asker.url)}: {asker.last}",
                        hint="--ready-timeout (READY_TIMEOUT) gives it more time, --ready-path "
                        "(READY_PATH) asks elsewhere",
                    )
            check()
    finally:
        for asker in askers:
            asker.gives_up.set()
    return time.monotonic() - began


def is_good(status: int, ready_path: str) -> bool:
    """Whoever names a path means that one; without, a page that is missing or locked is an answer."""
    return 200 <= status < (400 if ready_path else 500)


class _Asker:
    """Asks one host; a host that never finishes an answer keeps this thread waiting, and nobody else."""

    def __init__(self, role: str, host: str, ready_path: str, deadline: float) -> None:
        self.role = role
        self.url = host + (ready_path or ANY_ANSWER)
        self.last = "no answer yet"
        self.is_ready = threading.Event()
        self.gives_up = threading.Event()
        self._ready_path = ready_path
        self._deadline = deadline
        threading.Thread(target=self._ask, daemon=True).start()

    def _ask(self) -> None:
        while (left := self._deadline - time.monotonic()) > 0 and not self.gives_up.is_set():
            try:
                status = status_of(self.url, min(ASK_SECONDS, left))
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.last = reason(error)
            else:
                self.last = f"{status} {http.client.responses.get(status, '')}".strip()
                if is_good(status, self._ready_path):
                    self.is_ready.set()
                    return
            self.gives_up.wait(PAUSE_SECONDS)


def status_of(url: str, timeout_seconds: float) -> int:
    """The status of one GET: without a proxy, a redirect followed or a certificate looked at.

    As Locust's fast client does it; what is asked for is an answer, not who gives it.
    """
    parts = urlsplit(url)
    place = (parts.hostname or "", parts.port)
    connection = (
        http.client.HTTPSConnection(
            *place, timeout=timeout_seconds, context=ssl._create_unverified_context()
        )
        if parts.scheme == "https"
        else http.client.HTTPConnection(*place, timeout=timeout_seconds)
    )
    headers = {"User-Agent": "canarygate", "Connection": "close"}
    if parts.username is not None:
        secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(secret).decode('ascii')}"
    try:
        connection.request(
            "GET", parts.path + (f"?{parts.query}" if parts.query else ""), headers=headers
        )
        return connection.getresponse().status
    finally:
        connection.close()


def is_taken(url: str) -> bool:
    """Somebody accepts connections there already, whatever they speak."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname or "", port), CONNECT_SECONDS).close()
    except (OSError, UnicodeError):
        return False
    return True


def reason(error: Exception) -> str:
    """An error in the words of whoever waits for a service."""
    match error:
        case ConnectionRefusedError():
            return "connection refused"
        case TimeoutError():
            return "no answer in time"
        case socket.gaierror():
            return "unknown host name"
        case http.client.RemoteDisconnected():
            return "closed the connection without an answer"
        case ConnectionResetError():
            return "connection reset"
    return f"{type(error).__name__}: {error}"
