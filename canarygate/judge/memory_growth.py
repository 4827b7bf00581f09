"""Whether one pod's memory grows towards its limit, and faster than stable's, at one moment."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from canarygate.judge.memory_pods import Pod
from canarygate.judge.policy import MemoryRules
from canarygate.judge.trend import Trend, slope, trend
from canarygate.memory import SETTLED_SECONDS

Floats = NDArray[np.float64]
STEP_SECONDS = 15.0
STEP_SHARE = 0.2
"""Growth is looked at every 15 s, and later each time that a fifth more has been seen."""
LOW_SAMPLES = 4
"""The least of so many samples in a row is near what a garbage collector leaves behind."""
SWING_TIMES = 1.75
"""A slow collector's tooth looks like a leak until it ends. Stable shows how far memory moves by
itself, and a rise within so many times of that is none. Of 150 healthy pairs with collections every
40-600 s, 7-15 % failed without this, and about 1 % with it."""


@dataclass(frozen=True, kw_only=True)
class Growth:
    """What one pod's samples say at one moment. Bytes, seconds, bytes per second."""

    pod: str
    samples: int
    span: float
    last: float
    limit: float
    need: float
    """A slope above this reaches the limit within the horizon."""
    whole: Trend
    beside: Trend | None
    """Of the canary less stable; None where stable has too few samples to be held against."""
    is_growing: bool
    """The canary alone grows fast enough to reach its limit."""
    is_worse: bool
    """And so does what it has more than stable, beyond what stable moves by itself."""
    is_ruled_out: bool
    """The canary, or what it has more than stable, surely grows too slowly even for the horizon
    that the planned end of the run will have: a pass before it must not be easier."""

    @property
    def seconds_to_limit(self) -> float | None:
        """None where it does not surely grow."""
        if self.whole.low <= 0:
            return None
        return max(0.0, self.limit - self.last) / self.whole.slope


def moments(rules: MemoryRules, until: float) -> list[float]:
    """When growth is looked at, seconds since the load began: the same in every run.

    Each look is one more chance of a false alarm, so there are few, and fewer as time goes on.
    """
    moment = STEP_SECONDS * np.ceil((rules.warm_up_seconds + rules.span_seconds) / STEP_SECONDS)
    found = []
    while moment <= until:
        found.append(float(moment))
        moment += STEP_SECONDS * max(1, round(STEP_SHARE * moment / STEP_SECONDS))
    return found


def lacks(pod: Pod, rules: MemoryRules) -> str:
    """Why this pod cannot be judged; empty when it can."""
    t, _ = readings(pod, rules)
    if len(t) < rules.samples or _span(t) < rules.span_seconds - 1:
        return (
            f"{len(t)} samples over {_span(t):.0f} s after the first {rules.warm_up_seconds:g} s, "
            f"and it takes {rules.samples} over {rules.span_seconds:g} s"
        )
    if pod.last_limit is None:
        return "no memory limit is known (--memory-limit gives one)"
    return ""


def readings(pod: Pod, rules: MemoryRules) -> tuple[Floats, Floats]:
    """Times (s since the epoch) and bytes after the warm-up."""
    kept = np.isfinite(pod.bytes) & (pod.age >= rules.warm_up_seconds)
    return pod.time[kept], pod.bytes[kept]


