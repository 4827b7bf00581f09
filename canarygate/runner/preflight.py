"""Who answers at each host, asked once before the load: two Services may select the same pods."""

import re
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 2.0
ASKS = 3
"""Fresh connections per host: behind a Service each may reach another pod."""
VERSION_HEADER = "X-Version"
INSTANCE_HEADER = "X-Instance"
START_TIME = re.compile(
    rb"^process_start_time_seconds(?:\{[^}]*\})? ([0-9.eE+]+)\s*$", re.MULTILINE
)
COUNTER = re.compile(
    rb"^([a-zA-Z_:][\w:]*_total(?:\{[^\n]*\})?) (\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)\s*$", re.MULTILINE
)
MOST_BYTES = 4 << 20
DEFAULT_PORTS = {"http": 80, "https": 443}
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One answer's metrics: of which process, between which moments (monotonic seconds)."""

    start_time: str
    asked: float
    answered: float
    counters: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What a host told of itself."""

    answered: bool = False
    instances: frozenset[str] = frozenset()
    """Values of its instance header, which names one process."""
    start_times: frozenset[str] = frozenset()
    """`process_start_time_seconds` of the processes behind it."""
    versions: frozenset[str] = frozenset()
    """Values of its version header."""
    readings: tuple[Reading, ...] = ()
    error: str = ""


def place(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of a base URL, with the names of loopback and default ports folded."""
    parts = urlsplit(url)
    name = (parts.hostname or "").lower()
    port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    return parts.scheme, "localhost" if name in LOOPBACK else name, port


def probe_all(hosts: Mapping[str, str]) -> dict[str, Identity]:
    """Ask every host at once; bounded by TIMEOUT_SECONDS, whatever the hosts do."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    asked = {role: _Asked() for role in hosts}
    threads = [
        threading.Thread(target=_ask, args=(host, asked[role], deadline), daemon=True)
        for role, host in hosts.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return {role: each.identity() for role, each in asked.items()}


@dataclass
class _Asked:
    """What one host has said so far; a host that is slow to say more is judged by that."""

    answers: list[tuple[Mapping[str, str], bytes, float, float]] = field(default_factory=list)
    """Headers, the body of the metrics, and when it was asked and answered."""
    error: str = f"no answer within {TIMEOUT_SECONDS:g} s"

    def identity(self) -> Identity:
        answers = tuple(self.answers)
        if not answers:
            return Identity(error=self.error)
        readings = tuple(
            Reading(start_time=moment.decode(), asked=asked, answered=at, counters=_counters(body))
            for _, body, asked, at in answers
            for moment in START_TIME.findall(body)
        )
        return Identity(
            answered=True,
            instances=_headers(answers, INSTANCE_HEADER),
            start_times=frozenset(reading.start_time for reading in readings),
            versions=_headers(answers, VERSION_HEADER),
            readings=readings,
        )


def _ask(host: str, asked: _Asked, deadline: float) -> None:
    """Only an answer counts; its status does not matter here."""
    import requests
    from urllib3.exceptions import HTTPError

    try:
        for _ in range(ASKS):
            at = time.monotonic()
            with requests.Session() as session:
                session.trust_env = False  # Locust's fast client knows no proxy either
                answer = session.get(
                    f"{host}/metrics",
                    timeout=max(0.01, deadline - time.monotonic()),
                    stream=True,
                    allow_redirects=False,  # both may point at one login page
                )
                body = answer.raw.read(MOST_BYTES, decode_content=True)
                asked.answers.append((answer.headers, body, at, time.monotonic()))
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        asked.error = _reason(error)


def same_identity(canary: Identity, stable: Identity) -> str:
    """What shows that both hosts are the same process; empty when nothing does.

    An instance header decides alone where both sides send one. Else start times do: a new
    configuration of the same image has the same version. Where one side has none of these, an equal
    version header is the only identity there is.
    """
    if canary.instances and stable.instances:
        shared = canary.instances & stable.instances
        return f"{INSTANCE_HEADER}: {min(shared)} from both hosts" if shared else ""
    if canary.start_times and stable.start_times:
        shared = canary.start_times & stable.start_times
        same = [moment for moment in shared if not are_told_apart(canary, stable, moment)]
        return f"process_start_time_seconds {min(same)} on both hosts" if same else ""
    shared = canary.versions & stable.versions
    return f"{VERSION_HEADER}: {min(shared)} from both hosts" if shared else ""


def are_told_apart(canary: Identity, stable: Identity, start_time: str) -> bool:
    """Two processes may start in one tick of the clock, 10 ms, as two shops started by a loop did.

    In one process no counter falls: a later reading below an earlier one shows that there are two.
    """
    mine, theirs = (
        [each for each in side.readings if each.start_time == start_time]
        for side in (canary, stable)
    )
    pairs = [(one, other) for one in mine for other in theirs]
    return any(
        later.counters.get(name, value) < value
        for one, other in pairs
        for earlier, later in ((one, other), (other, one))
        if earlier.answered <= later.asked
        for name, value in earlier.counters.items()
    )


def _counters(body: bytes) -> dict[str, float]:
    return {name.decode("utf-8", "replace"): float(value) for name, value in COUNTER.findall(body)}


def _headers(
    answers: Iterable[tuple[Mapping[str, str], bytes, float, float]], name: str
) -> frozenset[str]:
    return frozenset(filter(None, (headers.get(name, "") for headers, *_ in answers)))


def _reason(error: Exception) -> str:
    text = str(error)
    for sign, reason in (
        ("refused", "connection refused"),
        ("timed out", "no answer in time"),
        ("Failed to resolve", "unknown host name"),
        ("No route", "no route to host"),
    ):
        if sign in text:
            return reason
    return type(error).__name__
