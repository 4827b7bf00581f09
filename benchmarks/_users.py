"""Windows of users' traffic to a canary and a stable version, and what the templates' queries make of them.

Of each window only the counts are drawn that Prometheus would have: requests, errors, and successes by
bucket. `increase()` is taken as exact; between two scrapes it is a guess of a few percent.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from canarygate.judge.simulation_noise import (
    SHARED_BURST_FACTORS,
    SHARED_BURST_SECONDS,
    SHARED_BURSTS_EVERY,
    TYPICAL,
)
from canarygate.shop.metrics import BUCKETS_S

SPREAD = 0.35
"""Of the log of a body's latency."""
MEDIANS_S = (0.01, 0.1)
"""A service has one of these, log-uniform; both versions the same."""
TAIL_FACTORS = (2.0, 10.0)
OUTAGE_SECONDS, OUTAGE_SHARE = 30.0, 0.2
"""Something that both versions call fails so long, for so many of their requests."""
Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Service:
    """How both versions behave, and what is wrong with the canary."""

    errors: float = 0.001
    tail: float = 0.0
    """So many requests take 2 to 10 times as long."""
    outages_per_hour: float = 0.0
    more_errors: float = 0.0
    """The canary's, beside the others."""
    factor: float = 1.0
    """The canary's, of every latency."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """One window of one version: an entry, or a row of buckets, per rollout."""

    requests: Counts
    errors: Counts
    buckets: Counts
    """Successes by bucket, the last is +Inf's."""


class Users:
    """The users of so many rollouts of one service."""

    def __init__(self, draw: np.random.Generator, service: Service, rollouts: int) -> None:
        self._draw, self._service, self._rollouts = draw, service, rollouts
        low, high = np.log(MEDIANS_S)
        medians = np.exp(draw.uniform(low, high, rollouts))
        offsets = np.exp(TYPICAL.offset * draw.standard_normal((2, rollouts)))
        # Of each version, what its requests' buckets are in calm minutes, in the tail and in bursts.
        self._shapes = [
            [_below(medians * offset * slower, factors) for factors in _KINDS]
            for offset, slower in zip(offsets, (service.factor, 1.0), strict=True)
        ]
        self._outage_left = np.zeros(rollouts)

    def window(self, seconds: float, rates: tuple[float, float]) -> tuple[Window, Window]:
        """The next one, of canary and stable at these requests/s."""
        draw, service = self._draw, self._service
        shared = self._shares(seconds, SHARED_BURSTS_EVERY, SHARED_BURST_SECONDS)
        failing = self._outage(seconds) / seconds * OUTAGE_SHARE
        found = []
        for shapes, rate, more in zip(self._shapes, rates, (service.more_errors, 0.0), strict=True):
            requests = draw.poisson(rate * seconds, self._rollouts)
            errors = draw.binomial(requests, np.minimum(service.errors + failing + more, 1))
            own = self._shares(seconds, TYPICAL.bursts_every or np.inf, TYPICAL.burst_seconds)
            parts = (1 - service.tail - shared - own, shared * 0 + service.tail, shared, own)
            below = sum(part[:, None] * shape for part, shape in zip(parts, shapes, strict=True))
            edges = np.clip(below, 0, 1)
            buckets = draw.multinomial(requests - errors, np.diff(edges, prepend=0, append=1))
            found.append(Window(requests=requests, errors=errors, buckets=buckets))
        return found[0], found[1]

    def _outage(self, seconds: float) -> Floats:
        """Seconds of it in a window; what is left goes on in the next."""
        chance = self._service.outages_per_hour * seconds / 3600
        begins = self._draw.random(self._rollouts) < chance
        room = self._draw.uniform(0, seconds, self._rollouts)
        inside = np.where(begins, np.minimum(OUTAGE_SECONDS, room), 0) + self._outage_left
        self._outage_left = np.where(begins, np.maximum(OUTAGE_SECONDS - room, 0), 0)
        return inside

    def _shares(self, seconds: float, every: float, lasts: tuple[float, float]) -> Floats:
        """Of a window, in bursts."""
        bursts = self._draw.poisson(seconds / every, self._rollouts)
        found: Floats = bursts * self._draw.uniform(*lasts, self._rollouts) / seconds
        return np.minimum(found, 0.5)


_KINDS = ((1.0, 1.0), TAIL_FACTORS, SHARED_BURST_FACTORS, TYPICAL.burst_factors)


def _below(median: Floats, factors: tuple[float, float]) -> Floats:
    """Shares of log-normal bodies up to each bound, slowed by factors spread evenly over a range."""
    middles = np.linspace(*factors, 18)[1:-1] if factors[0] != factors[1] else np.ones(1)
    distance = np.log(BUCKETS_S)[None, :, None] - np.log(median)[:, None, None] - np.log(middles)
    found: Floats = ndtr(distance / SPREAD).mean(axis=2)
    return found


def quantile(level: float, buckets: Counts) -> Floats:
    """As `histogram_quantile` has it; NaN of nothing."""
    cumulative = buckets.cumsum(axis=1)
    rank = level * cumulative[:, -1:]
    index = np.minimum((cumulative < rank).sum(axis=1), len(BUCKETS_S))
    bounds = np.concatenate([[0.0], BUCKETS_S, [BUCKETS_S[-1]]])
    row = np.arange(len(buckets))
    below = np.where(index > 0, cumulative[row, index - 1], 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        part = (rank[:, 0] - below) / (cumulative[row, index] - below)
        value = bounds[index] + (bounds[index + 1] - bounds[index]) * part
    value = np.where(index == len(BUCKETS_S), BUCKETS_S[-1], value)
    return np.where(cumulative[:, -1] > 0, value, np.nan)


def measure(name: str, canary: Window, stable: Window, given: Mapping[str, str]) -> Floats:
    """What a metric's query answers, NaN included; raises KeyError for one that is not simulated."""
    if name == "error-rate":
        return _error_rate(canary, given)
    level, against = {"p95": (0.95, False), "p99": (0.99, False), **_BESIDE}[name]
    own = quantile(level, canary.buckets)
    successes = canary.buckets.sum(axis=1)
    enough = successes >= float(given["latency-min-requests"])
    if not against:
        beyond = canary.buckets[:, -1] > (1 - level) * successes
        return np.where(enough, np.where(beyond, np.inf, own), np.nan)
    floor = float(given["floor-seconds"])
    others = stable.buckets.sum(axis=1)
    ratio = np.maximum(own, floor) / np.maximum(quantile(level, stable.buckets), floor)
    return np.where(enough & (others >= float(given["latency-min-requests"])), ratio, np.nan)


_BESIDE = {"p95-vs-stable": (0.95, True), "p99-vs-stable": (0.99, True)}
SIMULATED = frozenset({"error-rate", "p95", "p99", *_BESIDE})


def _error_rate(canary: Window, given: Mapping[str, str]) -> Floats:
    enough = canary.requests >= float(given["min-requests"])
    plain = canary.errors >= float(given["min-errors"])
    with np.errstate(invalid="ignore"):
        ratio = canary.errors / canary.requests
    return np.where(enough | plain, ratio, np.nan)
