"""What a run tells while it goes on; the terminal and the log are listeners."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RoleProgress:
    """One role, now."""

    users: int
    requests: int
    failures: int
    requests_per_second: float
    """Over the last ten seconds."""
    median_seconds: float | None
    """Of the successes of the last ten seconds."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """The run, now."""

    elapsed_seconds: float
    planned_seconds: float
    roles: Mapping[str, RoleProgress]
    near: Sequence[str] = ()
    """How near the answer is, in phrases, what matters most first."""


@dataclass(frozen=True, kw_only=True)
class Phase:
    """What goes on while there is no load."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Started:
    """The load begins."""

    roles: Mapping[str, str]
    """Host by role."""


@dataclass(frozen=True, kw_only=True)
class Stopping:
    """A signal came; the load is being ended in order."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """The load is over and every file of it is written."""

    seconds: float


Event = Phase | Progress | Started | Stopping | Ended
