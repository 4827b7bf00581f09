"""Manifests as platform teams write them: nothing is told of them, and one change makes a trap."""

from pathlib import Path

import pytest

from canarygate.lint.documents import read_documents
from canarygate.lint.linting import lint
from canarygate.lint.reading import Read

FOLDER = Path(__file__).parents[1] / "data" / "practice"

# The file, what stands there, what is put in its place, and what is then told of.
CHANGES: list[tuple[str, str, str, list[str]]] = [
    (
        "mesh",
        "successCondition: len(result) > 0 && !isNaN(result[0]) && result[0] >= 0.99",
        "failureCondition: result[0] < 0.99",
        ["18:nan-reads-as-success"],
    ),
    (
        "mesh",
        "len(result) > 0 && !isNaN(result[0]) &&",
        "isNaN(result) ||",
        ["18:condition-always-errors"],
    ),
    (
        "mesh",
        ("count: 10\n      failureLimit: 2\n      consecutive"),
        ("count: 2\n      failureLimit: 2\n      consecutive"),
        ["16:never-fails"],
    ),
    (
        "mesh",
        "inconclusiveLimit: 3",
        "inconclusiveLimit: 10",
        ["33:never-inconclusive"],
    ),
    (
        "mesh",
        ', rollouts_pod_template_hash="{{args.canary-hash}}", response_code',
        ", response_code",
        ["22:upper-side-of-more"],
    ),
    (
        "mesh",
        "[1m]",
        "[15s]",
        ["22:range-too-short", "37:range-too-short"],
    ),
    (
        "mesh",
        "sum by (le) (",
        "sum (",
        ["37:quantile-without-le"],
    ),
    (
        "mesh",
        "result[0] <= 800",
        "result[0] <= 0.8",
        ["37:other-unit"],
    ),
    (
        "ingress",
        " or vector(0))",
        ")",
        ["21:no-errors-yet"],
    ),
    (
        "ingress",
        (
            '(sum(rate(nginx_ingress_controller_requests{namespace="{{args.namespace}}", ingress="{{a'
            'rgs.ingress}}", canary="checkout-canary", status=~"5.."}[2m])) or vector(0))'
        ),
        (
            'sum(rate(nginx_ingress_controller_requests{namespace="{{args.namespace}}", ingress="{{ar'
            'gs.ingress}}", canary="checkout-canary", status="5.."}[2m]))'
        ),
        ["21:no-errors-yet", "21:pattern-as-text"],
    ),
    (
        "ingress",
        'canary="checkout-canary"}[2m]))',
        'canary="checkout-canary"}[2m])) or vector(0)',
        ["21:no-data-as-zero"],
    ),
    (
        "ingress",
        "failureCondition: result[0] >= 0.02",
        "failureCondition: result[0] >= 0.002",
        ["16:conditions-overlap"],
    ),
    (
        "pods",
        'pod=~"{{args.rollout}}-{{args.canary-hash}}-.*"',
        'pod=~"{{args.rollout}}-{{args.canary-hash}}"',
        [
            "20:pods-cut-short",
            "29:pods-cut-short",
            "39:pods-cut-short",
            "50:pods-cut-short",
            "61:pods-cut-short",
        ],
    ),
    (
        "pods",
        'container!="", container!="POD"',
        'namespace!=""',
        ["61:pod-cgroup-counted"],
    ),
    (
        "pods",
        " == 1) or vector(0)",
        " == 1)",
        ["29:healthy-is-empty"],
    ),
    (
        "pods",
        ("failureLimit: 0\n      failureCondition: result[0] > 0"),
        ("failureLimit: 6\n      failureCondition: result[0] > 0"),
        ["14:never-fails"],
    ),
    (
        "pods",
        "https://thanos-query",
        "thanos-query",
        [
            "20:address-without-scheme",
            "29:address-without-scheme",
            "39:address-without-scheme",
            "50:address-without-scheme",
            "61:address-without-scheme",
        ],
    ),
    (
        "canary-and-stable",
        "sum by (le) (",
        "sum by (le, pod_template_hash) (",
        ["26:sides-never-match"],
    ),
    (
        "canary-and-stable",
        "sum by (le) (",
        "sum by (pod) (",
        ["26:first-of-many", "26:quantile-without-le"],
    ),
    (
        "canary-and-stable",
        (
            "histogram_quantile(0.95, sum by (le) (rate(http_server_request_duration_seconds_bucket{s"
            'ervice_name="{{args.service}}", pod_template_hash="{{args.stable-hash}}"}[3m])))'
        ),
        (
            "histogram_quantile(0.95, sum by (le) (rate(http_server_request_duration_seconds_bucket{s"
            'ervice_name="{{args.service}}", pod_template_hash="{{args.canary-hash}}"}[3m])))'
        ),
        ["26:same-on-both-sides"],
    ),
    (
        "canary-and-stable",
        'failureCondition: "false"',
        "inconclusiveLimit: 1",
        ["54:never-inconclusive"],
    ),
    (
        "other-providers",
        "default(result, 0) < 0.01",
        "result[0] < 0.01",
        ["12:condition-always-errors"],
    ),
    (
        "other-providers",
        ("count: 5\n      failureLimit: 1\n      successCondition: default"),
        ("failureLimit: 1\n      count: 1\n      successCondition: default"),
        ["10:never-fails"],
    ),
    (
        "other-providers",
        "      successCondition: default(result, 0) < 0.01\n",
        "",
        ["12:no-condition"],
    ),
    (
        "blue-green",
        'result.status == "UP" && result.components.db.status == "UP"',
        'result > 0 && result.status == "UP"',
        ["35:condition-always-errors"],
    ),
    (
        "blue-green",
        'jsonPath: "{$}"',
        "jsonPath: $.status",
        ["40:json-path-as-text"],
    ),
    (
        "blue-green",
        'successCondition: result.status == "UP" && result.components.db.status == "UP"',
        'failureCondition: result.status == "DOWN"',
        ["35:empty-reads-as-success"],
    ),
    (
        "blue-green",
        ("successCondition: result[0] < 1\n      failureCondition: result[0] >= 1\n"),
        "successCondition: result[0] < 101\n",
        ["63:other-unit"],
    ),
    (
        "blue-green",
        "100 * (sum(",
        "(sum(",
        ["64:other-unit"],
    ),
    (
        "beside-the-steps",
        "result[0] >= 0.995",
        "result[0] >= 99.5",
        ["47:other-unit"],
    ),
    (
        "beside-the-steps",
        '"result[0] <= 0.8"',
        '"result[0] <= 800"',
        ["55:conditions-overlap"],
    ),
    (
        "beside-the-steps",
        "'len(result) > 0 && all(result, # < 0.9)'",
        "'all(result, # < 0.9)'",
        ["78:empty-reads-as-success"],
    ),
    (
        "beside-the-steps",
        "'len(result) > 0 && all(result, # < 0.9)'",
        "'result[0] < 0.9'",
        ["82:first-of-many"],
    ),
    (
        "beside-the-steps",
        'status!~"5.."',
        'status=~"2.."',
        ["47:only-2xx-succeeds"],
    ),
    (
        "beside-the-steps",
        (
            'sum(rate(http_request_duration_seconds_bucket{service=\\"{{args.service}}\\"}[5m])) by (le'
            ")"
        ),
        'avg(rate(http_request_duration_seconds_bucket{service=\\"{{args.service}}\\"}[5m]))',
        ["60:quantile-without-le"],
    ),
    (
        "beside-the-steps",
        "result[0] >= 0.9\n",
        "result >= 0.9\n",
        ["65:condition-always-errors"],
    ),
    (
        "many-metrics",
        "'len(result) > 0 && all(result, # < 0.02)'",
        "'all(result, # < 0.02)'",
        ["12:empty-reads-as-success"],
    ),
    (
        "many-metrics",
        (
            'sum(increase(log_messages_total{app="{{args.service}}",role="canary",level="error"}[5m])'
            ") or vector(0)"
        ),
        (
            'sum(log_messages_total{app="{{args.service}}",track="canary",level="error"}) or vector(0'
            ")"
        ),
        ["52:counter-without-rate"],
    ),
    (
        "many-metrics",
        'max(rabbitmq_queue_messages_ready{queue="{{args.service}}"})',
        'absent(rabbitmq_queue_messages_ready{queue="{{args.service}}"})',
        ["43:healthy-is-empty"],
    ),
    (
        "many-metrics",
        'sum(up{job="{{args.service}}-canary"})',
        'sum(up{job="{{args.service}}-canary"} == 0)',
        ["85:healthy-is-empty"],
    ),
    (
        "many-metrics",
        'sum(up{job="{{args.service}}-canary"})',
        'count(up{job="{{args.service}}-canary"}) or 0',
        ["85:query-unreadable"],
    ),
    (
        "many-metrics",
        "max(sum by (pod) (rate(jvm_gc_pause_seconds_sum",
        "max(rate(sum by (pod) (jvm_gc_pause_seconds_sum",
        ["63:query-unreadable"],
    ),
    (
        "load-and-verdict",
        "and on (job, service, role, pod_template_hash, stage)\n",
        "and on (job, service)\n",
        ["51:age-not-joined"],
    ),
    (
        "load-and-verdict",
        (
            "            and on (job, service, role, pod_template_hash, stage)\n"
            "            (time() - push_time_seconds < 600)\n"
        ),
        "",
        ["51:stale-push"],
    ),
    (
        "load-and-verdict",
        'pod_template_hash="{{args.canary-hash}}", stage="{{args.stage}}"',
        'namespace="shop"',
        [
            "39:arg-unused",
            "40:arg-unused",
            "51:age-not-joined",
            "51:push-of-any-revision",
            "64:age-not-joined",
            "64:push-of-any-revision",
        ],
    ),
    (
        "load-and-verdict",
        ("failureLimit: 0\n      provider:\n        job"),
        ("failureLimit: 1\n      provider:\n        job"),
        ["12:never-fails"],
    ),
]


def found_in(text: str, version: str) -> list[str]:
    read = Read(["a.yaml"], read_documents(text, "a.yaml"))
    found = lint(read, argo_version=version, scrape_seconds=15.0).findings
    return [f"{each.line}:{each.rule}" for each in found]


@pytest.mark.parametrize("version", ["1.9", "1.10"])
@pytest.mark.parametrize("name", sorted(each.stem for each in FOLDER.iterdir()))
def test_nothing_is_told_of_good_practice(name: str, version: str) -> None:
    assert [] == found_in((FOLDER / f"{name}.yaml").read_text("utf-8"), version)


@pytest.mark.parametrize(("name", "before", "after", "rules"), CHANGES)
def test_one_change_makes_a_trap(name: str, before: str, after: str, rules: list[str]) -> None:
    text = (FOLDER / f"{name}.yaml").read_text("utf-8")

    assert before in text
    assert rules == found_in(text.replace(before, after), "1.9")
