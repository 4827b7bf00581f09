"""Does the canary's memory grow towards its limit, faster than stable's, or has it hit it already?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from canarygate.judge import memory_wording as wording
from canarygate.judge.memory_growth import Growth, growth_of, lacks, moments, settled
from canarygate.judge.memory_pods import (
    Loss,
    Pod,
    losses,
    only_canarys,
    pods_of,
    several_processes,
)
from canarygate.judge.policy import MemoryRules
from canarygate.memory import SETTLED_SECONDS, MemorySamples
from canarygate.results import CANARY, ROLES, STABLE
from canarygate.verdict import Check, Verdict

NAME = "memory.growth"
BLIND_SECONDS = 30.0
"""A source that could not be read for so long at the end has not seen the end."""


@dataclass(frozen=True, kw_only=True)
class MemoryFinding:
    """What the samples up to a moment say."""

    checks: tuple[Check, ...] = ()
    """`memory.growth`, or nothing where memory was not asked for."""
    seconds_to_limit: Mapping[str, float] = field(default_factory=dict)
    """By role, where memory surely grows: until the limit, as it grows now."""
    fail_at: float | None = None
    """When it first failed, seconds since the load began; the same whenever it is asked."""


def memory_checks(
    memory: Mapping[str, MemorySamples] | None,
    starts: Mapping[str, float],
    rules: MemoryRules,
    *,
    asked: bool,
    until: float | None,
    planned_seconds: float = 0.0,
) -> MemoryFinding:
    """Judge what was sampled; pure, and the same for any order of samples.

    Args:
        memory: samples by role; a role that nobody sampled is not in it.
        starts: when each role's load began, seconds since the epoch. Both roles are sampled by one
            clock, so that the canary's (else the earliest) counts for both.
        rules: when it fails.
        asked: without any sample, the answer is inconclusive rather than nothing.
        until: seconds since the load began; only what had been sampled by then counts. None: all.
        planned_seconds: how long the load lasts at most.
    """
    if not asked and not memory:
        return MemoryFinding()
    memory = memory or {}
    if CANARY not in memory or not len(memory[CANARY]):
        return _not_judged("there is no sample of the canary")
    began = starts.get(CANARY, min(starts.values(), default=float(memory[CANARY].time.min())))
    last = max((float(each.time.max()) for each in memory.values() if len(each)), default=began)
    end = last - began + SETTLED_SECONDS
    pods = {role: pods_of(samples, began) for role, samples in memory.items()}
    now = end if until is None else until
    lost = list(
        only_canarys(
            losses(settled(pods[CANARY], now), rules),
            losses(settled(pods.get(STABLE, ()), now), rules),
        )
    )
    first = min((loss.at for loss in lost), default=inf)
    looks = moments(rules, now)
    looks += [end] if until is None and end not in looks else []
    scene = _Scene(
        pods=pods,
        rules=rules,
        has_stable=STABLE in memory,
        planned_seconds=planned_seconds,
        blind=_blind(memory[CANARY], began, now),
    )
    found: tuple[Growth, ...] = ()
    for moment in looks:
        if moment >= first:
            break
        found = scene.growth(moment)
        if worse := [each for each in found if each.is_worse]:
            return scene.grown(worse[0], moment)
    if lost:
        return scene.lost(lost[0])
    return scene.not_failed(found, now, is_over=until is None)


@dataclass(frozen=True, kw_only=True)
class _Scene:
    pods: Mapping[str, tuple[Pod, ...]]
    rules: MemoryRules
    has_stable: bool
    planned_seconds: float
    blind: str

    def at(self, role: str, moment: float) -> list[Pod]:
        return settled(self.pods.get(role, ()), moment)

    def growth(self, moment: float) -> tuple[Growth, ...]:
        """Of each pod of the canary that can be judged, the fastest to its limit first."""
        stable = [pod for pod in self.at(STABLE, moment) if not several_processes(pod)]
        found = [
            growth_of(
                pod,
                stable,
                self.rules,
                has_stable=self.has_stable,
                planned_seconds=self.planned_seconds,
            )
            for pod in self.at(CANARY, moment)
            if not lacks(pod, self.rules) and not several_processes(pod)
        ]
        return tuple(sorted(found, key=_urgency))

    def grown(self, growth: Growth, moment: float) -> MemoryFinding:
        left = self.seconds_to_limit(moment)
        reason = wording.grows(growth, left.get(CANARY), beside=True)
        return MemoryFinding(
            checks=(_check(Verdict.FAIL, reason, growth, left),),
            seconds_to_limit=left,
            fail_at=moment,
        )

    def lost(self, loss: Loss) -> MemoryFinding:
        left = self.seconds_to_limit(loss.at)
        beside = ", and stable not" if self.has_stable else ""
        reason = f"{loss.words} {wording.after(loss.at - SETTLED_SECONDS)}{beside}"
        return MemoryFinding(
            checks=(_check(Verdict.FAIL, reason, None, left),),
            seconds_to_limit=left,
            fail_at=loss.at,
        )

    def not_failed(self, found: Sequence[Growth], now: float, *, is_over: bool) -> MemoryFinding:
        """Judged and good enough, or not judged. Before the end, growth has to be ruled out."""
        canary, stable = self.at(CANARY, now), self.at(STABLE, now)
        why = self.blind or _both_restarted(canary, stable, self.rules)
        if why or not found:
            return _not_judged(why or self.why_not(canary))
        worst, left = found[0], self.seconds_to_limit(now)
        rate = wording.grows(worst, left.get(CANARY))
        state, reason = Verdict.PASS, wording.keeps(worst)
        alone = any(each.is_growing and each.beside is None for each in found)
        if alone:
            if self.has_stable:
                return _not_judged(f"{rate}, and stable has too few samples to be held against")
            reason = f"warning: {rate}; without stable nobody knows whether that is new"
        elif worst.is_growing:
            reason = f"{rate}, no more than stable's moves by itself"
        # What grows and was not more than stable's yet may be so a minute later.
        if not alone and not is_over and not all(each.is_ruled_out for each in found):
            state, reason = Verdict.INCONCLUSIVE, f"{reason}; more than that is not yet ruled out"
        young = sum(bool(lacks(pod, self.rules)) for pod in canary)
        if young:
            reason += f"; pods seen for too short a time to be judged: {young}"
        return MemoryFinding(checks=(_check(state, reason, worst, left),), seconds_to_limit=left)

    def why_not(self, pods: Sequence[Pod]) -> str:
        """Why no pod of the canary could be judged."""
        if any(several_processes(pod) for pod in pods):
            return (
                "process_start_time_seconds changes to and fro, so there are several pods behind "
                "the canary's metrics address; name one pod's, or use a Prometheus"
            )
        return min((lacks(pod, self.rules) for pod in pods), default="") or (
            "the canary's memory was never read"
        )

    def seconds_to_limit(self, moment: float) -> dict[str, float]:
        """Of the pod of each role that is there first."""
        left: dict[str, float] = {}
        for role in self.pods:
            times = [
                growth_of(pod, (), self.rules, has_stable=False).seconds_to_limit
                for pod in self.at(role, moment)
                if not lacks(pod, self.rules) and not several_processes(pod)
            ]
            if known := [each for each in times if each is not None]:
                left[role] = min(known)
        return left


def _urgency(growth: Growth) -> tuple[bool, float, str]:
    return not growth.is_worse, growth.need - growth.whole.low, growth.pod


def _both_restarted(canary: Sequence[Pod], stable: Sequence[Pod], rules: MemoryRules) -> str:
    """Suppressed by `only_canarys`: what befalls both is not the canary's doing, and no pass."""
    restarts = [
        {loss.kind for loss in losses(pods, rules) if loss.kind == "restart"}
        for pods in (canary, stable)
    ]
    return "the canary and stable were both restarted during the run" if all(restarts) else ""


