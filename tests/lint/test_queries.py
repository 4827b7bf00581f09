"""Queries and conditions as people write them: what is told of each, and what is not."""

import textwrap

import pytest

from canarygate.lint.documents import read_documents
from canarygate.lint.linting import lint
from canarygate.lint.reading import Read

ERRORS = 'sum(rate(http_requests_total{service="shop-canary",code=~"5.."}[5m]))'
ALL = 'sum(rate(http_requests_total{service="shop-canary"}[5m]))'
GOOD = 'sum(rate(http_requests_total{service="shop-canary",code!~"5.."}[5m]))'
BUCKETS = 'rate(http_request_duration_seconds_bucket{service="shop-canary"}[5m])'
POD = 'pod=~"shop-{{args.canary-hash}}-.*"'
PUSHED = 'canarygate_run_failure_ratio{service="shop",stage="2",pod_template_hash="{{args.canary-hash}}"}'

# query, successCondition, failureCondition, the rules that tell of it.
SILENT: list[tuple[str, str, str]] = [
    (f"({ERRORS} or vector(0)) / {ALL}", "result[0] < 0.01", "result[0] >= 0.01"),
    (f"({ERRORS} or on() vector(0)) / {ALL}", "result[0] <= 0.01", "result[0] > 0.05"),
    (f"{GOOD} / {ALL}", "result[0] >= 0.95", "result[0] < 0.9"),
    (f"{GOOD} / ({ALL} > 0)", "result[0] >= 0.95", ""),
    (f"{GOOD} / {ALL}", "len(result) == 0 || result[0] >= 0.95", "result[0] < 0.9"),
    (f"100 * {GOOD} / {ALL}", "result[0] >= 99.5", "result[0] < 99"),
    (f"(1 - ({ERRORS} or vector(0)) / {ALL}) * 100", "result[0] >= 99", "result[0] < 95"),
    (
        f"histogram_quantile(0.95, sum by (le) ({BUCKETS}))",
        "len(result) == 1 && !isNaN(result[0]) && result[0] < 0.5",
        "",
    ),
    (
        f"histogram_quantile(0.95, sum({BUCKETS}) by (le)) * 1000",
        "result[0] < 500",
        "result[0] >= 500",
    ),
    (
        f"max(histogram_quantile(0.99, sum by (le, route) ({BUCKETS})))",
        "result[0] < 0.5",
        "result[0] >= 0.5",
    ),
    (
        f"sum by (route) ({ERRORS.removeprefix('sum')}) / sum by (route) ({ALL.removeprefix('sum')})",
        "len(result) > 0 && all(result, # < 0.05)",
        "any(result, # >= 0.05)",
    ),
    (f"topk(1, sum by (pod) ({ALL.removeprefix('sum')}))", "result[0] < 500", ""),
    (f"sort_desc(sum by (pod) ({ALL.removeprefix('sum')}))", "result[0] < 500", ""),
    (f"max(kube_pod_container_status_restarts_total{{{POD}}})", "", "result[0] > 0"),
    (
        f"sum(increase(kube_pod_container_status_restarts_total{{{POD}}}[10m]))",
        "",
        "result[0] >= 1",
    ),
    (f"count(up{{{POD}}} == 0) or vector(0)", "result[0] == 0", "result[0] > 0"),
    (f"min(up{{{POD}}})", "result[0] == 1", "result[0] < 1"),
    (f"sum(http_requests_total{{{POD}}})", "result[0] >= 500", "false"),
    (f"sum(increase(http_requests_total{{{POD}}}[5m]))", "result[0] >= 500", "false"),
    (
        f'max(container_memory_working_set_bytes{{{POD},container="shop"}} / on (namespace, pod, container) '
        f'kube_pod_container_resource_limits{{{POD},resource="memory"}})',
        "result[0] < 0.9",
        "result[0] >= 0.9",
    ),
    (
        f'max(deriv(container_memory_working_set_bytes{{{POD},container="shop"}}[10m]))',
        "result[0] < 100000",
        "result[0] >= 100000",
    ),
    (
        f"{PUSHED} and on (job, service, stage, pod_template_hash) (time() - push_time_seconds < 600)",
        "result[0] < 0.01",
        "result[0] >= 0.01",
    ),
    (
        f'{PUSHED} and on () (time() - push_time_seconds{{service="shop",stage="2",'
        'pod_template_hash="{{args.canary-hash}}"} < 600)',
        "result[0] < 0.01",
        "result[0] >= 0.01",
    ),
    (
        'canarygate_run_failure_ratio{service="shop"} * on (service, stage) group_left () '
        '(canarygate_run_info{run_id="{{args.canary-hash}}"}) and on (service, stage) '
        "(time() - push_time_seconds < 600)",
        "result[0] < 0.01",
        "result[0] >= 0.01",
    ),
    (f"scalar({ALL})", "result > 10", "result <= 10"),
    ("shop:canary_error_ratio:rate5m", "result[0] < 0.01", "result[0] >= 0.01"),
    (
        'avg(rate(rpc_seconds_sum{service="shop-canary"}[5m])) / '
        'avg(rate(rpc_seconds_count{service="shop-canary"}[5m]))',
        "result[0] < 0.5",
        "result[0] >= 0.5",
    ),
    (
        "histogram_quantile(0.99, sum by (le) (rate(istio_request_duration_milliseconds_bucket{"
        'reporter="source",destination_service=~"shop-canary.*"}[2m])))',
        "result[0] < 500",
        "result[0] >= 500",
    ),
    (
        'histogram_quantile(0.95, sum by (le) (rate(shop_seconds_bucket{version="canary"}[5m]))) - '
        'histogram_quantile(0.95, sum by (le) (rate(shop_seconds_bucket{version="stable"}[5m])))',
        "result[0] < 0.05",
        "result[0] >= 0.05",
    ),
    (
        'rpc_seconds{service="shop-canary",pod="shop-abc-1",quantile="0.99"}',
        "result[0] < 0.5",
        "result[0] >= 0.5",
    ),
    (ALL, "result[0] <= 10", "result[0] >= 10"),
    (
        f"sum by (pod) ({ALL.removeprefix('sum')})",
        "result[0] >= 0 && all(result, # < 500)",
        "",
    ),
    ('avg(locust_requests_fail_ratio{service="shop"})', "result[0] < 1", "result[0] >= 1"),
    ('sum(kafka_consumergroup_lag{consumergroup="shop",topic="orders"})', "result[0] < 100", ""),
    (
        'sum(increase(kube_pod_container_status_restarts_total{pod=~".*-{{args.canary-hash}}-.*"}[5m])) '
        "or vector(0)",
        "result[0] == 0",
        "",
    ),
    (
        'max(canarygate_run_failure_ratio{service="shop",run_id="{{args.canary-hash}}"})',
        "result[0] < 0.01",
        "",
    ),
    ('absent(up{service="shop-canary"}) or vector(0)', "result[0] == 0", "result[0] == 1"),
    (f"delta(process_open_fds{{{POD}}}[10m])", "all(result, # < 100) && len(result) > 0", ""),
]
TOLD: list[tuple[str, str, str, list[str]]] = [
    (f"{ERRORS} / {ALL}", "result[0] < 0.01", "result[0] >= 0.01", ["no-errors-yet"]),
    (f"{ERRORS}", "result[0] < 1", "result[0] >= 1", ["no-errors-yet"]),
    (f"100 * ({ERRORS} / {ALL})", "result[0] < 1", "result[0] >= 1", ["no-errors-yet"]),
    (
        f"round(1 - {ERRORS} / {ALL}, 0.01)",
        "result[0] > 0.9",
        "",
        ["no-errors-yet", "no-traffic-aborts"],
    ),
    (f"{ERRORS} / {ALL}", "", "result[0] >= 0.01", ["nan-reads-as-success", "no-errors-yet"]),
    (f"{GOOD} / {ALL}", "", "result[0] < 0.95", ["nan-reads-as-success"]),
    (f"{GOOD} / {ALL}", "isNaN(result[0]) || result[0] >= 0.95", "", ["nan-reads-as-success"]),
    (f"{GOOD} / {ALL}", "result[0] >= 95", "result[0] < 95", ["other-unit"]),
    (f"{GOOD} / {ALL} * 100", "result[0] >= 0.95", "result[0] < 0.95", ["other-unit"]),
    (f"({ERRORS} or vector(0)) / {ALL}", "result[0] < 5", "result[0] >= 5", ["other-unit"]),
    (
        f"{ERRORS} / {ALL} or vector(0)",
        "result[0] < 0.01",
        "result[0] >= 0.01",
        ["no-data-as-zero"],
    ),
    (f"({ERRORS} / {ALL}) or on() vector(0)", "result[0] < 0.01", "", ["no-data-as-zero"]),
    (f"({GOOD} / {ALL}) or vector(1)", "result[0] >= 0.95", "", ["no-data-as-zero"]),
    (
        f"({ERRORS} or vector(0)) / ({ALL} or vector(1))",
        "result[0] < 0.01",
        "result[0] >= 0.01",
        ["no-data-as-zero"],
    ),
    (
        f"histogram_quantile(0.95, sum by (le) ({BUCKETS})) or vector(0)",
        "result[0] < 0.5",
        "result[0] >= 0.5",
        ["no-data-as-zero"],
    ),
    (
        f"({ERRORS} or vector(0)) / clamp_min({ALL} or vector(0), 0.001) * 100",
        "result[0] < 1",
        "",
        ["no-data-as-zero"],
    ),
    (f"{GOOD} / {ALL}", "result >= 0.95", "", ["condition-always-errors"]),
    (f"{GOOD} / {ALL}", "isNaN(result) || result[0] >= 0.95", "", ["condition-always-errors"]),
    (f"{GOOD} / {ALL}", "result[1] >= 0.95", "result[1] < 0.95", ["condition-always-errors"]),
    (f"scalar({ALL})", "result[0] > 10", "", ["condition-always-errors"]),
    (f"{GOOD} / {ALL}", "default(result, 0) >= 0.95", "", ["condition-always-errors"]),
    (f"{ALL}", "all(result, # > 0)", "", ["empty-reads-as-success"]),
    (f"{ALL}", "len(result) == 0 || result[0] > 1", "", ["empty-reads-as-success"]),
    (f"{ERRORS} > 5", "len(result) == 0", "", ["empty-reads-as-success"]),
    (f"({ERRORS} / {ALL}) > 0.05", "result[0] < 0.05", "", ["healthy-is-empty"]),
    (f"count(up{{{POD}}} == 0)", "result[0] == 0", "", ["healthy-is-empty"]),
    ('absent(up{service="shop-canary"})', "result[0] != 1", "", ["healthy-is-empty"]),
    (f"sum by (pod) ({ALL.removeprefix('sum')})", "result[0] < 500", "", ["first-of-many"]),
    (
        f"histogram_quantile(0.95, {BUCKETS})",
        "result[0] < 0.5",
        "result[0] >= 0.5",
        ["first-of-many"],
    ),
    (
        f"histogram_quantile(0.95, sum by (le) ({BUCKETS}))",
        "result[0] < 500",
        "result[0] >= 500",
        ["other-unit"],
    ),
    (
        "histogram_quantile(0.99, sum by (le) (rate(istio_request_duration_milliseconds_bucket{"
        'reporter="source",destination_service=~"shop-canary.*"}[2m])))',
        "result[0] < 0.5",
        "result[0] >= 0.5",
        ["other-unit"],
    ),
    (
        'histogram_quantile(0.95, sum by (version) (rate(shop_seconds_bucket{version="canary"}[5m])))',
        "result[0] < 0.5",
        "result[0] >= 0.5",
        ["quantile-without-le"],
    ),
    (
        f"avg(histogram_quantile(0.95, sum by (le, pod) ({BUCKETS})))",
        "result[0] < 0.5",
        "result[0] >= 0.5",
        ["quantile-averaged"],
    ),
    (
        'rate(shop_seconds_sum{version="canary"}[5m]) - rate(shop_seconds_sum{version="stable"}[5m])',
        "len(result) > 0 && all(result, # < 1)",
        "",
        ["sides-never-match"],
    ),
    (
        f"sum by (pod) ({ERRORS.removeprefix('sum')}) / {ALL}",
        "len(result) > 0 && all(result, # < 1)",
        "",
        ["no-traffic-aborts", "other-unit", "sides-never-match"],
    ),
    (f"{ALL} / {ALL}", "result[0] >= 0.95", "result[0] < 0.95", ["same-on-both-sides"]),
    (
        'sum(http_requests_total{service="shop-canary",code=~"5.."}) / '
        'sum(http_requests_total{service="shop-canary"})',
        "result[0] < 0.01",
        "result[0] >= 0.01",
        ["counter-without-rate", "no-errors-yet"],
    ),
    (
        'sum(rate(http_requests_total{service="shop-canary",code="5.*"}[5m])) or vector(0)',
        "result[0] < 1",
        "result[0] >= 1",
        ["pattern-as-text"],
    ),
    (f"sum(rate(up{{{POD}}}[5m]))", "result[0] >= 1", "result[0] < 1", ["rate-over-gauge"]),
    (
        'max(container_cpu_usage_seconds_total{pod=~"{{args.canary-hash}}.*"} offset 1m)',
        "result[0] < 1",
        "result[0] >= 1",
        ["pods-cut-short"],
    ),
    (
        f"{PUSHED} and on (service) (time() - push_time_seconds < 600)",
        "result[0] < 0.01",
        "result[0] >= 0.01",
        ["age-not-joined"],
    ),
    (f"{PUSHED}", "result[0] < 0.01", "result[0] >= 0.01", ["stale-push"]),
    (
        'max(p95_ms{job="pushgateway",service="shop"})',
        "result[0] < 500",
        "result[0] >= 500",
        ["stale-push"],
    ),
    ('locust_p95_seconds{service="shop"}', "result[0] < 1", "", ["stale-push"]),
    (
        'p95_seconds{service="shop",stage="2"} and on (service) (time() - push_time_seconds < 60)',
        "result[0] < 1",
        "",
        ["age-not-joined"],
    ),
    (f"{ALL}", "result[0] <= 100", "result[0] > 10", ["conditions-overlap"]),
    (f"{ALL}", "result[0] < 10 || result[0] >= 10", "", ["condition-always-holds"]),
    (f"{ALL}", "result[0] > 10 && result[0] < 5", "", ["condition-never-holds"]),
    (
        'sum(rate(http_requests_total{service="shop-canary",pod=~"*-canary-*"}[5m]))',
        "result[0] < 5",
        "",
        ["glob-as-pattern", "query-unreadable"],
    ),
    ('sum(rate(x_total{service=~"shop-canary*"}[5m]))', "result[0] < 5", "", ["glob-as-pattern"]),
    (f"{ALL} * on (pod) 5", "result[0] < 5", "", ["query-unreadable"]),
    ("'a text'", "result[0] < 5", "", ["query-unreadable"]),
    (f"clamp_min({ALL})", "result[0] < 5", "", ["query-unreadable"]),
    (f"{ERRORS} or 0", "result[0] < 5", "", ["query-unreadable"]),
    (
        'sum(rate(x_total{service="shop-canary"}))',
        "result[0] < 5",
        "",
        ["counter-without-rate", "query-unreadable"],
    ),
    (f"sum({BUCKETS} by (le))", "result[0] < 5", "", ["query-unreadable"]),
    (
        f"histogram_quantile(sum by (le) ({BUCKETS}), 0.95)",
        "result[0] < 0.5",
        "",
        ["query-unreadable"],
    ),
    (
        'sum(rate(http_requests_total{rollouts-pod-template-hash="{{args.canary-hash}}"}[5m]))',
        "result[0] < 5",
        "",
        ["query-unreadable"],
    ),
    (
        'sum(rate(http_requests_total{service="shop-canary"}[$interval]))',
        "result[0] < 5",
        "",
        ["query-unreadable"],
    ),
]


