"""Work that is given up when its time is over, however it hangs."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Deadline:
    """A moment on the monotonic clock after which nobody waits any more."""

    at: float
    seconds: float
    """How long it was from the start, for messages."""

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        """Now and so many seconds."""
        return cls(time.monotonic() + seconds, seconds)

    def remaining(self) -> float:
        """Seconds left; 0 when over."""
        return max(0.0, self.at - time.monotonic())


class _Work(Generic[T]):
    """Runs a function and keeps what it gave or raised."""

    def __init__(self, function: Callable[[], T]) -> None:
        self._function = function
        self.result: list[T] = []
        self.error: BaseException | None = None

    def __call__(self) -> None:
        try:
            self.result.append(self._function())
        except BaseException as error:
            self.error = error


def run_until(deadline: Deadline, function: Callable[[], T]) -> T:
    """The function's result, waited for until the deadline.

    The function runs in a daemon thread that is left behind when time is over: a time-out of a
    socket is per read, so a peer that sends a byte now and then would hold us for ever.

    Raises:
        TimeoutError: it was not done in time.
        Exception: what the function raised.
    """
    work = _Work(function)
    thread = threading.Thread(target=work, name="push", daemon=True)
    thread.start()
    thread.join(deadline.remaining())
    if work.error is not None:
        raise work.error
    if not work.result:
        raise TimeoutError
    return work.result[0]
