"""Arms to be compared, made from durations."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from canarygate.judge.arm import Arm, make_arm
from canarygate.judge.looks import Look, look
from canarygate.judge.policy import Policy, load_policy
from canarygate.results import CANARY, STABLE
from canarygate.verdict import Check, Verdict

POLICY = load_policy(None)
FIRST_SECOND = 12.0

Durations = Sequence[float] | NDArray[np.float64]


def arm(
    role: str,
    endpoints: Mapping[str, Durations],
    *,
    at: float = 45.0,
    failed: Mapping[str, int] | None = None,
    **columns: Any,
) -> Arm:
    """An arm whose endpoints answer evenly between the warm-up and `at`, with these durations.

    The first `failed` ones of an endpoint fail. Every request is of its own user.
    """
    names = sorted(endpoints)
    ended, seconds, ok, endpoint = [], [], [], []
    for index, name in enumerate(names):
        durations = np.asarray(endpoints[name], np.float64)
        slowest = float(durations.max(initial=0.0))
        ended.append(np.linspace(FIRST_SECOND + slowest, at, len(durations)))
        seconds.append(durations)
        ok.append(np.arange(len(durations)) >= (failed or {}).get(name, 0))
        endpoint.append(np.full(len(durations), index))
    return make_arm(
        role,
        ended_seconds=np.concatenate(ended),
        duration_seconds=np.concatenate(seconds),
        ok=np.concatenate(ok),
        endpoint=np.concatenate(endpoint),
        endpoints=tuple(("GET", name) for name in names),
        **columns,
    )


def canary(*arguments: Any, **more: Any) -> Arm:
    """The canary's arm."""
    return arm(CANARY, *arguments, **more)


def stable(*arguments: Any, **more: Any) -> Arm:
    """Stable's arm."""
    return arm(STABLE, *arguments, **more)


def looked(
    own: Arm,
    other: Arm,
    *,
    at: float = 45.0,
    looks: int = 1,
    is_last: bool = True,
    policy: Policy = POLICY,
) -> Look:
    """A look, under the built-in policy if no other is given."""
    return look(own, other, policy, at=at, number_of_looks=looks, is_last=is_last)


def check(found: Look, name: str) -> Check:
    """The check `compare.<name>`."""
    return next(each for each in found.checks if each.name == f"compare.{name}")


def states(found: Look) -> tuple[Verdict, ...]:
    """Of slower, stalls and clear."""
    return tuple(each.state for each in found.checks)


def lognormal(seed: int, number: int, median: float = 0.05, spread: float = 0.35) -> Any:
    """Durations of a service, in seconds: evenly spread quantiles in an order of chance."""
    order = np.random.RandomState(seed).permutation(number)
    return median * np.exp(spread * ndtri((order + 0.5) / max(number, 1)))
