"""The judge's evidence over time, worked out from what it decides by. Nothing is decided here."""

from collections.abc import Iterator, Mapping
from math import log

import numpy as np
from numpy.typing import NDArray

from canarygate.judge.arm import MICROSECONDS, Arm
from canarygate.judge.checks import read_scene
from canarygate.judge.limits import limits_of, tally
from canarygate.judge.policy import Policy
from canarygate.judge.replay import look_times
from canarygate.judge.sequential import counts_by, failures, first_errors, first_gross, gross_path
from canarygate.judge.stats import distinct, log_evidence
from canarygate.judge.traffic import Scene, first_second
from canarygate.records import Records
from canarygate.results import RunFile
from canarygate.trace import Evidence, Seen, Trace

MOMENTS = 400
"""A line of so many points is as good as one of all of them."""
Times = NDArray[np.int64]


def trace(run: RunFile, records: Mapping[str, Records], policy: Policy) -> Trace:
    """Lay a run out as it was judged; pure, and the same for any order of the records."""
    scene, plan = read_scene(run, records, policy)
    arms = [arm for arm in (scene.canary, scene.stable) if arm is not None]
    lasted = max((arm.seconds or 0.0 for arm in arms), default=0.0)
    is_compared = scene.stable is not None and policy.compare.enabled
    looks = look_times(plan, scene.warm_up_seconds) if is_compared else ()
    return Trace(
        roles={arm.role: _seen(arm) for arm in arms if arm.role in run.roles},
        evidence=tuple(_evidence(scene, policy, is_compared=is_compared)),
        looks=tuple(look for look in looks if look <= lasted),
        generator_short=scene.generator_short,
    )


def _seen(arm: Arm) -> Seen:
    return Seen(
        ended=arm.ended / MICROSECONDS,
        duration=arm.duration_seconds,
        ok=arm.ok,
        warm=arm.warm,
        endpoint=arm.endpoint,
        endpoints=arm.endpoints,
        seconds=arm.seconds,
    )


def _evidence(scene: Scene, policy: Policy, *, is_compared: bool) -> Iterator[Evidence]:
    if is_compared and scene.stable is not None:
        yield from _errors(scene, scene.stable, policy)
        if not scene.generator_short:
            yield from _gross(scene, scene.stable, policy)
    yield from _limits(scene, policy)


def _errors(scene: Scene, stable: Arm, policy: Policy) -> Iterator[Evidence]:
    """At errors, where it moves; and at the end."""
    canary, blame = scene.canary, not scene.generator_short
    if not len(canary) or not len(stable):
        return
    errors = [arm.ended[failures(arm, blame_timeouts=blame)] for arm in (canary, stable)]
    reached = first_errors(canary, stable, policy.compare_errors, blame_timeouts=blame)
    last = max(canary.ended[-1], stable.ended[-1])
    both_began = max(canary.ended[0], stable.ended[0])
    moments = distinct(np.sort(np.concatenate([*errors, [both_began, last]])))
    moments = _thinned(moments[moments >= both_began], reached)
    k, k_stable, n, n_stable = counts_by(moments, errors, canary, stable)
    yield _line(
        "compare.errors",
        moments,
        log_evidence(k, k + k_stable, n / (n + n_stable)),
        np.full(len(moments), -log(policy.compare_errors.alpha)),
        reached,
    )


def _gross(scene: Scene, stable: Arm, policy: Policy) -> Iterator[Evidence]:
    """Of each second the strongest: of one endpoint, or of all together."""
    rules, warm_up = policy.compare_gross, scene.warm_up_seconds
    path = gross_path(scene.canary, stable, rules, warm_up)
    if path is None:
        return
    found = first_gross(scene.canary, stable, rules, warm_up)
    reached = None if found is None else found.at_seconds
    kept = _places(path.seconds * MICROSECONDS, reached)
    log_e = log_evidence(path.hits[:, kept], path.pairs[:, kept], 0.5)
    log_e[path.pairs[:, kept] == 0] = -np.inf
    moments = path.seconds[kept] * MICROSECONDS
    yield _line("compare.gross_slowness", moments, log_e.max(axis=0), path.needed[kept], reached)


def _limits(scene: Scene, policy: Policy) -> Iterator[Evidence]:
    rules, blame = policy.evidence, not scene.generator_short
    for limit in limits_of(policy):
        if limit.is_latency and scene.generator_short:
            continue
        found = tally(scene.canary, limit, blame_timeouts=blame)
        if not len(found.times):
            continue
        ends = distinct(-(-found.times // MICROSECONDS)) * MICROSECONDS
        reached = first_second(scene, limit, rules)
        ends = _thinned(ends, reached)
        requests = found.requests_by(ends)
        yield _line(
            f"canary.{limit.name}",
            ends,
            log_evidence(found.hits_before[requests], requests, limit.share),
            np.full(len(ends), -log(rules.alpha)),
            reached,
        )


def _line(
    check: str,
    moments: Times,
    log_e: NDArray[np.float64],
    needed: NDArray[np.float64],
    reached: float | None,
) -> Evidence:
    return Evidence(
        check=check,
        at_seconds=moments / MICROSECONDS,
        log10_e=log_e * np.log10(np.e),
        log10_needed=needed * np.log10(np.e),
        reached_at=reached,
    )


def _thinned(moments: Times, kept: float | None) -> Times:
    return moments[_places(moments, kept)]


def _places(moments: Times, kept: float | None) -> NDArray[np.int64]:
    """So few of these ascending moments that they can be drawn: evenly picked, `kept` among them."""
    if len(moments) <= MOMENTS:
        return np.arange(len(moments))
    even = np.linspace(0, len(moments) - 1, MOMENTS).astype(np.int64)
    if kept is None:
        return distinct(even)
    place = int(np.searchsorted(moments, round(kept * MICROSECONDS)))
    return distinct(np.sort(np.append(even, min(place, len(moments) - 1))))
