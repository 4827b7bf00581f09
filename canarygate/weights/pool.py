"""A few threads that ask, and that nobody has to wait for when the process ends."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Pool:
    """Runs calls in as many daemon threads as it was given.

    The standard library's own pool is joined when the interpreter ends; a thread that hangs in a
    name server would keep the process alive after SIGTERM.
    """

    def __init__(self, threads: int) -> None:
        self._waiting: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = (
            queue.SimpleQueue()
        )
        for number in range(threads):
            threading.Thread(target=self._work, name=f"query-{number}", daemon=True).start()

    def submit(self, call: Callable[[], T]) -> "Future[T]":
        """The call's result, some time."""
        future: Future[T] = Future()
        self._waiting.put((future, call))
        return future

    def _work(self) -> None:
        while True:
            future, call = self._waiting.get()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(call())
            except BaseException as error:  # a thread has nobody to raise to
                future.set_exception(error)
