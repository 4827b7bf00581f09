"""What goes by the clock and not by requests: the shop's age, its memory, its freezes, its stop."""

import asyncio
import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from canarygate.shop.faults import Faults
from canarygate.shop.kinds import Freeze, Leak, Unready

TICK_S = 0.1


class Memory:
    """What the leaks hold. Every byte is written to, or the kernel would not give a page for it."""

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self.total_bytes = 0

    def leak(self, size_bytes: int) -> None:
        """Hold this much more, for ever."""
        self._held.append(b"\x55" * size_bytes)
        self.total_bytes += size_bytes


class StopSignal:
    """SIGTERM and SIGINT as a file that becomes readable, which even a frozen shop can wait for."""

    def __init__(self) -> None:
        self.reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Listen to both signals; only the main thread may."""
        before = {
            number: signal.signal(number, lambda *_: self.set())
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(self.reader)
            os.close(self._writer)

    def set(self) -> None:
        """Ask to stop; more than once is no more than once."""
        os.write(self._writer, b"x")

    def wait(self, seconds: float) -> None:
        """Block the whole process, at most until somebody asks to stop."""
        select.select([self.reader], [], [], seconds)


class Timekeeper:
    """Runs the faults of the clock on the event loop."""

    def __init__(self, faults: Faults, memory: Memory, freeze: Callable[[float], None]) -> None:
        self._memory = memory
        self._freeze = freeze
        self._freezes = [each for each in faults.items if isinstance(each, Freeze)]
        self._leaks = [each for each in faults.items if isinstance(each, Leak) and each.per_second]
        self._ready_s = max(
            (each.unready_s for each in faults.items if isinstance(each, Unready)), default=0.0
        )
        self._start = time.monotonic()

    @property
    def age_s(self) -> float:
        """Since the shop began to listen."""
        return time.monotonic() - self._start

    @property
    def is_ready(self) -> bool:
        """Whether the fault `unready` is over."""
        return self.age_s >= self._ready_s

    def begin(self) -> list["asyncio.Task[None]"]:
        """Start the clock; keep the tasks, or the loop may forget them."""
        self._start = time.monotonic()
        jobs = [self._freeze_on_time(each) for each in self._freezes]
        jobs += [self._leak_on_time(each) for each in self._leaks]
        return [asyncio.create_task(job) for job in jobs]

    async def _freeze_on_time(self, fault: Freeze) -> None:
        due_s = fault.after_s or fault.every_s or 0.0
        while True:
            await asyncio.sleep(due_s - self.age_s)
            self._freeze(fault.freeze_s)
            if fault.every_s is None:
                return
            due_s += fault.every_s

    async def _leak_on_time(self, fault: Leak) -> None:
        owed = 0.0
        before_s = self.age_s
        while True:
            await asyncio.sleep(TICK_S)
            now_s = self.age_s
            if fault.is_on(now_s):
                owed += fault.size_bytes * (now_s - before_s)
                self._memory.leak(int(owed))
                owed -= int(owed)
            before_s = now_s
