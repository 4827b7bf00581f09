"""The table of a comparison: a row per endpoint, and the arms as a whole."""

from collections.abc import Mapping, Sequence
from math import isfinite

import numpy as np

from canarygate.judge.arm import Arm
from canarygate.judge.clear import Clearance, is_cleared
from canarygate.judge.groups import Group, present_endpoints, quantile
from canarygate.judge.policy import Policy
from canarygate.judge.slower import Slowness
from canarygate.judge.typical import Typical, together_change, typical_change
from canarygate.results import CANARY, STABLE
from canarygate.verdict import Comparison, EndpointComparison, Verdict

LADDER = (0.05, 0.10, 0.15, 0.20, 0.25, 0.30, 0.40, 0.50, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 9.0)
"""Slower by these fractions is tried, to say what could be ruled out."""


def compare(
    canary: Arm,
    stable: Arm,
    groups: Sequence[Group],
    slowness: Slowness,
    clearance: Clearance,
    policy: Policy,
    at: float,
) -> Comparison:
    """All that a look has found, for people and for the pushed series."""
    typical = [typical_change(group.canary, group.stable) for group in groups]
    own, other = present_endpoints(canary), present_endpoints(stable)
    return Comparison(
        at_seconds=at,
        bar=clearance.bar.name,
        endpoints=[
            _row(index, group, typical[index], slowness, clearance, policy)
            for index, group in enumerate(groups)
        ],
        only_one={
            role: sorted(only)
            for role, only in ((CANARY, own - other), (STABLE, other - own))
            if only
        },
        measures=_measures(groups, typical, clearance, policy),
    )


def _row(
    index: int,
    group: Group,
    typical: Typical | None,
    slowness: Slowness,
    clearance: Clearance,
    policy: Policy,
) -> EndpointComparison:
    evidence = slowness.endpoints.get(index)
    (canary_p50, stable_p50), (canary_p95, stable_p95) = group.quantiles(0.5), group.quantiles(0.95)
    if evidence is not None and evidence.is_slower:
        state = Verdict.FAIL
    else:
        state = Verdict.PASS if index in clearance.cleared else Verdict.INCONCLUSIVE
    return EndpointComparison(
        method=group.endpoint[0],
        name=group.endpoint[1],
        canary_successes=len(group.canary),
        stable_successes=len(group.stable),
        ratio=None if typical is None else typical.ratio,
        ratio_low=None if typical is None else typical.low,
        ratio_high=None if typical is None else typical.high,
        canary_p50=_or_none(canary_p50),
        canary_p95=_or_none(canary_p95),
        stable_p50=_or_none(stable_p50),
        stable_p95=_or_none(stable_p95),
        tolerance=policy.compare.tolerance,
        p=None if evidence is None else evidence.p,
        p_needed=None if evidence is None else evidence.p_needed,
        state=state,
        ruled_out=_ruled_out(group, clearance, policy),
    )


def _ruled_out(group: Group, clearance: Clearance, policy: Policy) -> float | None:
    """The smallest fraction of which the clear test rules out that the endpoint is slower."""
    steps = sorted({*LADDER, policy.clear.slower, policy.clear.last_slower})
    seconds, confidence = policy.clear.slower_seconds, clearance.bar.confidence
    # What rules out a fraction rules out any larger one: halve what is left.
    low, high = 0, len(steps)
    while low < high:
        middle = (low + high) // 2
        if is_cleared(group, steps[middle], seconds, confidence):
            high = middle
        else:
            low = middle + 1
    return steps[low] if low < len(steps) else None


def _measures(
    groups: Sequence[Group],
    typical: Sequence[Typical | None],
    clearance: Clearance,
    policy: Policy,
) -> Mapping[str, float]:
    """Canary to stable; what could not be measured is absent."""
    enough = [
        each.ratio
        for group, each in zip(groups, typical, strict=True)
        if each is not None and group.fewest >= policy.compare.requests
    ]
    own, other = (
        np.concatenate([getattr(group, role) for group in groups] or [np.zeros(0)])
        for role in (CANARY, STABLE)
    )
    errors = clearance.errors
    measures = {
        "latency_typical": together_change(groups, typical),
        "latency_worst_endpoint": max(enough, default=None),
        "latency_p50": _ratio(quantile(own, 0.50), quantile(other, 0.50)),
        "latency_p95": _ratio(quantile(own, 0.95), quantile(other, 0.95)),
        "error_share_difference": None
        if not errors.canary_requests or not errors.stable_requests
        else errors.canary_hits / errors.canary_requests
        - errors.stable_hits / errors.stable_requests,
    }
    return {name: value for name, value in measures.items() if value is not None}


def _ratio(canary: float, stable: float) -> float | None:
    return canary / stable if stable > 0 and isfinite(canary) else None


def _or_none(number: float) -> float | None:
    return number if isfinite(number) else None
