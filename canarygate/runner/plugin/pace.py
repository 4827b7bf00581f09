"""One user's schedule in open arrival: when its next turn is due, and what its lateness is owed to.

A turn is what a user does from one wait to the next. Its moment is fixed beforehand: the user's start
and the waits drawn since, as if the server took no time. Pure: the caller tells the time.
"""

import math
from collections import deque

WIDTH = 1.1
"""Lateness is kept in classes, each so many times as wide as the one before."""
LEAST_SECONDS = 1e-5


class Pace:
    """Where a user is in its schedule. Moments are seconds of one clock, lengths are seconds.

    Who is late begins at once, and sends every turn that it missed. The first request of a turn that
    was due while an earlier one overran counts from further back than its start: by the time from
    when it was due until that one's end, which is what a visitor who came at that moment would have
    waited for the server. The time that it then waits in the user's own queue is no server's, and
    neither is the time that the earlier turn spent outside of requests: the same delay is not
    counted twice, and one freeze looks like one.
    """

    __slots__ = (
        *("_began", "_busy", "_interval", "_late", "_overruns", "_pushed", "_slept"),
        *("due", "owed"),
    )

    def __init__(self, first: float, *, interval: float | None) -> None:
        """`first` is when its first turn is due; `interval` what is between turns, None: its waits."""
        self.due = first
        self.owed: float | None = None
        """From when the turn's first request counts, where that is before its start."""
        self._interval = interval
        self._slept = 0.0
        self._busy = 0.0
        self._pushed = 0.0
        self._late = 0.0
        self._began = first
        self._overruns: deque[tuple[float, float, float]] = deque()
        """Turns that made the user later: begin, end, and seconds inside requests."""

    def begin_rested(self, now: float) -> float:
        """A turn begins after a rest; gives how late. Only the generator can have been late here."""
        self._overruns.clear()
        self.owed = None
        return self._begin(now)

    def begin_late(self, now: float) -> float:
        """A turn begins at once, because it was due; gives how late."""
        if now - self.due > self._late:
            self._overruns.append((self._began, now, self._busy))
        while self._overruns and self._overruns[0][1] <= self.due:
            self._overruns.popleft()
        self.owed = None
        if self._overruns and self._overruns[0][0] <= self.due:
            _, end, busy = self._overruns[0]
            self.owed = now - min(end - self.due, busy)
        return self._begin(now)

    def _begin(self, now: float) -> float:
        self._began = now
        self._busy = 0.0
        self._late = max(0.0, now - self.due)
        return self._late

    def ask(self, seconds: float) -> None:
        """A request of this turn has taken so long."""
        self._busy += seconds

    def sleep(self, seconds: float) -> None:
        """The task itself sleeps so long: part of the plan, not lateness."""
        if seconds > 0:
            self._slept += seconds
            if self.owed is not None:
                self.owed += seconds

    def end_turn(self, wait: float) -> bool:
        """The turn is over, with so long a wait after it; False: the wait is none, so it goes on.

        Raises:
            ValueError: the wait is no length of time; the schedule would end in silence.
        """
        if not math.isfinite(wait):
            raise ValueError(f"wait_time gave {wait}, which is no number of seconds")
        if self._interval is None:
            if wait <= 0:
                return False
            self.due += self._slept + wait
        else:
            # A task that sleeps longer than the interval pushes the rest of the schedule back.
            step = max(self._interval, self._slept)
            self._pushed += step - self._interval
            self.due += step
        self._slept = 0.0
        self.owed = None
        return True

    def behind(self, moment: float) -> float:
        """How much of the time until then its turns have not covered."""
        return max(0.0, moment - (self.due - self._pushed))

    def take_owed(self) -> float | None:
        """What is `owed`, once: to the first request of the turn."""
        owed, self.owed = self.owed, None
        return owed


class Lateness:
    """How late turns began: a histogram that is exact to 10 %, however many there were."""

    def __init__(self) -> None:
        self._classes: dict[int, int] = {}
        self._total = 0

    def add(self, seconds: float) -> None:
        """One turn."""
        index = 0
        if seconds > LEAST_SECONDS:
            index = math.ceil(math.log(seconds / LEAST_SECONDS, WIDTH))
        self._classes[index] = self._classes.get(index, 0) + 1
        self._total += 1

    def quantile(self, share: float) -> float | None:
        """At most this late was `share` of the turns (rounded up to 10 %); None without any."""
        needed = share * self._total
        passed = 0
        for index in sorted(self._classes):
            passed += self._classes[index]
            if passed >= needed:
                return float(LEAST_SECONDS * WIDTH**index if index else 0.0)
        return None


def first_turn(
    place: int, *, begin: float, spawn_rate: float, users: int, interval: float | None
) -> float:
    """When the role's `place`-th user (from 0) begins.

    By its own waits: when it is meant to be started. At a constant rate: from then on at the next
    moment of its own, which lie evenly between those of the other users.
    """
    planned = place / spawn_rate
    if interval is None:
        return begin + planned
    phase = place % users / users * interval
    return begin + phase + max(0, math.ceil((planned - phase) / interval - 1e-9)) * interval
