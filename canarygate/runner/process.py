"""One role's Locust: started in a session of its own, told to begin, asked to stop, never left behind."""

import json
import os
import shutil
import signal
import socket
import subprocess
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

from canarygate.results import RoleRun
from canarygate.runner.command import RoleFiles, locust_argv, locust_env, role_files
from canarygate.settings import RunSettings, without_secrets

ROLE_FIELDS = {each.name for each in fields(RoleRun)}


class LocustProcess:
    """A running Locust and what it says of itself."""

    def __init__(self, run: RunSettings, role: str, environ: Mapping[str, str]) -> None:
        self._run = run
        self.role = role
        self.files: RoleFiles = role_files(run, role)
        self.files.work.mkdir(parents=True, exist_ok=True)
        self._status: dict[str, Any] = {"stage": "starting", "counts": {}}
        port = free_port() if run.processes > 1 else None
        # A session of its own: Ctrl-C in the terminal reaches the parent alone, which then asks for
        # an orderly end. A signal to a master's whole group loses what its workers still hold.
        with self.files.log.open("wb") as log:
            self._process = subprocess.Popen(
                locust_argv(run, role, master_port=port),
                env=locust_env(run, role, environ, token=uuid.uuid4().hex, parent=os.getpid()),
                cwd=self.files.work,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def status(self) -> dict[str, Any]:
        """The recorder's newest word: its stage, its counts, how far its records reach."""
        with suppress(FileNotFoundError):
            self._status = json.loads(self.files.status.read_text(encoding="utf-8"))
        return self._status

    @property
    def stage(self) -> str:
        """Starting, imported, loaded, ready, running, refused or final."""
        return str(self.status["stage"])

    def has_ended(self) -> bool:
        """The process is gone."""
        return self._process.poll() is not None

    def ask_to_stop(self) -> None:
        """SIGTERM to the process itself (with workers: to the master, never to the group)."""
        if not self.has_ended():
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL to it and to every worker it forked, and wait until it is gone."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def log_tail(self, lines: int = 12) -> str:
        """The end of Locust's own log."""
        text = self.files.log.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.strip().splitlines()[-lines:])

    def result(self) -> RoleRun:
        """What the recorder counted and how the process ended."""
        status = self.status
        counts = {name: value for name, value in status["counts"].items() if name in ROLE_FIELDS}
        return RoleRun(
            host=without_secrets(self._run.hosts[self.role]),
            users_wanted=self._run.users,
            workers_wanted=self._run.processes if self._run.processes > 1 else 0,
            exit_status=self._process.poll(),
            problem=status.get("problem"),
            watermark=status.get("watermark"),
            **counts,
        )

    def clean(self) -> None:
        """Remove what only the two processes needed."""
        shutil.rmtree(self.files.work, ignore_errors=True)
        self.files.go.unlink(missing_ok=True)


def free_port() -> int:
    """A loopback port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def say_go(go: Path, moment: float) -> None:
    """Let every waiting Locust begin at one moment of the monotonic clock."""
    temporary = go.with_name(f"{go.name}.tmp")
    temporary.write_text(repr(moment), encoding="ascii")
    temporary.replace(go)
