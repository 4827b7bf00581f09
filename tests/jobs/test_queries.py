"""What each query answers over series of a canary that is well, ill, silent or not there."""

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from canarygate.shop.metrics import Meter
from canarygate.weights.series import Series
from push_metrics.catalogue import METRICS
from tests.jobs.manifests import templates
from tests.push_metrics.conftest import find_program

OF_OTHERS = {
    "push_time_seconds",
    "up",
    "container_memory_working_set_bytes",
    "kube_pod_container_resource_limits",
    "kube_pod_container_status_restarts_total",
    "kube_pod_status_phase",
    "kube_pod_status_ready",
}
"""Of the Pushgateway, Prometheus, cAdvisor and kube-state-metrics."""
NAN = "not a number"
NOTHING = "nothing"
MINUTES = 20
CANARY = 'namespace="shop",pod="web-6b8c7-x2x4z"'
STABLE = 'namespace="shop",pod="web-5d7f4-q8q8q"'
# Of a Rollout that is called web-6b8c7, and the same names in another namespace.
OTHERS = ('namespace="shop",pod="web-6b8c7-9f9f9-x2x4z"', 'namespace="test",pod="web-6b8c7-x2x4z"')


class Case(NamedTuple):
    """Series as promtool reads them, one value every 15 s, and the answer after 20 minutes."""

    metric: str
    title: str
    series: dict[str, str]
    answer: float | str
    given: dict[str, str] = {}  # noqa: RUF012 - never changed


def flat(value: float) -> str:
    """A gauge that stays."""
    return f"{value}x{MINUTES * 4}"


def late(values: str, missing_minutes: int) -> str:
    """Nothing for so many minutes, then this."""
    return f"_x{missing_minutes * 4} {values}"


def every_quarter(step: float, start: float = 0) -> str:
    """A counter."""
    return f"{start}+{step}x{MINUTES * 4}"


# --- the verdict ---

GROUP = (
    'job="canarygate",role="canary",service="checkout",namespace="shop",'
    'pod_template_hash="6b8c7",stage="s05"'
)


def pushed(
    verdict: str, *, group: str = GROUP, ended: float = 1150, values: str = "{}x80"
) -> dict[str, str]:
    """A gate's group; the twentieth minute ends at 1200."""
    states = {
        f'canarygate_verdict{{{group},verdict="{each}"}}': values.format(int(each == verdict))
        for each in ("pass", "fail", "inconclusive")
    }
    return states | {
        f"canarygate_run_end_timestamp_seconds{{{group}}}": values.format(ended),
        f"push_time_seconds{{{group}}}": values.format(ended + 1),
    }


def of_another(old: str, new: str) -> dict[str, str]:
    """A passed gate that is not this one."""
    return pushed("pass", group=GROUP.replace(old, new))


VERDICT = [
    Case("verdict", "passed", pushed("pass"), 1),
    Case("verdict", "failed", pushed("fail"), -1),
    Case("verdict", "unclear", pushed("inconclusive"), 0),
    Case("verdict", "never pushed", {}, NOTHING),
    Case("verdict", "ended long ago", pushed("pass", ended=500), NOTHING),
    Case("verdict", "not scraped for a minute", pushed("pass", values="{}x76"), NOTHING),
    Case("verdict", "deleted just now", pushed("pass", values="{}x78 stale"), NOTHING),
    Case("verdict", "another revision", of_another("6b8c7", "5d7f4"), NOTHING),
    Case("verdict", "another stage", of_another("s05", "s20"), NOTHING),
    Case("verdict", "another environment", of_another('"shop"', '"test"'), NOTHING),
    Case("verdict", "another service", of_another("checkout", "search"), NOTHING),
    Case(
        "verdict",
        "one of two groups failed",
        pushed("pass") | pushed("fail", group=GROUP + ',a="b"'),
        -1,
    ),
    Case(
        "verdict",
        "one of two is unclear",
        pushed("pass") | pushed("inconclusive", group=GROUP + ',a="b"'),
        0,
    ),
    Case(
        "verdict",
        "the hash was blanked",
        of_another(',pod_template_hash="6b8c7"', ""),
        NOTHING,
        {"canary_hash": ""},
    ),
]

