"""The comparison's checks as they stand at some moment, a look's and those that need no look."""

from dataclasses import replace
from math import log

from canarygate.judge.looks import Look
from canarygate.judge.phrases import change, slower_by
from canarygate.judge.policy import Policy
from canarygate.judge.sequential import (
    ErrorEvidence,
    Gross,
    error_evidence,
    gross_evidence,
)
from canarygate.judge.stats import log10_or_none
from canarygate.judge.traffic import Scene
from canarygate.judge.typical import together_change, typical_change
from canarygate.judge.wording import percent
from canarygate.verdict import Check, Verdict

SHORT = "not judged, the generator was the bottleneck"


def comparison_checks(
    scene: Scene,
    policy: Policy,
    look: Look,
    *,
    is_due: bool,
    gross: Gross | None = None,
    by_errors: bool = False,
) -> list[Check]:
    """Every check of the comparison, in the order of the sections of the policy.

    Args:
        scene: both arms as they stood at that moment, stable among them.
        policy: margins and levels.
        look: at the same moment.
        is_due: the look is one of the plan's; otherwise it only shows what was already certain.
        gross: gross slowness that became certain at this moment.
        by_errors: more errors than stable's became certain at this moment.
    """
    assert scene.stable is not None
    errors = error_evidence(
        scene.canary,
        scene.stable,
        policy.compare_errors,
        blame_timeouts=not scene.generator_short,
    )
    looked = look.checks if is_due else [_not_due(check) for check in look.checks]
    latency = [_gross_check(scene, policy, look, gross), *looked]
    if scene.generator_short:
        latency = [_not_judged(check) for check in latency]
    return [_errors_check(errors, policy, by_errors or errors.broken), *latency]


def _not_due(check: Check) -> Check:
    reason = "not judged: the answer was certain before a look was due"
    return replace(check, state=Verdict.INCONCLUSIVE, reason=reason)


def _not_judged(check: Check) -> Check:
    """Slowness may be the generator's own: it neither fails nor passes a canary."""
    what = check.name.removeprefix("compare.").replace("_", " ")
    return replace(check, state=Verdict.INCONCLUSIVE, reason=f"{what}: {SHORT}")


def _errors_check(errors: ErrorEvidence, policy: Policy, is_broken: bool) -> Check:
    own = f"{errors.canary_errors:,} of {errors.canary_requests:,} requests"
    other = f"stable {errors.stable_errors:,} of {errors.stable_requests:,}"
    if not errors.canary_requests or not errors.stable_requests:
        state, reason = Verdict.INCONCLUSIVE, f"errors: an arm has no request ({own}; {other})"
    elif is_broken:
        state = Verdict.FAIL
        share = percent(errors.canary_errors / errors.canary_requests)
        reason = f"canary fails more often than stable: {own} ({share}); {other}"
    else:
        state = Verdict.PASS
        reason = f"no more errors than stable's, as far as seen: {own}; {other}"
    return Check(
        name="compare.errors",
        state=state,
        reason=reason,
        value=errors.difference,
        limit=policy.compare_errors.share,
        numbers={
            "canary_errors": errors.canary_errors,
            "canary_requests": errors.canary_requests,
            "stable_errors": errors.stable_errors,
            "stable_requests": errors.stable_requests,
            "log10_e": log10_or_none(errors.log_e),
            "log10_e_needed": log10_or_none(-log(policy.compare_errors.alpha)),
            "errors_apart": errors.apart,
        },
    )


def _gross_check(scene: Scene, policy: Policy, look: Look, gross: Gross | None) -> Check:
    assert scene.stable is not None
    rules = policy.compare_gross
    strongest = gross_evidence(scene.canary, scene.stable, rules)
    state = Verdict.PASS
    if strongest is None:
        state, reason = Verdict.INCONCLUSIVE, "no endpoint has a success of both arms to compare"
    elif gross is not None:
        state, reason = Verdict.FAIL, _slower_reason(look, gross, policy.compare.tolerance)
    else:
        margin = percent(rules.tolerance)
        reason = (
            f"not grossly slower, as far as seen: {strongest.hits:,} of {strongest.pairs:,} pairs"
            f" more than {margin} slower"
        )
    return Check(
        name="compare.gross_slowness",
        state=state,
        reason=reason,
        value=strongest.hits / strongest.pairs if strongest is not None else None,
        limit=0.5,
        numbers={}
        if strongest is None
        else {
            "pairs": strongest.pairs,
            "pairs_slower": strongest.hits,
            "margin": rules.tolerance,
            "log10_e": log10_or_none(strongest.log_e),
            "log10_e_needed": log10_or_none(strongest.needed),
        },
    )


def _slower_reason(look: Look, gross: Gross, tolerance: float) -> str:
    if gross.endpoint is not None:
        group = next(each for each in look.groups if each.endpoint == gross.endpoint)
        return slower_by(group, tolerance)
    typical = [typical_change(group.canary, group.stable) for group in look.groups]
    ratio = together_change(look.groups, typical) or 1.0
    slower = f"typical {change(ratio)}; tolerance {percent(tolerance)}"
    return f"all endpoints together are slower ({slower})"
