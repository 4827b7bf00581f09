"""Pairs of successes, one of each arm, that came at about the same time from the same endpoint."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from canarygate.judge.arm import Arm
from canarygate.judge.ranks import within_margin

NONE = np.zeros(0, np.int64)
NO_DURATION = np.zeros(0)


@dataclass(frozen=True, kw_only=True)
class Side:
    """One arm's successes of one endpoint after the warm-up, ascending by `ended` (microseconds)."""

    ended: NDArray[np.int64] = field(default_factory=lambda: NONE)
    seconds: NDArray[np.float64] = field(default_factory=lambda: NO_DURATION)


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """The i-th success of the canary with the i-th of stable, in the order they were complete."""

    endpoint: tuple[str, str] | None
    """None: of all endpoints together."""
    ended: NDArray[np.int64]
    """When the later of the two ended; ascending."""
    hit: NDArray[np.bool_]
    """The canary's was slower by more than the margin."""
    canary: Side = field(default_factory=Side)
    stable: Side = field(default_factory=Side)
    """All successes, those without a partner as well."""

    def __len__(self) -> int:
        return len(self.ended)

    @cached_property
    def hits_before(self) -> NDArray[np.int64]:
        """How many of the first 0, 1, 2 … pairs are hits."""
        return np.concatenate([[0], np.cumsum(self.hit, dtype=np.int64)])

    def first(self, number: int) -> "Pairs":
        """The first so many pairs."""
        return replace(self, ended=self.ended[:number], hit=self.hit[:number])

    def durations(self, end: int, newest: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The newest durations of each arm that had ended by `end`."""
        canary, stable = (
            side.seconds[
                max((last := int(np.searchsorted(side.ended, end, "right"))) - newest, 0) : last
            ]
            for side in (self.canary, self.stable)
        )
        return canary, stable


def pair_up(canary: Arm, stable: Arm, share: float, seconds: float) -> list[Pairs]:
    """Pairs of every endpoint of which both arms have a success after the warm-up, by its name.

    Why not the same user's same request, which both arms have as well: in a closed loop the slower
    arm falls behind, each user by its own waits, while the i-th of all users stay closest in time,
    so that what shakes both arms at once cancels; and twins end at the first request that fails on
    one arm only, where the flow goes another way. Either way a pair never changes once it is
    complete, whatever comes later.

    Args:
        canary: the arm on trial.
        stable: the other one.
        share: the margin, as a fraction of stable's duration,
        seconds: and as a time; the larger is granted.
    """
    others = dict(_sides(stable))
    found = []
    for endpoint, own in _sides(canary):
        other = others.get(endpoint)
        if other is None:
            continue
        number = min(len(own.ended), len(other.ended))
        shifted = within_margin(own.seconds[:number], share, seconds)
        found.append(
            Pairs(
                endpoint=endpoint,
                ended=np.maximum(own.ended[:number], other.ended[:number]),
                hit=other.seconds[:number] < shifted,
                canary=own,
                stable=other,
            )
        )
    return found


def _sides(arm: Arm) -> Iterator[tuple[tuple[str, str], Side]]:
    judged = np.flatnonzero(arm.ok & arm.warm)
    code = arm.endpoint[judged]
    small = len(arm.endpoints) < np.iinfo(np.int16).max  # numpy sorts these by radix, in no time
    order = np.argsort(code.astype(np.int16) if small else code, kind="stable")
    edges = np.searchsorted(code[order], np.arange(len(arm.endpoints) + 1))
    for index in np.flatnonzero(np.diff(edges)):
        rows = judged[order[edges[index] : edges[index + 1]]]
        yield (
            arm.endpoints[index],
            Side(ended=arm.ended[rows], seconds=arm.duration_seconds[rows]),
        )