# --- pods ---


def ready(value: int, pod: str = CANARY, phase: str = "Running") -> dict[str, str]:
    return {
        f'kube_pod_status_ready{{{pod},condition="true"}}': flat(value),
        f'kube_pod_status_phase{{{pod},phase="{phase}"}}': flat(1),
    }


def restarts(values: str, pod: str = CANARY) -> dict[str, str]:
    return {f'kube_pod_container_status_restarts_total{{{pod},container="web"}}': values}


SECOND = CANARY.replace("x2x4z", "y3y5y")
PODS = [
    Case("pods-ready", "both are", ready(1) | ready(1, SECOND), 1),
    Case("pods-ready", "one is not", ready(1) | ready(0, SECOND), 0),
    Case("pods-ready", "one was evicted", ready(1) | ready(0, SECOND, "Failed"), 1),
    Case("pods-ready", "none there", ready(1, STABLE), NOTHING),
    Case("pods-ready", "those of others", ready(1) | ready(0, OTHERS[0]) | ready(0, OTHERS[1]), 1),
    Case("restarts", "none", restarts(flat(0)) | restarts(flat(9), STABLE), 0),
    Case("restarts", "before the first look", restarts(flat(1)), 1),
    Case("restarts", "no pods", restarts(flat(0), STABLE), NOTHING),
]

# --- what users get ---

UP = {f"up{{{CANARY}}}": flat(1), f"up{{{STABLE}}}": flat(1)}


def answered(
    code: str, values: str, pod: str = CANARY, traffic: str = "user", route: str = "/"
) -> dict[str, str]:
    labels = f'{pod},status_code="{code}",traffic="{traffic}",route="{route}"'
    return {f"http_requests_total{{{labels}}}": values}


# 40 every 15 s are 320 in two minutes.
WELL = UP | answered("200", every_quarter(40))
FIRST_ERRORS: dict[str, str] = {}
for number in range(10):
    FIRST_ERRORS |= answered("503", late("1x1", MINUTES - 1) + " 1x2", route=f"/{number}")
