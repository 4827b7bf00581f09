"""Workers ship their records to the master in Locust's own reports, and the master waits for the last one."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import gevent
import locust.runners
from locust.runners import STATE_MISSING, MasterRunner, WorkerRunner

from canarygate.runner.plugin.ledger import Ledger

REPORT = "canarygate"
STOP_NOW = "canarygate_stop_now"
REPORT_INTERVAL_SECONDS = 0.5
GRACE_SECONDS = 5.0


class Distribution:
    """One role's master and its workers. `token` marks ours: an orphan of another run carries none."""

    def __init__(self, ledger: Ledger, *, processes: int, token: str) -> None:
        self._ledger = ledger
        self._token = token
        self._quitting = False
        self.processes = processes
        self._strangers: set[str] = set()
        self.is_stopped = False

    def install(self, on_fork: Callable[[int], None]) -> None:
        """Patch forking and the runners; `on_fork(index)` is called in each new worker process."""
        # The watcher would see data 3 s late otherwise.
        locust.runners.WORKER_REPORT_INTERVAL = REPORT_INTERVAL_SECONDS
        forks = iter(range(self.processes))
        fork = gevent.fork

        def counting_fork() -> int:
            index = next(forks)
            child = fork()
            if child == 0:
                self._name_worker(index)
                on_fork(index)
            return int(child)

        gevent.fork = counting_fork
        self._refuse_strangers()
        self._wait_for_finals()

    def _name_worker(self, index: int) -> None:
        # Locust deals users out over the workers in the order of their ids. With random ids the two
        # roles would deal them out differently.
        unique = locust.runners.uuid4
        name: Any = SimpleNamespace(hex=f"{index:04d}_{self._token}_{unique().hex}")
        locust.runners.uuid4 = lambda: name

    def _refuse_strangers(self) -> None:
        original = MasterRunner.handle_message

        def handle_message(runner: MasterRunner, client_id: str, msg: Any) -> None:
            if self._token in client_id:
                original(runner, client_id, msg)
            elif msg.type == "client_ready":  # it knocks again every few seconds
                self._strangers.add(client_id)

        MasterRunner.handle_message = handle_message

    def _wait_for_finals(self) -> None:
        original = MasterRunner.quit

        def quit_when_all_reported(runner: MasterRunner) -> None:
            if self._quitting:
                return original(runner)
            self._quitting = True
            runner.stop(send_stop_to_client=False)
            runner.send_message("quit")
            # Locust sleeps a fixed 0.5 s here, and loses what slower workers still hold.
            limit = float(runner.environment.stop_timeout or 0) + GRACE_SECONDS
            with gevent.Timeout(limit, False):
                while self._ledger.finals() < self.processes - len(self.missing(runner)):
                    gevent.sleep(0.02)
            return original(runner)

        MasterRunner.quit = quit_when_all_reported

    @property
    def foreign(self) -> int:
        """Workers that asked to join and are none of ours."""
        return len(self._strangers)

    def missing(self, runner: MasterRunner) -> list[str]:
        """Workers that stopped answering and have not sent their last report."""
        return [
            client.id
            for client in runner.clients.all
            if client.state == STATE_MISSING
            and not self._ledger.workers.get(client.id, {}).get("final")
        ]

    def report(self, client_id: str, data: dict[str, Any]) -> None:  # noqa: ARG002 (Locust passes it by name)
        """A worker's listener of `report_to_master`."""
        data[REPORT] = self._ledger.report(final=self.is_stopped)

    def absorb(self, client_id: str, data: dict[str, Any]) -> None:
        """The master's listener of `worker_report`."""
        if REPORT in data:
            self._ledger.absorb(client_id, data[REPORT])

    def stop_now(self, runner: Any) -> None:
        """End the load without waiting for requests under way; they are counted as unfinished."""
        runner.environment.stop_timeout = 0
        if isinstance(runner, MasterRunner):
            runner.send_message(STOP_NOW)
        runner.quit()

    def listen(self, runner: Any) -> None:
        """On a worker: take the master's word to stop at once."""
        if isinstance(runner, WorkerRunner):
            runner.register_message(STOP_NOW, _drop_grace)


def _drop_grace(environment: Any, msg: Any) -> None:  # noqa: ARG001 (Locust passes it by name)
    environment.stop_timeout = 0
