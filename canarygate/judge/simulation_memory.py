"""Memory of simulated pods: garbage collection, warming up, leaks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from canarygate.memory import MemorySamples

MIB = 1024.0 * 1024.0
MEGABYTE = 1e6
LIMIT_BYTES = 512 * MIB
START_SHARE = 0.4
EVERY_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Collector:
    """How garbage piles up and goes: teeth so high and so long, one size per pod."""

    bytes: tuple[float, float] = (10 * MIB, 60 * MIB)
    seconds: tuple[float, float] = (5.0, 40.0)


QUICK = Collector()
SLOW = Collector(bytes=(40 * MIB, 120 * MIB), seconds=(120.0, 600.0))
FRESH_BYTES = (10 * MIB, 60 * MIB)
FRESH_SECONDS = (8.0, 30.0)
"""A pod that has just started climbs so far, with this time constant."""


def make_samples(
    draw: np.random.RandomState,
    start: float,
    seconds: float,
    *,
    leak_bytes_per_second: float,
    is_fresh: bool,
    collector: Collector,
) -> MemorySamples:
    """One pod's samples; the numbers drawn are the same for a leaking and for a sound one."""
    time = np.arange(0, seconds + 1e-9, EVERY_SECONDS)
    height, length = draw.uniform(*collector.bytes), draw.uniform(*collector.seconds)
    phase, climb, tau = (
        draw.random_sample(),
        draw.uniform(*FRESH_BYTES),
        draw.uniform(*FRESH_SECONDS),
    )
    used = np.full(len(time), START_SHARE * LIMIT_BYTES) + height * ((time / length + phase) % 1.0)
    used += leak_bytes_per_second * time
    if is_fresh:
        used += climb * (1 - np.exp(-time / tau))
    return _samples(start + time, used)


def _samples(time: NDArray[np.float64], used: NDArray[np.float64]) -> MemorySamples:
    length = len(time)
    return MemorySamples(
        time=time,
        pod=np.zeros(length, np.int64),
        bytes=used,
        limit_bytes=np.full(length, LIMIT_BYTES),
        restarts=np.zeros(length),
        oom_kills=np.zeros(length),
        process_start=np.full(length, time[0] - 60.0),
        error=("",) * length,
        pods=("",),
    )
