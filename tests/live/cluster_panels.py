"""What every query of the dashboard has to answer."""

from tests.live.cluster_asked import STAGE
from tests.live.cluster_expected import (
    LASTS,
    LEAKS,
    NAN,
    NOTHING,
    ONE,
    P50,
    P95,
    SLOW_P50,
    SLOW_P95,
    ZERO,
    Expected,
    both,
    error_share,
    exactly,
    near,
    none_but,
    of_rules,
    of_templates,
    one,
)
from tests.live.cluster_pods import LIMIT_BYTES
from tests.live.cluster_world import World


def expected(world: World) -> dict[str, Expected]:
    """Of every expression there is, by its place."""
    return {**of_templates(world), **of_rules(world), **of_dashboard(world)}


def of_dashboard(world: World) -> dict[str, Expected]:
    """Every query of every panel, and of the variables."""
    sent, share = world.sent, error_share(world)
    role, stage = ("role",), ("stage",)
    rules = of_rules(world)
    weight = rules["recording.yaml canary_safe_weight_percent"]
    latency = rules["recording.yaml canary_latency_delta"]
    errors = rules["recording.yaml canary_error_delta"]
    memory = rules["recording.yaml canary_memory_seconds_to_limit"]
    # A rate of five minutes, of which less than one had users.
    user, load = near(sent("healthy") / 300, 0.6, 1.4), (0.05, 20.0)
    used = near(sent("healthy", "stable") / 300, 0.6, 1.4)
    counts = sent("healthy"), sent("healthy", "stable")
    found = {
        "Safe weight A": weight,
        "Newest verdict of each stage A": Expected(
            {
                "healthy": {STAGE: ONE},
                "slow": {STAGE: exactly(3)},
                "crashing": {STAGE: exactly(2)},
                "frozen": NOTHING,
            },
            stage,
        ),
        "p99 beside stable A": latency,
        "Errors beside stable A": errors,
        "Canary's requests in 5 min A": one(
            **{each: exactly(sent(each)) for each in ("healthy", "slow", "crashing")}
        ),
        "Memory lasts A": Expected(
            {"healthy": {"?": LASTS}, "leaking": {"": LEAKS}, "crashing": NOTHING}
        ),
        "Weight curve A": weight,
        "Weight curve B": weight,
        "Weight curve C": one(healthy=exactly(100 * counts[0] / sum(counts)), crashing=(0.5, 90)),
        "Service level: requests without a 5xx A": Expected(
            {"healthy": both(ONE, ONE), "failing": both(exactly(1 - share), ONE)}, role
        ),
        "Service level: requests without a 5xx B": one(healthy=exactly(0.99), slow=exactly(0.99)),
        "p99 of stable and canary A": rules[
            "recording.yaml service_role:http_latency_seconds:p99_5m"
        ],
        "p50 and p95 of stable and canary A": Expected(
            {"healthy": both(P50, P50), "slow": both(SLOW_P50, P50)}, role
        ),
        "p50 and p95 of stable and canary B": Expected(
            {"healthy": both(P95, P95), "slow": both(SLOW_P95, P95)}, role
        ),
        "Differences to stable A": latency,
        "Differences to stable B": errors,
        "Errors by status A": Expected(
            {
                "healthy": NOTHING,
                "failing": {"canary 503": near(share * sent("failing") / 300, 0.5, 1.5)},
            },
            ("role", "status_code"),
        ),
        "Requests of users and of load tests A": Expected(
            {
                "healthy": {
                    "canary user": user,
                    "canary synthetic": load,
                    "stable user": used,
                    "stable synthetic": load,
                },
                "crashed": {"canary user": (0.05, 1), "stable user": (0.001, 20), "*": load},
            },
            ("role", "traffic"),
        ),
    }
    megabytes = (1e7, 9e7)
    found |= {
        "Memory of the pods and its limit A": Expected(
            {
                "healthy": both(megabytes, megabytes),
                "leaking": both((9e7, 9e8), megabytes),
                "frozen": NOTHING,
            },
            role,
        ),
        "Memory of the pods and its limit B": one(
            healthy=exactly(LIMIT_BYTES), crashing=exactly(world.pods["crashing"].limit_bytes)
        ),
        "Memory of the pods and its limit C": Expected(
            {"healthy": NOTHING, "frozen": {"canary": megabytes}}, role
        ),
        "Memory projection: time to the limit A": memory,
        "Memory projection: time to the limit B": Expected(
            {"healthy": {f"canary {STAGE}?": LASTS, f"stable {STAGE}?": LASTS}}
            | {"leaking": {f"canary {STAGE}": LEAKS, f"stable {STAGE}?": LASTS}},
            ("role", "stage"),
        ),
        "Load tests and their verdicts A": Expected(
            {
                "healthy": {f"{STAGE} pass run-healthy": ONE},
                "slow": {f"{STAGE} fail run-slow": ONE},
                "crashing": {f"{STAGE} inconclusive run-crashing": ONE},
            },
            ("stage", "verdict", "run_id"),
        ),
        "Load tests and their verdicts B": Expected(
            {
                "healthy": {STAGE: (1000 * world.began, 1000 * world.moments["well"])},
                "frozen": NOTHING,
            },
            stage,
        ),
        "Load tests and their verdicts C": Expected(
            {"healthy": {STAGE: (5, 40)}, "crashing": {STAGE: (0.5, 5)}}, stage
        ),
        "Load tests and their verdicts D": Expected(
            {"healthy": {f"{STAGE}?": (1, 30)}, "slow": {STAGE: (1, 30)}, "crashing": NOTHING},
            stage,
        ),
        "Load tests and their verdicts E": Expected(
            {"healthy": {STAGE: (200, 3000)}, "frozen": NOTHING}, stage
        ),
        "Load tests and their verdicts F": Expected(
            {"healthy": {STAGE: ZERO}, "failing": {STAGE: (0.03, 0.3)}, "crashing": {STAGE: ONE}},
            stage,
        ),
        "Load tests and their verdicts G": Expected(
            {"healthy": {STAGE: (0.5, 1.4)}, "slow": {STAGE: (1.6, 9)}, "crashing": NOTHING}, stage
        ),
        "Load tests and their verdicts H": Expected(
            {"healthy": {STAGE: (0.2, 2)}, "slow": {STAGE: (1.5, 14)}, "crashing": NOTHING}, stage
        ),
        "Load tests and their verdicts I": Expected(
            {"healthy": {STAGE: (-0.02, 0.02)}, "failing": {STAGE: (0.03, 0.35)}}, stage
        ),
        "Checks that did not pass A": none_but(
            "check",
            failing={"compare.errors": ONE, "*": ONE},
            crashing={"run.answers": ONE, "*": ONE},
            leaking={"memory.growth": ONE, "*": ONE},
        ),
        "Alerts that fire A": none_but(
            "alertname",
            slow={"CanaryWeightExceeded": ONE, "CanaryLoadTestFailed": ONE},
            leaking={
                "CanaryMemoryToLimit": ONE,
                "CanaryLoadTestMemoryToLimit": ONE,
                "CanaryLoadTestFailed": ONE,
            },
        ),
        "Weight service: decisions A": Expected(
            {
                "healthy": dict.fromkeys(("proceed", "hold", "rollback"), (0.001, 0.2)),
                "crashed": dict.fromkeys(("proceed", "hold", "rollback"), ZERO),
            },
            ("status",),
        ),
        "Weight service: queries without a number A": none_but(
            "reason", misled={"unreachable": (0.005, 0.3)}
        ),
        "Weight service: time of a query A": one(healthy=(0, 10), crashed=NAN),
        "variable namespace": rules["recording.yaml service_role:http_requests:increase5m"],
        "variable service": Expected(
            {
                "healthy": {
                    "service_role:http_requests:increase5m canary": exactly(sent("healthy")),
                    "service_role:http_requests:increase5m stable": exactly(
                        sent("healthy", "stable")
                    ),
                    "canarygate_run_info canary": ONE,
                    "canarygate_run_info stable": ONE,
                },
                "frozen": {
                    "service_role:http_requests:increase5m canary": exactly(sent("frozen")),
                },
            },
            ("__name__", "role"),
        ),
    }
    return {f"dashboard {name}": each for name, each in found.items()}
