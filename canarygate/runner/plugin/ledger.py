"""What the recorder counts and keeps, in one process or summed over workers, and how it reaches the disk."""

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from canarygate.records import RECORD_FIELDS, encode_finished, encode_record, records_path
from canarygate.results import write_atomically

# One clock for every time in a record: steps of the system's clock during the run move nothing.
EPOCH = time.time() - time.monotonic()


def now() -> float:
    """Seconds since the epoch, by a clock that only goes forward."""
    return EPOCH + time.monotonic()


@dataclass
class Counts:
    """Of one process. The names are those of `canarygate.results.RoleRun`."""

    started: int = 0
    returned: int = 0
    recorded: int = 0
    tasks: int = 0
    exceptions: int = 0
    listener_errors: int = 0
    elsewhere: int = 0
    scheduled: int = 0
    begun: int = 0
    busy_seconds: float = 0.0
    user_seconds: float = 0.0
    users: int = 0
    users_at_end: int = 0
    start: float | None = None
    generator_cpu: float | None = None
    generator_lag_seconds: float | None = None
    lateness_seconds: float | None = None


MOST_HELD_SECONDS = 5.0
"""A locustfile may think about an answer before it says whether that was a success."""
SUMMED = (
    "started",
    "returned",
    "recorded",
    "tasks",
    "exceptions",
    "listener_errors",
    "elsewhere",
    "scheduled",
    "begun",
    "busy_seconds",
    "user_seconds",
    "users",
    "users_at_end",
)


@dataclass
class Ledger:
    """The counts and pending records of this process, and on a master of every worker."""

    counts: Counts = field(default_factory=Counts)
    finished: list[tuple[Any, ...]] = field(default_factory=list)
    """This process's pending records, as `encode_finished` takes them; many at once cost less."""
    answered: dict[object, float] = field(default_factory=dict)
    """Requests that ended and have no record yet (`with … catch_response`), and when they ended."""
    rows: list[str] = field(default_factory=list)
    """The workers' pending records."""
    workers: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The newest report of each worker, by its client id."""

    def take_rows(self) -> list[str]:
        """Hand over the pending records."""
        rows, finished = self.rows, self.finished
        self.rows, self.finished = [], []
        return rows + [encode_finished(*each) for each in finished]

    def report(self, *, final: bool) -> dict[str, Any]:
        """What a worker ships to its master: records since the last report, and totals."""
        return {
            "at": self._reported_until(),
            "rows": self.take_rows(),
            "counts": asdict(self.counts),
            "final": final,
        }

    def absorb(self, worker: str, report: dict[str, Any]) -> None:
        """Take in a worker's report."""
        self.rows.extend(report["rows"])
        final = report["final"] or self.workers.get(worker, {}).get("final", False)
        self.workers[worker] = {"counts": report["counts"], "final": final, "at": report["at"]}

    def totals(self) -> dict[str, Any]:
        """Of every process of this role: sums, the earliest start, the worst CPU, lag and lateness."""
        every = [asdict(self.counts), *(worker["counts"] for worker in self.workers.values())]
        totals: dict[str, Any] = {name: sum(each[name] for each in every) for name in SUMMED}
        totals["start"] = min(_known(every, "start"), default=None)
        for name in ("generator_cpu", "generator_lag_seconds", "lateness_seconds"):
            totals[name] = max(_known(every, name), default=None)
        return totals

    def watermark(self) -> float:
        """Up to when every writer has reported; seconds since the epoch."""
        reported = [worker["at"] for worker in self.workers.values()]
        return min(reported, default=self._reported_until())

    def _reported_until(self) -> float:
        """A record that is still to come may say that its request ended a while ago.

        Some never come; these are told as unrecorded, and waited for no longer than others are.
        """
        forgotten = now() - MOST_HELD_SECONDS
        self.answered = {call: end for call, end in self.answered.items() if end > forgotten}
        return min(self.answered.values(), default=now())

    def finals(self) -> int:
        """How many workers have sent their last report."""
        return sum(worker["final"] for worker in self.workers.values())


def _known(every: list[dict[str, Any]], name: str) -> list[float]:
    return [each[name] for each in every if each[name] is not None]


class Files:
    """A role's records and status on disk, in the result folder and the work folder."""

    def __init__(self, *, folder: Path, status: Path, role: str) -> None:
        self._status = status
        self._records = records_path(folder, role).open(
            "w", encoding="utf-8", errors="surrogateescape", newline=""
        )
        self._records.write(encode_record(RECORD_FIELDS))

    def flush(self, rows: list[str], status: dict[str, Any]) -> None:
        """Records first: a status never tells of records that are not there."""
        if rows:
            self._records.write("".join(rows))
        self._records.flush()
        write_atomically(self._status, json.dumps(status))
