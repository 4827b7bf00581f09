"""Is a regression ruled out? Only this makes a pass; that nothing was found does not."""

from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import bdtrc

from canarygate.judge.arm import Arm
from canarygate.judge.bars import Bar, Excess, bars_of, error_excess, last_bar, slow_excess
from canarygate.judge.groups import Group
from canarygate.judge.policy import Policy
from canarygate.judge.ranks import pooled_score, upper_p
from canarygate.judge.slower import Slowness

ABSENT_P = 0.01
"""An endpoint that only stable served is no chance below this (over all endpoints)."""
DOUBT_P, DOUBT_TESTS = 0.3, 1.8
"""A pass waits for more traffic while a test says that so few canaries at the very edge of the
tolerance look as slow; with many tests, while as few of them would. With 0.5 tests a canary 20 %
slower on its busiest endpoint passed in 34 of 100 simulated runs, with 1.8 in 29; equal versions
pass 4 s later on average."""
DOUBT_ERRORS = 2
DOUBT_ERRORS_P = 0.2
"""So many errors of the canary, and so small a chance of as many: a pass waits here too."""


@dataclass(frozen=True, kw_only=True)
class Clearance:
    """What could be ruled out at one look. Groups are named by their index."""

    bar: Bar
    """The bar that was reached, else the lowest that was tried."""
    cleared: frozenset[int]
    """Slower by more than the bar is ruled out for these alone."""
    in_the_way: tuple[int, ...]
    """Groups that could be slower than the bar and forbid a pass."""
    in_doubt: bool
    """Something looks slower than the tolerance, not surely, and there is more traffic to come."""
    errors_in_doubt: bool
    """The canary seems to fail more often, not surely, and there is more traffic to come."""
    missing: tuple[int, ...]
    """Stable served them and the canary did not."""
    unseen: tuple[int, ...]
    """Groups too rare to be judged alone, which forbid nothing."""
    rare_are_open: bool
    """The rare groups together could be slower than the bar."""
    errors: Excess
    slow: Excess
    slow_seconds: float
    """Slow was longer than this."""
    successes: int
    """After the warm-up, of the arm that has fewer of them."""
    is_reached: bool
    """Everything is ruled out."""


def find_clearance(
    canary: Arm,
    stable: Arm,
    groups: Sequence[Group],
    slowness: Slowness,
    policy: Policy,
    *,
    is_last: bool,
) -> Clearance:
    """Try the bars of this look, highest first; gives the first that is reached, else the last.

    An endpoint with enough successes has to clear the bar alone. A rarer one has to clear the
    lower bar alone as long as there is more traffic to come, and all rare ones together the bar
    itself. At the end a rare one may stay unseen if it does not look slower, and the rare ones
    together (where they are enough) clear the bar. One that stable served and the canary did not
    is never passed over while that could be no chance.

    A canary 20 % slower than stable is often cleared of 25 % before it is known to be beyond its
    tolerance, and one that fails 1 % of its requests of 0.75 points. So a look with more traffic to
    come gives no pass while something looks slower or fails more often.
    """
    in_doubt = not is_last and slowness.smallest_p <= min(
        DOUBT_P, DOUBT_TESTS / max(slowness.tested, 1)
    )
    errors_in_doubt = not is_last and _errors_are_in_doubt(canary, stable)
    tried = [
        _try(bar, canary, stable, groups, policy, (in_doubt, errors_in_doubt))
        for bar in bars_of(policy.clear, is_last=is_last)
    ]
    return next((clearance for clearance in tried if clearance.is_reached), tried[-1])


def is_cleared(group: Group, slower: float, seconds: float, confidence: float) -> bool:
    """Slower by more than `slower` and by more than `seconds` is ruled out for this endpoint.

    The rank test shifted the other way: the canary less the margin is faster than stable.
    """
    return upper_p(-_score(group, slower, seconds)) <= 1 - confidence


