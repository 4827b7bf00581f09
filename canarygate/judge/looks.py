"""One look at both arms: is the canary slower, does it stall, is a regression ruled out?"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from canarygate.judge.arm import Arm
from canarygate.judge.clear import Clearance, find_clearance
from canarygate.judge.clear_words import clear_reason
from canarygate.judge.comparison import compare
from canarygate.judge.groups import Group, read_groups
from canarygate.judge.phrases import change, listed, named, slower_by
from canarygate.judge.policy import Policy
from canarygate.judge.slower import Slowness, find_slowness
from canarygate.judge.stalls import Stalls, find_stalls
from canarygate.judge.twins import Twins, match_twins, matched_share, step_seconds
from canarygate.judge.typical import together_change, typical_change
from canarygate.judge.wording import percent, seconds
from canarygate.verdict import Check, Comparison, Verdict


@dataclass(frozen=True, kw_only=True)
class Look:
    """What both arms said up to one moment of the run."""

    checks: tuple[Check, Check, Check]
    """`compare.slower`, `compare.stalls` and `compare.clear`; the first two never make a pass."""
    at: float
    canary: Arm
    stable: Arm
    twins: Twins
    groups: Sequence[Group]
    slowness: Slowness
    clearance: Clearance
    policy: Policy

    @cached_property
    def comparison(self) -> Comparison:
        """The rows of the table; worked out when asked for, as nothing is decided by them."""
        found = compare(
            self.canary,
            self.stable,
            self.groups,
            self.slowness,
            self.clearance,
            self.policy,
            self.at,
        )
        return replace(
            found,
            matched_share=matched_share(self.twins, self.canary),
            step_seconds=step_seconds(self.twins, self.canary, self.stable),
        )


def look(
    canary: Arm, stable: Arm, policy: Policy, *, at: float, number_of_looks: int, is_last: bool
) -> Look:
    """Compare both arms as they stood `at` seconds after the load began.

    Args:
        canary: cut to what had ended by then.
        stable: as well.
        policy: the margins, and how sure an answer has to be.
        at: seconds since the load began.
        number_of_looks: of the whole run; the chance of a false alarm is shared among them.
        is_last: the run is over; the policy's bar of the last look counts.
    """
    twins = match_twins(canary, stable)
    groups = read_groups(canary, stable, twins, at)
    slowness = find_slowness(groups, policy.compare, number_of_looks)
    stalls = find_stalls(canary, stable, policy.compare_stalls)
    clearance = find_clearance(canary, stable, groups, slowness, policy, is_last=is_last)
    return Look(
        checks=(
            _slower_check(groups, slowness, policy),
            _stalls_check(stalls, policy, number_of_looks),
            _clear_check(groups, clearance, policy),
        ),
        at=at,
        canary=canary,
        stable=stable,
        twins=twins,
        groups=groups,
        slowness=slowness,
        clearance=clearance,
        policy=policy,
    )


def _slower_check(groups: Sequence[Group], slowness: Slowness, policy: Policy) -> Check:
    rules = policy.compare
    evidence = [*slowness.endpoints.values()]
    if slowness.together is not None:
        evidence.append(slowness.together)
    surest = min(evidence, key=lambda each: each.p, default=None)
    if surest is None:
        state = Verdict.INCONCLUSIVE
        most = max((group.fewest for group in groups), default=0)
        reason = (
            f"too few successes after the warm-up: no endpoint has {rules.requests} per role"
            f" (at most {most})"
        )
    elif slowness.is_any:
        state = Verdict.FAIL
        reason = _slower_reason(groups, slowness, policy)
    else:
        state = Verdict.PASS
        reason = f"no endpoint is slower, as far as seen (tolerance {percent(rules.tolerance)})"
    return Check(
        name="compare.slower",
        state=state,
        reason=reason,
        value=None if surest is None else surest.p,
        limit=None if surest is None else surest.p_needed,
        numbers={
            "endpoints_compared": len(slowness.endpoints),
            "endpoints_slower": len(slowness.slower),
            "p_late": None if surest is None else surest.p_late,
            "p_together": None if slowness.together is None else slowness.together.p,
            "p_together_needed": None if slowness.together is None else slowness.together.p_needed,
        },
    )


def _slower_reason(groups: Sequence[Group], slowness: Slowness, policy: Policy) -> str:
    tolerance = policy.compare.tolerance
    if not slowness.slower:
        typical = [typical_change(group.canary, group.stable) for group in groups]
        return (
            f"all endpoints together are slower (typical"
            f" {change(together_change(groups, typical) or 1.0)}; tolerance {percent(tolerance)})"
        )
    first, *others = slowness.slower
    reason = slower_by(groups[first], tolerance)
    return reason + (f"; so is {listed([named(groups[i]) for i in others])}" if others else "")


def _stalls_check(stalls: Stalls, policy: Policy, number_of_looks: int) -> Check:
    needed = policy.compare_stalls.alpha / number_of_looks
    state = Verdict.FAIL if stalls.p <= needed else Verdict.PASS
    reason = "the canary stalls" if state is Verdict.FAIL else "no stalls, as far as seen"
    if stalls.worst:
        reason += (
            f": {stalls.canary_worst} of the {stalls.worst} worst seconds are the canary's"
            f" (longest beyond the typical answer: canary {seconds(stalls.canary_longest)},"
            f" stable {seconds(stalls.stable_longest)})"
        )
    return Check(
        name="compare.stalls",
        state=state,
        reason=reason,
        value=stalls.p,
        limit=needed,
        numbers={
            "worst_seconds": stalls.worst,
            "worst_seconds_canary": stalls.canary_worst,
            "seconds": stalls.seconds,
            "longest_excess_seconds": stalls.canary_longest,
            "stable_longest_excess_seconds": stalls.stable_longest,
        },
    )


def _clear_check(groups: Sequence[Group], clearance: Clearance, policy: Policy) -> Check:
    return Check(
        name="compare.clear",
        state=Verdict.PASS if clearance.is_reached else Verdict.INCONCLUSIVE,
        reason=clear_reason(groups, clearance, policy),
        value=max(clearance.errors.upper, clearance.slow.upper),
        limit=clearance.bar.share,
        numbers={
            "bar": clearance.bar.name,
            "slower": clearance.bar.slower,
            "confidence": clearance.bar.confidence,
            "successes": clearance.successes,
            "endpoints_cleared": len(clearance.cleared),
            "endpoints_open": len(clearance.in_the_way),
            "endpoints_missing": len(clearance.missing),
            "endpoints_unseen": len(clearance.unseen),
            "error_share_excess_upper": clearance.errors.upper,
            "slow_share_excess_upper": clearance.slow.upper,
            "slow_seconds": clearance.slow_seconds,
            "slow_canary": clearance.slow.canary_hits,
            "slow_stable": clearance.slow.stable_hits,
        },
    )
