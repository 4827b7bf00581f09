"""One query, one number: whatever the other side does, it is over in time and takes bounded memory."""

import base64
import contextlib
import http.client
import json
import math
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from canarygate.weights.settings import PrometheusSettings

MOST_BYTES = 1 << 20
"""An answer of one number has some hundred."""
MOST_SKEW_SECONDS = 60.0
"""Between Prometheus' clock and ours; an answer that is older was kept by somebody on the way."""
NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|Inf)|NaN")


class Failure(StrEnum):
    """Why a query gave no number."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    STATUS = "status"
    """Anything but a 200: 4xx, 5xx, a redirect."""
    TOO_LARGE = "too_large"
    GARBAGE = "garbage"
    """No answer of a Prometheus."""
    REFUSED = "refused"
    """Prometheus itself said that the query failed."""
    PARTIAL = "partial"
    """It came with a warning."""
    AMBIGUOUS = "ambiguous"
    """More than one series, or no vector."""
    NOT_A_NUMBER = "not_a_number"
    OLD = "old"
    """Of another moment."""


class QueryFailed(Exception):
    """Why there is no number, in words without secrets."""

    def __init__(self, failure: Failure, text: str) -> None:
        super().__init__(text)
        self.failure = failure


def ask(settings: PrometheusSettings, query: str, *, deadline: float) -> float | None:
    """The one value of an instant query; None when no series matches.

    Args:
        settings: where, and who we are.
        query: PromQL.
        deadline: on the monotonic clock; the query's own time-out ends it before.

    Raises:
        QueryFailed: there is no finite number, or not in time.
    """
    end = min(deadline, time.monotonic() + settings.query_timeout_seconds)
    try:
        body = _get(settings, query, end)
    except QueryFailed:
        raise
    except (OSError, http.client.HTTPException, AttributeError) as error:
        # The watch shuts the socket, which the exchange sees as any error at all.
        if time.monotonic() >= end:
            raise QueryFailed(Failure.TIMEOUT, "Prometheus did not answer in time") from None
        raise _failed(error) from None
    except ValueError as error:  # a token, say, that no header can hold
        raise QueryFailed(
            Failure.UNREACHABLE, f"cannot be asked ({type(error).__name__})"
        ) from None
    return read_value(body, time.time())


def read_value(body: bytes, now: float) -> float | None:
    """The one finite number in an answer of the query API; None for an empty vector.

    Raises:
        QueryFailed: everything else.
    """
    try:
        document: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise QueryFailed(Failure.GARBAGE, "that is no answer of a Prometheus") from None
    if not isinstance(document, dict) or not isinstance(document.get("status"), str):
        raise QueryFailed(Failure.GARBAGE, "that is no answer of a Prometheus")
    if document["status"] != "success":
        said = " ".join(str(document.get("error", "")).split())[:200]
        raise QueryFailed(Failure.REFUSED, f"the query failed: {said}")
    if warnings := document.get("warnings"):
        said = " ".join(str(warnings).split())[:200]
        raise QueryFailed(Failure.PARTIAL, f"it came with a warning: {said}")
    data = document.get("data")
    if not isinstance(data, dict) or not isinstance(data.get("result"), list):
        raise QueryFailed(Failure.GARBAGE, "that is no answer of a Prometheus")
    if data.get("resultType") != "vector":
        kind = str(data.get("resultType"))[:20]
        raise QueryFailed(Failure.AMBIGUOUS, f"the query gave a {kind}; it takes a vector")
    result = data["result"]
    if len(result) > 1:
        raise QueryFailed(
            Failure.AMBIGUOUS, f"the query gave {len(result)} series where one is expected"
        )
    return _number(result[0], now) if result else None


def _number(sample: Any, now: float) -> float:
    value = sample.get("value") if isinstance(sample, dict) else None
    if not isinstance(value, list) or len(value) != 2:
        raise QueryFailed(Failure.GARBAGE, "that is no answer of a Prometheus")
    at, text = value
    if isinstance(at, bool) or not isinstance(at, int | float) or not isinstance(text, str):
        raise QueryFailed(Failure.GARBAGE, "that is no answer of a Prometheus")
    if not NUMBER.fullmatch(text):
        raise QueryFailed(Failure.NOT_A_NUMBER, f"its value is {text[:40]!r}, which is no number")
    number = float(text.replace("Inf", "inf"))
    if not math.isfinite(number):
        raise QueryFailed(Failure.NOT_A_NUMBER, f"its value is {text}")
    if not abs(at - now) <= MOST_SKEW_SECONDS:
        raise QueryFailed(
            Failure.OLD,
            f"the answer is of another moment ({at - now:+.0f} s from now by our clock)",
        )
    return number


def _get(settings: PrometheusSettings, query: str, end: float) -> bytes:
    parts = urlsplit(settings.url)
    headers = _headers(settings)
    context = _context(settings) if parts.scheme == "https" else None
    timeout = end - time.monotonic()
    if timeout <= 0:
        raise QueryFailed(Failure.TIMEOUT, "Prometheus did not answer in time")
    connection = (
        http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
        if context is None
        else http.client.HTTPSConnection(
            parts.hostname or "", parts.port, timeout=timeout, context=context
        )
    )
    with contextlib.closing(connection), _watched(connection, timeout):
        path = f"{parts.path.rstrip('/')}/api/v1/query"
        connection.request(
            "GET",
            f"{path}?query={quote(query, safe='')}&timeout={math.ceil(timeout * 1000)}ms",
            headers=headers,
        )
        # Until the answer is closed too, the socket is open.
        with contextlib.closing(connection.getresponse()) as answer:
            return _read(answer, end)


def _read(answer: http.client.HTTPResponse, end: float) -> bytes:
    body = answer.read(MOST_BYTES + 1)
    # A time-out may have ended the body in the middle; half an answer is none.
    if time.monotonic() >= end:
        raise TimeoutError
    if len(body) > MOST_BYTES:
        raise QueryFailed(Failure.TOO_LARGE, f"the answer is longer than {MOST_BYTES >> 20} MiB")
    if answer.length:
        raise QueryFailed(Failure.GARBAGE, "the answer was cut short")
    if answer.status != 200:
        raise _refused(answer, body)
    return body


@contextmanager
def _watched(connection: http.client.HTTPConnection, seconds: float) -> Iterator[None]:
    """Shut the socket when time is over: its own time-out is per read, and a server may drip."""

    def shut() -> None:
        if connection.sock is not None:
            with contextlib.suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    watch = threading.Timer(seconds, shut)
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


def _headers(settings: PrometheusSettings) -> dict[str, str]:
    headers = {"Accept": "application/json", "Connection": "close", "Cache-Control": "no-cache"}
    parts = urlsplit(settings.url)
    token = settings.token
    if settings.token_file is not None:
        try:
            token = settings.token_file.read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            raise QueryFailed(
                Failure.UNREACHABLE, f"the token in {settings.token_file} cannot be read"
            ) from None
    username = settings.username or unquote(parts.username or "")
    password = settings.password or unquote(parts.password or "")
    if token:
        headers["Authorization"] = f"Bearer {token}"
    elif username or password:
        pair = base64.b64encode(f"{username}:{password}".encode()).decode("ascii")
        headers["Authorization"] = f"Basic {pair}"
    return headers


def _context(settings: PrometheusSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError:
        raise QueryFailed(
            Failure.UNREACHABLE, f"the certificates in {settings.ca_file} cannot be read"
        ) from None


def _refused(answer: http.client.HTTPResponse, body: bytes) -> QueryFailed:
    """Prometheus says in its body what it disliked; nobody else's page is repeated."""
    try:
        document = json.loads(body)
        said = f": {' '.join(str(document['error']).split())[:200]}"
        failure = Failure.REFUSED
    except (ValueError, RecursionError, KeyError, TypeError):
        said, failure = "", Failure.STATUS
    redirected = "; redirects are not followed" if 300 <= answer.status < 400 else ""
    return QueryFailed(failure, f"Prometheus answered {answer.status}{said}{redirected}")


def _failed(error: Exception) -> QueryFailed:
    if isinstance(error, TimeoutError):
        return QueryFailed(Failure.TIMEOUT, "Prometheus did not answer in time")
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = "its certificate is not trusted"
    elif isinstance(error, ConnectionRefusedError):
        reason = "connection refused"
    elif isinstance(error, socket.gaierror):
        reason = "unknown host name"
    elif isinstance(error, http.client.HTTPException):
        return QueryFailed(Failure.GARBAGE, f"no HTTP answer ({type(error).__name__})")
    else:
        reason = type(error).__name__
    return QueryFailed(Failure.UNREACHABLE, f"Prometheus cannot be reached: {reason}")
