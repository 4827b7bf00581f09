"""Was the load what it was meant to be: users, workers, length, ending, CPU to make it with?"""

from collections.abc import Sequence

import numpy as np

from canarygate.judge.arm import MICROSECONDS, Arm, finite
from canarygate.judge.condition import condition, greatest, per_role
from canarygate.judge.policy import RunLimits
from canarygate.judge.wording import count, seconds
from canarygate.verdict import Check

MISSED = 20


def workers(arms: Sequence[Arm]) -> Check:
    """Every worker stayed, and no stranger joined."""
    numbers = per_role(arms, lambda arm: arm.facts.workers_lost)
    problems = [
        f"{arm.role}: {count(number, noun)}"
        for arm in arms
        for number, noun in (
            (arm.facts.workers_lost, "lost worker"),
            (arm.facts.foreign_workers, "foreign worker"),
        )
        if number
    ]
    numbers |= {f"{arm.role}_foreign": arm.facts.foreign_workers for arm in arms}
    good = "no worker was lost, none joined that is not ours"
    return condition("workers", problems, good, value=greatest(numbers), limit=0, numbers=numbers)


def users(arms: Sequence[Arm], decided: bool) -> Check:
    """A run that we ended early may have ended while users were still being started.

    Users that stopped on the way left the rest of the run untested; where the locustfile's own
    shape decides how many there are, it may well let them go.
    """
    problems = []
    for arm in arms:
        wanted, at_end = arm.facts.users_wanted, arm.facts.users_at_end
        if arm.facts.users < (1 if decided else max(wanted, 1)):
            problems.append(f"{arm.role}: {arm.facts.users:,} of {count(wanted, 'user')} ran")
        elif (
            not decided
            and arm.facts.planned_seconds is not None
            and at_end is not None
            and at_end < wanted
        ):
            problems.append(
                f"{arm.role}: {at_end:,} of {count(wanted, 'user')} were left at the end"
            )
    numbers = per_role(arms, lambda arm: arm.facts.users)
    numbers |= {f"{arm.role}_wanted": arm.facts.users_wanted for arm in arms}
    numbers |= {f"{arm.role}_at_end": arm.facts.users_at_end for arm in arms}
    return condition("users", problems, "users ran as wanted", numbers=numbers)


def target(arms: Sequence[Arm]) -> Check:
    """Absolute URLs, or a redirect to a login page, and the host under test was never judged."""
    numbers = per_role(arms, lambda arm: arm.facts.elsewhere)
    problems = [
        f"{arm.role}: every one of {count(arm.facts.started, 'request')} ended at another host than"
        " the one under test, by redirects or absolute URLs"
        for arm in arms
        if arm.facts.elsewhere and arm.facts.elsewhere >= arm.facts.started
    ]
    good = "the requests went to the host under test"
    return condition("target", problems, good, value=greatest(numbers), numbers=numbers)


def silence(arms: Sequence[Arm]) -> Check:
    """Requests were answered until the end: users that hang in their own code send none.

    Silent is an end of the run in which at least MISSED requests were due at the role's own rate
    (by chance once in e^20 runs of independent requests), twice as long as any pause before it.
    """
    numbers: dict[str, float | int | str | None] = {}
    problems = []
    for arm in arms:
        if arm.seconds is None or not len(arm) or arm.ended[-1] <= 0:
            continue
        pauses = np.diff(arm.ended, prepend=0)
        last = float(arm.ended[-1]) / MICROSECONDS
        tail = numbers[f"{arm.role}_silent_seconds"] = max(0.0, arm.seconds - last)
        due = tail * len(arm) / last
        if due >= MISSED and tail > 2 * float(pauses.max()) / MICROSECONDS:
            problems.append(
                f"{arm.role}: nothing was answered in the last {seconds(tail)} of"
                f" {seconds(arm.seconds)}, where some {due:.0f} requests were due"
            )
    good = "requests were answered until the end"
    return condition("silence", problems, good, value=greatest(numbers), numbers=numbers)


def length(arms: Sequence[Arm], limits: RunLimits, decided: bool) -> Check:
    """The load lasted as long as planned, unless we ended it or the locustfile's shape decides."""
    problems = []
    for arm in arms:
        planned = finite(arm.facts.planned_seconds)
        if arm.seconds is None:
            problems.append(f"{arm.role}: the load has no known start and end")
        elif not decided and (planned or 0) - arm.seconds > limits.cut_short_seconds:
            took = f"{seconds(max(arm.seconds, 0))} of {seconds(planned or 0)}"
            problems.append(f"{arm.role}: cut short, {took}")
    numbers = {f"{arm.role}_seconds": arm.seconds for arm in arms}
    numbers |= {f"{arm.role}_planned": finite(arm.facts.planned_seconds) for arm in arms}
    good = "decided early" if decided else "as long as planned"
    return condition("length", problems, good, numbers=dict(numbers))


def ending(arms: Sequence[Arm]) -> Check:
    """Locust exited with 0 after every recorder had written its last report."""
    problems = []
    for arm in arms:
        if arm.facts.exit_status is None:
            problems.append(f"{arm.role}: Locust has not ended")
        elif arm.facts.exit_status:
            problems.append(f"{arm.role}: Locust ended with status {arm.facts.exit_status}")
        if not arm.facts.complete:
            problems.append(f"{arm.role}: the recorder's final report is missing")
        if arm.facts.problem:
            problems.append(f"{arm.role}: {arm.facts.problem}")
    numbers = per_role(arms, lambda arm: arm.facts.exit_status)
    return condition("ending", problems, "Locust and the recorder ended in order", numbers=numbers)


def generator_cpu(arms: Sequence[Arm], limits: RunLimits) -> Check:
    """The generator had CPU to spare; one that has none measures itself."""
    numbers = per_role(arms, lambda arm: finite(arm.facts.generator_cpu))
    problems = [
        f"{role}: the generator's CPU use was not measured"
        if number is None
        else f"{role}: the generator was short of CPU ({number:.2f} cores busy)"
        for role, number in numbers.items()
        if number is None or float(number) > limits.generator_cpu
    ]
    return condition(
        "generator_cpu_cores",
        problems,
        "the generator had CPU to spare",
        value=greatest(numbers),
        limit=limits.generator_cpu,
        numbers=numbers,
    )


def generator_lag(arms: Sequence[Arm], limits: RunLimits) -> Check:
    """The generator woke when it meant to; a late one adds its delay to every duration."""
    numbers = per_role(arms, lambda arm: finite(arm.facts.generator_lag_seconds))
    problems = [
        f"{role}: the generator's lag was not measured"
        if number is None
        else f"{role}: the generator woke late (95 % within {seconds(float(number))})"
        for role, number in numbers.items()
        if number is None or float(number) > limits.generator_lag_seconds
    ]
    return condition(
        "generator_lag_seconds",
        problems,
        "the generator woke in time",
        value=greatest(numbers),
        limit=limits.generator_lag_seconds,
        numbers=numbers,
    )
