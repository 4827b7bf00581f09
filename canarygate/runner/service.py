"""The service that `smoke` starts: until it is ready, while it is under load, and its whole end."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

from canarygate.errors import ConfigError, RunBroken
from canarygate.records import Records
from canarygate.results import CANARY, RoleRun, StartedService
from canarygate.runner.outcome import how_it_ended
from canarygate.runner.readiness import is_taken, wait_until_ready
from canarygate.settings import RunSettings, ServiceSettings, without_secrets
from canarygate.signals import Signals, die_with_parent

LOG_NAME = "service.log"
MARK = "CANARYGATE_SERVICE"
"""Handed down to whatever the service starts, so that its last child is found, under any parent."""
HURRIED_SECONDS = 3.0
"""From SIGTERM to SIGKILL after a signal to us: CI kills a cancelled job 10 s after it asked."""
LOOK_SECONDS = 0.05
LAST_SECONDS = 2.0
"""For the kernel to end what was killed."""
FOREGROUND = (
    "the command has to stay in the foreground for as long as the service runs; most servers have an "
    "option for that, and one started by `... &` in a script needs a `wait` after it"
)

IsDecided = Callable[[Mapping[str, RoleRun], Mapping[str, Records]], bool]


class Service:
    """One service, started or waited for; nothing at all where `settings` is None."""

    def __init__(
        self,
        settings: ServiceSettings | None,
        run: RunSettings,
        environ: Mapping[str, str],
        signals: Signals,
    ) -> None:
        self._settings = settings
        self._run = run
        self._mark = f"{os.getpid()}-{run.run_id}"
        self._environ = {**environ, MARK: self._mark}
        self._signals = signals
        self._process: subprocess.Popen[bytes] | None = None
        self._ready_seconds: float | None = None
        self._ended_at: float | None = None
        self._was_told_to_stop = False
        self.notes: list[str] = []

    @property
    def log(self) -> Path:
        """What the service says on stdout and stderr."""
        return self._run.folder / LOG_NAME

    def bring_up(self) -> None:
        """Start it, where there is a command, and wait until every host is ready.

        Raises:
            ConfigError: the command cannot be started, or somebody else answers in its place.
            RunBroken: it ended, or did not get ready in time.
            Interrupted: a signal came.
        """
        if self._settings is None:
            return
        if self._settings.command:
            with self._signals.held():
                self._start(self._settings.command)
            self._signals.raise_noted()
        self._ready_seconds = wait_until_ready(self._run.hosts, self._settings, self._check)

    def has_ended(self) -> bool:
        """It was started, and ended by itself."""
        if self._process is None or self._was_told_to_stop:
            return self._ended_at is not None
        if self._process.poll() is not None and self._ended_at is None:
            self._ended_at = time.time()
        return self._ended_at is not None

    def or_ended(self, is_decided: IsDecided) -> IsDecided:
        """The load is over as well as soon as the service is gone: the answer is certain."""
        return lambda roles, records: self.has_ended() or is_decided(roles, records)

    def facts(self) -> StartedService | None:
        """What there is to say of it; None where none was started."""
        if self._process is None:
            return None
        has_ended = self.has_ended()
        return StartedService(
            program=str(self._process.args[0]),  # type: ignore[index]  # always a tuple here
            ready_seconds=self._ready_seconds,
            exit_status=self._process.returncode if has_ended else None,
            ended_at=self._ended_at,
        )

    def stop(self) -> None:
        """SIGTERM to all that was started, a bounded wait, SIGKILL; calling it twice does no harm.

        Raises:
            Interrupted: a signal came meanwhile, which ended the wait.
        """
        if self._process is None or self._settings is None or self._was_told_to_stop:
            return
        before = self._signals.number
        with self._signals.held():
            self.has_ended()
            self._was_told_to_stop = True
            grace = self._settings.stop_timeout_seconds
            self._end(grace if before is None else min(grace, HURRIED_SECONDS), before)
            self._signals.last_act = lambda: None
        if before is None:
            self._signals.raise_noted()

    def _start(self, command: tuple[str, ...]) -> None:
        target = self._run.hosts[CANARY]
        if is_taken(target):
            raise ConfigError(
                f"somebody answers at {without_secrets(target)} already, and would be tested in place of "
                "what --start (START) starts",
                hint="end it, or take another port; to test what is there, leave --start out",
            )
        try:
            # A file and no pipe: it never fills, and is there when we are not.
            with self.log.open("wb") as log:
                self._process = subprocess.Popen(
                    command,
                    env=self._environ,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    preexec_fn=partial(die_with_parent, os.getpid()),
                )
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            words = error.strerror if isinstance(error, OSError) else str(error)
            raise ConfigError(
                f"--start (START): {command[0]} cannot be started ({words})"
            ) from error
        self._signals.last_act = self._kill

    def _check(self) -> None:
        """Between two looks at a service that is not ready yet."""
        if not self.has_ended():
            return
        assert self._process is not None
        status = self._process.returncode
        raise RunBroken(
            f"the service {how_it_ended(status)} before it was ready",
            hint=FOREGROUND if status == 0 else f"all that it said is in {self.log}",
        )

    def _end(self, grace: float, before: int | None) -> None:
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + grace
        while self._is_alive() and time.monotonic() < deadline:
            if self._signals.number != before:
                break
            time.sleep(LOOK_SECONDS)
        if self._is_alive():
            self.notes.append(f"the service did not end within {grace:g} s of SIGTERM: killed")
        self._kill()
        deadline = time.monotonic() + LAST_SECONDS
        while self._is_alive() and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
            self._signal(signal.SIGKILL)  # what was started while the others were killed
        if self._is_alive():
            self.notes.append("the service is still running: it could not be ended (whose is it?)")

    def _kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        """To its group, and to those of its processes that have made a group of their own."""
        assert self._process is not None
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)
        for each in marked(self._mark):
            with suppress(ProcessLookupError, PermissionError):
                if os.getpgid(each) != self._process.pid:
                    os.kill(each, number)

    def _is_alive(self) -> bool:
        assert self._process is not None
        return self._process.poll() is None or bool(marked(self._mark))


def marked(mark: str) -> list[int]:
    """Every living process that inherited the mark (Linux; elsewhere the group has to do)."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # gone meanwhile, or somebody else's
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found


def log_tail(folder: Path, lines: int = 12, most_bytes: int = 16384) -> list[str]:
    """The end of what the service said; nothing where it said nothing."""
    try:
        with (folder / LOG_NAME).open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - most_bytes))
            text = log.read().decode("utf-8", "replace")
    except OSError:
        return []
    return text.rstrip().splitlines()[-lines:] if text.strip() else []
