"""The tolerance of an environment: how far two roles of the same version differ by themselves.

From A/A runs, in which both roles drive the same version. What differs there is the pods, the hosts
and chance, and a canary that differs no more than that is no worse than stable.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, exp, expm1, fsum, log, log1p, sqrt
from statistics import median

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, ndtri, stdtrit

from canarygate.errors import ConfigError
from canarygate.judge.arm import Arm
from canarygate.judge.policy import Policy
from canarygate.judge.typical import typical_change

FEWEST_RUNS = 10
"""Below that the bound on the spread is so wide that the tolerance says nothing."""
SPREADS = 2.5
"""The tolerance is so many spreads: what one pair of pods in 160 exceeds to the slow side."""
CONFIDENCE = 0.80
"""One-sided, of the upper bound on the spread."""
CLEAR_ABOVE = 0.15
"""What a pass rules out lies so far above the tolerance, or a healthy canary could not pass."""
TOO_NOISY = 0.50
"""A gate with a greater tolerance sees next to nothing."""
MOST = 50.0
"""Of a tolerance; what is above that is no environment, and no policy takes it."""
LEAST_BIAS = 0.02
BIAS_P = 0.01
INTERVAL = 0.95
"""Confidence of the interval that a single ratio's chance is read from."""

Endpoint = tuple[str, str]
"""Method and name."""


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """One endpoint in one A/A run."""

    log_ratio: float
    """Of the Hodges-Lehmann ratio, canary to stable; 0 is no difference."""
    canary_successes: int
    stable_successes: int
    typical_seconds: float
    """Median of stable's successes."""
    chance: float
    """Standard deviation of `log_ratio` by sampling alone: half the width of its interval, in z."""

    @property
    def weight(self) -> float:
        """Of this ratio among those of other endpoints: the inverse of its variance, but a factor."""
        both = self.canary_successes + self.stable_successes
        return self.canary_successes * self.stable_successes / both


@dataclass(frozen=True, kw_only=True)
class EndpointSpread:
    """How one endpoint differed over the runs. Ratios are canary to stable, spreads of their logs."""

    method: str
    name: str
    runs: int
    """Runs with enough successes of both roles."""
    successes: int
    """Of the role with fewer, in the run in the middle."""
    ratio: float
    """Median over the runs."""
    spread: float
    """Root mean square of the log ratios around 0, so that a steady bias counts."""
    chance: float
    """What of `spread` is expected by chance, because a run has only so many requests."""
    typical_seconds: float
    needed: float | None
    """Tolerance that it would need alone; None: in too few runs to tell."""
    is_covered: bool
    """So much slower is less than the policy's `compare.tolerance_seconds`, never a regression."""


