"""Conditions that read no data as health, or that no data can meet."""

import math
from collections.abc import Callable, Iterator

from canarygate.lint.arguments import Values, surroundings
from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.manifests import Metric
from canarygate.lint.probes import after, all_after, reason
from canarygate.lint.world import World

CONDITIONS = ("successCondition", "failureCondition")
COMPARED = {
    *(
        "prometheus",
        "web",
        "datadog",
        "newRelic",
        "wavefront",
        "cloudWatch",
        "graphite",
        "influxdb",
    ),
    "skywalking",
}
"""Providers whose result goes to the conditions."""


def _each(
    world: World, judged: Callable[[World, Metric, Values], str]
) -> Iterator[tuple[Metric, str]]:
    """Prometheus metrics with a condition, and what is wrong with them in the first place that runs them."""
    for metric in world.metrics:
        if metric.provider != "prometheus" or not any(metric.node[x].text for x in CONDITIONS):
            continue
        for _, values in surroundings(world, metric.owner):
            if happens := judged(world, metric, values):
                yield metric, happens
                break


def _tell(world: World, judged: Callable[[World, Metric, Values], str]) -> Iterator[Told]:
    for metric, happens in _each(world, judged):
        condition = metric.node["successCondition"]
        if not condition.text:
            condition = metric.node["failureCondition"]
        yield told(metric.owner, condition, f"metric {metric.name!r}: {happens}")


def _nan(world: World, metric: Metric, values: Values) -> str:
    if after(world, metric, values, (math.nan,)) != "Successful":
        return ""
    texts = [metric.node[each].text for each in CONDITIONS]
    says_so = any("isNaN" in text for text in texts)
    why = (
        "the condition says so itself"
        if says_so
        else "no comparison with NaN is true, so none fails"
    )
    return f"NaN, which is 0/0 and so what no traffic looks like, is Successful: {why}"


def _empty(world: World, metric: Metric, values: Values) -> str:
    if after(world, metric, values, ()) != "Successful":
        return ""
    return (
        "an empty result, which is what a wrong label or a dead target looks like, is Successful: "
        "all(…) of nothing is true"
        if "all(" in metric.node["successCondition"].text
        else "an empty result, which is what a wrong label or a dead target looks like, is Successful"
    )


def _errs(world: World, metric: Metric, values: Values) -> str:
    if all_after(world, metric, values) != {"Error"}:
        return ""
    why = reason(world, metric, values)
    return (
        f"each result is an Error{f' ({why})' if why else ''}: the result of a query is a list of "
        "numbers; the fifth Error in a row aborts the rollout"
    )


def _always(world: World, metric: Metric, values: Values) -> str:
    if all_after(world, metric, values) != {"Successful"}:
        return ""
    return "every number is Successful: nothing that is measured can stop the rollout"


def _nowhere(world: World, metric: Metric, values: Values) -> str:
    found = all_after(world, metric, values)
    if not found or "Successful" in found or found == {"Error"}:
        return ""
    if metric.node["failureCondition"].text and not metric.node["successCondition"].text:
        return ""
    if metric.node["successCondition"].text == "false":
        return ""
    return "no number is Successful: a healthy canary cannot pass"


def _none(world: World) -> Iterator[Told]:
    for metric in world.metrics:
        if metric.provider not in COMPARED or any(metric.node[x].text for x in CONDITIONS):
            continue
        yield Told(
            metric.owner,
            metric.node.key_place("provider"),
            f"metric {metric.name!r} has no condition: whatever is measured is Successful",
        )


RULES = (
    Rule(
        name="nan-reads-as-success",
        remedy="give both conditions (`result[0] < X` and `result[0] >= X`): NaN is neither, so "
        "Inconclusive",
        find=lambda world: _tell(world, _nan),
    ),
    Rule(
        name="empty-reads-as-success",
        remedy="`len(result) > 0 && …`",
        find=lambda world: _tell(world, _empty),
    ),
    Rule(
        name="condition-always-errors",
        remedy="compare an element: result[0] < X, isNaN(result[0]); quote a condition that holds a #",
        find=lambda world: _tell(world, _errs),
    ),
    Rule(
        name="condition-always-holds",
        remedy="a condition that a fault would not meet; dryRun is for watching only",
        find=lambda world: _tell(world, _always),
    ),
    Rule(
        name="condition-never-holds",
        remedy="look at the operators and the bounds",
        find=lambda world: _tell(world, _nowhere),
    ),
    Rule(
        name="no-condition",
        remedy="a successCondition, and a failureCondition where there is a grey zone",
        find=_none,
    ),
)