ERRORS = [
    Case("error-rate", "no 5xx yet", WELL, 0),
    Case("error-rate", "one in 41", WELL | answered("503", every_quarter(1)), 1 / 41),
    Case("error-rate", "the first ten, each of its own series", WELL | FIRST_ERRORS, 10 / 320),
    Case("error-rate", "only stable fails", WELL | answered("503", every_quarter(9), STABLE), 0),
    Case("error-rate", "others fail", WELL | answered("503", every_quarter(9), OTHERS[0]), 0),
    Case(
        "error-rate",
        "the load test fails",
        WELL | answered("503", every_quarter(9), traffic="synthetic"),
        0,
    ),
    Case(
        "error-rate",
        "the load test counts",
        WELL | answered("503", every_quarter(40), traffic="synthetic"),
        0.5,
        {"traffic_matcher": ""},
    ),
    Case(
        "error-rate",
        "no users yet",
        UP | answered("200", every_quarter(40), traffic="synthetic"),
        NAN,
    ),
    Case("error-rate", "users who stopped coming", UP | answered("200", flat(4000)), NAN),
    Case(
        "error-rate",
        "few users, one error",
        UP | answered("200", every_quarter(2)) | answered("503", late("0x1 1x60", 4)),
        NAN,
    ),
    Case("error-rate", "few users, all fail", UP | answered("503", every_quarter(2)), 1),
    Case("error-rate", "a label that is not there", WELL, NAN, {"status_label": "code"}),
    Case(
        "error-rate",
        "a restart",
        WELL | answered("200", f"0+40x{MINUTES * 4 - 3} 0 40 80", route="/b"),
        0,
    ),
    Case("error-rate", "not scraped", {}, NOTHING),
    Case("error-rate", "another revision", WELL, NOTHING, {"canary_hash": "5d7f5"}),
]
EQUAL = WELL | answered("200", every_quarter(40), STABLE)
SUCCESS = [
    Case("success-rate", "all good", EQUAL, 1),
    Case("success-rate", "every fifth is a 404", EQUAL | answered("404", every_quarter(10)), 0.8),
    Case("success-rate", "nothing is good", UP | answered("404", every_quarter(40)), 0),
    Case("success-rate", "too few", UP | answered("200", every_quarter(20)), NAN),
    Case("success-rate", "no users yet", UP, NAN),
    Case("success-rate", "not scraped", {}, NOTHING),
    Case("success-vs-stable", "as good", EQUAL, 0),
    Case(
        "success-vs-stable",
        "both answer 404",
        EQUAL | answered("404", every_quarter(10)) | answered("404", every_quarter(10), STABLE),
        0,
    ),
    Case(
        "success-vs-stable", "every fifth is a 404", EQUAL | answered("404", every_quarter(10)), 0.2
    ),
    Case(
        "success-vs-stable",
        "nothing is good",
        EQUAL | answered("200", flat(0)) | answered("404", every_quarter(40)),
        1,
    ),
    Case("success-vs-stable", "no stable yet", WELL, NAN, {"stable_hash": ""}),
    Case("success-vs-stable", "both hashes are one", WELL, NAN, {"stable_hash": "6b8c7"}),
    Case(
        "success-vs-stable",
        "stable has no users",
        WELL | answered("200", every_quarter(2), STABLE),
        NAN,
    ),
    Case("success-vs-stable", "not scraped", {}, NOTHING),
]


def timed(
    share: dict[str, float], per_step: float = 100, pod: str = CANARY, code: str = "200"
) -> dict[str, str]:
    """A histogram with bounds 0.1, 0.4, 2 and +Inf; `share` is cumulative. 100 are 800 in a window."""
    labels = f'{pod},status_code="{code}",traffic="user"'
    base = "http_request_duration_seconds"
    return UP | {
        **{
            f'{base}_bucket{{{labels},le="{bound}"}}': every_quarter(per_step * part)
            for bound, part in (share | {"+Inf": 1}).items()
        },
        f"{base}_count{{{labels}}}": every_quarter(per_step),
    }


FAST = {"0.1": 1.0, "0.4": 1.0, "2": 1.0}
SLOW = {"0.1": 0.0, "0.4": 0.0, "2": 1.0}
FROZEN = {"0.1": 0.5, "0.4": 0.5, "2": 0.9}
BOTH_FAST = timed(FAST) | timed(FAST, pod=STABLE)
LATENCY = [
    Case("p95", "fast", BOTH_FAST, 0.095),
    Case("p99", "fast", BOTH_FAST, 0.099),
    Case("p95", "slow", timed(SLOW), 0.4 + 0.95 * 1.6),
    Case("p99", "slow", timed(SLOW), 0.4 + 0.99 * 1.6),
    Case("p95", "a tenth beyond every bound", timed(FROZEN), float("inf")),
    Case("p99", "a tenth beyond every bound", timed(FROZEN), float("inf")),
    Case("p95", "failures are fast", timed(SLOW) | timed(FAST, code="503"), 0.4 + 0.95 * 1.6),
    Case("p95", "all fail", timed(FAST, code="503"), NAN),
    Case("p95", "too few", timed(SLOW, 50), NAN),
    Case("p95", "no users yet", UP, NAN),
    Case("p95", "not scraped", {}, NOTHING),
    Case(
        "p95",
        "a count and no buckets",
        UP | {each: v for each, v in BOTH_FAST.items() if "_bucket" not in each},
        NAN,
    ),
    Case("p95-vs-stable", "as fast", BOTH_FAST, 1),
    Case("p99-vs-stable", "as fast", BOTH_FAST, 1),
    Case(
        "p95-vs-stable", "slow", timed(SLOW) | timed(FAST, pod=STABLE), (0.4 + 0.95 * 1.6) / 0.095
    ),
    Case("p95-vs-stable", "not scraped", {}, NOTHING),
    Case(
        "p99-vs-stable", "slow", timed(SLOW) | timed(FAST, pod=STABLE), (0.4 + 0.99 * 1.6) / 0.099
    ),
    Case("p99", "too few", timed(SLOW, 50), NAN),
    Case("p99", "not scraped", {}, NOTHING),
    Case("p95-vs-stable", "below the floor", BOTH_FAST, 1, {"floor_seconds": "0.5"}),
    Case("p95-vs-stable", "no stable yet", timed(FAST), NAN, {"stable_hash": ""}),
    Case("p95-vs-stable", "both hashes are one", timed(FAST), NAN, {"stable_hash": "6b8c7"}),
    Case("p95-vs-stable", "stable has too few", timed(FAST) | timed(FAST, 50, STABLE), NAN),
    Case("p99-vs-stable", "not scraped", {}, NOTHING),
]

