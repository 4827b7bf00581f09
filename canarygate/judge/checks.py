"""The judge: every check of a run, the verdict they add up to, and the sentence that says it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from canarygate.judge.arm import read_arm
from canarygate.judge.health import VOID, health_checks, is_generator_short
from canarygate.judge.policy import Policy
from canarygate.judge.traffic import Scene, traffic_checks
from canarygate.judge.wording import count
from canarygate.records import Records
from canarygate.results import CANARY, ROLES, STABLE, RoleRun, RunFile
from canarygate.verdict import Check, Judgement, Verdict, combine

NEVER_DRIVEN = RoleRun(host="", users_wanted=0)


def judge(run: RunFile, records: Mapping[str, Records], policy: Policy) -> Judgement:
    """Hold a run against a policy's limits. The order of the records never matters.

    A limit that is broken fails the canary whatever else is wrong with the run, except where the
    run itself is void (broken, interrupted, never started): then nothing fails and nothing passes.
    """
    arms = {
        role: read_arm(role, run.roles[role], records.get(role), run.warm_up_seconds)
        for role in ROLES
        if role in run.roles
    }
    present = list(arms.values())
    scene = Scene(
        canary=arms[CANARY] if CANARY in arms else read_arm(CANARY, NEVER_DRIVEN, None, 0.0),
        stable=arms.get(STABLE),
        generator_short=is_generator_short(present, policy.run),
    )
    traffic = traffic_checks(scene, policy)
    if run.outcome in VOID:
        traffic = [_void(check, run) for check in traffic]
    health = health_checks(run, present, policy.run)
    checks = [*traffic, *health]
    return Judgement(
        verdict=combine(checks),
        sentence=_sentence(traffic, health, has_stable=scene.stable is not None),
        checks=checks,
    )


def _void(check: Check, run: RunFile) -> Check:
    """What a void run seemed to show stays readable, and decides nothing."""
    reason = f"the run is {run.outcome}, so this decides nothing: {check.reason}"
    return replace(check, state=Verdict.INCONCLUSIVE, reason=reason)


def _sentence(traffic: Sequence[Check], health: Sequence[Check], *, has_stable: bool) -> str:
    scope = f"limits only, {'stable not compared' if has_stable else 'no stable host'}"
    if failed := [check for check in traffic if check.state is Verdict.FAIL]:
        names = "".join(f"; {check.name} fails too" for check in failed[1:])
        return f"fail: {failed[0].reason}{names} ({scope})"
    # What is wrong with the run explains what is missing in its traffic: it is said first.
    if unsure := [check for check in (*health, *traffic) if check.state is Verdict.INCONCLUSIVE]:
        others = f"; and {count(len(unsure) - 1, 'other open check')}" if unsure[1:] else ""
        return f"inconclusive: {unsure[0].reason}{others} ({scope})"
    return f"pass: {scope}: {', '.join(check.reason for check in traffic)}"
