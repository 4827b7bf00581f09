"""Memory samples of each role: what one holds, how they are written, and how they are read back."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SAMPLE_FIELDS = (
    "time",  # s since the epoch, when it was asked for
    "role",
    "pod",  # the pod's name, or empty where one endpoint is the whole role
    "bytes",  # resident memory (working set of a container); empty where it could not be read
    "limit_bytes",  # empty where none is known
    "restarts",  # so far; empty where the source does not show them
    "oom_kills",  # so far; empty where the source does not show them
    "process_start",  # s since the epoch; empty where the source does not show it
    "error",  # why there is nothing, else empty
)


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


def read_memory(folder: Path) -> Mapping[str, MemorySamples]:
    """Every complete sample of a result folder by role; nothing where memory was not asked for.

    Raises:
        ConfigError: the file is none of ours, or damaged.
    """
    raise NotImplementedError(folder)
