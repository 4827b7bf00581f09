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
    """How garbage piles up and goes: teeth so high and so long, one size per service."""

    bytes: tuple[float, float] = (10 * MIB, 60 * MIB)
    seconds: tuple[float, float] = (5.0, 40.0)


QUICK = Collector()
SLOW = Collector(bytes=(40 * MIB, 120 * MIB), seconds=(120.0, 600.0))
ALIKE = (0.9, 1.1)
"""What the teeth of two pods of a service differ by."""
UNEVEN = (0.8, 1.2)
"""What each tooth of one pod differs from the others by."""
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
    height: float,
    length: float,
) -> MemorySamples:
    """One pod's samples; the numbers drawn are the same for a leaking and for a sound one.

    `height` (bytes) and `length` (seconds) are those of the pod's teeth.
    """
    time = np.arange(0, seconds + 1e-9, EVERY_SECONDS)
    phase, climb, tau = (
        draw.random_sample(),
        draw.uniform(*FRESH_BYTES),
        draw.uniform(*FRESH_SECONDS),
    )
    used = START_SHARE * LIMIT_BYTES + _teeth(draw, time, height, length, phase)
    used += leak_bytes_per_second * time
    if is_fresh:
        used += climb * (1 - np.exp(-time / tau))
    return _samples(start + time, used)


def _teeth(
    draw: np.random.RandomState,
    time: NDArray[np.float64],
    height: float,
    length: float,
    phase: float,
) -> NDArray[np.float64]:
    """What piles up between collections. Each tooth differs: perfectly regular ones would beat with
    the sampling, and look like a slow trend."""
    most = int(time[-1] / (length * UNEVEN[0])) + 3
    lengths = length * draw.uniform(*UNEVEN, most)
    ends = np.cumsum(lengths) - phase * lengths[0]
    tooth = np.searchsorted(ends, time, "right")
    piled = 1 - (ends[tooth] - time) / lengths[tooth]
    return np.asarray(height * draw.uniform(*UNEVEN, most)[tooth] * piled)


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