@dataclass(frozen=True, kw_only=True)
class Bias:
    """One role was the slower one again and again."""

    ratio: float
    """Canary to stable, geometric mean over the runs."""
    runs: int
    """Runs in which it was so."""
    of_runs: int
    endpoint: Endpoint | None
    """None: of all endpoints together."""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Tolerances (fractions) for one environment, and what they rest on."""

    runs: int
    tolerance: float
    gross: float
    clear: float
    decided_by: Endpoint | None
    """The endpoint that needs the most; None where the built-in tolerance is enough for all."""
    endpoints: Sequence[EndpointSpread]
    bias: Sequence[Bias]

    @property
    def is_too_noisy(self) -> bool:
        """A gate with this tolerance sees next to nothing."""
        return self.tolerance > TOO_NOISY


def measure(canary: Arm, stable: Arm, policy: Policy) -> Mapping[Endpoint, Ratio]:
    """What one A/A run says: each endpoint that has enough successes of both roles to be compared."""
    found = {}
    for endpoint in sorted(set(canary.endpoints) & set(stable.endpoints)):
        slow, usual = (_durations(arm, endpoint) for arm in (canary, stable))
        if min(len(slow), len(usual)) < policy.compare.requests:
            continue
        change = typical_change(slow, usual, INTERVAL)
        if change is None:
            continue
        found[endpoint] = Ratio(
            log_ratio=log(change.ratio),
            canary_successes=len(slow),
            stable_successes=len(usual),
            typical_seconds=float(np.median(usual)),
            chance=(log(change.high) - log(change.low)) / (2 * float(ndtri((1 + INTERVAL) / 2))),
        )
    return found


def calibrate(runs: Sequence[Mapping[Endpoint, Ratio]], policy: Policy) -> Calibration:
    """The tolerance that A/A runs ask for; the order of the runs never matters.

    For each endpoint: the spread is the root mean square of its log ratios around 0, s its upper
    80 % bound, and exp(2.5 s) - 1 the tolerance that it needs. The endpoint that needs most decides.
    Endpoints are not pooled: those of one run share their pods' offset, so a run is one observation
    however many endpoints it has; and where one endpoint alone is noisy, an average over all is too
    small for it (simulated: up to 3.5 % false alarms where the worst one gives 0.4 %).

    An endpoint whose need, in seconds, is below the policy's `compare.tolerance_seconds` decides
    nothing: the judge forgives that much whatever the fraction is.

    Raises:
        ConfigError: too few runs, too little in them, or differences that no tolerance covers.
    """
    if len(runs) < FEWEST_RUNS:
        raise ConfigError(
            f"{len(runs)} A/A runs are too few to calibrate from; it takes {FEWEST_RUNS}",
            hint="run more of them, with the same settings; every one counts, whatever its verdict",
        )
    names = sorted({endpoint for run in runs for endpoint in run})
    spreads = [_spread(name, [run[name] for run in runs if name in run], policy) for name in names]
    judged = [each for each in spreads if each.needed is not None]
    if not judged:
        raise ConfigError(
            f"no endpoint has {policy.compare.requests} successes of both roles after the warm-up in"
            f" {FEWEST_RUNS} of the runs",
            hint="let the A/A runs take longer, or drive more users",
        )
    counting = [each for each in judged if not each.is_covered]
    worst = max(
        counting, key=lambda each: (each.needed or 0.0, each.method, each.name), default=None
    )
    needed = (worst.needed or 0.0) if worst else 0.0
    if worst and needed > MOST:
        raise ConfigError(
            f"{worst.method} {worst.name} differs so widely between the roles that no tolerance"
            " covers it: these are hardly runs of one version on both roles",
            hint="drive the same version twice, or one host with --allow-same-host",
        )
    least = policy.compare.tolerance
    tolerance = max(least, _rounded_up(needed))
    return Calibration(
        runs=len(runs),
        tolerance=tolerance,
        gross=max(policy.compare_gross.tolerance, round(2 * tolerance, 3)),
        clear=max(policy.clear.slower, round(tolerance + CLEAR_ABOVE, 3)),
        decided_by=(worst.method, worst.name) if worst and tolerance > least else None,
        endpoints=spreads,
        bias=_biases(runs, [(each.method, each.name) for each in judged]),
    )


def upper_spread(log_ratios: Sequence[float], confidence: float = CONFIDENCE) -> float:
    """One-sided upper confidence bound of the root mean square around 0.

    n squares of normal values with mean 0 and spread s add up to s² times a chi-square of n degrees
    of freedom (n and not n-1: the mean is not estimated), so the bound is the root of their sum over
    the chi-square's lower quantile (Cochran 1934; NIST/SEMATECH e-Handbook, 7.2.3).
    """
    squares = fsum(each * each for each in log_ratios)
    return sqrt(squares / float(chdtri(len(log_ratios), confidence)))


def _durations(arm: Arm, endpoint: Endpoint) -> NDArray[np.float64]:
    mine = arm.ok & arm.warm & (arm.endpoint == arm.endpoints.index(endpoint))
    durations: NDArray[np.float64] = arm.duration_seconds[mine]
    return durations


def _spread(endpoint: Endpoint, ratios: Sequence[Ratio], policy: Policy) -> EndpointSpread:
    logs = [each.log_ratio for each in ratios]
    typical = median(each.typical_seconds for each in ratios)
    # The exponent is bounded where no policy would take the tolerance any more.
    needed = expm1(min(SPREADS * upper_spread(logs), log1p(2 * MOST)))
    return EndpointSpread(
        method=endpoint[0],
        name=endpoint[1],
        runs=len(ratios),
        successes=int(median(min(each.canary_successes, each.stable_successes) for each in ratios)),
        ratio=exp(median(logs)),
        spread=sqrt(fsum(each * each for each in logs) / len(logs)),
        chance=sqrt(fsum(each.chance**2 for each in ratios) / len(ratios)),
        typical_seconds=typical,
        needed=needed if len(ratios) >= FEWEST_RUNS else None,
        is_covered=needed * typical < policy.compare.tolerance_seconds,
    )


def _rounded_up(fraction: float) -> float:
    """To a tenth of a percent: what is printed and written is what is meant, and never less."""
    return round(ceil(fraction * 1000 - 1e-6) / 1000, 3)


def _biases(
    runs: Sequence[Mapping[Endpoint, Ratio]], endpoints: Sequence[Endpoint]
) -> Sequence[Bias]:
    """Of all endpoints together; where there is none, of single ones."""
    together = [_weighted(run, endpoints) for run in runs if set(run) & set(endpoints)]
    if bias := _bias(together, BIAS_P, None):
        return [bias]
    each = (
        _bias([run[name].log_ratio for run in runs if name in run], BIAS_P / len(endpoints), name)
        for name in endpoints
    )
    return [bias for bias in each if bias]


def _weighted(run: Mapping[Endpoint, Ratio], endpoints: Sequence[Endpoint]) -> float:
    ratios = [run[name] for name in endpoints if name in run]
    weights = fsum(each.weight for each in ratios)
    return fsum(each.weight * each.log_ratio for each in ratios) / weights


def _bias(logs: Sequence[float], p: float, endpoint: Endpoint | None) -> Bias | None:
    """A mean that is no accident (Student's t, two-sided) and large enough to matter."""
    runs = len(logs)
    if runs < FEWEST_RUNS:
        return None
    mean = fsum(logs) / runs
    spread = sqrt(fsum((each - mean) ** 2 for each in logs) / (runs - 1))
    certain = float(stdtrit(runs - 1, 1 - p / 2)) * spread / sqrt(runs)
    if abs(mean) < log1p(LEAST_BIAS) or abs(mean) <= certain:
        return None
    same_side = sum(1 for each in logs if each * mean > 0)
    return Bias(ratio=exp(mean), runs=same_side, of_runs=runs, endpoint=endpoint)
