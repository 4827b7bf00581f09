import pytest
from hypothesis import given
from hypothesis import strategies as st

from canarygate.records import Outcome
from push_metrics.failure_kinds import kind_of_error

REFUSED_BY_REQUESTS = (
    "ConnectionError(MaxRetryError(\"HTTPConnectionPool(host='shop', port=80): Max retries exceeded "
    'with url: /timeout (Caused by NewConnectionError("<HTTPConnection>: Failed to establish a new '
    'connection: [Errno 111] Connection refused"))"))'
)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("HTTPError('503 Server Error: Service Unavailable for url: /timeout')", "http_5xx"),
        ("HTTPError('404 Client Error: Not Found for url: größe')", "http_4xx"),
        ("LocustBadStatusCode(code=503)", "http_5xx"),
        ("BadStatusCode('http://shop/refused', code=429)", "http_4xx"),
        ("CatchResponseError('wrong body: no orderId')", "body"),
        ("CatchResponseError('timeout of the payment shown')", "body"),
        ("CatchResponseError('expected 201, got 503')", "http_5xx"),
        ("CatchResponseError('status code: 404')", "http_4xx"),
        ("CatchResponseError('order 503 is missing')", "body"),
        ("RetriesExceeded('http://shop/refused', 0, original=timed out)", "timeout"),
        ("TimeoutError('timed out')", "timeout"),
        ("ReadTimeout(ReadTimeoutError('…: Read timed out. (read timeout=5)'))", "timeout"),
        ("ConnectTimeout()", "timeout"),
        ("ConnectionRefusedError(111, 'Connection refused')", "refused"),
        ("OSError(113, 'No route to host')", "refused"),
        (REFUSED_BY_REQUESTS, "refused"),
        ("gaierror(-2, 'Name or service not known')", "dns"),
        ("gaierror(-3, 'Temporary failure in name resolution')", "dns"),
        ("RemoteDisconnected('Remote end closed connection without response')", "dropped"),
        ("ConnectionResetError(104, 'Connection reset by peer')", "dropped"),
        ("BrokenPipeError(32, 'Broken pipe')", "dropped"),
        ("HTTPConnectionClosed('connection closed.')", "dropped"),
        ("ChunkedEncodingError(ProtocolError('Connection broken: IncompleteRead(…)'))", "dropped"),
        ("SSLCertVerificationError(1, 'certificate verify failed')", "tls"),
        (
            "SSLError(MaxRetryError('… (Caused by SSLError(SSLEOFError(8, 'EOF occurred')))'))",
            "tls",
        ),
        ("ValueError('no such product')", "other"),
        ("", "other"),
    ],
)
def test_an_error_folds_to_what_the_recorder_would_have_called_it(text: str, kind: str) -> None:
    assert Outcome(kind) == kind_of_error(text)


@given(st.text())
def test_every_text_folds_to_a_failure(text: str) -> None:
    assert Outcome.OK != kind_of_error(text)
