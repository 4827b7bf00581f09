"""The weather that a simulated service answers in: noise of both arms at once, and of one pod."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import exp, sqrt

import numpy as np
from numpy.typing import NDArray

STEP_SECONDS = 0.1
"""The weather is constant for so long; the shortest burst lasts three steps."""
WANDER_SECONDS = 6.0
"""Time constant of the slow wandering (an Ornstein-Uhlenbeck process of the log latency)."""
SHARED_WANDER = 0.12
SHARED_BURSTS_EVERY = 60.0
SHARED_BURST_SECONDS = (1.0, 5.0)
SHARED_BURST_FACTORS = (1.5, 4.0)
COLD_FACTORS = (2.0, 6.0)
COLD_SECONDS = (2.0, 4.0)
"""A cold arm is slower by 1 + A exp(-t / tau); the ranges of A and tau."""


@dataclass(frozen=True, kw_only=True)
class PodNoise:
    """What one pod does that the other does not share; spreads are of the log latency."""

    offset: float = 0.0
    """Spread of a pod's own constant speed: two pods of one image are never equally fast."""
    wander: float = 0.0
    bursts_every: float | None = None
    """Mean seconds between bursts; None: never."""
    burst_seconds: tuple[float, float] = (0.3, 1.2)
    burst_factors: tuple[float, float] = (2.0, 5.0)


IDEAL = PodNoise()
TYPICAL = PodNoise(offset=0.025, wander=0.05, bursts_every=120.0)
NOISY = PodNoise(offset=0.06, wander=0.10, bursts_every=60.0, burst_seconds=(0.3, 2.0))


@dataclass(frozen=True, kw_only=True)
class Weather:
    """Factors of every step of a run."""

    slowness: NDArray[np.float64]
    """Arms times steps: what a latency is multiplied with."""
    in_burst: NDArray[np.bool_]
    """By step: a burst that both arms share."""

    def step_at(self, seconds: NDArray[np.float64]) -> NDArray[np.int64]:
        """The steps of these moments; the last one goes on for ever."""
        steps = (seconds / STEP_SECONDS).astype(np.int64)
        return np.minimum(steps, len(self.in_burst) - 1)


def make_weather(
    draw: np.random.RandomState, seconds: float, pods: PodNoise, cold: Sequence[bool]
) -> Weather:
    """The weather of one run of as many arms as `cold` says is cold or warm.

    How often numbers are drawn does not depend on `cold`.
    """
    steps = int(seconds / STEP_SECONDS) + 1
    bursts = _bursts(draw, steps, SHARED_BURSTS_EVERY, SHARED_BURST_SECONDS, SHARED_BURST_FACTORS)
    shared = np.exp(_wander(draw, steps, SHARED_WANDER)) * bursts
    arms = []
    for is_cold in cold:
        own = pod_slowness(draw, steps, pods)
        factor, tau = draw.uniform(*COLD_FACTORS), draw.uniform(*COLD_SECONDS)
        if is_cold:
            own *= 1 + factor * np.exp(-np.arange(steps) * STEP_SECONDS / tau)
        arms.append(shared * own)
    return Weather(slowness=np.array(arms), in_burst=bursts > 1)


def pod_slowness(draw: np.random.RandomState, steps: int, pods: PodNoise) -> NDArray[np.float64]:
    """What one pod alone multiplies its latencies with, by step."""
    own = np.exp(_wander(draw, steps, pods.wander) + pods.offset * draw.standard_normal())
    if pods.bursts_every is not None:
        own *= _bursts(draw, steps, pods.bursts_every, pods.burst_seconds, pods.burst_factors)
    return own


def _wander(draw: np.random.RandomState, steps: int, spread: float) -> NDArray[np.float64]:
    """An Ornstein-Uhlenbeck process of this stationary spread, exact at every step."""
    keep = exp(-STEP_SECONDS / WANDER_SECONDS)
    pushes = spread * draw.standard_normal(steps)
    pushes[1:] *= sqrt(1 - keep * keep)
    return np.array(list(accumulate(pushes.tolist(), lambda level, push: keep * level + push)))


def _bursts(
    draw: np.random.RandomState,
    steps: int,
    every: float,
    lengths: tuple[float, float],
    factors: tuple[float, float],
) -> NDArray[np.float64]:
    """Factors of 1, and of more while a burst lasts; bursts begin as a Poisson process."""
    slowness = np.ones(steps)
    seconds = steps * STEP_SECONDS
    for start in draw.uniform(0, seconds, draw.poisson(seconds / every)).tolist():
        length, factor = draw.uniform(*lengths), draw.uniform(*factors)
        during = slice(round(start / STEP_SECONDS), round((start + length) / STEP_SECONDS))
        slowness[during] = np.maximum(slowness[during], factor)
    return slowness
