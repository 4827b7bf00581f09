"""Memory samples of each role: what one holds, how they are written, and how they are read back."""

import csv
import os
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from canarygate.errors import ConfigError
from canarygate.record_reader import FOLDER_HINT
from canarygate.results import ROLES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

INTERVAL_SECONDS = 5.0
"""One sample of each role so often."""
PHASE_SECONDS = 1.0
"""Samples are asked for so long after each interval, because the load takes a moment to begin: so
twelve of them lie between 30 s and 90 s of the load, whatever that moment was."""
ANSWER_SECONDS = 3.0
"""A source that has not answered within this time was not readable."""
SETTLED_SECONDS = 4.0
"""So long after it was asked for, a sample is in the file or never will be. It counts from then on,
so that a judge who looks while the load runs sees what one who looks later sees."""

SAMPLE_FIELDS = (
    "time",  # s since the epoch, when it was asked for
    "role",
    "pod",  # the pod's name, or empty where one endpoint is the whole role
    "bytes",  # resident memory (working set of a container); empty where nothing new was read
    "limit_bytes",  # empty where none is known
    "restarts",  # so far; empty where the source does not show them
    "oom_kills",  # so far; empty where the source does not show them
    "process_start",  # s since the epoch; empty where the source does not show it
    "error",  # why there is nothing, else empty
)
NUMBERS = ("bytes", "limit_bytes", "restarts", "oom_kills", "process_start")
NUMBER = re.compile(r"[0-9]{1,19}(?:\.[0-9]{1,9})?", re.ASCII)
LONGEST = 500
"""Characters of an error or a pod's name that are kept."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One reading of one pod, or why there is none. None is not known."""

    time: float
    """When it was asked for, seconds since the epoch."""
    role: str
    pod: str = ""
    bytes: float | None = None
    limit_bytes: float | None = None
    restarts: float | None = None
    oom_kills: float | None = None
    process_start: float | None = None
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class MemorySamples:
    """One role's samples as columns of one length, in the order they were taken.

    Unknown numbers are NaN. Times are seconds since the epoch. `pod` indexes `pods`.
    """

    time: "NDArray[np.float64]"
    pod: "NDArray[np.int64]"
    bytes: "NDArray[np.float64]"
    limit_bytes: "NDArray[np.float64]"
    restarts: "NDArray[np.float64]"
    oom_kills: "NDArray[np.float64]"
    process_start: "NDArray[np.float64]"
    error: tuple[str, ...]
    pods: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.time)


def memory_path(folder: Path) -> Path:
    """Where a run's samples are."""
    return folder / "memory.csv"


class SampleWriter:
    """Appends samples to a run's file; each call is on disk when it returns. Threads may share it.

    Raises:
        OSError: the file cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._lock = threading.Lock()
        self._file = memory_path(folder).open("a", encoding="utf-8", newline="")
        self._lines = csv.writer(self._file)
        if not self._file.tell():
            self._lines.writerow(SAMPLE_FIELDS)
            self._file.flush()

    def write(self, samples: Iterable[Sample]) -> None:
        """Append these; after `close` nothing more is written."""
        rows = [[_cell(getattr(each, name)) for name in SAMPLE_FIELDS] for each in samples]
        with self._lock:
            if not self._file.closed:
                self._lines.writerows(rows)
                self._file.flush()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()


def _cell(value: float | str | None) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        flat = " ".join(value.split()).replace("\0", " ")[:LONGEST]
        return flat.encode("utf-8", "replace").decode("utf-8")
    return f"{value:.6f}".rstrip("0").rstrip(".")


class MemoryReader:
    """Reads a growing file of samples, again only when it has grown."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._size = -1
        self._samples: Mapping[str, MemorySamples] = {}

    def read(self) -> Mapping[str, MemorySamples]:
        """Every complete sample so far.

        Raises:
            ConfigError: the file is none of ours, or damaged.
        """
        try:
            size = os.stat(memory_path(self._folder)).st_size  # noqa: PTH116 (a tenth of the time)
        except OSError:
            return {}
        if size != self._size:
            self._samples, self._size = read_memory(self._folder), size
        return self._samples


def read_memory(folder: Path) -> Mapping[str, MemorySamples]:
    """Every complete sample of a result folder by role; nothing where memory was not asked for.

    Raises:
        ConfigError: the file is none of ours, or damaged.
    """
    path = memory_path(folder)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error})", hint=FOLDER_HINT) from error
    # The writer ends each sample with \r\n; what follows the last one is still being written.
    complete = data.rpartition(b"\r\n")[0].decode("utf-8", "replace")
    try:
        rows = list(csv.reader(complete.split("\r\n"), strict=True)) if complete else []
    except csv.Error as error:
        raise ConfigError(f"{path}: damaged sample ({error})", hint=FOLDER_HINT) from error
    if rows and tuple(rows[0]) != SAMPLE_FIELDS:
        raise ConfigError(f"{path}: not a file of memory samples", hint=FOLDER_HINT)
    samples = []
    for row in rows[1:]:
        try:
            samples.append(_sample(row))
        except (KeyError, ValueError) as error:
            raise ConfigError(f"{path}: damaged sample {row!r}", hint=FOLDER_HINT) from error
    return {role: columns(of_role) for role in ROLES if (of_role := _of(role, samples))}


def columns(samples: Sequence[Sample]) -> MemorySamples:
    """One role's samples as columns, in this order."""
    import numpy as np

    pods: dict[str, int] = {}
    pod = [pods.setdefault(each.pod, len(pods)) for each in samples]
    numbers = {
        name: np.asarray([getattr(each, name) for each in samples], np.float64) for name in NUMBERS
    }
    return MemorySamples(
        time=np.asarray([each.time for each in samples], np.float64),
        pod=np.asarray(pod, np.int64),
        **numbers,
        error=tuple(each.error for each in samples),
        pods=tuple(pods),
    )


def _of(role: str, samples: Iterable[Sample]) -> list[Sample]:
    return [each for each in samples if each.role == role]


def _sample(row: Sequence[str]) -> Sample:
    given = dict(zip(SAMPLE_FIELDS, row, strict=True))
    if given["role"] not in ROLES:
        raise ValueError(given["role"])
    values: dict[str, Any] = {
        name: _number(given[name]) if given[name] else None for name in NUMBERS
    }
    return Sample(
        time=_number(given["time"]),
        role=given["role"],
        pod=given["pod"],
        error=given["error"],
        **values,
    )


def _number(text: str) -> float:
    # float() alone would take 'nan', '1_000' and digits of other scripts.
    if not NUMBER.fullmatch(text):
        raise ValueError(text)
    return float(text)
