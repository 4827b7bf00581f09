"""One record per finished request: what it holds, how it is written, and how a growing file is read."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from canarygate.errors import ConfigError

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


FOLDER_HINT = (
    "name a folder that `canarygate gate` or `canarygate run` wrote, such as results/<run_id>"
)


class RecordReader:
    """Reads a growing records file; each call takes in the lines completed since the last one.

    The live watcher and a later `judge` both read through here, so that they see the same numbers.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._rest = b""
        self._header_seen = False
        self._columns: dict[str, list[Any]] = {name: [] for name in COLUMN_TYPES}
        self._endpoints: dict[tuple[str, str], int] = {}
        self._users: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._columns["end"])

    def read(self) -> int:
        """Take in what is new; gives the number of new records. A file not there yet is no records.

        Raises:
            ConfigError: a complete line is not a record.
        """
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return 0
        self._offset += len(data)
        # The recorder ends each record with \r\n and writes names without raw line breaks.
        complete, separator, self._rest = (self._rest + data).rpartition(b"\r\n")
        if not separator:
            return 0
        before = len(self)
        try:
            for row in csv.reader(complete.decode("utf-8", "replace").split("\r\n"), strict=True):
                self._take(row)
        except csv.Error as error:
            raise ConfigError(
                f"{self._path}: damaged record ({error})", hint=FOLDER_HINT
            ) from error
        return len(self) - before

    def since(self, moment: float) -> list[tuple[bool, float]]:
        """(ok, duration in ms) of the newest records, back to the first that ended before `moment`."""
        ends, outcomes, durations = (
            self._columns[name] for name in ("end", "outcome", "duration_ms")
        )
        first = len(ends)
        while first and ends[first - 1] >= moment:
            first -= 1
        return [
            (outcome == OUTCOME_INDEX[Outcome.OK], duration)
            for outcome, duration in zip(outcomes[first:], durations[first:], strict=True)
        ]

    def failures(self) -> int:
        """How many records are no success."""
        return len(self) - self._columns["outcome"].count(OUTCOME_INDEX[Outcome.OK])

    @property
    def has_partial_line(self) -> bool:
        """The file ends inside a record: its writer died, or is writing."""
        return bool(self._rest)

    def records(self) -> Records:
        """Everything read so far, as arrays."""
        import numpy as np

        columns = {
            name: np.asarray(self._columns[name], dtype=kind) for name, kind in COLUMN_TYPES.items()
        }
        return Records(**columns, endpoints=tuple(self._endpoints), users=tuple(self._users))

    def _take(self, row: list[str]) -> None:
        if not self._header_seen:
            if tuple(row) != RECORD_FIELDS:
                raise ConfigError(f"{self._path}: not a file of records", hint=FOLDER_HINT)
            self._header_seen = True
            return
        try:
            (
                start,
                intended,
                end,
                user,
                sequence,
                method,
                name,
                duration,
                status,
                outcome,
                size,
                worker,
            ) = row
            values = (
                float(start),
                float(intended),
                float(end),
                self._users.setdefault(user, len(self._users)),
                int(sequence),
                self._endpoints.setdefault((method, name), len(self._endpoints)),
                float(duration),
                int(status),
                OUTCOME_INDEX[outcome],
                int(size),
                int(worker),
            )
        except (KeyError, ValueError) as error:
            raise ConfigError(f"{self._path}: damaged record {row!r}", hint=FOLDER_HINT) from error
        for column, value in zip(self._columns.values(), values, strict=True):
            column.append(value)


COLUMN_TYPES = {
    "start": "float64",
    "intended_start": "float64",
    "end": "float64",
    "user": "int64",
    "sequence": "int64",
    "endpoint": "int64",
    "duration_ms": "float64",
    "status": "int64",
    "outcome": "int64",
    "bytes": "int64",
    "worker": "int64",
}
OUTCOME_INDEX = {str(outcome): index for index, outcome in enumerate(OUTCOMES)}


def read_records(path: Path) -> Records:
    """Every complete record of a file.

    Raises:
        ConfigError: the file is not there, or a complete line is not a record.
    """
    if not path.exists():
        raise ConfigError(f"{path}: no such file", hint=FOLDER_HINT)
    reader = RecordReader(path)
    reader.read()
    return reader.records()


def encode_record(values: Iterable[object]) -> str:
    """One line of a records file, in the order of RECORD_FIELDS.

    In names, line breaks and NUL become spaces, and what lies beyond LONGEST characters is cut.
    """
    return ",".join(_cell(value) for value in values) + "\r\n"


def encode_finished(
    start: float,
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
    """What `encode_record` gives for a request in closed arrival, in a quarter of the time."""
    began = f"{start:.6f}"
    return (
        f"{began},{began},{end:.6f},{_text(user[:LONGEST])},{sequence},"
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
