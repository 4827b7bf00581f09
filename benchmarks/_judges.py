"""The field's other judges, on the same traffic: does each of them fail this run?

Each takes a whole run and looks at what its kind looks at; none of them knows "inconclusive".
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.stats import fisher_exact, mannwhitneyu

from canarygate.judge.arm import Arm
from canarygate.judge.traffic import Scene

WINDOW_SECONDS = 10
LATENCY_LIMIT_SECONDS = 0.5
ERROR_LIMIT = 0.01
ALPHA = 0.05


def _breaks_limits(arm: Arm) -> bool:
    """p99 and p95 of all successes together, and the share of errors."""
    if not len(arm):
        return False
    taken = arm.duration_seconds[arm.ok]
    p95, p99 = np.quantile(taken, [0.95, 0.99]) if len(taken) else (np.inf, np.inf)
    return bool(max(p95, p99) >= LATENCY_LIMIT_SECONDS or np.mean(~arm.ok) >= ERROR_LIMIT)


def _windows(arm: Arm, *, with_rest: bool = False) -> Iterator[Arm]:
    """One after the other; `with_rest` also the shorter one at the end."""
    end = int(arm.seconds or 0)
    for start in range(0, end if with_rest else end - WINDOW_SECONDS + 1, WINDOW_SECONDS):
        yield arm.between(start, start + WINDOW_SECONDS)


def limits_at_the_end(scene: Scene) -> bool:
    """Fixed limits on the canary, once."""
    return _breaks_limits(scene.canary)


def limits_in_windows(scene: Scene, failure_limit: int) -> bool:
    """The same every ten seconds, as an analysis with a `failureLimit` does."""
    return sum(map(_breaks_limits, _windows(scene.canary))) > failure_limit


def thresholds_that_abort(scene: Scene) -> bool:
    """Limits on everything so far, every two seconds from the tenth: load-test thresholds."""
    whole = int(scene.canary.seconds or 0)
    moments = range(WINDOW_SECONDS, whole + 1, 2)
    return any(_breaks_limits(scene.canary.up_to(until)) for until in moments)


def buckets(scene: Scene) -> bool:
    """Mann-Whitney on ten-second means of each metric, both arms, no margin (Kayenta's form)."""
    assert scene.stable is not None
    for read in (_means, _error_shares):
        canary, stable = (
            np.array([read(window) for window in _windows(arm, with_rest=True)])
            for arm in (scene.canary, scene.stable)
        )
        for metric in range(canary.shape[1]):
            c, s = canary[:, metric], stable[:, metric]
            c, s = c[np.isfinite(c)], s[np.isfinite(s)]
            if len(c) and len(s) and np.ptp(np.concatenate([c, s])) > 0:
                result = mannwhitneyu(c, s, alternative="two-sided", method="asymptotic")
                if result.pvalue < 0.02 and c.mean() > s.mean():
                    return True
    return False


def _means(arm: Arm) -> NDArray[np.float64]:
    return np.array(
        [
            arm.duration_seconds[picked].mean() if picked.any() else np.nan
            for endpoint in range(len(arm.endpoints))
            for picked in [arm.ok & (arm.endpoint == endpoint)]
        ]
    )


def _error_shares(arm: Arm) -> NDArray[np.float64]:
    return np.array([np.mean(~arm.ok) if len(arm) else np.nan])


def raw_tests(scene: Scene) -> bool:
    """Mann-Whitney and Fisher's test per endpoint on the raw requests, Holm, no margin."""
    assert scene.stable is not None
    arms = scene.canary, scene.stable
    p: list[float] = []
    for endpoint in range(len(scene.canary.endpoints)):
        of_it = [arm.endpoint == endpoint for arm in arms]
        taken = [
            arm.duration_seconds[mine & arm.ok & arm.warm]
            for arm, mine in zip(arms, of_it, strict=True)
        ]
        if all(map(len, taken)):
            test = mannwhitneyu(*taken, alternative="greater", method="asymptotic")
            p.append(float(test.pvalue))
        counts = [
            [int((mine & ~arm.ok).sum()), int((mine & arm.ok).sum())]
            for arm, mine in zip(arms, of_it, strict=True)
        ]
        p.append(float(fisher_exact(counts, alternative="greater").pvalue))
    # Whether anything is rejected is decided by Holm's first step.
    return min(p) * len(p) <= ALPHA


JUDGES: Mapping[str, Callable[[Scene], bool]] = {
    "fixed limits at the end": limits_at_the_end,
    "10 s windows, failureLimit 0": lambda scene: limits_in_windows(scene, 0),
    "10 s windows, failureLimit 2": lambda scene: limits_in_windows(scene, 2),
    "thresholds, abort on fail": thresholds_that_abort,
    "Mann-Whitney on 10 s buckets": buckets,
    "raw Mann-Whitney + Fisher, Holm": raw_tests,
}
