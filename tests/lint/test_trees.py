"""PromQL as a tree, and as Prometheus' own parser sees it."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from canarygate.lint.promql_types import gives, mistake
from canarygate.lint.shapes import is_single, may_be_nan, never_match
from canarygate.lint.trees import NoTree, Tree, parse
from tests.push_metrics.conftest import find_program

FINE = [
    *(
        "up",
        "{__name__=~'a.+'}",
        "a:b:c",
        "x{}",
        'x{a="b",}',
        'x{a="b",c!~"d|e"}',
        "-x ^ 2",
        "2 ^ -1",
    ),
    *(
        "sum(rate(x[5m])) by (le)",
        "sum by (le) (rate(x[5m]))",
        "SUM WITHOUT () (x)",
        "x offset -5m",
    ),
    *(
        "rate(x[5m] offset 1h)",
        "x @ start()",
        "x @ 1600000000",
        "max_over_time(rate(x[5m])[1h:1m])",
    ),
    *(
        "a / on (x) group_left (y) b",
        "a / ignoring (x) group_right b",
        "a and on () b > 3",
        "x + - y",
    ),
    *(
        "sum(x) or vector(0)",
        "a unless b or c",
        "1 > bool 2",
        "x == bool 1",
        "x > 1 > 2",
        "x atan2 y",
    ),
    *("topk(5, x)", "quantile(0.9, x)", 'count_values("v", x)', "day_of_week()", "round(x, 0.1)"),
    *(
        "quantile_over_time(0.5, x[5m])",
        "histogram_quantile(0.9, sum by (le) (rate(x[5m])))",
        "time()",
    ),
    *(
        'label_replace(x, "a", "$1", "b", "(.*)")',
        "x * NaN",
        "Inf",
        "0x1f",
        "1e3",
        ".5",
        "scalar(x)",
    ),
    *(
        "increase(x[1h30m])",
        "(x)",
        "x[5m]",
        "x[5m:1m]",
        "clamp_max(x, 1)",
        "predict_linear(x[1h], 3600)",
    ),
    "sum(x) # the rest is a comment",
]
REFUSED = [
    *(
        "",
        "sum(rate(x[5m]) by (le))",
        "rate(x)",
        "sum(x[5m])",
        "rate(sum(x)[5m])",
        "sum(x) or 0",
        "1 > 2",
    ),
    *(
        "a b",
        "a{b=c}",
        'a{b="c" d="e"}',
        "histogram_quantile(x, 0.9)",
        "topk(x)",
        "foo(x)",
        "scalar(1)",
    ),
    *(
        "vector(x)",
        "sum by le (x)",
        "sum(x) by le",
        "x and bool y",
        "sum(x) by (a) by (b)",
        "rate(x[5m]",
    ),
    *(
        "(x",
        "x)",
        "x offset",
        "sum()",
        "rate()",
        "absent(x[5m])",
        "x[5m] > 1",
        "a +",
        "sum(a, b)",
        "x{a}",
    ),
    *("quantile_over_time(x[5m], 0.5)", "a / b /", "x{a='b'", "time() or x", "day_of_week(x[5m])"),
]


def refusal(text: str) -> str:
    try:
        return mistake(parse(text))
    except NoTree as none:
        return str(none)


@pytest.mark.parametrize("text", FINE)
def test_what_prometheus_takes(text: str) -> None:
    assert "" == refusal(text)


@pytest.mark.parametrize("text", REFUSED)
def test_what_prometheus_refuses(text: str) -> None:
    assert "" != refusal(text)


def test_prometheus_own_parser_says_the_same(tmp_path: Path) -> None:
    every = [*FINE, *(text for text in REFUSED if text)]
    # A rule may not give a range, which a query may.
    every = [text for text in every if gives_range(text) is False]
    rules = [{"record": f"r{index}", "expr": text} for index, text in enumerate(every)]
    (tmp_path / "rules.yml").write_text(
        yaml.safe_dump({"groups": [{"name": "g", "rules": rules}]}), "utf-8"
    )

    done = subprocess.run(
        [find_program("promtool"), "check", "rules", "--lint=none", "rules.yml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    told = {int(each) - 1 for each in re.findall(r"rule (\d+), ", done.stdout + done.stderr)}
    assert {text for text in REFUSED if text in every} == {every[index] for index in told}


def gives_range(text: str) -> bool:
    try:
        return gives(parse(text)) == "range vector"
    except NoTree:
        return False


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x[5m]", "range vector"),
        ("1 + 2", "scalar"),
        ("time() - 5", "scalar"),
        ("scalar(x)", "scalar"),
        ("time() - x", "vector"),
        ("sum(x) or vector(0)", "vector"),
        ("{{args.query}}", ""),
        ("{{args.limit}} * x", "vector"),
    ],
)
def test_what_a_query_gives(text: str, expected: str) -> None:
    assert expected == gives(parse(text))


def test_operators_bind_as_in_prometheus() -> None:
    def shown(tree: Tree) -> str:
        if tree.kind != "binary":
            return tree.selector.name if tree.selector else tree.name
        return f"({shown(tree.parts[0])}{tree.name}{shown(tree.parts[1])})"

    assert "((a+(b*(c^(d^e))))>f)" == shown(parse("a + b * c ^ d ^ e > f"))
    assert "(aor(bandc))" == shown(parse("a or b and c"))
    assert "((a/b)/c)" == shown(parse("a / b / c"))
    assert "((aandb)unlessc)" == shown(parse("a and b unless c"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sum(x)", True),
        ("sum(x) / sum(y) * 100", True),
        ('sum by (job) (x{job="a"})', True),
        ("sum by (job) (x)", False),
        ("histogram_quantile(0.9, sum by (le) (x))", True),
        ("histogram_quantile(0.9, x)", False),
        ("sum(x) or vector(0)", True),
        ("sum(x) or sum(y)", False),
        ("x / on (a) group_left () sum(y)", False),
        ("topk(1, x)", True),
        ("topk(3, x)", False),
        ("x", False),
    ],
)
def test_whether_a_query_gives_one_value(text: str, expected: bool) -> None:
    assert expected == is_single(parse(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sum(rate(a[5m])) / sum(rate(b[5m]))", True),
        ("sum(rate(a_total[5m])) / (sum(rate(b_total[5m])) > 0)", False),
        ("sum(rate(a_total[5m])) / clamp_min(sum(rate(b_total[5m])), 1)", False),
        ("sum(rate(a_total[5m])) / 60", False),
        ("histogram_quantile(0.9, sum by (le) (x))", True),
        ("sum(rate(a_total[5m]))", False),
        ("a / b > 0.5", False),
        ("a / b > bool 0.5", False),
        ("count(a / b)", False),
        ("shop:error_ratio", True),
        ('x{quantile="0.9"}', True),
        ("max(kube_pod_status_ready)", False),
    ],
)
def test_whether_a_query_may_be_nan(text: str, expected: bool) -> None:
    assert expected == may_be_nan(parse(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a{v="1"} - a{v="2"}', 'v is "1" on one side and "2" on the other'),
        ('a{v="1"} - ignoring (v) a{v="2"}', ""),
        ('a{v="1"} - on (pod) a{v="2"}', ""),
        ('a{v="1"} - on (v) a{v="2"}', 'v is "1" on one side and "2" on the other'),
        ('sum by (v) (a{v="1"}) / sum by (v) (b{v="1"})', ""),
        ("sum by (pod) (a) / sum(b)", "one side has pod, and the other has lost it"),
        ("sum by (pod) (a) / on () group_left () sum(b)", ""),
        ("sum by (pod) (a) / sum by (pod) (b)", ""),
        ('a{v="1"} / sum(b)', "one side has v, and the other has lost it"),
        ('a{v="1"} unless b{v="2"}', ""),
        ('a{v="1"} or b{v="2"}', ""),
        ('a{v=~"1|2"} - a{v="2"}', ""),
        ("sum(a) / 5", ""),
        ("sum(a) - time()", ""),
    ],
)
def test_why_two_sides_have_no_series_in_common(text: str, expected: str) -> None:
    assert expected == never_match(parse(text))
