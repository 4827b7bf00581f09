"""Reads records back: a growing file while the load runs, or a whole one later."""

import csv
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from canarygate.errors import ConfigError
from canarygate.records import OUTCOMES, RECORD_FIELDS, Outcome, Records

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
        self._blocks: list[dict[str, NDArray[Any]]] = []
        self._length = 0
        self._failures = 0
        self._endpoints: dict[tuple[str, str], int] = {}
        self._users: dict[str, int] = {}

    def __len__(self) -> int:
        return self._length

    def read(self) -> int:
        """Take in what is new; gives the number of new records. A file not there yet is no records.

        Raises:
            ConfigError: a complete line is not a record.
        """
        before = self._length
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                # In blocks: half a million records at once took 340 MiB, in blocks 120.
                while data := file.read(BLOCK_BYTES):
                    self._offset += len(data)
                    self._read_lines(self._rest + data)
        except FileNotFoundError:
            return 0
        return self._length - before

    def since(self, moment: float) -> list[tuple[bool, float]]:
        """(ok, duration in ms) of the records that ended at `moment` or later."""
        records = self.records()
        recent = records.end >= moment
        return list(
            zip(records.ok[recent].tolist(), records.duration_ms[recent].tolist(), strict=True)
        )

    def failures(self) -> int:
        """How many records are no success."""
        return self._failures

    @property
    def has_partial_line(self) -> bool:
        """The file ends inside a record: its writer died, or is writing."""
        return bool(self._rest)

    def records(self) -> Records:
        """Everything read so far, as arrays."""
        import numpy as np

        if len(self._blocks) != 1:  # joined once, and not again before more has been read
            self._blocks = [
                {
                    name: np.concatenate(
                        [np.zeros(0, kind), *(block[name] for block in self._blocks)]
                    )
                    for name, kind in COLUMN_TYPES.items()
                }
            ]
        return Records(
            **self._blocks[0], endpoints=tuple(self._endpoints), users=tuple(self._users)
        )

    def _read_lines(self, data: bytes) -> None:
        # The recorder ends each record with \r\n and writes names without raw line breaks.
        complete, separator, self._rest = data.rpartition(b"\r\n")
        if not separator:
            return
        try:
            text = complete.decode("utf-8", "replace").split("\r\n")
            rows = list(csv.reader(text, strict=True))
        except csv.Error as error:
            raise ConfigError(
                f"{self._path}: damaged record ({error})", hint=FOLDER_HINT
            ) from error
        if not self._header_seen:
            if tuple(rows.pop(0)) != RECORD_FIELDS:
                raise ConfigError(f"{self._path}: not a file of records", hint=FOLDER_HINT)
            self._header_seen = True
        if rows:
            self._take(rows)

    def _take(self, rows: list[list[str]]) -> None:
        try:
            block = self._columns(rows)
        except (KeyError, ValueError, OverflowError) as error:
            damaged = next((row for row in rows if not self._is_record(row)), rows[0])
            raise ConfigError(
                f"{self._path}: damaged record {damaged!r}", hint=FOLDER_HINT
            ) from error
        self._blocks.append(block)
        self._length += len(rows)
        self._failures += int((block["outcome"] != OUTCOME_INDEX[Outcome.OK]).sum())

    def _is_record(self, row: list[str]) -> bool:
        try:
            self._columns([row])
        except (KeyError, ValueError, OverflowError):
            return False
        return True

    def _columns(self, rows: list[list[str]]) -> "dict[str, NDArray[Any]]":
        """Rows as columns."""
        import numpy as np

        if any(len(row) != len(RECORD_FIELDS) for row in rows):
            raise ValueError("not as many cells as a record has")
        texts = dict(zip(RECORD_FIELDS, zip(*rows, strict=True), strict=True))
        endpoints = zip(texts["method"], texts["name"], strict=True)
        values: dict[str, Iterable[Any]] = {
            **{name: map(read, texts[name]) for name, (_, read) in NUMBERS.items()},
            "user": (self._users.setdefault(each, len(self._users)) for each in texts["user"]),
            "endpoint": (
                self._endpoints.setdefault(each, len(self._endpoints)) for each in endpoints
            ),
            "outcome": (OUTCOME_INDEX[outcome] for outcome in texts["outcome"]),
        }
        return {
            name: np.fromiter(values[name], dtype=kind, count=len(rows))
            for name, kind in COLUMN_TYPES.items()
        }


BLOCK_BYTES = 500_000
NUMBERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    **dict.fromkeys(("start", "intended_start", "end", "duration_ms"), ("float64", float)),
    **dict.fromkeys(("sequence", "status", "bytes", "worker"), ("int64", int)),
}
COLUMN_TYPES = {name: kind for name, (kind, _) in NUMBERS.items()} | dict.fromkeys(
    ("user", "endpoint", "outcome"), "int64"
)
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
