"""Samples each role's memory while the load runs; a thread per role, which disturbs nothing."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from canarygate.memory import (
    ANSWER_SECONDS,
    INTERVAL_SECONDS,
    PHASE_SECONDS,
    Sample,
    SampleWriter,
)
from canarygate.runner.fetch import Fetcher, Unreadable
from canarygate.runner.memory_sources import PodReader, queries, read_answer, read_exposition
from canarygate.settings import MemorySettings

STOP_SECONDS = 1.0
Clock = Callable[[], float]
Read = Callable[[float, float], Sequence[Sample]]
"""From the moment it is asked (s since the epoch) and a deadline (monotonic) to samples."""


class Sampler:
    """Appends to the folder's memory.csv from `start` to `stop`.

    A source that fails is a sample with an error. A file that cannot be written ends the sampling,
    and the judge finds too few samples.
    """

    def __init__(
        self, settings: MemorySettings, folder: Path, *, interval: float = INTERVAL_SECONDS
    ) -> None:
        self._folder = folder
        self._interval = interval
        self._over = threading.Event()
        self._writer: SampleWriter | None = None
        self._threads = [
            threading.Thread(target=self._run, args=(role, read), name="memory", daemon=True)
            for role, read in self._sources(settings).items()
        ]

    def start(self) -> None:
        """Take the first sample of each role, and then one in each interval."""
        try:
            self._writer = SampleWriter(self._folder)
        except OSError:
            return
        began = time.monotonic()
        self._began = began
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Returns within a second, whatever the sources do; may be called again."""
        self._over.set()
        deadline = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, deadline - time.monotonic()))
        if self._writer is not None:
            self._writer.close()

    def _run(self, role: str, read: Read) -> None:
        number = 0
        while not self._over.is_set():
            asked = time.time()
            limit = min(ANSWER_SECONDS, self._interval)
            samples = self._samples(role, read, asked, time.monotonic() + limit)
            if self._over.is_set() or self._writer is None:
                return
            try:
                self._writer.write(samples)
            except OSError:
                return
            number += 1
            phase = PHASE_SECONDS * self._interval / INTERVAL_SECONDS
            due = self._began + phase + number * self._interval
            self._over.wait(max(0.0, due - time.monotonic()))

    def _samples(self, role: str, read: Read, asked: float, deadline: float) -> Sequence[Sample]:
        try:
            return read(asked, deadline)
        except Unreadable as error:
            return [Sample(time=asked, role=role, error=str(error))]
        except Exception as error:  # a bug of ours shall not end the run, and be seen
            return [Sample(time=asked, role=role, error=repr(error))]

    def _sources(self, settings: MemorySettings) -> dict[str, Read]:
        if settings.prometheus_url:
            return {
                role: self._from_prometheus(role, selector, settings)
                for role, selector in settings.pods.items()
            }
        return {
            role: self._from_endpoint(role, url, settings)
            for role, url in settings.metrics_urls.items()
        }

    def _from_endpoint(self, role: str, url: str, settings: MemorySettings) -> Read:
        fetcher = Fetcher()

        def read(asked: float, deadline: float) -> Sequence[Sample]:
            body = fetcher.get(url, deadline=deadline, given_up=self._over.is_set)
            found = read_exposition(body.decode("utf-8", "replace"))
            sample = Sample(
                time=asked,
                role=role,
                bytes=found.bytes,
                limit_bytes=settings.limit_bytes,
                process_start=found.process_start,
            )
            return [sample]

        return read

    def _from_prometheus(self, role: str, selector: str, settings: MemorySettings) -> Read:
        fetcher, pods = Fetcher(), PodReader(role, settings.limit_bytes)
        used, rest = queries(settings.prometheus_url, selector)

        def read(asked: float, deadline: float) -> Sequence[Sample]:
            answers = [
                read_answer(fetcher.get(url, deadline=deadline, given_up=self._over.is_set))
                for url in (used, rest)
            ]
            return pods.samples(asked, *answers)

        return read


@contextmanager
def sampling(settings: MemorySettings | None, folder: Path) -> Iterator[None]:
    """Sample as long as the block lasts; nothing where memory was not asked for."""
    if settings is None:
        yield
        return
    sampler = Sampler(settings, folder)
    try:
        sampler.start()
        yield
    finally:
        sampler.stop()
