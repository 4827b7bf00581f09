"""SIGTERM and SIGINT: raised where the work can simply stop, noted where it has to end in order."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from canarygate.errors import Interrupted

PR_SET_PDEATHSIG = 1
STOPPING = (signal.SIGINT, signal.SIGTERM)


class Signals:
    """Installed first thing, so that as process 1 of a container we are never deaf to SIGTERM."""

    def __init__(self) -> None:
        self.number: int | None = None
        self._is_held = False
        self.last_act: Callable[[], None] = lambda: None
        """What a second signal does before it ends the process at once."""
        self.last_look: Callable[[], None] = lambda: None
        """The same, for what is drawn on the terminal."""

    def install(self) -> None:
        """Take over SIGINT and SIGTERM for this process."""
        for number in STOPPING:
            signal.signal(number, self._take)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Inside, a signal is noted in `number` and the work ends in its own order.

        Anywhere, a second one ends the process at once (what Locust runs dies with us).
        """
        self._is_held = True
        try:
            yield
        finally:
            self._is_held = False

    def raise_noted(self) -> None:
        """Raise what was noted while signals were held.

        Raises:
            Interrupted: a signal has come.
        """
        if self.number is not None:
            raise Interrupted(self.number)

    def _take(self, number: int, _frame: FrameType | None) -> None:
        if self.number is not None:
            self.last_act()
            self.last_look()
            os._exit(128 + number)
        self.number = number
        if not self._is_held:
            raise Interrupted(number)


def die_with_parent(parent: int | None = None) -> None:
    """Called in a child process: be killed when the parent is gone, however it went (Linux).

    An orphaned Locust would go on loading the hosts, and its workers would join the next master.
    `parent` is who started it: gone before we could ask for this, it is gone for us too.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent is not None and os.getppid() != parent:
        os._exit(128 + signal.SIGKILL)
