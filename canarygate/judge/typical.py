"""The typical change of an endpoint, for people to read: it decides nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from canarygate.judge.groups import Group

MOST = 300
"""Durations per arm of which all pairs are formed; of more, as many evenly spread quantiles."""
SHORTEST = 1e-6
"""Seconds; a duration of 0 has no ratio."""


@dataclass(frozen=True, kw_only=True)
class Typical:
    """How much longer the canary takes, as ratios to stable."""

    ratio: float
    low: float
    high: float


def typical_change(
    canary: NDArray[np.float64], stable: NDArray[np.float64], confidence: float = 0.95
) -> Typical | None:
    """The Hodges-Lehmann ratio with the interval of Moses; None where an arm has no durations.

    The ratio is the median of canary / stable over all n m pairs (Hodges & Lehmann 1963, of the
    logarithms). The interval goes from the C-th smallest of the pairs to the C-th largest with

        C = n m / 2 - z sqrt(n m (n + m + 1) / 12)

    (Moses 1953, in Hollander & Wolfe, Nonparametric Statistical Methods, section 4.3). More than
    MOST durations are thinned to as many quantiles, while C keeps the share of the pairs that it
    has of all of them: the same durations always give the same numbers.
    """
    n, m = len(canary), len(stable)
    if not n or not m:
        return None
    own, other = (np.log(np.maximum(_thinned(each), SHORTEST)) for each in (canary, stable))
    pairs = np.subtract.outer(own, other).ravel()
    z = float(ndtri((1 + confidence) / 2))
    share = max(0.5 - z * ((n + m + 1) / (12 * n * m)) ** 0.5, 0.0)
    first = min(int(share * len(pairs)), (len(pairs) - 1) // 2)
    ranks = [first, (len(pairs) - 1) // 2, len(pairs) // 2, len(pairs) - 1 - first]
    low, below, above, high = np.partition(pairs, ranks)[ranks]
    return Typical(
        ratio=float(np.exp((below + above) / 2)), low=float(np.exp(low)), high=float(np.exp(high))
    )


def _thinned(durations: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(durations) <= MOST:
        return durations
    middles = (np.arange(MOST) + 0.5) / MOST
    ordered = np.sort(durations)
    return ordered[(middles * len(ordered)).astype(np.int64)]


def together_change(groups: Sequence[Group], changes: Sequence[Typical | None]) -> float | None:
    """The mean of the endpoints' typical changes, weighted as in the common test; None of none."""
    weights = [
        len(group.canary) * len(group.stable) / (len(group.canary) + len(group.stable))
        for group, change in zip(groups, changes, strict=True)
        if change is not None
    ]
    logs = [log(change.ratio) for change in changes if change is not None]
    return float(np.exp(np.average(logs, weights=weights))) if logs else None