# --- memory ---

MIB = 1024 * 1024
LIMIT = 512 * MIB


def memory(
    values: str, pod: str = CANARY, container: str = "web", limit: float | None = LIMIT
) -> dict[str, str]:
    labels = f'{pod},container="{container}"'
    limits = {
        f'kube_pod_container_resource_limits{{{labels},resource="memory",unit="byte"}}': flat(
            limit or 0
        )
    }
    return {f"container_memory_working_set_bytes{{{labels}}}": values} | (limits if limit else {})


STEADY = memory(flat(LIMIT / 4))
MEMORY = [
    Case("memory-saturation", "a quarter", STEADY, 0.25),
    Case("memory-saturation", "the worst pod", STEADY | memory(flat(LIMIT * 0.95), SECOND), 0.95),
    Case(
        "memory-saturation",
        "the pod's sum does not count",
        STEADY | memory(flat(LIMIT), container=""),
        0.25,
    ),
    Case("memory-saturation", "stable is full", STEADY | memory(flat(LIMIT), STABLE), 0.25),
    Case(
        "memory-saturation",
        "a pod that is gone",
        STEADY | memory(flat(LIMIT), SECOND, limit=None),
        0.25,
    ),
    Case("memory-saturation", "full four minutes ago", memory(f"{LIMIT}x64 {LIMIT / 4}x15"), 1),
    Case("memory-saturation", "no limits", memory(flat(LIMIT / 4), limit=None), NOTHING),
    Case("memory-saturation", "no pods", {}, NOTHING),
    Case("memory-growth", "steady", STEADY, 0.25),
    # 15 MiB in 15 s: 1 MiB/s, at 1200 MiB by now.
    Case("memory-growth", "a leak", memory(every_quarter(15 * MIB)), (1200 + 3000) / 512),
    Case(
        "memory-growth",
        "filled and then stopped",
        memory(f"0x62 {LIMIT / 4}x18"),
        0.25,
    ),
    Case("memory-growth", "shrinking", memory(f"{LIMIT}-{MIB}x80"), (512 - 80 - 200) / 512),
    Case("memory-growth", "too young", memory(late(flat(LIMIT / 4), MINUTES - 2)), NAN),
    Case(
        "memory-growth",
        "limits and no samples",
        {each: v for each, v in STEADY.items() if "kube" in each},
        NAN,
    ),
    Case("memory-growth", "no limits", memory(flat(LIMIT / 4), limit=None), NOTHING),
    Case("memory-growth", "no pods", {}, NOTHING),
]
DECISIONS = {'canarygate_weight_decisions_total{status="proceed"}': flat(0)}


def told(values: str, service: str = "checkout") -> dict[str, str]:
    """What the weight service says of a service; no series on hold."""
    return DECISIONS | {f'canarygate_weight_safe_percent{{service="{service}"}}': values}


