"""The run as one Locust process sees it: its stage, its counts, and whether it keeps up."""

import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
from locust.runners import MasterRunner

from canarygate.runner.plugin.distribution import Distribution
from canarygate.runner.plugin.ledger import Files, Ledger, now

FLUSH_SECONDS = 0.25
TICK_SECONDS = 0.1
TICKS_PER_SORT = 10
LAGS_KEPT = 6000
"""Ten minutes of ticks."""


class Recorder:
    """What this process tells: the parent through files, or as a worker its master through reports.

    `settings` is what `canarygate.runner.command` passed on.
    """

    def __init__(
        self, settings: dict[str, Any], ledger: Ledger, distribution: Distribution
    ) -> None:
        self.settings = settings
        self.ledger = ledger
        self.distribution = distribution
        self.stage = "imported"
        self.problem: str | None = None
        self.end: float | None = None
        self.planned: float | None = settings["run_time"]
        self.environment: Any = None
        self.files: Files | None = Files(
            folder=Path(settings["folder"]), status=Path(settings["status"]), role=settings["role"]
        )
        self._lags: list[float] = []
        self._cpu_started: tuple[float, float] | None = None
        self._users_counted = 0.0
        self.tallies: list[Callable[[float], None]] = []
        """Called now and then, and when the load is told to stop, with that moment."""

    def enter(self, stage: str, problem: str | None = None) -> None:
        """Begin a stage, and tell the parent."""
        self.stage = stage
        self.problem = problem or self.problem
        self.flush()

    def flush(self) -> None:
        """Put what is known on disk (a worker's way is its report instead)."""
        if self.files:
            watermark = self.ledger.watermark()
            self.files.flush(self.ledger.take_rows(), self.status(watermark))

    def status(self, watermark: float) -> dict[str, Any]:
        """What the parent reads a few times a second; the counts are RoleRun's."""
        runner = self.environment.runner if self.environment else None
        master = runner if isinstance(runner, MasterRunner) else None
        final = self.stage == "final"
        lost = self.settings["processes"] - self.ledger.finals() if master and final else 0
        missing = len(self.distribution.missing(master)) if master else 0
        total = self.environment.stats.total if self.environment else None
        return {
            "stage": self.stage,
            "problem": self.problem,
            "watermark": watermark,
            "running": runner.user_count if runner else 0,
            "counts": {
                **self.ledger.totals(),
                "end": self.end,
                "planned_seconds": self.planned,
                "workers_lost": max(lost, missing),
                "foreign_workers": self.distribution.foreign,
                "complete": final and lost == 0,
                "statistics_requests": total.num_requests if total and final else None,
                "statistics_failures": total.num_failures if total and final else None,
            },
        }

    def watch_itself(self) -> None:
        """Measure this generator: is it keeping up, or is it what we would be measuring?"""
        counts = self.ledger.counts
        while True:
            before = time.monotonic()
            gevent.sleep(TICK_SECONDS)
            if counts.start is None or self.end is not None:
                continue
            if self._cpu_started is None:
                self._cpu_started = (time.monotonic(), time.process_time())
                self._users_counted = self._cpu_started[0]
                continue
            self._lags.append(max(0.0, time.monotonic() - before - TICK_SECONDS))
            wall = time.monotonic() - self._cpu_started[0]
            counts.generator_cpu = (time.process_time() - self._cpu_started[1]) / wall
            if counts.generator_lag_seconds is None or len(self._lags) % TICKS_PER_SORT == 0:
                ascending = sorted(self._lags[-LAGS_KEPT:])
                counts.generator_lag_seconds = ascending[int(0.95 * (len(ascending) - 1))]
            self._count_users()
            if len(self._lags) % TICKS_PER_SORT == 0:
                self._tally(now())

    def _count_users(self) -> None:
        running = self.environment.runner.user_count
        if not isinstance(self.environment.runner, MasterRunner):
            counts = self.ledger.counts
            counts.users_at_end = running
            counts.users = max(counts.users, running)
            moment = time.monotonic()
            counts.user_seconds += running * (moment - self._users_counted)
            self._users_counted = moment

    def _tally(self, moment: float) -> None:
        for tally in self.tallies:
            tally(moment)

    def flush_forever(self) -> None:
        """The files grow while the run goes on."""
        while True:
            gevent.sleep(FLUSH_SECONDS)
            self.flush()

    def guarded(self, listener: Callable[..., None]) -> Callable[..., None]:
        """A listener of ours that fails is counted and never disturbs the run that it watches."""

        @functools.wraps(listener)
        def guard(**kwargs: Any) -> None:
            try:
                listener(**kwargs)
            except Exception as error:
                self.on_own_failure(error)

        return guard

    def on_own_failure(self, error: Exception) -> None:
        """Count it; no count above 0 ever passes."""
        self.ledger.counts.listener_errors += 1
        self.problem = self.problem or f"the recorder failed: {error!r}"

    def on_first_user(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Around `User.start`: the run begins when the first user does."""

        @functools.wraps(original)
        def start(user: Any, group: Any) -> Any:
            if self.ledger.counts.start is None:
                self.ledger.counts.start = now()
            return original(user, group)

        return start

    def on_test_stopping(self, **_: Any) -> None:
        """The load is told to stop, by the clock or by anybody."""
        if self.end is None:
            self.end = now()
            self._tally(self.end)

    def on_test_stop(self, **_: Any) -> None:
        """Every user is gone; a worker's next report is its last."""
        self.distribution.is_stopped = True

    def on_user_error(self, **_: Any) -> None:
        """A task raised."""
        self.ledger.counts.exceptions += 1

    def on_task(self) -> None:
        """A task body begins."""
        self.ledger.counts.tasks += 1
