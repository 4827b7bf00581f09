"""The judge: every check of a run, the verdict they add up to, and the sentence that says it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from canarygate.judge.arm import MICROSECONDS, Arm, finite, read_arm
from canarygate.judge.health import VOID, health_checks, is_generator_short
from canarygate.judge.policy import Policy
from canarygate.judge.replay import Decision, Plan, decide
from canarygate.judge.service import NAME as SERVICE
from canarygate.judge.service import ended_after, service_check
from canarygate.judge.traffic import Scene
from canarygate.judge.wording import count, seconds
from canarygate.memory import MemorySamples
from canarygate.records import Records
from canarygate.results import CANARY, ROLES, STABLE, RoleRun, RunFile
from canarygate.verdict import Check, Judgement, Verdict, combine

NEVER_DRIVEN = RoleRun(host="", users_wanted=0)
Memory = Mapping[str, MemorySamples]


def judge(
    run: RunFile, records: Mapping[str, Records], policy: Policy, memory: Memory | None = None
) -> Judgement:
    """Hold a run against a policy. The order of the records never matters.

    A check that fails fails the canary whatever else is wrong with the run, except where the run
    itself is void (broken, interrupted, never started): then nothing fails and nothing passes.
    What ended after the answer was certain is left out.
    """
    arms = _arms(run, records)
    scene = _scene(run, arms, policy)
    decision = decide(scene, policy, plan_of(run, arms), memory)
    assert decision is not None  # the run is over
    is_void = run.outcome in VOID
    was_certain = decision.is_early and not is_void and not run.same_identity
    traffic, at = list(decision.checks), decision.at_seconds
    if run.same_identity:
        # That they are alike is no news; where they seem to differ, it is chance.
        traffic = [
            _void(check, "both hosts are the same") if check.state is Verdict.FAIL else check
            for check in traffic
        ]
    if service := service_check(run):
        # What it died of explains the errors; that it ran on is said last.
        traffic.insert(0 if service.state is Verdict.FAIL else len(traffic), service)
        if service.state is Verdict.FAIL and not is_void:
            at, was_certain = min(at, max(0.0, ended_after(run) or 0.0)), True
    if is_void:
        traffic = [_void(check, f"the run is {run.outcome}") for check in traffic]
    health = health_checks(run, [*arms.values()], policy.run, was_certain=was_certain)
    checks = [*traffic, *health]
    return Judgement(
        verdict=combine(checks),
        sentence=_sentence(decision, traffic, health, has_stable=scene.stable is not None),
        checks=checks,
        decided_at_seconds=at if was_certain else None,
        comparison=decision.comparison,
        memory_seconds_to_limit=decision.memory.seconds_to_limit,
    )


def certain(
    run: RunFile,
    records: Mapping[str, Records],
    policy: Policy,
    memory: Memory | None,
    until: float,
    *,
    read: tuple[Scene, Plan] | None = None,
) -> float | None:
    """When the answer of a run that goes on became certain; None as long as it is not.

    Args:
        run: as far as it is known; how it ended is not asked for.
        records: by role, all that there are.
        policy: every threshold.
        memory: samples by role, where memory was asked for.
        until: seconds since the load began up to which every writer of records has reported.
        read: what `read_scene` made of them, where that is known.
    """
    if run.same_identity:
        return None
    scene, plan = read or read_scene(run, records, policy)
    decision = decide(scene, policy, plan, memory, until=until)
    return None if decision is None else decision.at_seconds


def read_scene(run: RunFile, records: Mapping[str, Records], policy: Policy) -> tuple[Scene, Plan]:
    """Both arms as they are judged, and what the run was to be."""
    arms = _arms(run, records)
    return _scene(run, arms, policy), plan_of(run, arms)


def plan_of(run: RunFile, arms: Mapping[str, Arm]) -> Plan:
    """What the run was to be, from its settings; for a run without them, from what its roles say."""
    settings = run.settings
    planned = finite(settings.get("run_time_seconds"))
    if planned is None:
        lengths = [finite(arm.facts.planned_seconds) or arm.seconds for arm in arms.values()]
        lengths += [arm.ended[-1] / MICROSECONDS for arm in arms.values() if len(arm)]
        planned = next((length for length in lengths if length is not None), 0.0)
    return Plan(
        planned_seconds=float(planned),
        min_seconds=float(settings.get("min_run_time_seconds") or 0.0),
        memory_asked=settings.get("memory") is not None,
    )


def _arms(run: RunFile, records: Mapping[str, Records]) -> dict[str, Arm]:
    return {
        role: read_arm(role, run.roles[role], records.get(role), run.warm_up_seconds)
        for role in ROLES
        if role in run.roles
    }


def _scene(run: RunFile, arms: Mapping[str, Arm], policy: Policy) -> Scene:
    return Scene(
        canary=arms[CANARY] if CANARY in arms else read_arm(CANARY, NEVER_DRIVEN, None, 0.0),
        stable=arms.get(STABLE),
        generator_short=is_generator_short(arms.values(), policy.run),
        warm_up_seconds=run.warm_up_seconds,
    )


def _void(check: Check, why: str) -> Check:
    """What a void run seemed to show stays readable, and decides nothing."""
    reason = f"{why}, so this decides nothing: {check.reason}"
    return replace(check, state=Verdict.INCONCLUSIVE, reason=reason)


def _sentence(
    decision: Decision, traffic: Sequence[Check], health: Sequence[Check], *, has_stable: bool
) -> str:
    is_compared = decision.look is not None
    limits_only = f"limits only, {'stable not compared' if has_stable else 'no stable host'}"
    scope = "" if is_compared else f" ({limits_only})"
    after = f" after {seconds(decision.at_seconds)}" if is_compared or decision.is_early else ""
    if failed := [check for check in traffic if check.state is Verdict.FAIL]:
        names = "".join(f"; {check.name} fails too" for check in failed[1:])
        after = "" if failed[0].name == SERVICE else after  # its reason says when
        return f"fail{after}: {failed[0].reason}{names}{scope}"
    # What is wrong with the run explains what is missing in its traffic, and a limit that both
    # arms break explains what the comparison could not rule out: these are said first.
    limits = [check for check in traffic if check.name.startswith(f"{CANARY}.")]
    others = [check for check in traffic if check not in limits]
    if unsure := [
        check for check in (*health, *limits, *others) if check.state is Verdict.INCONCLUSIVE
    ]:
        more = f"; and {count(len(unsure) - 1, 'other open check')}" if unsure[1:] else ""
        return f"inconclusive: {unsure[0].reason}{more}{scope}"
    if is_compared:
        ruled_out = [check.reason for check in others if check.name in ("compare.clear", MEMORY)]
        return f"pass{after}: {'; '.join(ruled_out)}"
    kept = [check.reason for check in traffic if check.name != SERVICE]
    return f"pass: {limits_only}: {', '.join(kept)}"


MEMORY = "memory.growth"
