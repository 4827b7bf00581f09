"""Do the records hold together: with themselves, with the recorder's counters, with Locust's?"""

from collections.abc import Iterator, Sequence

from canarygate.judge.arm import Arm
from canarygate.judge.condition import condition, greatest, per_role
from canarygate.judge.policy import RunLimits
from canarygate.judge.wording import count, percent
from canarygate.verdict import Check


def records(arms: Sequence[Arm]) -> Check:
    """Times, durations and outcomes are possible ones; what is not is left out of every limit."""
    numbers = per_role(arms, lambda arm: arm.unsound)
    problems = [
        f"{arm.role}: {count(arm.unsound, 'record')} with an impossible time, duration or outcome"
        for arm in arms
        if arm.unsound
    ]
    good = "every record's times and durations are possible"
    return condition("records", problems, good, value=greatest(numbers), limit=0, numbers=numbers)


def counts(arms: Sequence[Arm]) -> Check:
    """As many records as the recorder counted, and as Locust's own statistics hold where known."""
    numbers: dict[str, float | int | str | None] = {}
    for arm in arms:
        numbers[f"{arm.role}_records"] = arm.recorded
        numbers[f"{arm.role}_recorded"] = arm.facts.recorded
        numbers[f"{arm.role}_failed_records"] = arm.failed
        numbers[f"{arm.role}_statistics_requests"] = arm.facts.statistics_requests
        numbers[f"{arm.role}_statistics_failures"] = arm.facts.statistics_failures
    problems = [problem for arm in arms for problem in _disagreements(arm)]
    return condition("counts", problems, "records and counters agree", numbers=numbers)


def _disagreements(arm: Arm) -> Iterator[str]:
    facts = arm.facts
    records = f"{arm.role}: {count(arm.recorded, 'record')}"
    if arm.recorded != facts.recorded:
        yield f"{records}, but the recorder counted {facts.recorded:,}"
    if facts.statistics_requests not in (None, arm.recorded):
        yield f"{records}, but Locust counted {facts.statistics_requests:,}"
    if facts.statistics_failures not in (None, arm.failed):
        counted = f"{facts.statistics_failures:,}"
        yield f"{arm.role}: {arm.failed:,} failed records, but Locust counted {counted} failures"
    if facts.unfinished < 0:
        yield f"{arm.role}: {facts.returned:,} requests came back of {facts.started:,} sent"


def unfinished(arms: Sequence[Arm], limits: RunLimits, decided: bool) -> Check:
    """Requests that were sent and never came back: nobody knows how they would have ended.

    Where we ended the load ourselves, a request of each user was under way: that is our own doing.
    """
    numbers: dict[str, float | int | str | None] = {}
    shares: dict[str, float] = {}
    for arm in arms:
        numbers[f"{arm.role}_unfinished"] = arm.facts.unfinished
        numbers[f"{arm.role}_started"] = arm.facts.started
        if arm.facts.started:
            cut = max(arm.facts.users, 0) if decided else 0
            open_still = arm.facts.unfinished - min(cut, max(arm.facts.unfinished, 0))
            shares[arm.role] = open_still / arm.facts.started
    problems = [
        f"{arm.role}: {arm.facts.unfinished:,} of {count(arm.facts.started, 'request')} never came"
        f" back ({percent(shares[arm.role])}; allowed {percent(limits.unfinished_share)})"
        for arm in arms
        if shares.get(arm.role, 0) > limits.unfinished_share
    ]
    return condition(
        "unfinished_ratio",
        problems,
        f"at most {percent(limits.unfinished_share)} of the requests never came back",
        value=max(shares.values(), default=None),
        limit=limits.unfinished_share,
        numbers=numbers,
    )


def counted(arms: Sequence[Arm], name: str, noun: str, allowed: int) -> Check:
    """A count of RoleRun that may not exceed `allowed`, nor be negative."""
    numbers: dict[str, float | int | str | None] = {
        arm.role: getattr(arm.facts, name) for arm in arms
    }
    problems = [
        f"{role}: {count(number, noun)}, allowed {allowed:,}"
        for role, number in numbers.items()
        if isinstance(number, int) and not 0 <= number <= allowed
    ]
    good = f"at most {count(allowed, noun)}"
    return condition(name, problems, good, value=greatest(numbers), limit=allowed, numbers=numbers)
