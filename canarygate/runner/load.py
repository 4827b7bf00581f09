"""Both roles' Locust, from start to end: begin together, be watched, end together."""

import time
from collections.abc import Callable, Mapping, Sequence

from canarygate.errors import ConfigError, Interrupted, RunBroken
from canarygate.record_reader import RecordReader
from canarygate.records import Records, records_path
from canarygate.results import RoleRun
from canarygate.runner.events import (
    Ended,
    Event,
    Phase,
    Progress,
    RoleProgress,
    Started,
    Stopping,
)
from canarygate.runner.outcome import shortages
from canarygate.runner.process import LocustProcess, say_go
from canarygate.settings import RunSettings, without_secrets

READY_SECONDS = 60.0
"""For Locust to import and the locustfile to load; a locustfile may well read a large data file."""
STOP_SECONDS = 5.0
"""From SIGTERM to SIGKILL. Together with files and push it fits a pod's grace period."""
LAST_SECONDS = 15.0
"""Beyond run time and stop timeout, a Locust still there is stuck."""
HEAD_START_SECONDS = 0.05
POLL_SECONDS = 0.05
RECENT_SECONDS = 10.0

Listener = Callable[[Event], None]
Signal = Callable[[], int | None]
IsDecided = Callable[[Mapping[str, RoleRun], Mapping[str, Records]], bool]
Near = Callable[[], Sequence[str]]
"""How near the answer is, as of the last time that it was asked for."""


class Load:
    """One Locust process per role. `interrupted` gives the number of the signal that came, if any."""

    def __init__(
        self, run: RunSettings, environ: Mapping[str, str], *, interrupted: Signal, listen: Listener
    ) -> None:
        self._run = run
        self._interrupted = interrupted
        self._listen = listen
        self._began = 0.0
        self.was_stopped = False
        """Because the answer was certain."""
        self.processes: dict[str, LocustProcess] = {}
        self._readers = {role: RecordReader(records_path(run.folder, role)) for role in run.hosts}
        self._environ = environ

    def start(self) -> None:
        """Start Locust for every role; call it with signals held.

        A signal that raised between a process's birth and our knowing of it would leave it behind.
        """
        for role in self._run.hosts:
            self.processes[role] = LocustProcess(self._run, role, self._environ)

    def wait_until_ready(self) -> None:
        """Until every role's Locust has imported the locustfile and waits for the start.

        Raises:
            ConfigError: the locustfile cannot be loaded, has no users, or more classes than users.
            RunBroken: Locust ended, or took too long, for another reason.
            Interrupted: a signal came.
        """
        self._listen(Phase(text="waiting until Locust is ready"))
        deadline = time.monotonic() + READY_SECONDS
        while any(process.stage != "ready" for process in self.processes.values()):
            self._stop_on_signal()
            for process in self.processes.values():
                if process.has_ended():
                    raise self._failed_start(process)
            if time.monotonic() > deadline:
                raise RunBroken(f"Locust was not ready within {READY_SECONDS:g} s")
            time.sleep(POLL_SECONDS / 5)

    def begin(self) -> None:
        """Start the load of every role at one moment."""
        self._stop_on_signal()
        self._began = time.monotonic() + HEAD_START_SECONDS
        say_go(next(iter(self.processes.values())).files.go, self._began)
        hosts = {role: without_secrets(url) for role, url in self._run.hosts.items()}
        self._listen(Started(roles=hosts))

    def watch(self, is_decided: IsDecided, near: Near = tuple) -> None:
        """Until the load is over; asks `is_decided` once a second and ends the load when it is.

        It is given what each role has counted, and every record up to each role's watermark.

        Raises:
            Interrupted: a signal came; the load has been stopped.
        """
        run = self._run
        last = run.run_time_seconds + run.request_timeout_seconds + LAST_SECONDS
        next_look = self._began + 1.0
        while not all(process.has_ended() for process in self.processes.values()):
            self._stop_on_signal()
            now = time.monotonic()
            if now >= next_look:
                next_look = max(next_look + 1.0, now)
                roles = self.roles()  # before the records: what these say is kept, is there to read
                self._read()
                if self._has_gone_wrong():
                    self.stop()
                elif is_decided(roles, self._records()):
                    self.was_stopped = True
                    self.stop()
                else:
                    self._listen(self._progress(now - self._began, near()))
            if now - self._began > last:
                self.stop()
            time.sleep(POLL_SECONDS)
        self._read()
        self._listen(Ended(seconds=time.monotonic() - self._began))

    def stop(self) -> None:
        """SIGTERM, a few seconds, SIGKILL. Returns when nothing of the load is left."""
        for process in self.processes.values():
            process.ask_to_stop()
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline and any(
            not process.has_ended() for process in self.processes.values()
        ):
            time.sleep(POLL_SECONDS)
        self._kill()

    def roles(self) -> dict[str, RoleRun]:
        """What each role's Locust counted."""
        return {role: process.result() for role, process in self.processes.items()}

    def records(self) -> dict[str, Records]:
        """Every record of each role."""
        self._read()
        return self._records()

    def close(self) -> None:
        """Leave no process and no file of the talk behind."""
        self._kill()
        for process in self.processes.values():
            process.clean()

    def _kill(self) -> None:
        for process in self.processes.values():
            process.kill()

    def _records(self) -> dict[str, Records]:
        return {role: reader.records() for role, reader in self._readers.items()}

    def _read(self) -> None:
        for reader in self._readers.values():
            reader.read()

    def _stop_on_signal(self) -> None:
        number = self._interrupted()
        if number is not None:
            if self._began:
                self._listen(Stopping())
                self.stop()
            raise Interrupted(number)

    def _has_gone_wrong(self) -> bool:
        """One role broke: what the other still sends would be for nothing."""
        for process in self.processes.values():
            facts = process.result()
            if facts.workers_lost:
                return True
            if process.has_ended() and (
                not facts.complete or any(shortages(facts, self._run.run_time_seconds))
            ):
                return True
        return False

    def _failed_start(self, process: LocustProcess) -> Exception:
        status = process.status
        if status["stage"] == "refused":
            return ConfigError(str(status["problem"]))
        if status["stage"] in ("starting", "imported"):
            return ConfigError(
                f"--locust-file (LOCUST_FILE) {self._run.locust_file}: Locust cannot use it\n"
                f"{process.log_tail()}",
                hint="try it alone: locust -f FILE --list",
            )
        return RunBroken(f"Locust ended before the load began\n{process.log_tail()}")

    def _progress(self, elapsed: float, near: Sequence[str]) -> Progress:
        return Progress(
            elapsed_seconds=elapsed,
            planned_seconds=self._run.run_time_seconds,
            roles={role: self._role_progress(role, elapsed) for role in self._readers},
            near=near,
        )

    def _role_progress(self, role: str, elapsed: float) -> RoleProgress:
        status = self.processes[role].status
        window = min(RECENT_SECONDS, max(1.0, elapsed))
        recent = self._readers[role].since(float(status.get("watermark") or 0) - window)
        durations = sorted(duration for ok, duration in recent if ok)
        return RoleProgress(
            users=int(status.get("running") or 0),
            requests=len(self._readers[role]),
            failures=self._readers[role].failures(),
            requests_per_second=len(recent) / window,
            median_seconds=durations[len(durations) // 2] / 1000 if durations else None,
        )