def _errors_are_in_doubt(canary: Arm, stable: Arm) -> bool:
    """The canary has more of all errors than its part of all requests makes likely (binomial)."""
    errors, others = (len(arm) - arm.succeeded for arm in (canary, stable))
    share = len(canary) / max(len(canary) + len(stable), 1)
    return (
        errors >= DOUBT_ERRORS
        and float(bdtrc(errors - 1, errors + others, share)) <= DOUBT_ERRORS_P
    )


def _try(
    bar: Bar,
    canary: Arm,
    stable: Arm,
    groups: Sequence[Group],
    policy: Policy,
    doubts: tuple[bool, bool],
) -> Clearance:
    rules, requests = policy.clear, policy.compare.requests
    is_lenient = bar.name == "last_look"
    served = [index for index, group in enumerate(groups) if len(group.stable)]
    rare = [index for index in served if groups[index].fewest < requests]
    low = last_bar(rules)
    cleared = frozenset(
        index
        for index in served
        if is_cleared(groups[index], bar.slower, bar.slower_seconds, bar.confidence)
    )
    seen = cleared | {
        index
        for index in rare
        if is_cleared(groups[index], low.slower, low.slower_seconds, low.confidence)
    }
    missing = _missing(groups, served, requests)
    blocking = [index for index in served if index not in seen and index not in missing]
    unseen: list[int] = []
    if is_lenient:
        unseen = [
            i for i in blocking if i in rare and not _looks_slower(groups[i], policy, len(rare))
        ]
        blocking = [index for index in blocking if index not in unseen]
    errors = error_excess(canary, stable, bar)
    slow, slow_seconds = slow_excess(canary, stable, bar, policy)
    rare_are_open = _are_open([groups[index] for index in rare], bar, requests)
    successes = min(int((arm.ok & arm.warm).sum()) for arm in (canary, stable))
    return Clearance(
        bar=bar,
        cleared=cleared,
        in_the_way=tuple(blocking),
        in_doubt=doubts[0],
        errors_in_doubt=doubts[1],
        missing=missing,
        unseen=tuple(unseen),
        rare_are_open=rare_are_open,
        errors=errors,
        slow=slow,
        slow_seconds=slow_seconds,
        successes=successes,
        is_reached=not any(doubts)
        and not blocking
        and not missing
        and not rare_are_open
        and successes >= requests
        and errors.upper < bar.share
        and slow.upper < bar.share,
    )


def _score(group: Group, slower: float, seconds: float) -> float:
    # With the correction for continuity, as a handful of requests may have to do.
    return group.score(slower, seconds, continuity=True)


def _missing(groups: Sequence[Group], served: Sequence[int], requests: int) -> tuple[int, ...]:
    """Endpoints without a success on the canary, where chance would have brought one."""
    canary = sum(len(group.canary) for group in groups)
    stable = sum(len(group.stable) for group in groups)
    elsewhere = stable / max(canary + stable, 1)
    return tuple(
        index
        for index in served
        if not len(groups[index].canary)
        and (
            len(groups[index].stable) >= requests
            or elsewhere ** len(groups[index].stable) * len(served) < ABSENT_P
        )
    )


def _looks_slower(group: Group, policy: Policy, tried: int) -> bool:
    """A rare endpoint that is probably slower than the tolerance; `tried` of them were asked."""
    rules = policy.compare
    score = _score(group, rules.tolerance, rules.tolerance_seconds)
    return upper_p(score) * tried <= 1 - policy.clear.last_confidence


def _are_open(rare: Sequence[Group], bar: Bar, requests: int) -> bool:
    """The rare endpoints together are enough to be judged, and could be slower than the bar."""
    both = [group for group in rare if group.fewest]
    canary = [len(group.canary) for group in both]
    stable = [len(group.stable) for group in both]
    if min(sum(canary), sum(stable)) < requests:
        return False
    scores = [_score(group, bar.slower, bar.slower_seconds) for group in both]
    return upper_p(-pooled_score(scores, canary, stable)) > 1 - bar.confidence
