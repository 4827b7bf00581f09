"""From what was measured to a safe weight: pure, three-valued, and never a guess."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

CANARY, STABLE = "canary", "stable"
QUANTILE = 0.99
LEAST_SECONDS, MOST_SECONDS = 1e-6, 1e6
"""Of a p99 that can be divided by, or be one at all."""
SLACK = 1e-9
"""Shares and counts come out of divisions."""


class Status(StrEnum):
    """What a rollout may do now."""

    PROCEED = "proceed"
    HOLD = "hold"
    ROLLBACK = "rollback"


@dataclass(frozen=True, kw_only=True)
class Rules:
    """When a canary is held or rolled back, and what slowness and errors take from its weight."""

    floor: float = 5.0
    """Percent; what a canary that may proceed gets at least."""
    max_weight: float = 100.0
    """Percent."""
    latency_threshold: float = 0.5
    """Of the relative difference of p99; beyond it the answer is rollback."""
    error_threshold: float = 0.05
    """Of the difference of the error shares; beyond it the answer is rollback."""
    latency_steepness: float = 10.0
    error_steepness: float = 20.0
    safety_floor: float = 0.1
    """The least that is left of the weight above the floor."""
    error_floor: float = 0.2
    """The least that errors alone leave of it."""
    latency_slack_seconds: float = 0.005
    """A p99 that is above stable's by no more than this counts as equal."""
    min_requests: float = 500.0
    """Of each role in the window: at 100, of equal versions three in a hundred looked half as slow again,
    and one in five where a fiftieth of the requests is slow (docs/weights.md)."""
    max_age_seconds: float = 60.0
    """Of each role's newest sample."""


DEFAULT_RULES = Rules()


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was measured of one role in the window; None where nothing came back."""

    latency_seconds: float | None = None
    """p99 of the successes."""
    beyond_share: float | None = None
    """Of the successes, those slower than the histogram's highest finite bound; None: not known,
    because the latency comes from a query of the user's own."""
    is_bounded: bool = True
    """The latency comes from a histogram whose bounds are known, so `beyond_share` has to be there."""
    error_share: float | None = None
    requests: float | None = None
    age_seconds: float | None = None
    """Of the newest sample."""
    resets: float | None = None
    """Of the role's counters: processes that were started again."""


NOTHING = Reading()


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The answer; the weight is a number whatever happens, and 0 unless the canary may proceed."""

    status: Status
    weight: float
    """Percent."""
    reasons: tuple[str, ...]
    latency_delta: float | None = None
    """canary / stable - 1, of p99."""
    error_delta: float | None = None
    """canary - stable, of the error shares."""


def safe_weight(latency_delta: float, error_delta: float, rules: Rules) -> float:
    """Percent, one decimal, within [floor, max]: exponential in latency, linear in errors.

    Being better than stable earns nothing: without that, half the latency is 14,104 %.
    """
    latency = math.exp(-rules.latency_steepness * max(latency_delta, 0.0))
    errors = max(rules.error_floor, 1 - rules.error_steepness * max(error_delta, 0.0))
    factor = max(rules.safety_floor, latency * errors)
    weight = rules.floor + (rules.max_weight - rules.floor) * factor
    return min(max(math.floor(weight * 10 + 0.5) / 10, rules.floor), rules.max_weight)


def hold(*reasons: str) -> Decision:
    """Nobody knows."""
    return Decision(status=Status.HOLD, weight=0.0, reasons=reasons)


def decide(
    canary: Reading, stable: Reading, rules: Rules, problems: Sequence[str] = ()
) -> Decision:
    """What these two readings allow; `problems` is what could not be read, in words."""
    roles = {CANARY: canary, STABLE: stable}
    unknown = (
        list(problems)
        or [reason for role, each in roles.items() for reason in _impossible(role, each)]
        or [reason for role, each in roles.items() for reason in _untrusted(role, each, rules)]
    )
    if unknown:
        return hold(*unknown)
    latency_delta, latency_doubts = _latency_delta(canary, stable)
    slowness = _slowness(latency_delta, canary, stable, rules)
    assert canary.error_share is not None
    assert stable.error_share is not None
    error_delta = canary.error_share - stable.error_share
    reasons = list(_breaches(slowness, error_delta, canary, stable, rules))
    status, weight = Status.ROLLBACK, 0.0
    if not reasons and latency_doubts:
        # A canary that is slower than a bound may be any amount slower, and one without a success
        # has no latency at all: neither is equal to stable.
        status, reasons = Status.HOLD, list(latency_doubts)
    elif not reasons:
        assert slowness is not None
        status, weight = Status.PROCEED, safe_weight(slowness, error_delta, rules)
        reasons = [f"{_compared(slowness, error_delta, canary, stable)}: safe at {weight:g} %"]
    return Decision(
        status=status,
        weight=weight,
        reasons=tuple(reasons),
        latency_delta=latency_delta,
        error_delta=error_delta,
    )


def _impossible(role: str, reading: Reading) -> Iterator[str]:
    """What cannot be, as a query of the user's own may give it: percents, or a difference."""
    for name, value, most in (
        ("number of requests", reading.requests, math.inf),
        ("error share", reading.error_share, 1 + SLACK),
        ("p99", reading.latency_seconds, MOST_SECONDS),
        ("share beyond the last bucket", reading.beyond_share, 1 + SLACK),
        ("number of resets", reading.resets, math.inf),
        ("age of the newest sample", reading.age_seconds, math.inf),
    ):
        if value is not None and not (math.isfinite(value) and -SLACK <= value <= most):
            yield f"{role}: its {name} is {value:g}, which cannot be"


