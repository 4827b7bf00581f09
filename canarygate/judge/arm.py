"""One role's records, made ready to be judged: sound ones only, in order of time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

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

    `ended` and `sent` are in microseconds since the role's start: whole numbers, so that no
    rounding of a sum decides which requests share a window. Records that ended in the same
    microsecond are in an order of their own, which the order of the file does not touch.
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
    sent: NDArray[np.int64]
    """When it was meant to be sent; on an open schedule that may be before it was."""
    duration_seconds: NDArray[np.float64]
    """From the moment it was meant to be sent."""
    waited_seconds: NDArray[np.float64]
    """Of that, before it was sent: the echo of an earlier answer, on an open schedule."""
    ok: NDArray[np.bool_]
    timed_out: NDArray[np.bool_]
    warm: NDArray[np.bool_]
    """Meant to be sent when the warm-up was over: judged for latency."""
    endpoint: NDArray[np.int64]
    """Indexes `endpoints`."""
    user: NDArray[np.int64]
    """Indexes `users`."""
    sequence: NDArray[np.int64]
    """The user's own request number, from 1."""
    endpoints: tuple[tuple[str, str], ...]
    """(method, name), ascending."""
    users: tuple[str, ...]
    """The same name on both roles is the same simulated person."""

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

    def up_to(self, seconds: float) -> "Arm":
        """What had ended `seconds` after the load began; views, not copies, of the columns.

        `endpoints`, `users` and the facts stay those of the whole run.
        """
        return self.between(-FARTHEST, seconds)

    def between(self, after: float, seconds: float) -> "Arm":
        """What ended later than `after` seconds and not later than `seconds`."""
        first, last = (
            int(np.searchsorted(self.ended, round(moment * MICROSECONDS), "right"))
            for moment in (after, seconds)
        )
        if first == 0 and last == len(self):
            return self
        kept = slice(first, last)
        ok = self.ok[kept]
        return replace(
            self,
            recorded=len(ok),
            failed=len(ok) - int(ok.sum()),
            unsound=0,
            ended=self.ended[kept],
            sent=self.sent[kept],
            duration_seconds=self.duration_seconds[kept],
            waited_seconds=self.waited_seconds[kept],
            ok=ok,
            timed_out=self.timed_out[kept],
            warm=self.warm[kept],
            endpoint=self.endpoint[kept],
            user=self.user[kept],
            sequence=self.sequence[kept],
        )


def read_arm(role: str, facts: RoleRun, records: Records | None, warm_up_seconds: float) -> Arm:
    """Sort a role's records by the time of their end; set aside those that cannot be true."""
    if records is None or not len(records):
        nothing = np.zeros(0)
        return make_arm(role, ended_seconds=nothing, duration_seconds=nothing, facts=facts)
    sound = _sound(records)
    end, intended = records.end[sound], records.intended_start[sound]
    start = finite(facts.start)
    origin = start if start is not None else float(intended.min(initial=FARTHEST))
    late = np.maximum(records.start[sound] - intended, 0.0)
    return replace(
        make_arm(
            role,
            ended_seconds=end - origin,
            sent_seconds=intended - origin,
            duration_seconds=records.duration_ms[sound] / 1000.0 + late,
            waited_seconds=late,
            ok=records.ok[sound],
            timed_out=records.outcome[sound] == OUTCOMES.index(Outcome.TIMEOUT),
            warm=intended >= origin + warm_up_seconds,
            endpoint=records.endpoint[sound],
            endpoints=records.endpoints,
            user=records.user[sound],
            users=records.users,
            sequence=records.sequence[sound],
            facts=facts,
        ),
        recorded=len(records),
        failed=int((~records.ok).sum()),
        unsound=int((~sound).sum()),
    )


def make_arm(
    role: str,
    *,
    ended_seconds: NDArray[np.float64],
    duration_seconds: NDArray[np.float64],
    sent_seconds: NDArray[np.float64] | None = None,
    waited_seconds: NDArray[np.float64] | None = None,
    ok: NDArray[np.bool_] | None = None,
    timed_out: NDArray[np.bool_] | None = None,
    warm: NDArray[np.bool_] | None = None,
    endpoint: NDArray[np.int64] | None = None,
    endpoints: tuple[tuple[str, str], ...] = (("GET", "/"),),
    user: NDArray[np.int64] | None = None,
    users: tuple[str, ...] = ("User/0",),
    sequence: NDArray[np.int64] | None = None,
    warm_up_seconds: float = 10.0,
    facts: RoleRun | None = None,
) -> Arm:
    """An arm straight from columns of one length, in any order; times are since the load began.

    What is left out: sent a duration before the end, without a wait, every request a success of one
    endpoint and one user, numbered as given, and warm when sent after `warm_up_seconds`.
    """
    length = len(ended_seconds)
    ok = np.ones(length, bool) if ok is None else ok
    timed_out = np.zeros(length, bool) if timed_out is None else timed_out
    sent = ended_seconds - duration_seconds if sent_seconds is None else sent_seconds
    nothing = np.zeros(length, np.int64)
    waited = np.zeros(length) if waited_seconds is None else waited_seconds
    ended = np.rint(ended_seconds * MICROSECONDS).astype(np.int64)
    intended = np.rint(sent * MICROSECONDS).astype(np.int64)
    warm = sent >= warm_up_seconds if warm is None else warm
    user = nothing if user is None else _renumbered(user, users)
    endpoint = nothing if endpoint is None else _renumbered(endpoint, endpoints)
    sequence = np.arange(1, length + 1) if sequence is None else sequence
    order = _order([ended, intended, user, sequence, endpoint, duration_seconds, ok, timed_out])
    return Arm(
        role=role,
        facts=RoleRun(host="", users_wanted=0) if facts is None else facts,
        recorded=length,
        failed=length - int(ok.sum()),
        unsound=0,
        ended=ended[order],
        sent=intended[order],
        duration_seconds=duration_seconds[order],
        waited_seconds=waited[order],
        ok=ok[order],
        timed_out=timed_out[order],
        warm=warm[order],
        endpoint=endpoint[order],
        user=user[order],
        sequence=sequence[order],
        endpoints=tuple(sorted(endpoints)),
        users=tuple(sorted(users)),
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


def _renumbered(
    index: NDArray[np.int64], names: tuple[str, ...] | tuple[tuple[str, str], ...]
) -> NDArray[np.int64]:
    """For names in ascending order: which came first in the file must not matter."""
    place = np.empty(len(names), np.int64)
    place[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
    return place[index]


def _order(columns: Sequence[NDArray[Any]]) -> NDArray[np.int64]:
    """By the first column; rows that tie there, by the next ones."""
    order = np.argsort(columns[0], kind="stable")
    leading = columns[0][order]
    same = leading[1:] == leading[:-1]
    if same.any():
        tied = np.concatenate([same, [False]]) | np.concatenate([[False], same])
        rows = order[tied]
        order[tied] = rows[np.lexsort([column[rows] for column in reversed(columns)])]
    return order
