"""What a pass has to rule out, and how many more errors or slow requests are ruled out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from canarygate.judge.arm import Arm
from canarygate.judge.groups import quantile
from canarygate.judge.policy import ClearRules, Policy
from canarygate.judge.stats import upper_bound

SLOW_QUANTILE = 0.99


@dataclass(frozen=True, kw_only=True)
class Bar:
    """What has to be ruled out, and how surely."""

    name: str
    slower: float
    slower_seconds: float
    share: float
    confidence: float


@dataclass(frozen=True, kw_only=True)
class Excess:
    """A share of requests, failed or slow, of both arms."""

    canary_hits: int
    canary_requests: int
    stable_hits: int
    stable_requests: int
    upper: float
    """More than so much above stable's share is ruled out; a difference of shares."""


def bars_of(rules: ClearRules, *, is_last: bool) -> list[Bar]:
    """The bar of every look, and at the end the lower one too, unless the policy is strict."""
    lower = is_last and rules.last_look != "strict"
    return [look_bar(rules), last_bar(rules)] if lower else [look_bar(rules)]


def look_bar(rules: ClearRules) -> Bar:
    """Of a look with more traffic to come."""
    return Bar(
        name="look",
        slower=rules.slower,
        slower_seconds=rules.slower_seconds,
        share=rules.share,
        confidence=rules.confidence,
    )


def last_bar(rules: ClearRules) -> Bar:
    """Of the end of the run."""
    return Bar(
        name="last_look",
        slower=rules.last_slower,
        slower_seconds=rules.slower_seconds,
        share=rules.last_share,
        confidence=rules.last_confidence,
    )


def error_excess(canary: Arm, stable: Arm, bar: Bar) -> Excess:
    """Failed requests, from the first one on."""
    return _excess(~canary.ok, ~stable.ok, bar)


def slow_excess(canary: Arm, stable: Arm, bar: Bar, policy: Policy) -> tuple[Excess, float]:
    """Successes after the warm-up that took longer than the policy's bound and than stable's p99.

    Gives that bound as well, in seconds. What the comparison tolerates it does here too: where a
    request takes seconds, a canary within its tolerance would have more than its share of
    requests beyond stable's very p99.
    """
    own, other = (arm.duration_seconds[arm.ok & arm.warm] for arm in (canary, stable))
    bound = policy.clear.slow_seconds
    if len(other):
        bound = max(bound, quantile(other, SLOW_QUANTILE) * (1 + policy.compare.tolerance))
    return _excess(own > bound, other > bound, bar), bound


def _excess(canary: NDArray[np.bool_], stable: NDArray[np.bool_], bar: Bar) -> Excess:
    hits, stable_hits = int(canary.sum()), int(stable.sum())
    share = stable_hits / len(stable) if len(stable) else 0.0
    return Excess(
        canary_hits=hits,
        canary_requests=len(canary),
        stable_hits=stable_hits,
        stable_requests=len(stable),
        upper=upper_bound(hits, len(canary), bar.confidence) - share,
    )
