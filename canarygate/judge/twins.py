"""Twins: the same user's same request on both arms, as both follow the same seed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from canarygate.judge.arm import MICROSECONDS, Arm

SEQUENCES = 1 << 40
"""More requests than one user sends."""


@dataclass(frozen=True, kw_only=True)
class Twins:
    """Rows of both arms, one pair per position, in the canary's order."""

    canary: NDArray[np.int64]
    stable: NDArray[np.int64]


def match_twins(canary: Arm, stable: Arm) -> Twins:
    """Pair the records of the same user name, sequence and endpoint.

    A user's sequence that an arm has more than once is no twin of anything.
    """
    users = {name: index for index, name in enumerate(sorted({*canary.users, *stable.users}))}
    own, other = (_keys(arm, users) for arm in (canary, stable))
    own_order, other_order = np.argsort(own, kind="stable"), np.argsort(other, kind="stable")
    own_order = own_order[_is_single(own[own_order])]
    other_order = other_order[_is_single(other[other_order])]
    sorted_other = other[other_order]
    place = np.searchsorted(sorted_other, own[own_order])
    place = np.minimum(place, max(len(other_order) - 1, 0))
    found = (
        sorted_other[place] == own[own_order] if len(other_order) else np.zeros(len(place), bool)
    )
    rows, twins = own_order[found], other_order[place[found]]
    names = {
        name: index for index, name in enumerate(sorted({*canary.endpoints, *stable.endpoints}))
    }
    codes = [
        np.array([names[each] for each in arm.endpoints], np.int64) for arm in (canary, stable)
    ]
    same = codes[0][canary.endpoint[rows]] == codes[1][stable.endpoint[twins]]
    rows, twins = rows[same], twins[same]
    order = np.argsort(rows, kind="stable")
    return Twins(canary=rows[order], stable=twins[order])


def matched_share(twins: Twins, canary: Arm) -> float | None:
    """Of the canary's requests, those with a twin; None without a request."""
    return len(twins.canary) / len(canary) if len(canary) else None


def step_seconds(twins: Twins, canary: Arm, stable: Arm) -> float | None:
    """How far apart twins were sent: 95 % were closer. None without twins."""
    if not len(twins.canary):
        return None
    apart = np.abs(canary.sent[twins.canary] - stable.sent[twins.stable])
    return float(np.quantile(apart, 0.95)) / MICROSECONDS


def _keys(arm: Arm, users: dict[str, int]) -> NDArray[np.int64]:
    place = np.array([users[name] for name in arm.users], np.int64)
    return place[arm.user] * SEQUENCES + np.clip(arm.sequence, 0, SEQUENCES - 1)


def _is_single(ordered: NDArray[np.int64]) -> NDArray[np.bool_]:
    differs = ordered[1:] != ordered[:-1]
    edge = np.ones(min(len(ordered), 1), bool)
    return np.asarray(np.concatenate([edge, differs]) & np.concatenate([differs, edge]))
