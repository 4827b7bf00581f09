"""Open arrival: users keep a schedule fixed beforehand, whatever the server's speed."""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import gevent
import locust
import locust.user.wait_time
from locust import TaskSet, User
from locust.exception import StopUser
from locust.user.task import (
    LOCUST_STATE_RUNNING,
    LOCUST_STATE_STOPPING,
    LOCUST_STATE_WAITING,
)

from canarygate.runner.plugin.ledger import EPOCH, now
from canarygate.runner.plugin.pace import Lateness, Pace, first_turn
from canarygate.runner.plugin.recorder import Recorder

LEAD_SECONDS = 0.1
"""From the run's begin to the first user's first turn: no process that starts is so late."""
CLOCKS = frozenset(
    ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "now")
)


class Arrival:
    """Keeps every user of this process to its schedule, and counts what of it was begun."""

    def __init__(self, recorder: Recorder) -> None:
        settings = recorder.settings
        self._recorder = recorder
        self._counts = recorder.ledger.counts
        self._rate: float | None = settings["rate"]
        self._users: int = settings["users"]
        self._spawn_rate: float = settings["spawn_rate"]
        self._go = Path(settings["go"])
        self._interval = self._users / self._rate if self._rate else None
        self._origin: float | None = None
        self._paces: set[Pace] = set()
        self._lateness = Lateness()
        self._asked_seconds = 0.0
        self._waits = 0
        self._rest = gevent.sleep

    def install(self) -> None:
        """Patch what users start with, wait with and sleep with; before others wrap the same."""
        User.run = self._punctual(User.run)  # type: ignore[misc]
        TaskSet.wait = self._wait_on_schedule
        # A task's own sleep is part of the plan; `time.sleep` is gevent's since Locust's import.
        sleep = self._sleeping(gevent.sleep)
        gevent.sleep = gevent.hub.sleep = time.sleep = sleep
        unpace()
        self._recorder.tallies.append(self.tally)

    def _punctual(self, original: Callable[[Any], None]) -> Callable[[Any], None]:
        @wraps(original)
        def run(user: Any) -> None:
            pace = self._pace_of(user)
            self._paces.add(pace)
            user.canarygate_pace = pace
            try:
                self._rest(max(0.0, pace.due - now()))
                if self._recorder.end is None:
                    self._begun(pace.begin_rested(now()))
                    original(user)
            finally:
                if self._recorder.planned is None:  # a LoadTestShape lets users go as it likes
                    self._paces.discard(pace)

        return run

    def _pace_of(self, user: Any) -> Pace:
        if self._recorder.planned is None:  # where it starts them when it likes, too
            return Pace(now(), interval=None)
        if self._origin is None:
            self._origin = EPOCH + float(self._go.read_text(encoding="ascii")) + LEAD_SECONDS
        first = first_turn(
            user.canarygate_place,
            begin=self._origin,
            spawn_rate=self._spawn_rate,
            users=self._users,
            interval=self._interval,
        )
        return Pace(first, interval=self._interval)

    def _wait_on_schedule(self, task_set: Any) -> None:
        """Instead of Locust's own wait, with the same states: it kills users that wait."""
        user = task_set.user
        if user._state == LOCUST_STATE_STOPPING:
            raise StopUser
        user._state = LOCUST_STATE_WAITING
        pace: Pace = user.canarygate_pace
        seconds = 0.0 if self._interval else float(task_set.wait_time())
        before = pace.due
        is_over = pace.end_turn(seconds)
        left = pace.due - now()
        self._rest(left if is_over and left > 0 else 0.0)
        if user._state == LOCUST_STATE_STOPPING or self._recorder.end is not None:
            raise StopUser
        user._state = LOCUST_STATE_RUNNING
        if is_over:
            self._asked_seconds += pace.due - before
            self._waits += 1
            self._begun(pace.begin_rested(now()) if left > 0 else pace.begin_late(now()))

    def _begun(self, late: float) -> None:
        self._counts.begun += 1
        self._lateness.add(late)

    def _sleeping(self, original: Callable[..., None]) -> Callable[..., None]:
        @wraps(original)
        def sleep(seconds: float = 0, ref: bool = True) -> None:
            user = getattr(gevent.getcurrent(), "canarygate_user", None)
            if user is not None and user.canarygate_pace is not None:
                user.canarygate_pace.sleep(seconds)
            original(seconds, ref)

        return sleep

    def tally(self, moment: float) -> None:
        """How many turns the schedule asked for until then, and how late they began.

        Turns that nobody came to have no waits drawn: they are reckoned at the mean one.
        """
        mean = self._interval or (self._asked_seconds / self._waits if self._waits else 1.0)
        missed = sum(int(pace.behind(moment) / mean) for pace in self._paces)
        self._counts.scheduled = self._counts.begun + missed
        self._counts.lateness_seconds = self._lateness.quantile(0.95)


def unpace() -> None:
    """Pacing wait times become plain ones of the same interval: here the schedule is what paces.

    `constant_throughput` is made of `constant_pacing`.
    """
    plain = locust.user.wait_time.constant
    locust.constant_pacing = locust.user.wait_time.constant_pacing = plain


def schedule_problems(
    classes: Sequence[type[Any]], *, rate: float | None, has_shape: bool
) -> Iterator[str]:
    """Why these user classes can keep no schedule, if they cannot."""
    if rate is not None and has_shape:
        yield (
            "--rate (RATE) needs a fixed number of users, and the locustfile's LoadTestShape "
            "decides on it; leave one of the two out"
        )
    for each in classes:
        sets = list(task_sets(each))
        own_loops = [part.__name__ for part in (each, *sets) if _has_own_loop(part)]
        if own_loops:
            yield (
                f"{', '.join(own_loops)} overrides Locust's own run or wait, so that nothing can keep "
                "it to a schedule; use --arrival closed (ARRIVAL)"
            )
        elif rate is None:
            yield from _wait_problems(each, sets)


def task_sets(user_class: type[Any]) -> Iterator[type[Any]]:
    """Every task set of a user class, and theirs."""
    found: set[type[Any]] = set()
    queue = [user_class]
    while queue:
        for each in getattr(queue.pop(), "tasks", None) or ():
            if isinstance(each, type) and issubclass(each, TaskSet) and each not in found:
                found.add(each)
                queue.append(each)
                yield each


def _wait_problems(user_class: type[Any], sets: Sequence[type[Any]]) -> Iterator[str]:
    waits = [
        part.wait_time for part in (user_class, *sets) if part.wait_time is not TaskSet.wait_time
    ]
    if not any(_asks_for_time(each) for each in waits):
        yield (
            f"--arrival open (ARRIVAL) finds no schedule in {user_class.__name__}: it has no "
            "wait_time, or one of 0; give it one, or say --rate (RATE)"
        )
    for each in waits:
        clocks = CLOCKS.intersection(getattr(getattr(each, "__code__", None), "co_names", ()))
        if clocks:
            yield (
                f"wait_time of {user_class.__name__} looks at the clock ({', '.join(sorted(clocks))}), so "
                "that the server's speed would move its schedule; let it give the interval alone, "
                "as constant_throughput does, or say --rate (RATE)"
            )


def _asks_for_time(wait_time: Any) -> bool:
    """Locust's `constant(0)`, which users have who say nothing, is no wait."""
    if getattr(wait_time, "__qualname__", "") == "constant.<locals>.<lambda>":
        return bool(wait_time(None) > 0)
    return wait_time is not None


def _has_own_loop(part: type[Any]) -> bool:
    base = TaskSet if issubclass(part, TaskSet) else User
    return part.run is not base.run or part.wait is not base.wait
