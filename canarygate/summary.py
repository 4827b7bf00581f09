"""Counts and exact quantiles of records, per endpoint and over all: what tables and series show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from canarygate.records import OUTCOMES, Outcome, Records

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

QUANTILES = (0.5, 0.95, 0.99)


@dataclass(frozen=True, kw_only=True)
class Summary:
    """One endpoint of one role, or all of them together (method and name are then empty).

    Latency is of the successes only, in seconds: a failure that answers in 1 ms must not look fast.
    `quantiles`, `maximum` are absent (empty, None) when nothing succeeded.
    """

    method: str
    name: str
    requests: int
    failures: Mapping[Outcome, int]
    """By outcome; only those that happened."""
    quantiles: Mapping[float, float]
    maximum: float | None
    durations: "NDArray[np.float64]"
    """Of the successes, seconds, ascending."""

    @property
    def failed(self) -> int:
        """How many requests failed."""
        return sum(self.failures.values())


def nearest_rank(ascending: "Sequence[float] | NDArray[np.float64]", quantile: float) -> float:
    """The smallest value that at least `quantile` of the values do not exceed (nearest rank)."""
    return float(ascending[max(1, ceil(quantile * len(ascending) - 1e-9)) - 1])


def summarise(records: Records) -> Summary:
    """Over all endpoints."""
    return _summary("", "", records, None)


def summarise_endpoints(records: Records) -> list[Summary]:
    """One per endpoint, in the order of method and name."""
    order = sorted(range(len(records.endpoints)), key=lambda index: records.endpoints[index])
    return [_summary(*records.endpoints[index], records, index) for index in order]


def _summary(method: str, name: str, records: Records, endpoint: int | None) -> Summary:
    import numpy as np

    mine = np.ones(len(records), bool) if endpoint is None else records.endpoint == endpoint
    outcomes = np.bincount(records.outcome[mine], minlength=len(OUTCOMES))
    durations = np.sort(records.duration_ms[mine & records.ok]) / 1000.0
    return Summary(
        method=method,
        name=name,
        requests=int(mine.sum()),
        failures={
            outcome: int(count)
            for outcome, count in zip(OUTCOMES, outcomes, strict=True)
            if count and outcome is not Outcome.OK
        },
        quantiles={q: nearest_rank(durations, q) for q in QUANTILES} if len(durations) else {},
        maximum=float(durations[-1]) if len(durations) else None,
        durations=durations,
    )
