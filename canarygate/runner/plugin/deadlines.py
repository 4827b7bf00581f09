"""One deadline for every request, of one length: kept by one timer instead of one each.

A `gevent.Timeout` per request cost 6 % of all that a request costs Locust. As all deadlines are
equally far off, they pass in the order in which they were set.
"""

from collections.abc import Callable
from typing import Any

import gevent

from canarygate.runner.plugin.ledger import now

Late = Callable[[], BaseException]


class Deadlines:
    """Raises in a greenlet whose request has taken `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._watched: dict[object, tuple[float, Any, Late]] = {}
        self._timer: Any = None

    def watch(self, request: object, start: float, late: Late) -> None:
        """The current greenlet, in which it has just started, raises what `late` gives.

        Unless `forget` comes first.
        """
        self._watched[request] = (start, gevent.getcurrent(), late)
        if self._timer is None:
            self._look_after(self._seconds)

    def forget(self, request: object) -> None:
        """It has ended."""
        self._watched.pop(request, None)

    def _look_after(self, seconds: float) -> None:
        self._timer = gevent.get_hub().loop.timer(seconds)
        self._timer.start(self._look, update=True)

    def _look(self) -> None:
        """In the hub, when the deadline that was the next one a while ago has come."""
        try:
            while self._watched and self._left() <= 0:
                request = next(iter(self._watched))
                _, greenlet, late = self._watched.pop(request)
                greenlet.throw(late())  # runs it until it waits again; it may begin another request
        finally:
            self._timer.close()
            self._timer = None
            if self._watched:
                self._look_after(max(0.0, self._left()))

    def _left(self) -> float:
        start, _, _ = next(iter(self._watched.values()))
        return start + self._seconds - now()
