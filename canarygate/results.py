"""What a run keeps: the records, what each role's Locust counted, and run.json.

The folder `results/<run_id>/` is the only thing that the later stages read. Everything in it is a
file that a person can open; JSON files are versioned and written atomically.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

from canarygate.errors import ConfigError
from canarygate.near import near_path
from canarygate.record_reader import FOLDER_HINT, read_records
from canarygate.records import Records, records_path

RUN_VERSION = 1
CANARY = "canary"
STABLE = "stable"
ROLES = (CANARY, STABLE)


class RunOutcome(StrEnum):
    """How the run itself went, apart from what it found."""

    NOT_STARTED = "not started"
    RUNNING = "running"
    FINISHED = "finished"
    DECIDED = "decided"
    BROKEN = "broken"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, kw_only=True)
class RoleRun:
    """What one role's Locust counted and how it ended; the honest frame around its records.

    Counts are of requests unless they say otherwise; times are seconds since the epoch.
    """

    host: str
    users: int = 0
    """Most users that ran at once."""
    users_at_end: int | None = None
    """Users still running when the load was told to stop; None where nobody counted them."""
    users_wanted: int
    started: int = 0
    returned: int = 0
    recorded: int = 0
    tasks: int = 0
    """Task bodies that users began."""
    scheduled: int = 0
    """In open arrival: turns (what a user does from one wait to the next) due by the end."""
    begun: int = 0
    """Of them, those that users began."""
    lateness_seconds: float | None = None
    """95th percentile of how late turns began, in open arrival."""
    busy_seconds: float = 0.0
    """Inside requests, summed over users."""
    user_seconds: float = 0.0
    """That users ran, summed over them."""
    exceptions: int = 0
    """Exceptions that a user's task raised."""
    elsewhere: int = 0
    """Requests to another host than the one under test, by absolute URLs or redirects."""
    listener_errors: int = 0
    """Failures inside the recorder itself: its records cannot be trusted when there are any."""
    statistics_requests: int | None = None
    """What Locust's own statistics hold at the end, to be held against the records."""
    statistics_failures: int | None = None
    start: float | None = None
    """When the first user started."""
    end: float | None = None
    """When the load was told to stop."""
    watermark: float | None = None
    """Up to when every writer of records had reported, seconds since the epoch."""
    planned_seconds: float | None = None
    """None where the locustfile's own LoadTestShape decides."""
    workers_wanted: int = 0
    workers_lost: int = 0
    foreign_workers: int = 0
    """Workers that joined and were none of ours."""
    generator_cpu: float | None = None
    """Busiest process's CPU seconds per second, over the run; 1.0 is one core."""
    generator_lag_seconds: float | None = None
    """95th percentile of how late the generator's event loop woke."""
    complete: bool = False
    """The recorder, and every worker's, wrote its final report."""
    exit_status: int | None = None
    """Locust's own; negative for a signal. None while it runs."""
    problem: str | None = None
    """What broke it, in words."""

    @property
    def unfinished(self) -> int:
        """Requests that were sent and never came back."""
        return self.started - self.returned

    @property
    def unrecorded(self) -> int:
        """Requests that came back and left no record, as an exception inside `catch_response` does."""
        return self.returned - self.recorded


@dataclass(frozen=True, kw_only=True)
class StartedService:
    """The service that `smoke` started, as it was before it was told to stop."""

    program: str
    """Without its arguments, which may hold secrets."""
    ready_seconds: float | None = None
    """From its start to its first good answer; None: it never gave one."""
    exit_status: int | None = None
    """It ended by itself; negative for a signal. None: it ran until it was told to stop."""
    ended_at: float | None = None
    """When that was noticed, seconds since the epoch."""


@dataclass(frozen=True, kw_only=True)
class RunFile:
    """run.json: the settings, versions, seed, times and outcome of a run."""

    run_id: str
    service: str
    outcome: RunOutcome
    reason: str = ""
    """Why the outcome is what it is, in words."""
    decided: bool = False
    seed: str = ""
    warm_up_seconds: float = 0.0
    stage: str = ""
    push_labels: Mapping[str, str] = field(default_factory=dict)
    same_identity: str = ""
    """What showed that both hosts are the same process; empty when nothing did."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, RoleRun] = field(default_factory=dict)
    started_service: StartedService | None = None


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run read back: its file, and the records of each role that has any."""

    file: RunFile
    records: Mapping[str, Records]


def write_atomically(path: Path, text: str) -> None:
    """A reader sees the old file or the new one, never half of either."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def write_run(folder: Path, run: RunFile) -> None:
    """Write run.json."""
    write_atomically(
        folder / "run.json", json.dumps({"version": RUN_VERSION, **asdict(run)}, indent=2) + "\n"
    )


def read_run_file(folder: Path) -> RunFile:
    """Read run.json.

    Raises:
        ConfigError: there is none, or it is none of ours.
    """
    path = folder / "run.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        near = near_path(folder)
        raise ConfigError(f"{path}: not a run's file ({error}){near}", hint=FOLDER_HINT) from error
    if not isinstance(document, dict) or document.pop("version", None) != RUN_VERSION:
        raise ConfigError(f"{path}: not of version {RUN_VERSION}", hint=FOLDER_HINT)
    try:
        roles = {
            role: RoleRun(**_known(RoleRun, facts)) for role, facts in document["roles"].items()
        }
        started = document.get("started_service")
        values = _known(RunFile, document) | {
            "roles": roles,
            "started_service": started and StartedService(**_known(StartedService, started)),
            "outcome": RunOutcome(document["outcome"]),
        }
        return RunFile(**values)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{path}: damaged ({error!r})", hint=FOLDER_HINT) from error


def read_run(folder: Path) -> Run:
    """Read a result folder.

    Raises:
        ConfigError: the folder is none of ours, or damaged.
    """
    file = read_run_file(folder)
    records = {role: read_records(records_path(folder, role)) for role in file.roles}
    return Run(file=file, records=records)


def _known(record_type: type[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """A newer canarygate may have written more than we know; we read what we know."""
    names = {each.name for each in fields(record_type)}
    return {name: value for name, value in values.items() if name in names}
