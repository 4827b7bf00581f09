"""What planned runs could detect: a saved run's own traffic, played again with a known fault in it.

Each kind of fault is tried in several sizes, in twenty simulated runs each, and the judge is asked as
it would be after a real run. The seeds are fixed: the same run always gives the same figures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median

import numpy as np

from canarygate.errors import ConfigError
from canarygate.judge.arm import read_arm
from canarygate.judge.policy import Policy
from canarygate.judge.power_traffic import Pair, Traffic, read_template
from canarygate.records import Records
from canarygate.results import CANARY, STABLE, RunFile
from canarygate.settings import COMPARED_SECONDS

RUN_TIMES = (45.0, 90.0, 180.0, 300.0)
SLOWER = (0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
"""Slow-downs that are tried, fractions."""
ERRORS = (0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.10, 0.15, 0.25, 0.5)
"""Shares of failing requests that are tried, added to what fails anyway."""
DETECTED = 0.8
RUNS = 20
"""Simulated runs of each kind."""
ENDPOINTS_SHOWN = 5
MIDDLE = (0.16, 0.5, 0.84)
SHORTEST = 1e-6
"""Seconds; a duration of 0 has no logarithm."""


@dataclass(frozen=True, kw_only=True)
class Detectable:
    """The smallest fault that is failed in at least DETECTED of the runs of one length."""

    run_time_seconds: float
    size: float | None
    """A slow-down (0.3 is 30 % slower) or a share of errors; None: none of those tried."""
    seconds: float | None
    """To the answer, in the run in the middle."""


@dataclass(frozen=True, kw_only=True)
class Detection:
    """What is detected of one endpoint's slowness, or of errors on all of them."""

    endpoint: tuple[str, str] | None
    """None: errors, on every endpoint alike."""
    per_second: float
    """Requests in the simulated runs."""
    typical_seconds: float | None
    spread: float | None
    """Half the width of the middle 68 % of the log durations."""
    detectable: Sequence[Detectable]


@dataclass(frozen=True, kw_only=True)
class Power:
    """What runs of several lengths could detect with this traffic and policy."""

    role: str
    """Whose traffic was taken."""
    users: int
    runs: int
    """Simulated for every figure."""
    detected: float
    """A fault counts as detected where this share of the runs fails."""
    thinned: bool
    """The traffic was more than is simulated; real runs see at least as much."""
    left_out: int
    """Endpoints that have no row of their own."""
    detections: Sequence[Detection]


def power(
    run: RunFile,
    records: Mapping[str, Records],
    policy: Policy,
    *,
    run_times: Sequence[float] = RUN_TIMES,
    users: int | None = None,
) -> Power:
    """Work out what runs with the traffic of a saved one could detect.

    Args:
        run: a saved run; its stable role is taken, or its canary where there is no stable.
        records: by role.
        policy: what the simulated runs are held against.
        run_times: how long they are planned to last, seconds.
        users: how many they drive; None: as many as the saved run.

    Raises:
        ConfigError: the saved run has too little to draw from, or a run time is too short to
            compare anything.
    """
    least = run.warm_up_seconds + COMPARED_SECONDS
    if short := [each for each in run_times if each < least]:
        raise ConfigError(
            f"--run-time {short[0]:g}s is too short to compare anything after a warm-up of"
            f" {run.warm_up_seconds:g} s",
            hint=f"plan {least:g}s or more",
        )
    role = STABLE if STABLE in run.roles else CANARY
    arm = read_arm(role, run.roles[role], records.get(role), run.warm_up_seconds)
    template = read_template(arm, policy.compare.requests)
    driven = run.roles[role].users or run.roles[role].users_wanted
    wanted = driven if users is None else users
    traffic = Traffic(
        template=template,
        scale=wanted / driven if driven else 1.0,
        warm_up_seconds=run.warm_up_seconds,
        policy=policy,
    )
    shown = template.shown(ENDPOINTS_SHOWN)
    pairs = {
        seconds: [traffic.pair(seed, seconds) for seed in range(1, RUNS + 1)]
        for seconds in sorted(set(run_times))
    }
    detections = [_detection(traffic, endpoint, pairs) for endpoint in [*shown, None]]
    return Power(
        role=role,
        users=wanted,
        runs=RUNS,
        detected=DETECTED,
        thinned=max(map(traffic.thinning, run_times)) < 1.0,
        left_out=len(template.durations) - len(shown),
        detections=detections,
    )


def _detection(
    traffic: Traffic, endpoint: int | None, pairs: Mapping[float, Sequence[Pair]]
) -> Detection:
    template = traffic.template
    sizes = ERRORS if endpoint is None else SLOWER
    number, typical, spread = len(template.sent), None, None
    if endpoint is not None:
        number = int((template.endpoint == endpoint).sum())
        durations = np.maximum(template.durations[endpoint], SHORTEST)
        low, middle, high = np.quantile(durations, MIDDLE)
        typical, spread = float(middle), float(np.log(high / low) / 2)
    return Detection(
        endpoint=None if endpoint is None else template.endpoints[endpoint],
        per_second=traffic.scale * number / template.seconds,
        typical_seconds=typical,
        spread=spread,
        detectable=[_smallest(seconds, runs, endpoint, sizes) for seconds, runs in pairs.items()],
    )


def _smallest(
    run_time: float, pairs: Sequence[Pair], endpoint: int | None, sizes: Sequence[float]
) -> Detectable:
    """Bisect the sizes: what is detected of one is detected of a larger one as well."""
    low, high, found = 0, len(sizes), None
    while low < high:
        middle = (low + high) // 2
        seconds = _seconds_to_detect(pairs, endpoint, sizes[middle])
        if seconds is None:
            low = middle + 1
        else:
            high, found = middle, (sizes[middle], seconds)
    size, seconds = found or (None, None)
    return Detectable(run_time_seconds=run_time, size=size, seconds=seconds)


def _seconds_to_detect(pairs: Sequence[Pair], endpoint: int | None, size: float) -> float | None:
    """Median time to the answer, if enough of the runs fail; None as soon as that is out of reach."""
    missed, times = 0, []
    for pair in pairs:
        at = pair.failed_after(endpoint, size)
        if at is None:
            missed += 1
            if missed > len(pairs) - ceil(DETECTED * len(pairs)):
                return None
        else:
            times.append(at)
    return median(times)
