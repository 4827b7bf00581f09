"""Queries that Prometheus cannot read, or whose quantile has no buckets left."""

import re
from collections.abc import Iterator

from canarygate.lint.findings import Rule
from canarygate.lint.promql import AGGREGATIONS, Query, read_query
from canarygate.lint.promql_types import gives, mistake
from canarygate.lint.rules.queries import Asked, asked, once
from canarygate.lint.trees import STRING, NoTree, parse
from canarygate.lint.world import World

COUSINS = re.compile(r"victoria|vm(select|single|auth)|/select/|:8428|:8481", re.IGNORECASE)
"""VictoriaMetrics takes more than PromQL."""
STRINGS = re.compile(r""" "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' """, re.VERBOSE)
CLOSES = {")": "(", "]": "[", "}": "{"}


def problem(query: Query) -> str:
    """What no PromQL can have; "" where it may be right."""
    waiting: list[str] = []
    if not query.tokens:
        return "it is empty"
    for kind, text in query.tokens:
        if kind == "other":
            return f"{text!r} is no part of PromQL{GRAFANA if text == '$' else ''}"
        if kind == "mark" and text in CLOSES.values():
            waiting.append(text)
        elif kind == "mark" and text in CLOSES and (not waiting or waiting.pop() != CLOSES[text]):
            return f"{text!r} closes what is not open"
    return f"{waiting[-1]!r} is never closed" if waiting else ""


GRAFANA = " (Grafana fills in its own variables, Argo does not)"


def _unreadable(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        if found := problem(each.query) or _refused(each):
            yield each, f"the query cannot be: {found}; each measurement is an Error"


def _refused(each: Asked) -> str:
    """What Prometheus' parser refuses; "" where an arg or a cousin of Prometheus may be meant."""
    if COUSINS.search(each.metric.asked["address"].text):
        return ""
    try:
        tree = parse(each.query.text)
        for read in tree.selectors:
            for label, op, text in read.matchers:
                if op in ("=~", "!~") and re.match(r"[*+?]", text):
                    return (
                        f'{label}{op}"{text}" begins with a {text[0]}, which has nothing to repeat'
                    )
        return mistake(tree) or (
            "it gives a text, which Argo takes for no result" * (gives(tree) == STRING)
        )
    except NoTree as none:
        bare = STRINGS.sub("", read_query(each.query.text).text)
        return "" if "{{" in bare else str(none)
    except RecursionError:
        return ""


def _no_buckets(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        if each.query.has("le", "without", "__name__"):
            continue
        for selector in each.query.selectors:
            functions = selector.functions
            if "histogram_quantile" not in functions or not selector.name.endswith("_bucket"):
                continue
            inner = functions[functions.index("histogram_quantile") + 1 :]
            if AGGREGATIONS & set(inner):
                yield (
                    each,
                    "the buckets are added up without `by (le)`, so histogram_quantile has none left: the "
                    "result is empty, which is an Error",
                )


RULES = (
    Rule(
        name="query-unreadable",
        remedy="try it in Prometheus, with the args as they will be",
        find=lambda world: once(_unreadable(world)),
    ),
    Rule(
        name="quantile-without-le",
        remedy="histogram_quantile(0.95, sum by (le) (rate(…_bucket[5m])))",
        find=lambda world: once(_no_buckets(world)),
    ),
)
