"""What was ruled out and what was not, in words."""

from collections.abc import Iterator, Sequence

from canarygate.judge.clear import Clearance
from canarygate.judge.groups import Group
from canarygate.judge.phrases import listed, more_than, named, points
from canarygate.judge.policy import Policy
from canarygate.judge.wording import percent, seconds


def clear_reason(groups: Sequence[Group], clearance: Clearance, policy: Policy) -> str:
    """`ruled out: more than 25 % slower, 0.75 points more errors`, or what stands in the way."""
    bar = clearance.bar
    if clearance.is_reached:
        reason = (
            f"ruled out: more than {more_than(bar.slower)} slower,"
            f" {points(bar.share)} more errors or slow requests ({percent(bar.confidence)} sure)"
        )
        if clearance.unseen:
            unseen = [_with_counts(groups[index]) for index in clearance.unseen]
            reason += f"; too rare to be judged alone: {listed(unseen)}"
        return reason
    return "; ".join(_obstacles(groups, clearance, policy))


def _obstacles(groups: Sequence[Group], clearance: Clearance, policy: Policy) -> Iterator[str]:
    bar = clearance.bar
    if clearance.successes < policy.compare.requests:
        yield (
            f"too few samples: {clearance.successes:,} of the {policy.compare.requests}"
            " successes per role after the warm-up"
        )
        return
    if clearance.in_doubt:
        tolerance = percent(policy.compare.tolerance)
        yield f"it may be more than {tolerance} slower, which more traffic will show"
    if clearance.errors_in_doubt:
        yield "it may fail more often than stable, which more traffic will show"
    if clearance.missing:
        missing = [
            f"{named(groups[index])} ({len(groups[index].stable):,} on stable)"
            for index in clearance.missing
        ]
        yield f"no success on the canary: {listed(missing)}"
    slower = f"more than {more_than(bar.slower)} slower is not ruled out"
    if clearance.in_the_way:
        worst = sorted(clearance.in_the_way, key=lambda index: groups[index].fewest)
        yield f"{slower} for {listed([_with_counts(groups[index]) for index in worst])}"
    if clearance.rare_are_open:
        yield f"{slower} for the endpoints too rare to be judged alone"
    for what, excess in (
        ("errors", clearance.errors),
        (f"requests slower than {seconds(clearance.slow_seconds)}", clearance.slow),
    ):
        if excess.upper >= bar.share:
            yield (
                f"{points(bar.share)} more {what} than stable are not ruled out: canary"
                f" {excess.canary_hits:,} of {excess.canary_requests:,}, stable"
                f" {excess.stable_hits:,} of {excess.stable_requests:,}"
                f" (at most {points(excess.upper)} more)"
            )


def _with_counts(group: Group) -> str:
    return f"{named(group)} (successes: {len(group.canary):,} canary, {len(group.stable):,} stable)"
