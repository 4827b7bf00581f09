"""Every class of exception that a task's client may raise, told by its name."""

import http.client
import socket
import ssl
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import urllib3.exceptions as u3

from canarygate.records import Outcome
from canarygate.runner.plugin.outcomes import BY_CLASS_NAME, classify


def stand_in(name: str, *parents: type[BaseException]) -> BaseException:
    """An exception of a class of that name: gevent's and geventhttpclient's own are not imported here."""
    made: type[BaseException] = type(name, parents or (Exception,), {})
    return made()


def caused(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


def requests_error(reason: Exception) -> requests.ConnectionError:
    """As requests wraps what urllib3 gave up on."""
    pool: Any = None
    return requests.ConnectionError(u3.MaxRetryError(pool, "/", reason))


POOL: Any = None
REFUSED = caused(u3.NewConnectionError(POOL, "refused"), ConnectionRefusedError(111, "refused"))
NOBODY = caused(u3.NewConnectionError(POOL, "no route"), OSError(113, "No route to host"))
EXCEPTIONS = [
    (Outcome.TLS, ssl.SSLError()),
    (Outcome.TLS, ssl.SSLCertVerificationError()),
    (Outcome.TLS, stand_in("CertificateError", ValueError)),
    (Outcome.TLS, requests.exceptions.SSLError()),
    (Outcome.TLS, u3.SSLError()),
    (Outcome.TLS, requests_error(u3.SSLError(ssl.SSLError()))),
    (Outcome.TIMEOUT, TimeoutError()),
    (Outcome.TIMEOUT, stand_in("Timeout", BaseException)),
    (Outcome.TIMEOUT, requests.exceptions.ReadTimeout()),
    (Outcome.TIMEOUT, requests.exceptions.ConnectTimeout()),
    (Outcome.TIMEOUT, u3.ReadTimeoutError(POOL, "/", "late")),
    (Outcome.TIMEOUT, u3.ConnectTimeoutError()),
    (Outcome.TIMEOUT, requests_error(u3.ReadTimeoutError(POOL, "/", "late"))),
    (Outcome.DNS, socket.gaierror(-2, "Name or service not known")),
    (Outcome.DNS, socket.herror()),
    (Outcome.DNS, u3.NameResolutionError("nowhere", POOL, socket.gaierror())),
    (Outcome.DNS, requests_error(u3.NameResolutionError("nowhere", POOL, socket.gaierror()))),
    (Outcome.REFUSED, ConnectionRefusedError()),
    (Outcome.REFUSED, REFUSED),
    (Outcome.REFUSED, requests_error(REFUSED)),
    (Outcome.REFUSED, OSError(101, "Network is unreachable")),
    (Outcome.REFUSED, OSError(113, "No route to host")),
    (Outcome.REFUSED, requests_error(NOBODY)),
    (Outcome.DROPPED, ConnectionResetError()),
    (Outcome.DROPPED, ConnectionAbortedError()),
    (Outcome.DROPPED, BrokenPipeError()),
    (Outcome.DROPPED, stand_in("HTTPConnectionClosed")),
    (Outcome.DROPPED, http.client.RemoteDisconnected("")),
    (Outcome.DROPPED, http.client.IncompleteRead(b"")),
    (Outcome.DROPPED, u3.ProtocolError("Connection aborted.", ConnectionResetError())),
    (Outcome.DROPPED, u3.IncompleteRead(1, 2)),
    (Outcome.DROPPED, requests.exceptions.ChunkedEncodingError()),
    (Outcome.DROPPED, requests.ConnectionError(u3.ProtocolError("x", ConnectionResetError()))),
    (Outcome.OTHER, ValueError()),
    (Outcome.OTHER, OSError(24, "Too many open files")),
    (Outcome.OTHER, requests.ConnectionError()),
]


@pytest.mark.parametrize(
    ("outcome", "error"), EXCEPTIONS, ids=lambda each: getattr(each, "value", type(each).__name__)
)
def test_every_exception_has_its_outcome(outcome: Outcome, error: BaseException) -> None:
    assert (outcome, 0) == classify(error, None)
    assert (outcome, 0) == classify(error, SimpleNamespace(status_code=0))


def test_every_name_in_the_table_is_met_by_one_of_these_cases() -> None:
    met = {parent.__name__ for _, error in EXCEPTIONS for parent in type(error).__mro__}

    assert set() == {name for _, names in BY_CLASS_NAME for name in names} - met


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.BODY),
        (302, Outcome.BODY),
        (404, Outcome.HTTP_4XX),
        (499, Outcome.HTTP_4XX),
        (500, Outcome.HTTP_5XX),
        (503, Outcome.HTTP_5XX),
        (0, Outcome.OTHER),
        (None, Outcome.OTHER),
    ],
)
def test_a_failure_without_a_broken_transport_is_told_by_its_status(
    status: int | None, outcome: Outcome
) -> None:
    assert (outcome, status or 0) == classify(Exception("no"), SimpleNamespace(status_code=status))


@pytest.mark.parametrize("status", [200, 204, 404])
def test_what_the_locustfile_takes_for_a_success_is_one(status: int) -> None:
    assert (Outcome.OK, status) == classify(None, SimpleNamespace(status_code=status))


def test_a_request_that_is_not_http_has_no_status() -> None:
    assert (Outcome.OK, 0) == classify(None, None)


def test_a_broken_transport_is_named_before_the_status() -> None:
    """A body that was cut off can still carry a 200."""
    assert (Outcome.TIMEOUT, 200) == classify(TimeoutError(), SimpleNamespace(status_code=200))


def test_a_locustfile_that_words_a_broken_transport_anew_does_not_hide_it() -> None:
    """`response.failure("…")` replaces the exception; the response still has the first one."""
    response = SimpleNamespace(status_code=0, error=ConnectionResetError())

    assert (Outcome.DROPPED, 0) == classify(Exception("the cart did not answer"), response)


def test_an_error_that_is_only_text_is_no_transport() -> None:
    response = SimpleNamespace(status_code=200, error="empty cart")

    assert (Outcome.BODY, 200) == classify(Exception("empty cart"), response)
