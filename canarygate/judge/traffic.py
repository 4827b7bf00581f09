"""A limit's answer for the canary, with what stable did under the same traffic beside it."""

from dataclasses import dataclass, replace
from math import inf, log

from scipy.special import bdtr, betaincinv

from canarygate.judge.arm import MICROSECONDS, Arm
from canarygate.judge.limits import Finding, Limit, find, limits_of, tally
from canarygate.judge.policy import EvidenceRules, Policy
from canarygate.judge.stats import distinct, log_evidence
from canarygate.judge.wording import count, percent
from canarygate.verdict import Check, Verdict


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Both arms, and whether the generator was short of CPU, as every limit needs to know."""

    canary: Arm
    stable: Arm | None
    generator_short: bool
    warm_up_seconds: float = 10.0
    """What the arms were read with."""

    def up_to(self, seconds: float) -> "Scene":
        """As it stood so many seconds after the load began, on each arm's own clock."""
        stable = None if self.stable is None else self.stable.up_to(seconds)
        return replace(self, canary=self.canary.up_to(seconds), stable=stable)

    @property
    def stable_is_dead(self) -> bool:
        """There is a stable role and it never succeeded."""
        return self.stable is not None and not self.stable.succeeded

    @property
    def only_canary_is_dead(self) -> bool:
        """The canary never succeeded while stable did."""
        return not self.canary.succeeded and self.stable is not None and not self.stable_is_dead


def limit_checks(scene: Scene, policy: Policy, *, is_compared: bool, is_over: bool) -> list[Check]:
    """One check per limit of the policy, errors first.

    Args:
        scene: both arms as they stood at some moment.
        policy: the limits.
        is_compared: a comparison brings what a pass needs, so that a limit passes unless it is
            provably broken; otherwise breaking it has to be ruled out.
        is_over: the run has ended: what never came back by now never will.
    """
    rules = policy.evidence
    return [
        _check(scene, limit, rules, is_compared=is_compared, is_over=is_over)
        for limit in limits_of(policy)
    ]


def first_broken(scene: Scene, policy: Policy) -> float | None:
    """The first whole second at which the canary had provably broken a limit and stable had not."""
    judged = [
        limit for limit in limits_of(policy) if not (limit.is_latency and scene.generator_short)
    ]
    found = [first_second(scene, limit, policy.evidence) for limit in judged]
    return min((second for second in found if second is not None), default=None)