def growth_of(
    pod: Pod,
    stable: Sequence[Pod],
    rules: MemoryRules,
    *,
    has_stable: bool,
    planned_seconds: float = 0.0,
) -> Growth:
    """Judge a pod that lacks nothing; `planned_seconds` is how long the run lasts at most.

    It grows if the lower bound of the slope is above (limit - last) / H, where the horizon H is ten
    times the time observed and an hour at most, and if the second half alone still rises at more
    than half the slope: a plateau after the warm-up does not. Held against stable, the same must be
    true of the difference, and the rise more than stable's memory moves by itself.
    """
    t, y = readings(pod, rules)
    limit = pod.last_limit
    assert limit is not None, "lacks() says so first"
    observed = float(pod.age[-1]) + SETTLED_SECONDS
    need = (limit - float(y[-1])) / _horizon(rules, observed)
    need_at_end = (limit - float(y[-1])) / _horizon(rules, max(observed, planned_seconds))
    whole = trend(y, t, rules.confidence)
    other = _stable_at(t, stable, rules)
    both = np.isfinite(other)
    comparable = has_stable and _count(both) >= rules.samples
    tb, yb, beside_y = t[both], y[both], (y - other)[both]
    beside = trend(beside_y, tb, rules.confidence) if comparable else None
    highest = min(each.high for each in (whole, beside) if each is not None)
    is_growing = _grows(y, t, whole, need)
    is_worse = is_growing and beside is not None and _grows(beside_y, tb, beside, need)
    # What is left after each collection shows a slow leak through teeth that hide it.
    if comparable and not is_worse and highest >= need and len(yb) >= 2 * rules.samples:
        low, low_other, later = _lows(yb), _lows(other[both]), tb[LOW_SAMPLES - 1 :]
        is_worse = all(
            _grows(line, later, trend(line, later, rules.confidence), need)
            for line in (low, low - low_other)
        )
        is_growing |= is_worse
    is_worse &= whole.slope * float(t[-1] - t[0]) > SWING_TIMES * _swing(stable)
    return Growth(
        pod=pod.name,
        samples=len(t),
        span=_span(t),
        last=float(y[-1]),
        limit=limit,
        need=need,
        whole=whole,
        beside=beside,
        is_growing=is_growing,
        is_worse=is_worse,
        is_ruled_out=highest < need_at_end,
    )


def _horizon(rules: MemoryRules, observed: float) -> float:
    return min(rules.horizon_seconds, rules.horizon_times * observed)


def settled(pods: Sequence[Pod], moment: float) -> list[Pod]:
    """The pods' samples that count at a moment of the run."""
    cut = (pod.until(moment - SETTLED_SECONDS) for pod in pods)
    return [pod for pod in cut if len(pod.age)]


def _span(t: Floats) -> float:
    """Each sample stands for the time up to the next: 12 of them, 5 s apart, are 60 s."""
    return float(t[-1] - t[0] + np.median(np.diff(t))) if len(t) > 1 else 0.0


def _count(kept: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(kept))


def _grows(y: Floats, t: Floats, found: Trend, need: float) -> bool:
    if found.low <= max(need, 0.0):
        return False
    half = len(t) // 2
    return slope(y[half:], t[half:]) > found.slope / 2


def _lows(y: Floats) -> Floats:
    lows: Floats = np.lib.stride_tricks.sliding_window_view(y, LOW_SAMPLES).min(axis=1)
    return lows


def _swing(stable: Sequence[Pod]) -> float:
    """Bytes between the highest and the lowest of stable's lows, its warm-up included."""
    known = (pod.bytes[np.isfinite(pod.bytes)] for pod in stable)
    lows = [_lows(used) for used in known if len(used) >= LOW_SAMPLES]
    return max((float(each.max() - each.min()) for each in lows), default=0.0)


def _stable_at(t: Floats, stable: Sequence[Pod], rules: MemoryRules) -> Floats:
    """What a pod of stable used at these times: the middle one, read between its samples."""
    lines = []
    for pod in stable:
        known, used = readings(pod, rules)
        if len(known) >= rules.samples:
            # A sample of stable may come a little before or after the canary's of the same round.
            slack = float(np.median(np.diff(known)))
            line = np.interp(t, known, used)
            line[(t < known[0] - slack) | (t > known[-1] + slack)] = np.nan
            lines.append(line)
    if not lines:
        return np.full(len(t), np.nan)
    if len(lines) == 1:
        return lines[0]
    stacked = np.asarray(lines)
    middle = np.full(len(t), np.nan)
    seen = np.isfinite(stacked).any(axis=0)
    middle[seen] = np.nanmedian(stacked[:, seen], axis=0)
    return middle