def found_in(query: str, success: str, failure: str) -> list[str]:
    conditions = "".join(
        f"      {name}Condition: {text!r}\n"
        for name, text in (("success", success), ("failure", failure))
        if text
    )
    text = (
        "apiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {name: check}\nspec:\n"
        "  args: [{name: canary-hash}]\n"
        "  metrics:\n    - name: asked\n"
        f"{conditions}      provider:\n        prometheus:\n          query: |\n"
        f"{textwrap.indent(query, ' ' * 12)}\n"
    )
    read = Read(["a.yaml"], read_documents(text, "a.yaml"))
    found = lint(read, argo_version="1.9", scrape_seconds=15.0).findings
    return sorted({each.rule for each in found} - {"arg-unused"})


@pytest.mark.parametrize(("query", "success", "failure"), SILENT)
def test_what_is_right_is_not_told_of(query: str, success: str, failure: str) -> None:
    assert [] == found_in(query, success, failure)


@pytest.mark.parametrize(("query", "success", "failure", "rules"), TOLD)
def test_what_is_wrong_is_told_of(query: str, success: str, failure: str, rules: list[str]) -> None:
    assert rules == found_in(query, success, failure)


ROLLOUT = """\
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: shop}
spec:
  strategy:
    canary:
      steps:
      - setWeight: 20
      - pause: {duration: 10m}
      - analysis: {templates: [{templateName: check}]}
"""


@pytest.mark.parametrize(
    ("matcher", "rules"),
    [
        ('pod=~"shop-.*",role="canary"', []),
        ('pod=~"shop-6d5f7c9b4d-.*"', []),
        ('pod=~".*-6d5f7c9b4d-.*"', []),
        ('pod=~"shop-.*"', ["stable-and-canary"]),
        ('pod=~"shop-canary-.*"', ["wrong-pods"]),
        ('pod=~"shop-service-.*"', ["wrong-pods"]),
        ('pod=~"checkout-.*"', ["wrong-pods"]),
        ('pod=~".*canary.*"', ["pods-cut-short"]),
    ],
)
def test_the_pods_of_a_rollout(matcher: str, rules: list[str]) -> None:
    template = (
        "apiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {name: check}\nspec:\n"
        "  metrics:\n  - name: asked\n    successCondition: result[0] < 5\n    provider:\n"
        f"      prometheus:\n        query: |\n          sum(rate(jobs_done_total{{{matcher}}}[5m]))\n"
    )
    read = Read(["a.yaml"], read_documents(template + ROLLOUT, "a.yaml"))
    found = lint(read, argo_version="1.9", scrape_seconds=15.0).findings

    assert rules == sorted(each.rule for each in found)