def first_second(scene: Scene, limit: Limit, rules: EvidenceRules) -> float | None:
    """The first whole second at which the canary had provably broken this limit, and stable not.

    Confirming a second costs time in proportion to its requests.

    Therefore one that is not confirmed is followed by the next that has a twentieth more of them,
    and by half as many more where stable broke the limit as well.
    """
    blame = not scene.generator_short
    canary = tally(scene.canary, limit, blame_timeouts=blame)
    stable = None if scene.stable is None else tally(scene.stable, limit, blame_timeouts=blame)
    ends = distinct(-(-canary.times // MICROSECONDS)) * MICROSECONDS
    requests = canary.requests_by(ends)
    hits = canary.hits_before[requests]
    likely = (hits >= rules.hits_apart) & (hits > limit.share * requests)
    ends, requests, hits = ends[likely], requests[likely], hits[likely]
    suspect = log_evidence(hits, requests, limit.share) >= -log(rules.alpha)
    if stable is not None:
        stable_requests = stable.requests_by(ends)
        lower = betaincinv(hits, requests - hits + 1, 1 - rules.confidence)
        stable_hits = stable.hits_before[stable_requests]
        suspect &= bdtr(stable_hits, stable_requests, lower) < rules.alpha
        suspect &= ends >= _first_success(scene.stable)
    again = 0.0
    for end, number in zip(ends[suspect], requests[suspect], strict=True):
        if number < again:
            continue
        again = number * 1.05
        if not canary.is_broken_by(end, limit, rules):
            continue
        only_canary_is_dead = end < _first_success(scene.canary)
        if stable is None or only_canary_is_dead or not stable.is_broken_by(end, limit, rules):
            return float(end) / MICROSECONDS
        again = number * 1.5
    return None


def _first_success(arm: Arm | None) -> float:
    """In microseconds; infinity without any."""
    return float(arm.ended[int(arm.ok.argmax())]) if arm is not None and arm.ok.any() else inf


def _findings(scene: Scene, limit: Limit, rules: EvidenceRules) -> tuple[Finding, Finding | None]:
    blame = not scene.generator_short
    canary, stable = (
        None if arm is None else find(arm, limit, rules, blame_timeouts=blame)
        for arm in (scene.canary, scene.stable)
    )
    assert canary is not None
    return canary, stable


def _check(
    scene: Scene, limit: Limit, rules: EvidenceRules, *, is_compared: bool, is_over: bool
) -> Check:
    canary, stable = _findings(scene, limit, rules)
    may_be_silent = is_over and not limit.is_latency and not canary.broken
    if may_be_silent and _is_silent(scene, limit, rules):
        state, reason = Verdict.FAIL, _silence(scene)
    elif canary.broken and not (limit.is_latency and scene.generator_short):
        state, reason = _broken(scene, limit, canary, stable, rules)
    else:
        state, reason = _answer(scene, limit, canary, is_compared=is_compared)
    return Check(
        name=f"canary.{limit.name}",
        state=state,
        reason=reason,
        value=canary.hits / canary.requests if canary.requests else None,
        limit=limit.share,
        numbers=_numbers(canary) | {f"stable_{k}": v for k, v in _numbers(stable).items()},
    )


def _answer(
    scene: Scene, limit: Limit, canary: Finding, *, is_compared: bool
) -> tuple[Verdict, str]:
    """Of a limit that is not broken."""
    if limit.is_latency and scene.generator_short:
        return Verdict.INCONCLUSIVE, f"{limit.what}: not judged, the generator was the bottleneck"
    bound = f"{_kept_count(limit, canary)}, at most {percent(canary.upper)}"
    if canary.kept:
        return Verdict.PASS, f"{limit.what} below {percent(limit.share)} ({bound})"
    if scene.generator_short and canary.pass_hits > canary.hits:
        held = "; timeouts are not held against it, the generator was the bottleneck"
        return Verdict.INCONCLUSIVE, _open(limit, canary) + held
    if is_compared and canary.requests:
        return Verdict.PASS, f"{limit.what} not provably above {percent(limit.share)} ({bound})"
    return Verdict.INCONCLUSIVE, _open(limit, canary)


def _broken(
    scene: Scene, limit: Limit, canary: Finding, stable: Finding | None, rules: EvidenceRules
) -> tuple[Verdict, str]:
    reason = (
        f"canary's {limit.what} are above {percent(limit.share)}: {_judged_count(limit, canary)}"
        f" ({percent(canary.hits / canary.requests)}, at least {percent(canary.lower)})"
    )
    if stable is None:
        return Verdict.FAIL, reason
    reason += f"; stable {stable.hits:,} of {stable.requests:,}"
    if scene.stable_is_dead:
        return Verdict.INCONCLUSIVE, f"{reason}: stable never succeeded, both arms are unhealthy"
    if stable.broken and not scene.only_canary_is_dead:
        return Verdict.INCONCLUSIVE, f"{reason}: both break it, which points at the environment"
    # What ails both breaks one arm's limit a little before the other's.
    if float(bdtr(stable.hits, stable.requests, canary.lower)) >= rules.alpha:
        return Verdict.INCONCLUSIVE, f"{reason}: stable is not provably better"
    return Verdict.FAIL, reason


def _open(limit: Limit, canary: Finding) -> str:
    if not canary.requests:
        which = (
            "success of the canary after its warm-up"
            if limit.is_latency
            else "request of the canary"
        )
        return f"{limit.what}: no {which} to judge"
    more = max(canary.needed - canary.pass_requests, 1)
    return (
        f"{limit.what}: {_kept_count(limit, canary)} do not rule out {percent(limit.share)}"
        f" (at most {percent(canary.upper)}); {count(more, 'more request')} without another would"
    )


def _judged_count(limit: Limit, finding: Finding) -> str:
    noun = "success" if limit.is_latency else "request"
    plural = "" if finding.requests == 1 else "es" if limit.is_latency else "s"
    return f"{finding.hits:,} of {finding.requests:,} {noun}{plural}"


def _kept_count(limit: Limit, finding: Finding) -> str:
    which = " slow or failed" if limit.is_latency and finding.pass_hits > finding.hits else ""
    return f"{finding.pass_hits:,} of {finding.pass_requests:,}{which}"


def _is_silent(scene: Scene, limit: Limit, rules: EvidenceRules) -> bool:
    """A canary whose requests never came back leaves no records; what it kept open is the evidence.

    Only beside a stable that answered, after long enough, from a generator that had its CPU and
    whose counts are complete.
    """
    facts, seconds = scene.canary.facts, scene.canary.seconds
    if not scene.only_canary_is_dead or scene.generator_short or not facts.complete:
        return False
    sent = len(scene.canary) + max(facts.unfinished, 0)
    return (
        seconds is not None
        and seconds >= rules.silence_seconds
        and sent >= rules.hits_apart
        and float(log_evidence(sent, sent, limit.share)) >= -log(rules.alpha)
    )


def _silence(scene: Scene) -> str:
    facts = scene.canary.facts
    answered = 0 if scene.stable is None else scene.stable.succeeded
    return (
        f"canary answered none of {count(facts.started, 'request')} in {scene.canary.seconds:.3g} s"
        f" ({facts.unfinished:,} never came back, {len(scene.canary):,} failed);"
        f" stable answered {answered:,}"
    )


def _numbers(finding: Finding | None) -> dict[str, float | int | str | None]:
    if finding is None:
        return {}
    return {
        "requests": finding.requests,
        "hits": finding.hits,
        "lower_bound": finding.lower,
        "log10_e": finding.log10_e,
        "log10_e_without_worst_block": finding.log10_e_weakest,
        "hits_apart": finding.hits_apart,
        "pass_requests": finding.pass_requests,
        "pass_hits": finding.pass_hits,
        "upper_bound": finding.upper,
        "requests_needed": finding.needed,
    }
