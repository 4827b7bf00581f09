"""One role's records, made ready to be judged: sound ones only, in order of time."""

from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from canarygate.records import OUTCOMES, Outcome, Records
from canarygate.results import RoleRun

MICROSECONDS = 1_000_000
FARTHEST = 1e12
"""Seconds since the epoch (or milliseconds of duration) beyond which a record is nonsense."""


@dataclass(frozen=True, kw_only=True)
class Arm:
    """The sound records of one role as columns of one length, ascending by `ended`.

    `ended` is in microseconds since the role's start: whole numbers, so that no rounding of a sum
    decides which requests share a window.
    """

    role: str
    facts: RoleRun
    recorded: int
    """Records of any kind."""
    failed: int
    """Of them, those that are no success."""
    unsound: int
    """Of them, those with a time, duration or outcome that cannot be."""
    ended: NDArray[np.int64]
    duration_seconds: NDArray[np.float64]
    ok: NDArray[np.bool_]
    timed_out: NDArray[np.bool_]
    warm: NDArray[np.bool_]
    """Sent when the warm-up was over: judged for latency."""

    def __len__(self) -> int:
        return len(self.ended)

    @property
    def succeeded(self) -> int:
        """How many requests succeeded."""
        return int(self.ok.sum())

    @property
    def seconds(self) -> float | None:
        """How long its load lasted; None where it never started or has not ended."""
        start, end = finite(self.facts.start), finite(self.facts.end)
        return None if start is None or end is None else end - start


def read_arm(role: str, facts: RoleRun, records: Records | None, warm_up_seconds: float) -> Arm:
    """Sort a role's records by the time of their end; set aside those that cannot be true."""
    if records is None:
        return _arm_without_records(role, facts)
    sound = _sound(records)
    end, intended = records.end[sound], records.intended_start[sound]
    start = finite(facts.start)
    origin = start if start is not None else float(intended.min(initial=FARTHEST))
    order = np.argsort(end, kind="stable")
    return Arm(
        role=role,
        facts=facts,
        recorded=len(records),
        failed=int((~records.ok).sum()),
        unsound=int((~sound).sum()),
        ended=np.rint((end[order] - origin) * MICROSECONDS).astype(np.int64),
        duration_seconds=records.duration_ms[sound][order] / 1000.0,
        ok=records.ok[sound][order],
        timed_out=(records.outcome[sound] == OUTCOMES.index(Outcome.TIMEOUT))[order],
        warm=(intended >= origin + warm_up_seconds)[order],
    )


def finite(number: float | None) -> float | None:
    """A time or a measurement that may be missing or nonsense."""
    return number if number is not None and isfinite(number) and abs(number) < FARTHEST else None


def _sound(records: Records) -> NDArray[np.bool_]:
    times = (records.start, records.intended_start, records.end)
    sound = (records.duration_ms >= 0) & (records.duration_ms < FARTHEST)
    for time in times:
        sound &= np.abs(time) < FARTHEST
    sound &= (records.outcome >= 0) & (records.outcome < len(OUTCOMES))
    return np.asarray(sound & (records.end >= records.start))


def _arm_without_records(role: str, facts: RoleRun) -> Arm:
    nothing = np.zeros(0, bool)
    return Arm(
        role=role,
        facts=facts,
        recorded=0,
        failed=0,
        unsound=0,
        ended=np.zeros(0, np.int64),
        duration_seconds=np.zeros(0),
        ok=nothing,
        timed_out=nothing,
        warm=nothing,
    )
