"""Did users keep the pace they were meant to keep, or did a server set it for them?"""

from collections.abc import Iterator, Sequence

from canarygate.judge.arm import Arm, finite
from canarygate.judge.condition import condition
from canarygate.judge.wording import count, percent, seconds
from canarygate.results import RunFile
from canarygate.verdict import Check

LEAST_BEGUN = 0.9
"""Of the turns that an open schedule asked for by the end."""
THROTTLED, FREE = 0.9, 0.5
"""Shares of their time that closed users spend inside requests: hardly any left to think, and plenty."""

Number = float | int | str | None


def pace(run: RunFile, arms: Sequence[Arm]) -> Check:
    """Open arrival: the schedule was kept. Closed: no role was throttled by its own answers alone.

    A canary that cannot keep up sends less, and what it did not send has no bad latency.
    """
    if run.settings.get("arrival") == "open":
        return _open(arms)
    return _closed(arms)


def _open(arms: Sequence[Arm]) -> Check:
    numbers: dict[str, Number] = {}
    shares: list[float] = []
    problems: list[str] = []
    for arm in arms:
        facts = arm.facts
        late = finite(facts.lateness_seconds)
        numbers[f"{arm.role}_scheduled"] = facts.scheduled
        numbers[f"{arm.role}_begun"] = facts.begun
        numbers[f"{arm.role}_turns_per_second"] = _per_second(arm)
        numbers[f"{arm.role}_lateness_seconds"] = late
        if facts.scheduled <= 0:
            problems.append(f"{arm.role}: the open schedule asked for nothing")
            continue
        share = facts.begun / facts.scheduled
        shares.append(share)
        if share < LEAST_BEGUN or share > 1:
            problems.append(
                f"{arm.role}: {facts.begun:,} of {count(facts.scheduled, 'scheduled turn')} begun "
                f"({percent(share)}; needed {percent(LEAST_BEGUN)}), users were "
                f"{percent(_busy(arm) or 0)} of the time inside requests"
                + ("" if late is None else f", 95 % of turns began within {seconds(late)}")
            )
    return condition(
        "pace",
        problems,
        "the open schedule was kept",
        value=min(shares, default=None),
        limit=LEAST_BEGUN,
        numbers=numbers,
    )


def _closed(arms: Sequence[Arm]) -> Check:
    numbers: dict[str, Number] = {f"{arm.role}_busy_share": _busy(arm) for arm in arms}
    shares = {arm.role: share for arm in arms if (share := _busy(arm)) is not None}
    return condition(
        "pace",
        _throttled(shares),
        "no role alone was throttled by its answers",
        value=max(shares.values(), default=None),
        limit=THROTTLED,
        numbers=numbers,
    )


def _throttled(shares: dict[str, float]) -> Iterator[str]:
    for role, share in shares.items():
        if share > THROTTLED and min(shares.values()) < FREE:
            yield (
                f"{role}: users were {percent(share)} of the time inside requests, so that slow "
                "answers set its load, and the other role's did not; --arrival open keeps both in step"
            )


def _busy(arm: Arm) -> float | None:
    """The share of its users' time that was spent inside requests; None where nobody measured it."""
    total, busy = finite(arm.facts.user_seconds), finite(arm.facts.busy_seconds)
    return min(1.0, busy / total) if total and total > 0 and busy is not None else None


def _per_second(arm: Arm) -> float | None:
    return arm.facts.begun / arm.seconds if arm.seconds and arm.seconds > 0 else None
