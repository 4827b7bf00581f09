"""Locust's error texts, unbounded in number, folded to the closed set of outcomes. Pure."""

import re

from canarygate.records import Outcome

# Only what follows says why; what stands before holds a URL, which may say anything.
_BEFORE_THE_CAUSE = re.compile(r".*(?:original=|Caused by )", re.DOTALL)
_STATUS = re.compile(
    r"^(?:\w*HTTPError\(['\"]|\w*BadStatusCode\(.*code=|"
    r"CatchResponseError\(.*?\b(?:status(?:[ _]code)?|got|code|HTTP)\W{0,3})([45])\d\d\b",
    re.DOTALL | re.IGNORECASE,
)
_SAID_BY_THE_LOCUSTFILE = re.compile(r"CatchResponseError\(")
_CAUSES = (
    (Outcome.TLS, r"SSL|certificate verify failed|CertificateError"),
    (Outcome.TIMEOUT, r"time-?d? ?out"),
    (
        Outcome.DNS,
        r"gaierror|herror|NameResolution|Name or service not known|name resolution|getaddrinfo",
    ),
    (Outcome.REFUSED, r"refused|No route to host|Network is unreachable|Errno (?:101|111|113)\b"),
    (
        Outcome.DROPPED,
        r"reset by peer|ConnectionReset|ConnectionAborted|Connection aborted|BrokenPipe|"
        r"Broken pipe|RemoteDisconnected|closed connection|ConnectionClosed|IncompleteRead|"
        r"ProtocolError|ChunkedEncodingError|connection broken|EOF occurred",
    ),
)


def kind_of_error(text: str) -> Outcome:
    """The outcome that an error of `PREFIX_failures.csv` stands for; OTHER when it says nothing."""
    status = _STATUS.search(text)
    if status is not None:
        return Outcome.HTTP_4XX if status[1] == "4" else Outcome.HTTP_5XX
    if _SAID_BY_THE_LOCUSTFILE.match(text):
        return Outcome.BODY
    cause = _BEFORE_THE_CAUSE.sub("", text)
    for outcome, pattern in _CAUSES:
        if re.search(pattern, cause, re.IGNORECASE):
            return outcome
    return Outcome.OTHER
