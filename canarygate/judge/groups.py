"""The successes of both arms after the warm-up, endpoint by endpoint: what latency is judged on."""

from dataclasses import dataclass, replace
from math import ceil, nan

import numpy as np
from numpy.typing import NDArray

from canarygate.judge.arm import MICROSECONDS, Arm
from canarygate.judge.ranks import (
    rank_score,
    signed_rank_score,
    within_margin,
)
from canarygate.judge.twins import Twins

Endpoint = tuple[str, str]
"""(method, name)."""
FEWEST_PAIRS = 20
PAIRED_SHARE = 0.9
"""Of either arm's successes, those that need a twin for the paired test."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """One endpoint's successes after the warm-up. Durations are seconds, by the time they ended."""

    endpoint: Endpoint
    canary: NDArray[np.float64]
    stable: NDArray[np.float64]
    canary_is_late: NDArray[np.bool_]
    """Sent in the second half of the time that is judged."""
    stable_is_late: NDArray[np.bool_]
    pairs: NDArray[np.float64]
    """Twins that both succeeded: two columns, canary and stable."""
    pair_is_late: NDArray[np.bool_]
    is_paired: bool
    """Judged by its pairs."""

    @property
    def fewest(self) -> int:
        """Successes of the arm that has fewer of them."""
        return min(len(self.canary), len(self.stable))

    def score(self, share: float, seconds: float, *, continuity: bool = False) -> float:
        """How surely the canary is slower than stable beyond a margin; negative: it is not.

        Twins do the same thing at nearly the same moment. What both have in common is no noise to
        the ratio of a pair; where they have nothing in common, nothing is lost.
        """
        if not self.is_paired:
            reduced = within_margin(self.canary, share, seconds)
            return rank_score(reduced, self.stable, continuity=continuity)
        reduced = within_margin(self.pairs[:, 0], share, seconds)
        return signed_rank_score(_log_ratios(reduced, self.pairs[:, 1]), continuity=continuity)

    def quantiles(self, share: float) -> tuple[float, float]:
        """Of the canary and of stable, in seconds; by nearest rank, NaN without a success."""
        return quantile(self.canary, share), quantile(self.stable, share)

    @property
    def late(self) -> "Group":
        """The second half alone, judged in the same way."""
        canary, stable = self.canary_is_late, self.stable_is_late
        return replace(
            self,
            canary=self.canary[canary],
            stable=self.stable[stable],
            canary_is_late=canary[canary],
            stable_is_late=stable[stable],
            pairs=self.pairs[self.pair_is_late],
            pair_is_late=self.pair_is_late[self.pair_is_late],
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


def read_groups(canary: Arm, stable: Arm, twins: Twins, at: float) -> list[Group]:
    """One group per endpoint that either arm has a record of, in the order of their names.

    Args:
        canary: cut to what had ended by `at`.
        stable: as well.
        twins: of these arms.
        at: seconds since the load began. The second half is what was sent after the middle
            between the first judged request and this.
    """
    endpoints = sorted(present_endpoints(canary) | present_endpoints(stable))
    judged = [arm.ok & arm.warm for arm in (canary, stable)]
    sent = [arm.sent[rows] for arm, rows in zip((canary, stable), judged, strict=True)]
    began = min((int(times.min()) for times in sent if len(times)), default=0)
    middle = (began + round(at * MICROSECONDS)) // 2
    both = judged[0][twins.canary] & judged[1][twins.stable]
    own = _split(canary, np.flatnonzero(judged[0]), endpoints)
    other = _split(stable, np.flatnonzero(judged[1]), endpoints)
    pairs = _split(canary, twins.canary[both], endpoints)
    twin_of = np.full(len(canary), -1)
    twin_of[twins.canary] = twins.stable
    groups = []
    for index, endpoint in enumerate(endpoints):
        rows, stable_rows, paired = own[index], other[index], pairs[index]
        twin = twin_of[paired]
        pair = np.column_stack([canary.duration_seconds[paired], stable.duration_seconds[twin]])
        groups.append(
            Group(
                endpoint=endpoint,
                canary=canary.duration_seconds[rows],
                stable=stable.duration_seconds[stable_rows],
                canary_is_late=canary.sent[rows] >= middle,
                stable_is_late=stable.sent[stable_rows] >= middle,
                pairs=pair,
                pair_is_late=np.minimum(canary.sent[paired], stable.sent[twin]) >= middle,
                is_paired=_pays(pair, max(len(rows), len(stable_rows))),
            )
        )
    return groups


def _pays(pairs: NDArray[np.float64], successes: int) -> bool:
    """Nearly all have a twin: then the choice does not depend on how long anything took."""
    return len(pairs) >= max(FEWEST_PAIRS, PAIRED_SHARE * successes)


def _split(arm: Arm, rows: NDArray[np.int64], endpoints: list[Endpoint]) -> list[NDArray[np.int64]]:
    """These rows of an arm, endpoint by endpoint."""
    places = {endpoint: index for index, endpoint in enumerate(endpoints)}
    place = np.array([places.get(endpoint, -1) for endpoint in arm.endpoints], np.int64)
    code = place[arm.endpoint[rows]]
    # Few numbers: 16 bits are sorted by counting, in linear time.
    order = np.argsort(code.astype(np.int16) if len(endpoints) < 32_000 else code, kind="stable")
    edges = np.searchsorted(code[order], np.arange(1, len(endpoints)), "left")
    return np.split(rows[order], edges)


def _log_ratios(canary: NDArray[np.float64], stable: NDArray[np.float64]) -> NDArray[np.float64]:
    """Whatever a margin leaves nothing of is faster than any of stable's."""
    return np.log(np.maximum(canary, 1e-9)) - np.log(np.maximum(stable, 1e-6))
