"""One record per finished request: what it holds, how it is written, and how a growing file is read."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RECORD_FIELDS = (
    "start",  # s since the epoch, when the request was sent
    "intended_start",  # s since the epoch; equals start in closed arrival
    "end",  # s since the epoch, when its answer (or its failure) was complete
    "user",  # "<user class>/<index>", the same on both roles for the same simulated person
    "sequence",  # the user's own request number, from 1
    "method",
    "name",
    "duration_ms",  # Locust's response time
    "status",  # HTTP status, 0 where there was none
    "outcome",  # an Outcome
    "bytes",  # of the answer's body
    "worker",  # index of the Locust worker, 0 without workers
)


class Outcome(StrEnum):
    """How one request ended; a closed set, so that it can be a label.

    A failed transport is named before any status: a broken answer can still carry a 200.
    """

    OK = "ok"
    HTTP_4XX = "http_4xx"
    HTTP_5XX = "http_5xx"
    TIMEOUT = "timeout"
    REFUSED = "refused"
    DROPPED = "dropped"
    DNS = "dns"
    TLS = "tls"
    BODY = "body"
    """The server said success and the locustfile did not believe it."""
    OTHER = "other"


OUTCOMES = tuple(Outcome)
LONGEST = 10_000
"""Characters of a name that are kept; a reader of CSV files refuses cells that have no end."""


@dataclass(frozen=True, kw_only=True)
class Records:
    """Finished requests of one role as columns of one length n, in the order they were recorded.

    `endpoint` indexes `endpoints` ((method, name) pairs), `user` indexes `users`, `outcome`
    indexes OUTCOMES. Times are seconds since the epoch, durations milliseconds.
    """

    start: "NDArray[np.float64]"
    intended_start: "NDArray[np.float64]"
    end: "NDArray[np.float64]"
    user: "NDArray[np.int64]"
    sequence: "NDArray[np.int64]"
    endpoint: "NDArray[np.int64]"
    duration_ms: "NDArray[np.float64]"
    status: "NDArray[np.int64]"
    outcome: "NDArray[np.int64]"
    bytes: "NDArray[np.int64]"
    worker: "NDArray[np.int64]"
    endpoints: tuple[tuple[str, str], ...]
    users: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.end)

    @property
    def ok(self) -> "NDArray[np.bool_]":
        """Which requests succeeded."""
        ok: NDArray[np.bool_] = self.outcome == OUTCOMES.index(Outcome.OK)
        return ok


def records_path(folder: Path, role: str) -> Path:
    """Where a role's records are."""
    return folder / f"{role}_requests.csv"


def encode_record(values: Iterable[object]) -> str:
    """One line of a records file, in the order of RECORD_FIELDS.

    In names, line breaks and NUL become spaces, and what lies beyond LONGEST characters is cut.
    """
    return ",".join(_cell(value) for value in values) + "\r\n"


def encode_finished(
    start: float,
    intended_start: float,
    end: float,
    user: str,
    sequence: int,
    method: str,
    name: str,
    duration_ms: float,
    status: int,
    outcome: Outcome,
    size: int,
    worker: int,
) -> str:
    """What `encode_record` gives for a finished request, in a quarter of the time."""
    began = f"{start:.6f}"
    intended = began if intended_start == start else f"{intended_start:.6f}"
    return (
        f"{began},{intended},{end:.6f},{_text(user[:LONGEST])},{sequence},"
        f"{_text(method[:LONGEST])},{_text(name[:LONGEST])},"
        f"{duration_ms:.6f},{status},{outcome},{size},{worker}\r\n"
    )


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6f}"
    return _text(value[:LONGEST]) if isinstance(value, str) else str(value)


@lru_cache(maxsize=4096)
def _text(value: str) -> str:
    if value.isalnum():
        return value
    flat = value
    if not flat.isprintable():
        flat = " ".join(flat.splitlines()).replace("\0", " ")
        flat = flat.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair is no text
    if any(c in flat for c in ',"') or flat != flat.strip():
        return '"' + flat.replace('"', '""') + '"'
    return flat
