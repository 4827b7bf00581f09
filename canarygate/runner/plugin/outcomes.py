"""How a request ended, from the exception and the response that Locust reports."""

from collections.abc import Iterator
from typing import Any

from canarygate.records import Outcome

# By class name, along the whole ancestry: requests, urllib3, geventhttpclient, gevent, ssl and the
# standard library each have classes of their own for the same event, and a task may use any of them.
BY_CLASS_NAME = (
    (Outcome.TLS, {"SSLError", "SSLCertVerificationError", "CertificateError"}),
    (Outcome.DNS, {"gaierror", "herror", "NameResolutionError"}),
    (Outcome.TIMEOUT, {"Timeout", "TimeoutError", "ReadTimeoutError", "ConnectTimeoutError"}),
    (Outcome.REFUSED, {"ConnectionRefusedError"}),
    (
        Outcome.DROPPED,
        {
            "ConnectionResetError",
            "ConnectionAbortedError",
            "BrokenPipeError",
            "HTTPConnectionClosed",
            "RemoteDisconnected",
            "IncompleteRead",
            "ProtocolError",
            "ChunkedEncodingError",
        },
    ),
)
UNREACHABLE = {101, 113}  # ENETUNREACH, EHOSTUNREACH: nobody there, like a refusal


def classify(exception: BaseException | None, response: Any) -> tuple[Outcome, int]:
    """The outcome of one request, and its HTTP status (0 where no answer came).

    The exceptions of the transport come first: a truncated or timed-out answer can carry a 200. A
    locustfile that calls `failure("…")` on a broken transport replaces the exception, so that the
    response's own error is asked before it.
    """
    status = int(getattr(response, "status_code", 0) or 0)
    if exception is None:
        return Outcome.OK, status
    for error in (getattr(response, "error", None), exception):
        # geventhttpclient wraps what went wrong in a RetriesExceeded of its own.
        for each in (error, getattr(error, "original", None)):
            outcome = _transport(each)
            if outcome is not None:
                return outcome, status
    if status >= 500:
        return Outcome.HTTP_5XX, status
    if status >= 400:
        return Outcome.HTTP_4XX, status
    return (Outcome.BODY if status else Outcome.OTHER), status


def _transport(error: object) -> Outcome | None:
    # The innermost first: to urllib3 a refused connection is a timeout while connecting, and to
    # requests it is an error with that inside.
    for inner in _inside(error):
        outcome = _transport(inner)
        if outcome is not None:
            return outcome
    names = {each.__name__ for each in type(error).__mro__}
    for outcome, members in BY_CLASS_NAME:
        if names & members:
            return outcome
    if isinstance(error, OSError) and error.errno in UNREACHABLE:
        return Outcome.REFUSED
    return None


def _inside(error: object) -> Iterator[BaseException]:
    wrapped = (
        *getattr(error, "args", ()),
        getattr(error, "reason", None),
        getattr(error, "__cause__", None),
    )
    return (each for each in wrapped if isinstance(each, BaseException) and each is not error)
