"""From both arms to an answer: the first moment at which anything is certain, and what it is.

A pure replay: what is found depends on nothing that ended after that moment, so that the watcher of
a live run, a later `canarygate judge` and shuffled records all find the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from canarygate.judge.answering import AT_THE_END, BEFORE_A_LOOK, silent_role
from canarygate.judge.arm import finite
from canarygate.judge.comparing import comparison_checks
from canarygate.judge.looks import Look, look
from canarygate.judge.memory import MemoryFinding, memory_checks
from canarygate.judge.policy import Policy
from canarygate.judge.sequential import Gross, first_errors, first_gross
from canarygate.judge.traffic import Scene, first_broken, limit_checks
from canarygate.memory import MemorySamples
from canarygate.settings import COMPARED_SECONDS
from canarygate.verdict import Check, Comparison, Verdict, combine

FIRST_LOOKS = (45.0, 90.0, 180.0, 300.0)
"""Seconds; after these each look comes at twice the time of the one before."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How long a run may last, and what it has to wait for. Seconds since the load began."""

    planned_seconds: float
    """It lasts that long at most."""
    min_seconds: float = 0.0
    """Passes before this do not count."""
    memory_asked: bool = False
    """A pass waits for an answer about memory."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What became certain, and when."""

    verdict: Verdict
    """PASS or FAIL before the end of a run; at its end INCONCLUSIVE as well."""
    at_seconds: float
    checks: Sequence[Check]
    """Of the comparison, the limits and memory; the run's own health is not among them."""
    is_early: bool
    """Certain before the end of the run."""
    look: Look | None
    """None where nothing was compared."""
    memory: MemoryFinding

    @cached_property
    def comparison(self) -> Comparison | None:
        """The rows of the table; worked out when asked for, as nothing is decided by them."""
        return None if self.look is None else self.look.comparison


def look_times(plan: Plan, warm_up_seconds: float) -> tuple[float, ...]:
    """When the arms are compared: at 45, 90, 180, 300 s, each doubling, and last at the end."""
    early = [
        moment
        for moment in _moments(plan.planned_seconds)
        if moment >= warm_up_seconds + COMPARED_SECONDS
    ]
    return (*early, plan.planned_seconds)


def decide(
    scene: Scene,
    policy: Policy,
    plan: Plan,
    memory: Mapping[str, MemorySamples] | None = None,
    *,
    until: float | None = None,
) -> Decision | None:
    """Find the first moment at which the answer is certain; a fail wins over a pass of that moment.

    Args:
        scene: both arms, with all records there are.
        policy: every threshold.
        plan: of the run.
        memory: samples by role, where memory was asked for.
        until: seconds since the load began up to which the records are complete, of a run that
            goes on; None comes back while nothing is certain. Without it the run is over and
            there always is a decision.
    """
    judge = _Judge(policy=policy, plan=plan, memory=memory, times=_times(scene, policy, plan))
    seen = scene if until is None else scene.up_to(until)
    failure = _first_failure(seen, policy, judge.memory_by(scene, until), until)
    for at in judge.times[:-1]:
        if (failure is not None and failure.at_seconds <= at) or (until is not None and at > until):
            break
        decision = judge.at(scene.up_to(at), at)
        if decision is not None and (
            decision.verdict is Verdict.FAIL
            or (at >= plan.min_seconds and silent_role(scene, at, BEFORE_A_LOOK) is None)
        ):
            return decision
    if failure is not None:
        decision = judge.failed(scene.up_to(failure.at_seconds), failure)
        # Memory's last look, at the end of the samples, is seen there only.
        if decision.verdict is Verdict.FAIL:
            return decision
    return judge.at_end(scene) if until is None else None


@dataclass(frozen=True, kw_only=True)
class _Failure:
    """The first moment at which the canary had failed, without a look."""

    at_seconds: float
    by_errors: bool = False
    gross: Gross | None = None


