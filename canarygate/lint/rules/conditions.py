"""Conditions that read no data as health, or that no data can meet."""

import math
import re
from collections.abc import Callable, Iterator

from canarygate.lint.arguments import Values, surroundings
from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.manifests import Metric
from canarygate.lint.probes import (
    after,
    all_after,
    overlap,
    query_text,
    reason,
    result_kind,
    without_keys,
)
from canarygate.lint.shapes import may_be_nan
from canarygate.lint.trees import SCALAR, tree_of
from canarygate.lint.world import World

NIL = re.compile(r"\bnil\b|isNil|default|\?\?|\?\.")
ONE_POINT = 1e-5
"""Where two bounds only meet, one number satisfies both, and nobody minds."""
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
EVALUATED = ("prometheus", "web", "datadog")
"""Those of them of whose results something is known: vectors, JSON, one number."""


def _each(
    world: World, judged: Callable[[World, Metric, Values], str]
) -> Iterator[tuple[Metric, str]]:
    """Metrics whose conditions are evaluated, and what is wrong with them in the first place they run."""
    for metric in world.metrics:
        if metric.provider not in EVALUATED or not any(metric.node[x].text for x in CONDITIONS):
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
    if metric.provider != "prometheus":
        return ""
    tree = tree_of(query_text(metric, values))
    if tree is not None and not may_be_nan(tree):
        return ""
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
    if metric.provider == "web":
        phase, keys = without_keys(world, metric, values)
        asks = any(NIL.search(metric.node[each].text) for each in CONDITIONS)
        if phase != "Successful" or asks or _always(world, metric, values):
            return ""
        what = f"without {keys}" if keys else "with an empty list"
        return (
            f"an answer {what}, such as that of another version or of an error page, is Successful"
        )
    if metric.provider != "prometheus" or after(world, metric, values, ()) != "Successful":
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
    brings = {
        "prometheus": "what the query gives is a "
        + ("number" if result_kind(metric, values) == SCALAR else "list of numbers"),
        "datadog": "the result is a number, not a list",
    }.get(metric.provider, "no answer is all that it asks for")
    return (
        f"each result is an Error{f' ({why})' if why else ''}: {brings}; the fifth Error in a row aborts "
        "the rollout"
    )


def _always(world: World, metric: Metric, values: Values) -> str:
    if all_after(world, metric, values) - {"Error"} != {"Successful"}:
        return ""
    return "whatever is measured is Successful: nothing can stop the rollout"


def _nowhere(world: World, metric: Metric, values: Values) -> str:
    found = all_after(world, metric, values)
    if not found or {"Successful", ""} & found or found == {"Error"}:
        return ""
    if metric.node["failureCondition"].text and not metric.node["successCondition"].text:
        return ""
    if metric.node["successCondition"].text == "false":
        return ""
    if metric.provider == "prometheus" and after(world, metric, values, ()) == "Successful":
        return ""
    return "nothing that may be measured is Successful: a healthy canary cannot pass"


def _both(world: World, metric: Metric, values: Values) -> str:
    numbers = overlap(world, metric, values)
    if not numbers or max(numbers) - min(numbers) < ONE_POINT:
        return ""
    if (
        all_after(world, metric, values) == {"Failed"}
        or metric.node["successCondition"].text == "true"
    ):
        return ""
    least, most = min(numbers), max(numbers)
    return (
        f"both conditions hold for results such as {least:g} and {most:g}, and then it is Failed: the two "
        "bounds contradict each other"
    )


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
        name="conditions-overlap",
        remedy="bounds that leave a gap or meet: success `<= X`, failure `> Y` with Y at least X",
        find=lambda world: _tell(world, _both),
    ),
    Rule(
        name="no-condition",
        remedy="a successCondition, and a failureCondition where there is a grey zone",
        find=_none,
    ),
)
