"""Memory as a service uses it: what the judge is held against, made from a seeded generator."""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from canarygate.memory import MemorySamples, Sample, columns

START = 1_790_000_000.0
MIB = 2.0**20
LIMIT = 512 * MIB
Floats = NDArray[np.float64]


def ages(seconds: float = 300.0) -> Floats:
    """When the sampler asks: at the start, and then a second after every fifth."""
    found: Floats = np.append(0.0, np.arange(6.0, seconds, 5.0))
    return found


def samples(role: str, age: Floats, used: Floats, **more: Any) -> list[Sample]:
    """One pod's, of an endpoint with the usual limit unless `more` says otherwise."""
    given = {"limit_bytes": LIMIT} | more
    return [
        Sample(time=START + float(at), role=role, bytes=float(number), **given)
        for at, number in zip(age, used, strict=True)
    ]


def memory(
    canary: Sequence[Sample], stable: Sequence[Sample] | None = None
) -> Mapping[str, MemorySamples]:
    """As it is read back."""
    return {"canary": columns(canary)} | ({} if stable is None else {"stable": columns(stable)})


def line(start: float, slope: float) -> Callable[[Floats], Floats]:
    """MiB at the start and MiB per second, as bytes at an age."""

    def used(age: Floats) -> Floats:
        number: Floats = (start + slope * age) * MIB
        return number

    return used


def teeth(chance: random.Random, age: Floats, height: float, period: float) -> Floats:
    """What a garbage collector leaves to pile up between its rounds, in MiB; each round differs."""
    edges, heights = [-chance.uniform(0, period)], [0.0]
    while edges[-1] < age[-1] + period:
        edges.append(edges[-1] + period * chance.uniform(0.8, 1.2))
        heights.append(height * chance.uniform(0.8, 1.2))
    tooth = np.searchsorted(edges, age, "right")
    begin, end = np.asarray(edges)[tooth - 1], np.asarray(edges)[tooth]
    piled: Floats = np.asarray(heights)[tooth] * (age - begin) / (end - begin)
    return piled


def pair(
    seed: int, *, leak: float = 0.0, fresh: bool = True, slow: bool = False, seconds: float = 300.0
) -> Mapping[str, MemorySamples]:
    """Canary and stable of one service that starts at 40 % of its limit.

    `leak` is 10^6 bytes per second. A fresh canary climbs at its start. Slow collectors let 40-120
    MiB pile up over 120-600 s, others 10-60 MiB over 5-40 s.
    """
    chance = random.Random(seed)
    age = ages(seconds)
    height = chance.uniform(40, 120) if slow else chance.uniform(10, 60)
    period = chance.uniform(120, 600) if slow else chance.uniform(5, 40)
    used = {}
    for role in ("canary", "stable"):
        used[role] = 0.4 * LIMIT + MIB * teeth(
            chance, age, height * chance.uniform(0.9, 1.1), period * chance.uniform(0.9, 1.1)
        )
    if fresh:
        climb, tau = chance.uniform(10, 60), chance.uniform(8, 30)
        used["canary"] = used["canary"] + climb * MIB * (1 - np.exp(-age / tau))
    used["canary"] = used["canary"] + leak * 1e6 * age
    return {
        role: columns(samples(role, age, np.round(each / 4096) * 4096))
        for role, each in used.items()
    }
