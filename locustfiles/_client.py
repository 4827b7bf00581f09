"""Locust's fast client, made to record what it would otherwise raise and forget.

An error page that is not UTF-8, and a body whose Content-Encoding is broken or unknown, raise out
of `client.get()`: the task ends, no request is recorded, and a broken shop looks like an idle one.
"""

import zlib

from locust.contrib.fasthttp import FAILURE_EXCEPTIONS, FastHttpSession, FastResponse


class RecordedResponse(FastResponse):
    """A response whose body, if it cannot be decoded, is an error that Locust records."""

    @property
    def content(self) -> bytes:
        """The decoded body."""
        try:
            body: bytes = super().content
        except FAILURE_EXCEPTIONS:
            raise
        except Exception:
            self.release()
            raise zlib.error("the body cannot be decoded") from None
        return body


def record_every_answer(session: FastHttpSession) -> None:
    """Take every status for an answer, and every body for one that can be refused."""
    # For another status than these the agent composes a log entry that nobody reads, in UTF-8.
    session.client.valid_response_codes = frozenset(range(100, 600))  # type: ignore[misc]
    session.client.response_type = RecordedResponse  # type: ignore[misc]


def error_of(status: int, error: Exception | None) -> Exception | str | None:
    """What went wrong before anyone read the body, in words without a URL; None if nothing did."""
    if error is not None:
        # The agent wraps a timeout together with the URL, a row of failures for every product.
        return getattr(error, "original", None) or error
    return f"status {status}" if not 200 <= status < 300 else None
