"""How the load ends: once, in order, and with everything written."""

import csv
import functools
import signal
import time
from collections.abc import Callable
from typing import Any

import gevent
from locust import TaskSet
from locust.exception import StopUser
from locust.stats import StatsCSVFileWriter

from canarygate.runner.plugin.distribution import Distribution
from canarygate.runner.plugin.recorder import Recorder


class Ending:
    """Nothing new begins once the load has been told to stop, and nothing known is lost."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def install(self) -> None:
        """Patch the users' waits and the writer of Locust's CSV files."""
        TaskSet.wait = self._end_at_wake_up(TaskSet.wait)
        StatsCSVFileWriter.close_files = self._finish(StatsCSVFileWriter.close_files)

    def _end_at_wake_up(self, original: Callable[..., None]) -> Callable[..., None]:
        """Locust kills waiting users, and those whose timers fire in the same moment have already
        sent a request: 5 of 10 users left one unfinished at the end of a run against a 1 ms server.
        """

        @functools.wraps(original)
        def wait(task_set: Any) -> None:
            original(task_set)
            if self._recorder.end is not None:
                raise StopUser

        return wait

    def _finish(self, original: Callable[..., None]) -> Callable[..., None]:
        """Locust never writes its CSV files at the end; up to their last second was missing."""

        @functools.wraps(original)
        def close_files(writer: StatsCSVFileWriter) -> None:
            if self._recorder.stage != "final":
                rewrite(writer)
                original(writer)
                self._recorder.enter("final")

        return close_files


def rewrite(writer: StatsCSVFileWriter) -> None:
    """The same rows that Locust writes each second, once more and whole."""
    for handle, header, rows in (
        (writer.requests_csv_filehandle, writer.requests_csv_columns, writer._requests_data_rows),
        (writer.failures_csv_filehandle, writer.failures_columns, writer._failures_data_rows),
        (writer.exceptions_csv_filehandle, writer.exceptions_columns, writer._exceptions_data_rows),
    ):
        handle.seek(0)
        table = csv.writer(handle)
        table.writerow(header)
        rows(table)
        handle.truncate()
    if writer.stats_history_csv_filehandle.tell() == 0:
        writer.stats_history_csv_writer.writerow(writer.stats_history_csv_columns)
    writer._stats_history_data_rows(writer.stats_history_csv_writer, time.time())


def own_sigterm(distribution: Distribution, runner: Any) -> None:
    """One way to stop, the same with and without a LoadTestShape, and only once.

    Locust's own handler runs its shutdown a second time beside the main greenlet's; with a shape it
    is not installed at all and the process just dies.
    """
    stopping: list[bool] = []

    def stop() -> None:
        if not stopping:
            stopping.append(True)
            gevent.spawn(distribution.stop_now, runner)

    gevent.signal_handler(signal.SIGTERM, stop)
    keep_sigterm()


def keep_sigterm() -> None:
    """Locust comes later to install a handler of its own, in its workers too."""
    install = gevent.signal_handler
    gevent.signal_handler = lambda number, *args, **kwargs: (
        None if number == signal.SIGTERM else install(number, *args, **kwargs)
    )
