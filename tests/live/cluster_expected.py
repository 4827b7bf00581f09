"""What every expression has to answer, for a canary that is well and for those that are not.

The numbers that are exact come from what the users themselves counted; the rest are ranges, and each
says why. A range of a healthy canary lies where a template would pass it and no alert fires.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from tests.live.cluster_asked import STAGE
from tests.live.cluster_world import World

Range = tuple[float, float]
NAN: Range = (inf, -inf)
"""Not a number: neither condition of a template holds, and it is inconclusive."""
NOTHING: "Answer" = {}
Answer = Mapping[str, Range]
"""By the labels that tell its samples apart. `name?` may be missing; `*` is whatever else there is."""
CASES = {
    **{name: (name, "well") for name in ("healthy", "slow", "failing", "leaking", "crashing")},
    "frozen": ("frozen", "well"),
    "crashed": ("crashing", "crashed"),
    "misled": ("crashing", "misled"),
    "down": ("crashing", "down"),
}
"""Which service is asked about, and at which moment."""


@dataclass(frozen=True)
class Expected:
    """Of one expression."""

    of: Mapping[str, Answer]
    by: tuple[str, ...] = ()


def exactly(value: float) -> Range:
    """But for rounding."""
    return value - 1e-6 * max(1, abs(value)), value + 1e-6 * max(1, abs(value))


def one(**cases: Range) -> Expected:
    """A single sample without labels that matter."""
    return Expected({case: {"": each} for case, each in cases.items()})


def none_but(by: str = "", **cases: Answer) -> Expected:
    """Nothing for the healthy canary."""
    return Expected({"healthy": NOTHING, **cases}, (by,) if by else ())


def both(canary: Range, stable: Range) -> Answer:
    """A number of either role."""
    return {"canary": canary, "stable": stable}


def mismatches(
    answer: Answer, by: tuple[str, ...], samples: list[dict[str, Any]], service: str
) -> list[str]:
    """What is missing, too much, or another number; samples of other services are not looked at."""
    wrong, left = [], set(answer)
    for sample in samples:
        labels = sample["metric"]
        if labels.get("service", service) != service:
            continue
        key, value = " ".join(labels.get(each, "") for each in by), float(sample["value"][1])
        name = next((each for each in (key, f"{key}?", "*") if each in answer), None)
        if name is None:
            wrong.append(f"unexpected {labels} {value:g}")
            continue
        if name != "*" and name not in left:
            wrong.append(f"twice {key!r}")
        left.discard(name)
        low, high = answer[name]
        # Not a number is in no range; of a number, no range is empty but the one for none.
        fits = math.isnan(value) if (low, high) == NAN else low <= value <= high
        if not fits:
            wrong.append(f"{key!r} is {value:g}, and not from {low:g} to {high:g}")
    missing = sorted(each for each in left if each != "*" and not each.endswith("?"))
    return [*wrong, *(f"{each!r} is missing" for each in missing)]


ZERO, ONE = exactly(0), exactly(1)
# 105-115 ms lie in the bucket from 0.1 to 0.2, whose quantiles are 0.15, 0.195 and 0.199. A machine that
# is late puts some requests into the next ones, but not beyond what canary-latency passes (0.5 and 1).
P50, P95, P99 = (0.1, 0.2), (0.1, 0.4), (0.1, 0.6)
# 200-800 ms: 0.5, 0.77 and 0.794, and what a machine is late.
SLOW_P50, SLOW_P95, SLOW_P99 = (0.42, 0.65), (0.6, 0.95), (0.7, 1.3)
# A canary that is as fast may look faster where stable was late; a slow one is beyond what fails.
P95_RATIO, P99_RATIO = (0.3, 1.25), (0.3, 1.5)
SLOW_RATIO, SLOW_DELTA = (1.5, 9.0), (0.5, 9.0)
SAFE = (15.0, 100.0)
# Growth of some KB/s, while a process warms up; an hour away is the alert.
LASTS = (3600.0, inf)
# 2 MB/s to 2 GiB, of which the leak has taken some 100 MB; a machine that is late lets it leak less.
LEAKS = (700.0, 1500.0)
# The same in 3,000 s, as a share of the limit.
GROWN = (2.0, 3.6)
TAKEN = (0.005, 0.1)
UNIX = (1.7e9, inf)


def error_share(world: World) -> float:
    """Of what the failing canary answered to its users."""
    codes = world.users["failing", "canary"].codes
    return codes.count(503) / len(codes)


def near(value: float, low: float = 0.85, high: float = 1.2) -> Range:
    """`increase` misses what a series has when it is first scraped, and extrapolates at both ends."""
    return low * value, high * value


def of_templates(world: World) -> dict[str, Expected]:
    """Every AnalysisTemplate; `frozen` has no pods that it could mean."""
    share = error_share(world)
    unscraped, few = NOTHING, {"": NAN}
    return {
        "canary-verdict verdict": Expected(
            {
                "healthy": {"": ONE},
                **{each: {"": exactly(-1)} for each in ("slow", "failing", "leaking")},
                "crashing": {"": ZERO},
                "frozen": NOTHING,
            }
        ),
        "canary-health pods-ready": one(healthy=ONE, crashing=ZERO),
        "canary-health restarts": one(healthy=ZERO, crashing=ONE),
        "canary-error-rate error-rate": Expected(
            {"healthy": {"": ZERO}, "failing": {"": near(share)}, "frozen": unscraped}
        ),
        "canary-success-rate success-rate": Expected(
            {
                "healthy": {"": ONE},
                "failing": {"": (1 - near(share)[1], 1 - near(share)[0])},
                "frozen": unscraped,
            }
        ),
        "canary-success-rate success-vs-stable": Expected(
            {"healthy": {"": ZERO}, "failing": {"": near(share)}, "frozen": unscraped}
        ),
        "canary-latency p95": Expected(
            {"healthy": {"": P95}, "slow": {"": SLOW_P95}, "crashed": few, "frozen": unscraped}
        ),
        "canary-latency p99": Expected(
            {"healthy": {"": P99}, "slow": {"": SLOW_P99}, "crashed": few, "frozen": unscraped}
        ),
        "canary-latency p95-vs-stable": Expected(
            {"healthy": {"": P95_RATIO}, "slow": {"": SLOW_RATIO}, "crashed": few}
        ),
        "canary-latency p99-vs-stable": Expected(
            {"healthy": {"": P99_RATIO}, "slow": {"": SLOW_RATIO}, "crashed": few}
        ),
        "canary-safe-weight safe-weight-told": Expected(
            {"healthy": {"": SAFE}, "slow": {"": ZERO}, "crashing": few}
        ),
        "canary-p99 p99": one(healthy=P99, slow=SLOW_P99),
        "canary-memory memory-saturation": one(healthy=TAKEN, crashing=(0.9, 1.1)),
        # A second's growth of the warming process, carried 3,000 s on.
        "canary-memory memory-growth": one(healthy=(0.005, 0.9), leaking=GROWN),
    }


def of_rules(world: World) -> dict[str, Expected]:
    """Records and alerts; of an alert nothing means that it does not fire."""
    sent, share = world.sent, error_share(world)
    role = ("role",)
    records = {
        "service_role:http_requests:increase5m": Expected(
            {
                each: both(exactly(sent(each)), exactly(sent(each, "stable")))
                for each in ("healthy", "slow", "crashing")
            }
            | {"frozen": {"canary": exactly(sent("frozen"))}},
            role,
        ),
        "service_role:http_errors:ratio5m": Expected(
            {"healthy": both(ZERO, ZERO), "failing": both(exactly(share), ZERO)}, role
        ),
        "service_role:http_latency_seconds:p99_5m": Expected(
            {"healthy": both(P99, P99), "slow": both(SLOW_P99, P99)}, role
        ),
        "service_role:http_beyond_buckets:ratio5m": Expected(
            {"healthy": both(ZERO, ZERO), "frozen": {"canary": ONE}}, role
        ),
        "service_role:http_newest_sample:age_seconds": Expected(
            {"healthy": both((0, 10), (0, 10)), "crashed": {"stable": (0, 10)}}, role
        ),
        "service_role:http_counters:resets5m": Expected(
            {"healthy": both(ZERO, ZERO), "crashing": both((1, 20), ZERO)}, role
        ),
        "service_role:http_trusted:bool": Expected(
            {"healthy": both(ONE, ONE), "crashing": NOTHING}, role
        ),
        "service:canary_comparable:bool": Expected({"healthy": {"": ONE}, "crashing": NOTHING}),
        "canary_latency_delta": one(healthy=(-0.8, 0.2), slow=SLOW_DELTA),
        "canary_error_delta": one(healthy=ZERO, failing=exactly(share)),
        "service:canary_slowness:ratio": one(healthy=(0, 0.2), slow=SLOW_DELTA),
        "canary_safe_weight_percent": Expected(
            {
                "healthy": {"": SAFE},
                "slow": {"": ZERO},
                "failing": {"": ZERO},
                "crashing": NOTHING,
            }
        ),
        "canary_memory_seconds_to_limit": Expected(
            {"healthy": {"shop?": LASTS}, "leaking": {"shop": LEAKS}, "crashing": NOTHING},
            ("container",),
        ),
    }
    alerts = {
        "CanaryWeightExceeded": none_but(slow={"": ZERO}, failing={"": ZERO}),
        "CanaryMemoryToLimit": none_but(leaking={"": LEAKS}),
        "CanaryLoadTestFailed": none_but(
            "run_id", **{each: {f"run-{each}": ONE} for each in ("slow", "failing", "leaking")}
        ),
        "CanaryLoadTestInconclusive": none_but("run_id", crashing={"run-crashing": ONE}),
        "CanaryLoadTestMemoryToLimit": none_but("stage", leaking={STAGE: LEAKS}),
        "CanaryLoadTestResultStale": none_but(crashing={"": UNIX}, leaking=NOTHING),
        "CanaryPushRejected": none_but("role", crashing=NOTHING, misled={"stable": UNIX}),
        "CanaryPushgatewayDown": none_but("job", down={"pushgateway": ZERO}),
        "CanaryHonorLabelsMissing": none_but(misled={"": ONE}),
        "CanaryWeightsCannotAsk": none_but("reason", misled={"unreachable": (3, 40)}),
        "CanaryWeightsDown": none_but("job", down={"canarygate-weights": ZERO}),
    }
    return {f"recording.yaml {name}": each for name, each in records.items()} | {
        f"alerts.yaml {name}": each for name, each in alerts.items()
    }