def _untrusted(role: str, reading: Reading, rules: Rules) -> Iterator[str]:
    """Why the role's numbers, though there, say nothing yet."""
    if reading.age_seconds is None:
        yield f"{role}: there is no current series"
        return
    if reading.age_seconds > rules.max_age_seconds:
        yield (
            f"{role}: its newest sample is {reading.age_seconds:.0f} s old, and "
            f"{rules.max_age_seconds:g} s are allowed"
        )
    if reading.requests is None:
        yield f"{role}: no requests are counted"
    elif reading.requests < rules.min_requests:
        yield f"{role}: {reading.requests:.0f} requests in the window; {rules.min_requests:g} are needed"
    elif reading.error_share is None:
        yield f"{role}: no error share"
    if reading.resets is None:
        yield f"{role}: whether it was restarted is not known"
    elif reading.resets > 0:
        yield f"{role}: a counter fell in the window, so it was restarted"


def _latency_delta(canary: Reading, stable: Reading) -> tuple[float | None, Sequence[str]]:
    """The relative difference, and why it is only a lower bound or no number at all."""
    doubts = [
        *_latency_doubts(CANARY, canary),
        *_latency_doubts(STABLE, stable),
    ]
    if canary.latency_seconds is None or stable.latency_seconds is None:
        return None, doubts
    if stable.latency_seconds < LEAST_SECONDS or _is_capped(stable):
        return None, doubts
    return canary.latency_seconds / stable.latency_seconds - 1, doubts


def _slowness(
    latency_delta: float | None, canary: Reading, stable: Reading, rules: Rules
) -> float | None:
    """What of the difference counts: a millisecond more on one is half as slow again, and nothing."""
    if latency_delta is None or canary.latency_seconds is None or stable.latency_seconds is None:
        return None
    more = canary.latency_seconds - stable.latency_seconds
    return 0.0 if 0 < more <= rules.latency_slack_seconds else latency_delta


def _latency_doubts(role: str, reading: Reading) -> Iterator[str]:
    if reading.latency_seconds is None:
        yield f"{role}: there is no p99; it takes successful requests"
    elif reading.latency_seconds < LEAST_SECONDS:
        yield f"{role}: its p99 is 0 s, which nothing can be compared with"
    elif reading.is_bounded and reading.beyond_share is None:
        yield f"{role}: whether its p99 is within the histogram's buckets is not known"
    elif _is_capped(reading):
        yield (
            f"{role}: p99 is beyond the histogram's highest bound ({reading.latency_seconds:g} s), "
            "how far nobody knows"
        )


def _is_capped(reading: Reading) -> bool:
    """The quantile lies in the last bucket, whose upper bound is infinite.

    `histogram_quantile` then gives the highest finite bound, which is less than the truth.
    """
    if reading.beyond_share is None:
        return reading.is_bounded
    return reading.beyond_share > 1 - QUANTILE - SLACK


def _breaches(
    slowness: float | None,
    error_delta: float,
    canary: Reading,
    stable: Reading,
    rules: Rules,
) -> Iterator[str]:
    # A p99 that is too low already breaches all the more; an error share stands for itself.
    if slowness is not None and slowness > rules.latency_threshold:
        yield (
            f"p99 is {_relative(slowness)} ({_latencies(canary, stable)}), and "
            f"{rules.latency_threshold:.0%} more is the limit"
        )
    if error_delta > rules.error_threshold:
        yield (
            f"{canary.error_share:.2%} errors against {stable.error_share:.2%}, and "
            f"{rules.error_threshold * 100:g} points more are the limit"
        )


def _compared(slowness: float, error_delta: float, canary: Reading, stable: Reading) -> str:
    errors = f"{canary.error_share:.2%} errors against {stable.error_share:.2%}"
    if abs(error_delta) < SLACK:
        errors = f"{canary.error_share:.2%} errors on both"
    return f"p99 is {_relative(slowness)} ({_latencies(canary, stable)}), {errors}"


def _relative(delta: float) -> str:
    if abs(delta) < 0.0005:
        return "as good as stable's"
    return f"{abs(delta):.1%} {'above' if delta > 0 else 'below'} stable's"


def _latencies(canary: Reading, stable: Reading) -> str:
    return f"{canary.latency_seconds:.4g} s against {stable.latency_seconds:.4g} s"
