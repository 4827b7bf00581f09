"""Metrics of web services and of Datadog: what their conditions make of any answer."""

import pytest

from canarygate.lint.documents import read_documents
from canarygate.lint.linting import lint
from canarygate.lint.reading import Read

OBJECT = "{$}"

# jsonPath, successCondition, failureCondition
SILENT = [
    ("{$.status}", 'result == "ok"', ""),
    ("{$.status}", 'result in ["proceed", "ok"]', 'result == "rollback"'),
    (OBJECT, 'result.status == "ok"', 'result.status == "fail"'),
    (OBJECT, 'result.status == "proceed" && result.weight >= 20', 'result.status == "rollback"'),
    (OBJECT, "result.ok", ""),
    (OBJECT, "result.data.ok && result.data.successPercent >= 0.90", ""),
    ("{$.data}", "result.ok && result.successPercent >= 0.90", ""),
    (OBJECT, "result.error_rate < 0.01 && result.p95_ms < 300", ""),
    (OBJECT, "result.p95 < 0.5", "result.p95 >= 0.8"),
    (OBJECT, "", "result.p95 >= 0.8"),
    (OBJECT, "len(result.errors) == 0", ""),
    (OBJECT, "all(result.checks, .ok) && len(result.checks) > 0", ""),
    (OBJECT, 'any(result.checks, .name == "smoke" && .state == "pass")', ""),
    (OBJECT, "result.errors == nil", ""),
    (OBJECT, "len(result.checks) == 2", ""),
    (OBJECT, "one(result.checks, .ok)", ""),
    (OBJECT, "count(result.checks, .ok) == 1", ""),
    (OBJECT, "all(result.checks, type(#) == 'map') && len(result.checks) > 0", ""),
    (OBJECT, 'result.status == lower("OK")', ""),
    (OBJECT, "result.status in result", ""),
    (OBJECT, "result.a + result.b < 1", ""),
    (OBJECT, "(result.retries ?? 0) < 3", ""),
    ("{$.score}", "asFloat(result) >= 95", "asFloat(result) < 80"),
    ("{$.score}", "result >= 95", "result < 80"),
    ("{$.code}", 'result matches "^2"', ""),
    ('{$.checks[?(@.name=="smoke")].state}', 'result == "pass"', ""),
    ("{$.weight}", "result >= {{args.wanted}}", ""),
    ("{$.healthy}", "result == true", ""),
    ("{$.healthy}", "result", ""),
    ("{.healthy}", "result", ""),
    ("", 'result.status == "ok"', ""),
    ("{{args.path}}", 'result == "ok"', ""),
    (OBJECT, 'result.a == "1" && result.b == "2" && result.c == "3" && result.d == "4"', ""),
    (OBJECT, 'result.verdict == "pass" || result.verdict == "warn"', 'result.verdict == "fail"'),
]
TOLD = [
    (OBJECT, 'result > 0 && result.status == "ok"', "", ["condition-always-errors"]),
    (OBJECT, "result.retries ?? 0 < 3", "", ["condition-always-errors"]),
    (OBJECT, 'result.status = "ok"', "", ["condition-always-errors"]),
    (OBJECT, "default(result.count, 0) < 5", "", ["condition-always-errors"]),
    ("{$.n}", 'result > 0 && result == "ok" && result.x', "", ["condition-always-errors"]),
    (OBJECT, 'result.status != "ok" || result.status == "ok"', "", ["condition-always-holds"]),
    (OBJECT, "true", "", ["condition-always-holds"]),
    ("{$.n}", "result > 10 && result < 5", "", ["condition-never-holds"]),
    (OBJECT, 'result.a == "x" && result.a == "y"', "", ["condition-never-holds"]),
    (OBJECT, "", 'result.status == "fail"', ["empty-reads-as-success"]),
    (OBJECT, 'result.status != "fail"', "", ["empty-reads-as-success"]),
    ("{$.checks}", "all(result, .ok)", "", ["empty-reads-as-success"]),
    ("$.status", 'result == "ok"', "", ["json-path-as-text"]),
    ("status", 'result == "ok"', "", ["json-path-as-text"]),
    ("{status}", 'result == "ok"', "", ["json-path-as-text"]),
    ("{$.status", 'result == "ok"', "", ["json-path-as-text"]),
    ("{$.checks[*].ok}", "result == true", "", ["first-match-only"]),
    ("{$.weight}", "result > 0", "", ["any-weight-passes"]),
    (OBJECT, "result.weight > 0", "", ["any-weight-passes"]),
    (OBJECT, "", "", ["no-condition"]),
]
DATADOG = [
    ("result <= 0.01", []),
    ("default(result, 0) <= 0.01", []),
    ("result[0] <= 0.01", ["condition-always-errors"]),
    ("result <= 1 || result > 0", ["condition-always-holds"]),
    ("all(result, # < 1)", ["condition-always-errors"]),
]


def found_in(provider: str, success: str, failure: str) -> list[str]:
    conditions = "".join(
        f"    {name}Condition: {text!r}\n"
        for name, text in (("success", success), ("failure", failure))
        if text
    )
    text = (
        "apiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {name: check}\nspec:\n"
        "  args: [{name: wanted}, {name: path}]\n"
        f"  metrics:\n  - name: asked\n{conditions}    provider:\n{provider}"
    )
    read = Read(["a.yaml"], read_documents(text, "a.yaml"))
    found = lint(read, argo_version="1.9", scrape_seconds=15.0).findings
    return sorted({each.rule for each in found} - {"arg-unused"})


def web(path: str) -> str:
    line = f"        jsonPath: '{path}'\n" if path else ""
    return f"      web:\n        url: http://judge.shop/verdict\n{line}"


@pytest.mark.parametrize(("path", "success", "failure"), SILENT)
def test_a_web_metric_that_is_right(path: str, success: str, failure: str) -> None:
    assert [] == found_in(web(path), success, failure)


@pytest.mark.parametrize(("path", "success", "failure", "rules"), TOLD)
def test_a_web_metric_that_is_wrong(
    path: str, success: str, failure: str, rules: list[str]
) -> None:
    assert rules == found_in(web(path), success, failure)


@pytest.mark.parametrize(("condition", "rules"), DATADOG)
def test_datadog_gives_a_number(condition: str, rules: list[str]) -> None:
    provider = "      datadog:\n        apiVersion: v2\n        query: 'avg:errors{service:shop}'\n"

    assert rules == found_in(provider, condition, "")


@pytest.mark.parametrize(
    "provider",
    [
        "newRelic: {profile: a, query: 'SELECT 1'}",
        "cloudWatch: {metricDataQueries: []}",
        "wavefront: {address: a, query: q}",
        "graphite: {address: http://a, query: q}",
        "influxdb: {profile: a, query: q}",
        "skywalking: {address: http://a, query: q}",
        "plugin: {acme/metric: {query: q}}",
    ],
)
def test_of_results_that_nobody_here_knows_nothing_is_told(provider: str) -> None:
    assert [] == found_in(f"      {provider}\n", "result[0].values[0] >= 0.9", "")