WEIGHT = [
    Case("safe-weight-told", "safe", told(flat(68.3)), 68.3),
    Case("safe-weight-told", "safe, and then nobody asked", told(f"40x{MINUTES * 4 - 12}"), 40),
    Case("safe-weight-told", "nothing but rollbacks", told(flat(0)), 0),
    Case("safe-weight-told", "nothing but holds", DECISIONS, NAN),
    Case("safe-weight-told", "of another service", told(flat(68.3), "search"), NAN),
    Case("safe-weight-told", "of another hour", told(f"68.3x{MINUTES * 4 - 24}"), NAN),
    Case("safe-weight-told", "not scraped", {}, NOTHING),
]
CASES = [*VERDICT, *PODS, *ERRORS, *SUCCESS, *LATENCY, *MEMORY, *WEIGHT]


def query_of(case: Case) -> str:
    [found] = [
        query
        for template in templates().values()
        for name, query in template.queries(**case.given).items()
        if name == case.metric
    ]
    return found


def check(case: Case) -> dict[str, object]:
    """The case as a test of promtool's. NaN equals nothing, and floats differ by version."""
    query = query_of(case)
    if case.answer == NOTHING:
        text, samples = f"({query})", []
    elif case.answer == NAN:
        text, samples = f"count(({query}) != ({query}))", [{"labels": "{}", "value": 1}]
    elif case.answer == float("inf"):
        text, samples = f"({query}) == bool Inf", [{"labels": "{}", "value": 1}]
    else:
        text = f"abs(({query}) - {case.answer!r}) < bool 1e-6"
        samples = [{"labels": "{}", "value": 1}]
    return {
        "name": f"{case.metric}: {case.title}",
        "interval": "15s",
        "input_series": [
            {"series": name, "values": values} for name, values in case.series.items()
        ],
        "promql_expr_test": [{"expr": text, "eval_time": f"{MINUTES}m", "exp_samples": samples}],
    }


@pytest.mark.parametrize("metric", sorted({case.metric for case in CASES}))
def test_a_query_says_what_is_so(tmp_path: Path, metric: str) -> None:
    file = tmp_path / "test.yaml"
    tests = [check(case) for case in CASES if case.metric == metric]
    file.write_text(yaml.safe_dump({"evaluation_interval": "15s", "tests": tests}, width=100_000))

    done = subprocess.run(
        [find_program("promtool"), "test", "rules", file],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert 0 == done.returncode, done.stdout + done.stderr


def test_every_query_is_asked_of_a_canary_that_is_well_ill_and_not_there() -> None:
    names = {name for template in templates().values() for name in template.queries()}
    answers: dict[str, set[float | str]] = {name: set() for name in names}
    for case in CASES:
        answers[case.metric].add(case.answer)

    assert [] == [name for name, found in answers.items() if NOTHING not in found or len(found) < 3]


def test_every_query_parses_and_names_only_series_that_there_are(tmp_path: Path) -> None:
    queries = [query for each in templates().values() for query in each.queries().values()]
    rules = [{"record": f"r{number}", "expr": query} for number, query in enumerate(queries)]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": rules}]}, width=100_000))
    meter = Meter("v1")
    meter.complete("GET", "/", "user", 500, 0.1)
    shop = {sample.name for family in meter.registry.collect() for sample in family.samples}
    weights = {
        sample.name for family in Series().registry.collect() for sample in family.samples
    } | {family.name for family in Series().registry.collect()}
    known = {metric.name for metric in METRICS} | shop | weights | OF_OTHERS
    named = {name for query in queries for name in re.findall(r"([a-z_]+)\{", query)}

    done = subprocess.run(
        [find_program("promtool"), "check", "rules", file],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert 0 == done.returncode, done.stderr
    assert f"{len(queries)} rules found" in done.stdout
    assert set() == named - known
    assert OF_OTHERS <= named
