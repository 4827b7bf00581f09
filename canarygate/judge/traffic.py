"""A limit's answer for the canary, with what stable did under the same traffic beside it."""

from dataclasses import dataclass
from math import log

from canarygate.judge.arm import Arm
from canarygate.judge.limits import Finding, Limit, find, limits_of
from canarygate.judge.policy import EvidenceRules, Policy
from canarygate.judge.stats import log_evidence
from canarygate.judge.wording import count, percent
from canarygate.verdict import Check, Verdict


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Both arms, and whether the generator was short of CPU, as every limit needs to know."""

    canary: Arm
    stable: Arm | None
    generator_short: bool

    @property
    def stable_is_dead(self) -> bool:
        """There is a stable role and it never succeeded."""
        return self.stable is not None and not self.stable.succeeded

    @property
    def only_canary_is_dead(self) -> bool:
        """The canary never succeeded while stable did."""
        return not self.canary.succeeded and self.stable is not None and not self.stable_is_dead


def traffic_checks(scene: Scene, policy: Policy) -> list[Check]:
    """One check per limit of the policy, errors first."""
    return [_check(scene, limit, policy.evidence) for limit in limits_of(policy)]


def _check(scene: Scene, limit: Limit, rules: EvidenceRules) -> Check:
    blame = not scene.generator_short
    canary = find(scene.canary, limit, rules, blame_timeouts=blame)
    stable = None
    if scene.stable is not None:
        stable = find(scene.stable, limit, rules, blame_timeouts=blame)
    silent = not limit.is_latency and not canary.broken and _is_silent(scene, limit, rules)
    state, reason = (
        (Verdict.FAIL, _silence(scene)) if silent else _answer(scene, limit, canary, stable)
    )
    return Check(
        name=f"canary.{limit.name}",
        state=state,
        reason=reason,
        value=canary.hits / canary.requests if canary.requests else None,
        limit=limit.share,
        numbers=_numbers(canary) | {f"stable_{k}": v for k, v in _numbers(stable).items()},
    )


def _answer(
    scene: Scene, limit: Limit, canary: Finding, stable: Finding | None
) -> tuple[Verdict, str]:
    if limit.is_latency and scene.generator_short:
        return Verdict.INCONCLUSIVE, f"{limit.what}: not judged, the generator was the bottleneck"
    if canary.broken:
        return _broken(scene, limit, canary, stable)
    if canary.kept:
        bound = f"{_kept_count(limit, canary)}, at most {percent(canary.upper)}"
        return Verdict.PASS, f"{limit.what} below {percent(limit.share)} ({bound})"
    reason = _open(limit, canary)
    if scene.generator_short and canary.pass_hits > canary.hits:
        reason += "; timeouts are not held against it, the generator was the bottleneck"
    return Verdict.INCONCLUSIVE, reason


def _broken(
    scene: Scene, limit: Limit, canary: Finding, stable: Finding | None
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
