"""What is told of a query as text."""

import pytest

from canarygate.lint.promql import Selector, read_query, seconds

SELECTORS = [
    ("up", [Selector("up", (), ())]),
    ("x offset 5m > bool 3", [Selector("x", (), ())]),
    ('{__name__="foo"}', [Selector("", (("__name__", "=", "foo"),), ())]),
    ("max_over_time(rate(x[5m])[1h:1m])", [Selector("x", (), ("max_over_time", "rate"), "5m")]),
    ("sum by (le, pod) (rate(b[2m]))", [Selector("b", (), ("sum", "rate"), "2m")]),
    ("sum(rate(b[2m])) by (le)", [Selector("b", (), ("sum", "rate"), "2m")]),
    ("sum without (instance) (x) or vector(0)", [Selector("x", (), ("sum",))]),
    (
        'sum(x) / on (pod) group_left (y) z{a!~"b,}"} # {c}',
        [Selector("x", (), ("sum",)), Selector("z", (("a", "!~", "b,}"),), ())],
    ),
    (
        "clamp_min(x, {{args.floor}})",
        [Selector("x", (), ("clamp_min",))],
    ),
    (
        'x{pod=~"{{args.rollout}}-.*"}[{{args.window}}]',
        [Selector("x", (("pod", "=~", "__arg_rollout__-.*"),), (), "__arg_window__")],
    ),
    ("", []),
    ("sum(((", []),
    ('a{b="', [Selector("a", (("b", "=", ""),), ())]),
]


@pytest.mark.parametrize(("text", "selectors"), SELECTORS)
def test_the_selectors_of_a_query(text: str, selectors: list[Selector]) -> None:
    assert selectors == list(read_query(text).selectors)


@pytest.mark.parametrize(
    ("text", "expected"), [("5m", 300), ("1h30m", 5400), ("100ms", 0.1), ("", None), ("x", None)]
)
def test_the_length_of_a_range(text: str, expected: float | None) -> None:
    assert expected == seconds(text)
