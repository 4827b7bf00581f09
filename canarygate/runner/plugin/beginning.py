"""How the load begins: every locustfile imported, every worker there, and the parent's word given."""

import functools
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import gevent
import locust.main
from locust import events
from locust.runners import MasterRunner, WorkerRunner

from canarygate.runner.plugin.arrival import schedule_problems
from canarygate.runner.plugin.ending import keep_sigterm, own_sigterm
from canarygate.runner.plugin.recorder import Recorder

POLL_SECONDS = 0.005
RECORDER = "_canarygate_recorder.py"


class Beginning:
    """Holds Locust back between its last import and its first user."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def install(self) -> None:
        """Come between Locust's main function and what it does next."""
        # No ~/.locust.conf, locust.conf or pyproject.toml changes a run behind its owner's back.
        locust.main.get_parser = functools.partial(locust.main.get_parser, default_config_files=())
        locust.main.create_environment = self._around(locust.main.create_environment)
        locust.main.load_locustfile_pytest = self._users_of_tests(
            locust.main.load_locustfile_pytest
        )

    def _users_of_tests(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Asked by Locust for each file when none has a user class: it may be one of pytest tests.

        Ours is none. Pytest would read the configuration of whatever folder a file is in.
        """

        @functools.wraps(original)
        def load(path: str) -> Any:
            if Path(path).name == RECORDER:
                return {}
            why = ""
            try:
                if users := original(path):
                    return users
            except Exception as error:
                why = f"; as a file of pytest tests: {error or type(error).__name__}"
            return self._refuse(
                f"--locust-file (LOCUST_FILE) {path} has no user class; give it a class derived from "
                f"FastHttpUser or HttpUser, without `abstract = True`, with a @task{why}"
            )

        return load

    def _around(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def create_environment(*args: Any, **kwargs: Any) -> Any:
            # Every locustfile has been imported by now, so our listener comes after theirs.
            self._recorder.environment = environment = original(*args, **kwargs)
            if environment.shape_class is not None:
                self._recorder.planned = None
            events.init.add_listener(self._hold)
            self._recorder.enter("loaded")
            return environment

        return create_environment

    def _hold(self, environment: Any, runner: Any, **_: Any) -> None:
        """Wait until the parent says so: both roles begin at the same moment."""
        recorder = self._recorder
        gevent.spawn(watch_parent)
        recorder.distribution.listen(runner)
        if isinstance(runner, WorkerRunner):
            keep_sigterm()
            events.report_to_master.add_listener(recorder.guarded(recorder.distribution.report))
            gevent.spawn(recorder.watch_itself)
            return
        events.worker_report.add_listener(recorder.guarded(recorder.distribution.absorb))
        own_sigterm(recorder.distribution, runner)
        self._refuse_too_few_users(environment)
        self._refuse_without_schedule(environment)
        wanted = recorder.settings["processes"] if isinstance(runner, MasterRunner) else 0
        while wanted and len(runner.clients.ready) < wanted:
            gevent.sleep(POLL_SECONDS)
        recorder.enter("ready")
        begin = wait_for_go(Path(recorder.settings["go"]))
        gevent.sleep(max(0.0, begin - time.monotonic()))
        # gevent caches the time; without this the run time would count from the last import.
        gevent.get_hub().loop.update_now()
        recorder.stage = "running"
        gevent.spawn(recorder.watch_itself)
        gevent.spawn(recorder.flush_forever)

    def _refuse_too_few_users(self, environment: Any) -> None:
        """Locust gives the rarest class no user at all then, and its requests are never made."""
        users = self._recorder.settings["users"]
        classes = sorted(
            each.__name__
            for each in environment.user_classes
            if each.weight > 0 or each.fixed_count > 0
        )
        if self._recorder.planned is None or users >= len(classes):
            return
        problem = (
            f"--users (USERS) is {users}, but the locustfile has {len(classes)} user classes "
            f"({', '.join(classes)}); give at least {len(classes)}"
        )
        self._refuse(problem)

    def _refuse_without_schedule(self, environment: Any) -> None:
        settings = self._recorder.settings
        if settings["arrival"] == "open":
            problems = schedule_problems(
                environment.user_classes,
                rate=settings["rate"],
                has_shape=environment.shape_class is not None,
            )
            if text := "; ".join(problems):
                self._refuse(text)

    def _refuse(self, problem: str) -> NoReturn:
        self._recorder.enter("refused", problem)
        os._exit(2)


def wait_for_go(path: Path) -> float:
    """The moment to begin, on the monotonic clock, once the parent has written it."""
    while True:
        gevent.sleep(POLL_SECONDS)
        if path.exists():
            return float(path.read_text(encoding="ascii"))


def watch_parent() -> None:
    """Where the kernel does not end us with our parent."""
    parent = os.getppid()
    while os.getppid() == parent:
        gevent.sleep(0.5)
    os._exit(128 + signal.SIGKILL)
