"""The successes of both arms after the warm-up, endpoint by endpoint: what latency is judged on."""

from dataclasses import dataclass
from itertools import pairwise
from math import ceil, nan

import numpy as np
from numpy.typing import NDArray

from canarygate.judge.arm import MICROSECONDS, Arm

Endpoint = tuple[str, str]
"""(method, name)."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """One endpoint's successes after the warm-up. Durations are seconds, by the time they ended."""

    endpoint: Endpoint
    canary: NDArray[np.float64]
    stable: NDArray[np.float64]
    canary_is_late: NDArray[np.bool_]
    """Sent in the second half of the time that is judged."""
    stable_is_late: NDArray[np.bool_]

    @property
    def fewest(self) -> int:
        """Successes of the arm that has fewer of them."""
        return min(len(self.canary), len(self.stable))

    def quantiles(self, share: float) -> tuple[float, float]:
        """Of the canary and of stable, in seconds; by nearest rank, NaN without a success."""
        return quantile(self.canary, share), quantile(self.stable, share)

    @property
    def late(self) -> "Group":
        """The second half alone."""
        canary, stable = self.canary[self.canary_is_late], self.stable[self.stable_is_late]
        return Group(
            endpoint=self.endpoint,
            canary=canary,
            stable=stable,
            canary_is_late=np.ones(len(canary), bool),
            stable_is_late=np.ones(len(stable), bool),
        )


def quantile(durations: NDArray[np.float64], share: float) -> float:
    """The shortest duration that `share` of them do not exceed; NaN of none."""
    if not len(durations):
        return nan
    rank = max(ceil(share * len(durations)) - 1, 0)
    return float(np.partition(durations, rank)[rank])


def present_endpoints(arm: Arm) -> frozenset[Endpoint]:
    """Those with a record, of whatever outcome, in this part of the run."""
    counts = np.bincount(arm.endpoint, minlength=len(arm.endpoints))
    return frozenset(arm.endpoints[index] for index in np.flatnonzero(counts))


def read_groups(canary: Arm, stable: Arm, at: float) -> list[Group]:
    """One group per endpoint that either arm has a record of, in the order of their names.

    Args:
        canary: cut to what had ended by `at`.
        stable: as well.
        at: seconds since the load began. The second half is what was sent after the middle
            between the first judged request and this.
    """
    endpoints = sorted(present_endpoints(canary) | present_endpoints(stable))
    judged = [arm.ok & arm.warm for arm in (canary, stable)]
    sent = [arm.sent[rows] for arm, rows in zip((canary, stable), judged, strict=True)]
    began = min((int(times.min()) for times in sent if len(times)), default=0)
    middle = (began + round(at * MICROSECONDS)) // 2
    own = _by_endpoint(canary, judged[0], endpoints, middle)
    other = _by_endpoint(stable, judged[1], endpoints, middle)
    return [
        Group(
            endpoint=endpoint,
            canary=own[index][0],
            stable=other[index][0],
            canary_is_late=own[index][1],
            stable_is_late=other[index][1],
        )
        for index, endpoint in enumerate(endpoints)
    ]


def _by_endpoint(
    arm: Arm, judged: NDArray[np.bool_], endpoints: list[Endpoint], middle: int
) -> list[tuple[NDArray[np.float64], NDArray[np.bool_]]]:
    """Durations, and which are late, of each endpoint."""
    places = {endpoint: index for index, endpoint in enumerate(endpoints)}
    place = np.array([places.get(endpoint, -1) for endpoint in arm.endpoints], np.int64)
    code = place[arm.endpoint[judged]]
    # Of few endpoints: 16 bits are sorted by counting, in linear time.
    order = np.argsort(code.astype(np.int16) if len(endpoints) < 32_000 else code, kind="stable")
    duration = arm.duration_seconds[judged][order]
    late = (arm.sent[judged] >= middle)[order]
    edges = np.searchsorted(code[order], np.arange(len(endpoints) + 1), "left")
    return [(duration[first:last], late[first:last]) for first, last in pairwise(edges)]
