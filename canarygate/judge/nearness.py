"""How near a gate that goes on is to its answer: what the judge has, held against what it needs.

Told to people while they wait; nothing is decided by it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import log

from canarygate.judge.bars import error_excess, last_bar, look_bar, slow_excess
from canarygate.judge.policy import Policy
from canarygate.judge.replay import Plan, look_times
from canarygate.judge.sequential import SETTLED_SECONDS, error_evidence, gross_evidence
from canarygate.judge.stats import requests_needed
from canarygate.judge.traffic import Scene

FAINT = 0.05
"""Evidence below this part of what a fail takes is not worth a word: chance makes as much."""


@dataclass(frozen=True, kw_only=True)
class Nearness:
    """What there is of what an answer takes. Shares may pass 1 while something else is missing."""

    look_at_seconds: float
    """When both arms are looked at next, since the load began."""
    is_last_look: bool
    """That is the end of the run."""
    is_compared: bool
    """Without a comparison there are only limits, and a pass comes at the end."""
    more_errors: float
    """Evidence that the canary fails more often, as a share of what a fail takes."""
    much_slower: float | None
    """The same for gross slowness; None where it is not judged (yet)."""
    requests: int
    requests_needed: int
    """Of the canary, for a pass, if no more of them fail or are slow; it may take more."""
    of_latency: bool
    """These are successes after the warm-up, else requests of any kind."""
    generator_short: bool
    memory_asked: bool
    same_identity: bool
    lasts_seconds: float
    """The load lasts as long as this, whatever is certain before."""


def find_nearness(
    scene: Scene, plan: Plan, policy: Policy, until: float, *, same_identity: bool = False
) -> Nearness:
    """Where a run that goes on stands, `until` seconds after its load began."""
    seen = scene.up_to(until)
    is_compared = scene.stable is not None and policy.compare.enabled
    times = look_times(plan, scene.warm_up_seconds) if is_compared else (plan.planned_seconds,)
    at = next((moment for moment in times if moment > until), plan.planned_seconds)
    has, needs, of_latency = _requests(seen, policy, is_last=at >= plan.planned_seconds)
    return Nearness(
        look_at_seconds=at,
        is_last_look=at >= plan.planned_seconds,
        is_compared=is_compared,
        more_errors=_more_errors(seen, policy) if is_compared else 0.0,
        much_slower=_much_slower(seen, policy, until) if is_compared else None,
        requests=has,
        requests_needed=needs,
        of_latency=of_latency,
        generator_short=scene.generator_short,
        memory_asked=plan.memory_asked,
        same_identity=same_identity,
        lasts_seconds=plan.min_seconds if until < plan.min_seconds else 0.0,
    )


def words(nearness: Nearness) -> tuple[str, ...]:
    """The same for people, what matters most first; never as if an answer were certain."""
    return tuple(_phrases(nearness))


def _phrases(nearness: Nearness) -> Iterator[str]:
    if nearness.same_identity:
        yield "both hosts are the same process: nothing can be compared"
        return
    for what, share in (
        ("more errors", nearness.more_errors),
        ("being much slower", nearness.much_slower or 0.0),
    ):
        if share >= 1:
            yield f"evidence of {what}: strong, not confirmed"
        elif share >= FAINT:
            # Rounded down: 100 % would be an answer.
            yield f"evidence of {what}: {int(share * 100)} % of what a fail takes"
    at = f"{nearness.look_at_seconds:g} s"
    if not nearness.is_compared:
        yield f"limits only: a pass at {at} at the earliest"
    else:
        yield f"last look at {at}" if nearness.is_last_look else f"next look at {at}"
    if nearness.requests < nearness.requests_needed:
        after = " after warm-up" if nearness.of_latency else ""
        yield (
            f"requests for a pass: {nearness.requests:,} of at least {nearness.requests_needed:,}{after}"
        )
    if nearness.lasts_seconds:
        yield f"lasts {nearness.lasts_seconds:g} s at least"
    if nearness.generator_short:
        yield "the generator is short of CPU: slowness is not judged"
    if nearness.memory_asked:
        yield "a pass waits for memory as well"


def _more_errors(seen: Scene, policy: Policy) -> float:
    """Of the three things that it takes, the one that is the farthest away."""
    assert seen.stable is not None
    rules = policy.compare_errors
    found = error_evidence(seen.canary, seen.stable, rules, blame_timeouts=not seen.generator_short)
    difference = 0.0 if found.difference is None else found.difference
    return max(
        0.0,
        min(
            found.log_e / -log(rules.alpha),
            found.apart / rules.seconds_apart,
            difference / rules.share if rules.share else 1.0,
        ),
    )


def _much_slower(seen: Scene, policy: Policy, until: float) -> float | None:
    assert seen.stable is not None
    if seen.generator_short or until < seen.warm_up_seconds + SETTLED_SECONDS:
        return None
    found = gross_evidence(seen.canary, seen.stable, policy.compare_gross)
    return None if found is None else max(0.0, found.log_e / found.needed)


def _requests(seen: Scene, policy: Policy, *, is_last: bool) -> tuple[int, int, bool]:
    """Those there are, those there have to be, and of which kind: of two kinds what lacks more."""
    if seen.stable is None or not policy.compare.enabled:
        return len(seen.canary), 0, False
    bar = last_bar(policy.clear) if is_last else look_bar(policy.clear)
    errors = error_excess(seen.canary, seen.stable, bar)
    slow, _ = slow_excess(seen.canary, seen.stable, bar, policy)
    both = [
        (
            each.canary_requests,
            requests_needed(
                each.canary_hits,
                min(1.0, bar.share + each.stable_hits / max(each.stable_requests, 1)),
                bar.confidence,
            ),
            each is slow,
        )
        for each in (errors, slow)
    ]
    return min(both, key=lambda each: each[0] / each[1])
