"""A Locust plugin for tests, loaded beside a flow: `-f probe.py,checkout_flow.py`.

It tells the server who asks, in which iteration and after how long a pause, makes the pauses short,
and keeps one line per finished request and per exception. It numbers no user and draws nothing.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
from locust import FastHttpUser, TaskSet, User, events
from locust.contrib.fasthttp import FastHttpSession

PACE = float(os.environ["PROBE_PACE"])
"""A thought of one second takes this many."""

NUMBERS = os.environ.get("PROBE_NUMBERS")
"""Number the users from here, as a runner of ours would."""

PATIENCE = os.environ.get("PROBE_PATIENCE")
"""Set Locust's timeout to so many seconds, as a runner of ours would."""

FOLDER = Path(os.environ["PROBE_FOLDER"])


def _keep(line: dict[str, object]) -> None:
    with (FOLDER / f"{os.getpid()}.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")


def _identified(original: Callable[..., Any]) -> Callable[..., Any]:
    def request(session: Any, method: str, url: str, **options: Any) -> Any:
        user = session.user
        told = {"identity": user.identity, "iteration": user.iteration}
        paused = getattr(user, "probe_paused", 0.0)
        headers = {
            "X-Probe": json.dumps({**told, "paused": paused}),
            **(options.pop("headers", None) or {}),
        }
        return original(session, method, url, headers=headers, **options)

    return request


def _sleep_short(task_set: Any, seconds: float) -> None:
    task_set.user.probe_paused = seconds
    gevent.sleep(seconds * PACE)


def _numbered(original: Callable[..., None], first: int) -> Callable[..., None]:
    numbers = iter(range(first, first + 1000))

    def construct(user: Any, *args: Any, **options: Any) -> None:
        user.canarygate_index = next(numbers)
        original(user, *args, **options)

    return construct


@events.request.add_listener  # type: ignore[untyped-decorator]
def _request(request_type: str, name: str, exception: Exception | None, **_: object) -> None:
    _keep({"request": f"{request_type} {name}", "error": exception and repr(exception)})


@events.user_error.add_listener  # type: ignore[untyped-decorator]
def _user_error(exception: Exception, **_: object) -> None:
    _keep({"raised": repr(exception)})


FastHttpSession.request = _identified(FastHttpSession.request)  # type: ignore[method-assign]
TaskSet._sleep = _sleep_short  # type: ignore[method-assign]
if PATIENCE is not None:
    FastHttpUser.network_timeout = float(PATIENCE)
if NUMBERS is not None:
    User.__init__ = _numbered(User.__init__, int(NUMBERS))  # type: ignore[method-assign]
