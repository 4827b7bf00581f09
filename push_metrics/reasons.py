"""Why an exchange with the gateway failed, whether that can pass, and what a person can do. Pure."""

from collections.abc import Iterable, Iterator
from http.client import BadStatusLine, RemoteDisconnected

import requests
import urllib3

from push_metrics.address import HINT, printable

REASON_CHARACTERS = 500


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """The text on one line, with `***` where a secret was: a proxy may send our header back."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def shortened(text: str) -> str:
    """The first characters; nobody needs all of an ingress's error page."""
    return text if len(text) <= REASON_CHARACTERS else text[: REASON_CHARACTERS - 1] + "…"


def cause_of(error: Exception) -> str:
    """What went wrong, in the operating system's own words where it had any."""
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return "no answer in time"
    chain = list(_chain(error))
    system = [each for each in chain if isinstance(each, OSError) and each.errno is not None]
    root = (system or chain)[-1]
    return str(root) or type(root).__name__


def can_pass(error: Exception) -> bool:
    """Whether the same exchange may work a moment later."""
    if isinstance(error, requests.exceptions.SSLError):
        return False
    chain = list(_chain(error))
    if any(isinstance(each, BadStatusLine) for each in chain):
        return any(isinstance(each, RemoteDisconnected) for each in chain)
    passing = (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError)
    return isinstance(error, passing)


def hint_for_error(error: Exception) -> str:
    """What to do where there was no answer, and none is to be expected."""
    if isinstance(error, requests.exceptions.SSLError):
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return "PUSH_CA_FILE names the file with the certificate authority that signed it"
        return "does the gateway speak TLS on this port? Else give its URL with http://"
    return f"what answers there is not a Pushgateway; {HINT}"


def hint_for_answer(base: str, status: int, location: str, reason: str) -> str:
    """What to do about an answer that is no success."""
    if 300 <= status < 400:
        target = printable(location).partition("/metrics/")[0].partition("/api/v1")[0]
        return f"it redirects; give the base URL {target or 'that it redirects to'} itself"
    if "HTTP request to an HTTPS server" in reason:
        return f"give its URL as {_with_tls(base)}"
    if status == 400 and not reason and base.startswith("http://"):
        return f"it gave no reason; if it speaks TLS, give its URL as {_with_tls(base)}"
    if "is not a " in reason or "has type" in reason:
        return "a group on this gateway holds the same name under another type; delete that group"
    return _HINTS.get(status, "the gateway's own words say what it did not like")


def _with_tls(base: str) -> str:
    return base.replace("http://", "https://", 1)


_HINTS = {
    401: "give PUSH_USERNAME and PUSH_PASSWORD_FILE, or PUSH_TOKEN_FILE",
    403: "these credentials may not push here; see PUSH_USERNAME and PUSH_TOKEN_FILE",
    404: HINT,
    405: HINT,
    413: "what stands before the gateway limits the size of a push; push without endpoints",
}


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what caused it, however the libraries wrapped it."""
    seen: list[object] = []
    todo: list[object] = [error]
    while todo:
        each = todo.pop(0)
        if not isinstance(each, BaseException) or each in seen:
            continue
        seen.append(each)
        yield each
        todo += [getattr(each, "reason", None), each.__cause__, each.__context__, *each.args]