@dataclass(frozen=True, kw_only=True)
class _Judge:
    """What is the same at every moment of a run."""

    policy: Policy
    plan: Plan
    memory: Mapping[str, MemorySamples] | None
    times: Sequence[float]

    def memory_by(self, scene: Scene, until: float | None) -> MemoryFinding:
        """What the samples up to a moment say; all of them where it is None."""
        arms = [arm for arm in (scene.canary, scene.stable) if arm is not None]
        starts = {arm.role: finite(arm.facts.start) for arm in arms}
        return memory_checks(
            self.memory,
            {role: start for role, start in starts.items() if start is not None},
            self.policy.memory,
            asked=self.plan.memory_asked,
            until=until,
            planned_seconds=self.plan.planned_seconds,
        )

    def at(self, scene: Scene, at: float) -> Decision | None:
        """An early look at the scene of that moment; None where it is not certain of anything."""
        looked, checks = self._compared(scene, at, is_due=True)
        if combine(checks) is Verdict.INCONCLUSIVE:
            return None  # the limits, which take time, could not change that
        decision = self._decision(scene, at, looked, checks)
        return None if decision.verdict is Verdict.INCONCLUSIVE else decision

    def failed(self, scene: Scene, failure: _Failure) -> Decision:
        """The canary failed at a moment without a look."""
        looked, checks = self._compared(scene, failure.at_seconds, failure)
        return self._decision(scene, failure.at_seconds, looked, checks)

    def at_end(self, scene: Scene) -> Decision:
        """The last look, at all there is."""
        known = [arm.seconds for arm in (scene.canary, scene.stable) if arm is not None]
        lasted = [seconds for seconds in known if seconds is not None]
        at = max(lasted, default=self.plan.planned_seconds)
        looked, checks = self._compared(scene, at, is_due=True, is_over=True)
        silent = silent_role(scene, at, AT_THE_END)
        if silent is not None:
            checks = [_not_clear(check, f"{silent} stopped answering") for check in checks]
        return self._decision(scene, at, looked, checks, is_over=True)

    def _compared(
        self,
        scene: Scene,
        at: float,
        failure: _Failure | None = None,
        *,
        is_due: bool = False,
        is_over: bool = False,
    ) -> tuple[Look | None, list[Check]]:
        if scene.stable is None or not self.policy.compare.enabled:
            return None, []
        looked = look(
            scene.canary,
            scene.stable,
            self.policy,
            at=at,
            number_of_looks=len(self.times),
            is_last=is_over,
        )
        checks = comparison_checks(
            scene,
            self.policy,
            looked,
            is_due=is_due,
            gross=None if failure is None else failure.gross,
            by_errors=failure is not None and failure.by_errors,
        )
        return looked, checks

    def _decision(
        self,
        scene: Scene,
        at: float,
        looked: Look | None,
        checks: Sequence[Check],
        *,
        is_over: bool = False,
    ) -> Decision:
        is_compared = looked is not None
        limits = limit_checks(scene, self.policy, is_compared=is_compared, is_over=is_over)
        memory = self.memory_by(scene, None if is_over else at)
        every = [*checks, *limits, *memory.checks]
        return Decision(
            verdict=combine(every),
            at_seconds=at,
            checks=every,
            is_early=not is_over and at < self.plan.planned_seconds,
            look=looked,
            memory=memory,
        )


def _is_compared(scene: Scene, policy: Policy) -> bool:
    return scene.stable is not None and policy.compare.enabled


def _not_clear(check: Check, why: str) -> Check:
    """Nothing is ruled out of what nobody saw."""
    if check.name != "compare.clear" or check.state is not Verdict.PASS:
        return check
    return replace(check, state=Verdict.INCONCLUSIVE, reason=why)


def _times(scene: Scene, policy: Policy, plan: Plan) -> tuple[float, ...]:
    """Without a comparison there is no look but the one at the end."""
    if not _is_compared(scene, policy):
        return (plan.planned_seconds,)
    return look_times(plan, scene.warm_up_seconds)


def _first_failure(
    seen: Scene, policy: Policy, memory: MemoryFinding, until: float | None
) -> _Failure | None:
    """What is complete at `until` only in part may not be judged yet: a second that is not over."""
    found: list[_Failure] = []
    if memory.fail_at is not None:
        found.append(_Failure(at_seconds=memory.fail_at))
    if _is_compared(seen, policy) and seen.stable is not None:
        at = first_errors(
            seen.canary,
            seen.stable,
            policy.compare_errors,
            blame_timeouts=not seen.generator_short,
        )
        if at is not None:
            found.append(_Failure(at_seconds=at, by_errors=True))
            seen = seen.up_to(at)
            until = at
        if not seen.generator_short and seen.stable is not None:
            gross = first_gross(
                seen.canary, seen.stable, policy.compare_gross, seen.warm_up_seconds
            )
            if gross is not None:
                found.append(_Failure(at_seconds=gross.at_seconds, gross=gross))
    broken = first_broken(seen, policy)
    if broken is not None:
        found.append(_Failure(at_seconds=broken))
    certain = [each for each in found if until is None or each.at_seconds <= until]
    return min(certain, key=lambda each: each.at_seconds, default=None)


def _moments(before: float) -> Iterator[float]:
    yield from (moment for moment in FIRST_LOOKS if moment < before)
    moment = 2 * FIRST_LOOKS[-1]
    while moment < before:
        yield moment
        moment *= 2