def _blind(canary: MemorySamples, began: float, now: float) -> str:
    """Why the source could not be read, at all or towards the end; empty when it could."""
    rows = sorted(
        (float(time), error)
        for time, error in zip(canary.time, canary.error, strict=True)
        if time - began + SETTLED_SECONDS <= now
    )
    read = [time for time, error in rows if not error]
    if not rows or (read and rows[-1][0] - read[-1] < BLIND_SECONDS):
        return ""
    since = f"after {read[-1] - began:.0f} s" if read else "at all"
    return f"the canary's memory could not be read {since}: {rows[-1][1]}"


def _not_judged(reason: str) -> MemoryFinding:
    words = f"memory was asked for and could not be judged: {reason}"
    return MemoryFinding(checks=(Check(name=NAME, state=Verdict.INCONCLUSIVE, reason=words),))


def _check(state: Verdict, reason: str, growth: Growth | None, left: Mapping[str, float]) -> Check:
    """With all that it takes to work it out again; bytes, seconds, bytes per second."""
    numbers: dict[str, float | int | str | None] = {
        f"{role}_seconds_to_limit": left.get(role) for role in ROLES
    }
    if growth is None:
        return Check(name=NAME, state=state, reason=reason, numbers=numbers)
    beside = growth.beside
    numbers |= {
        "pod": growth.pod,
        "samples": growth.samples,
        "span_seconds": growth.span,
        "last_bytes": growth.last,
        "limit_bytes": growth.limit,
        "slope": growth.whole.slope,
        "slope_low": growth.whole.low,
        "difference_slope": beside.slope if beside else None,
        "difference_slope_low": beside.low if beside else None,
        "need": growth.need,
    }
    return Check(
        name=NAME,
        state=state,
        reason=reason,
        value=growth.whole.low,
        limit=growth.need,
        numbers=numbers,
    )
