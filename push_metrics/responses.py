"""What the gateway answered, read no further than it takes."""

import re
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import requests
import urllib3

ACCEPTED = (200, 202)
REASON_BYTES = 4096
LISTING_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Answer:
    """What came back, as it came."""

    status: int
    phrase: str
    body: bytes
    location: str
    wait_seconds: float | None
    """What Retry-After asks for."""


def read_answer(response: requests.Response, *, needs_body: bool) -> Answer:
    """The answer, with its body where that is needed.

    Raises:
        requests.RequestException: an accepted answer is longer than any list of groups.
        urllib3.exceptions.HTTPError: an accepted answer broke off.
    """
    return Answer(
        status=response.status_code,
        phrase=response.reason or "",
        body=_body(response) if needs_body else b"",
        location=response.headers.get("Location", ""),
        wait_seconds=_retry_after(response.headers.get("Retry-After", "")),
    )


def _body(response: requests.Response) -> bytes:
    """All of an accepted answer; of another, what comes of its beginning."""
    accepted = response.status_code in ACCEPTED
    limit = LISTING_BYTES if accepted else REASON_BYTES
    body = bytearray()
    try:
        # A server that does not read our body resets the connection right behind its answer, and
        # a read of many bytes that meets the reset loses those that were already there.
        for chunk in response.raw.stream(65536 if accepted else 1, decode_content=True):
            body += chunk
            if len(body) > limit:
                break
    except urllib3.exceptions.HTTPError:
        if accepted:
            raise
    if accepted and len(body) > limit:
        raise requests.RequestException(f"its answer is above {limit} bytes")
    return bytes(body)


def _retry_after(text: str) -> float | None:
    if re.fullmatch(r"[0-9]{1,9}", text.strip()):
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError):
        return None
