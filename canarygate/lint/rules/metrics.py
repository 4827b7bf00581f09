"""Metrics that the analysis controller refuses: their run is an Error before anything is measured."""

from collections.abc import Iterator

from canarygate.lint.arguments import Values, filled, surroundings
from canarygate.lint.durations import go_duration
from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.manifests import Metric
from canarygate.lint.nodes import Node
from canarygate.lint.rules.limits import number
from canarygate.lint.world import World

LIMITS = {
    "inconclusiveLimit": 0,
    "consecutiveErrorLimit": 0,
    "consecutiveSuccessLimit": 0,
    "failureLimit": -1,
}
"""The least that each may be."""
Problem = tuple[Node, str, str]
"""Where, what is wrong, and the remedy."""


def _refused(world: World) -> Iterator[Told]:
    for metric in world.metrics:
        for _, values in surroundings(world, metric.owner):
            found = list(_problems(metric, values))
            for node, wrong, remedy in found:
                yield told(
                    metric.owner,
                    node,
                    f"metric {metric.name!r}: {wrong}; Argo refuses the metric, so the run is an Error at "
                    "once, and an Error aborts the rollout",
                    remedy,
                )
            if found:
                break


def _problems(metric: Metric, values: Values) -> Iterator[Problem]:
    yield from _providers(metric)
    yield from _durations(metric, values)
    yield from _counts(metric, values)


def _providers(metric: Metric) -> Iterator[Problem]:
    provider = metric.node["provider"]
    names = [name for name, each in provider.entries.items() if each]
    if len(names) > 1:
        wrong = f"it has {len(names)} providers ({', '.join(names)}), and may have one"
        yield provider, wrong, "a metric of its own for each"
    elif provider.kind == "map" and not names:
        yield provider, "it has no provider", "name one: prometheus, web, job …"


def _durations(metric: Metric, values: Values) -> Iterator[Problem]:
    for name in ("interval", "initialDelay"):
        node = metric.node[name]
        text = filled(node.text, values)
        if node.kind != "str" or not text or "$" in text or "{{" in text:
            continue
        if go_duration(text) is None:
            unit = f"{name}: {text}s, if seconds are meant" if text.isdigit() else "30s, 5m or 1h"
            yield node, f"{name} {text!r} is no duration", unit


def _counts(metric: Metric, values: Values) -> Iterator[Problem]:
    node = metric.node
    known = {name: _known(node[name], values) for name in ("count", *LIMITS)}
    for name, least in LIMITS.items():
        if (value := known[name]) is not None and value < least:
            yield node[name], f"{name} {value} is below {least}", f"{name}: 0"
    count, failures, successes = (
        known["count"],
        known["failureLimit"],
        known["consecutiveSuccessLimit"],
    )
    if failures == -1 and successes == 0:
        wrong = "failureLimit -1 asks for a consecutiveSuccessLimit, and there is none"
        yield node["failureLimit"], wrong, "consecutiveSuccessLimit: 1 or more, or failureLimit: 0"
    if count is None or count <= 0:
        return
    if count > 1 and not node["interval"]:
        yield node["count"], f"count {count} without an interval", "interval: 30s, or no count"
    if failures is not None and successes is not None and count < max(failures, 0) + successes:
        both = " and consecutiveSuccessLimit together" if successes else ""
        wrong = f"count {count} is less than failureLimit{both}, {max(failures, 0) + successes}"
        yield (
            node["failureLimit"] or node["consecutiveSuccessLimit"],
            wrong,
            "a larger count, or smaller limits",
        )
    inconclusive = known["inconclusiveLimit"]
    if inconclusive is not None and count < inconclusive:
        wrong = f"count {count} is less than inconclusiveLimit {inconclusive}"
        yield node["inconclusiveLimit"], wrong, "inconclusiveLimit: 0"


def _known(node: Node, values: Values) -> int | None:
    """A number; 0 where it is left out, None where only the cluster knows it."""
    return number(node, values) if node else 0


def _none(world: World) -> Iterator[Told]:
    for template in world.measuring:
        spec = template.spec
        if spec.kind == "map" and not spec["metrics"].items and not spec["templates"].items:
            yield told(
                template,
                spec["metrics"] or spec,
                f"{template.kind} {template.name} has no metrics; a run of it is an Error ('no metrics "
                "specified'), and an Error aborts the rollout",
                "give it spec.metrics, or spec.templates with the names of others",
            )


def _find(world: World) -> Iterator[Told]:
    yield from _refused(world)
    yield from _none(world)


RULES = (
    Rule(
        name="metric-refused",
        remedy="mend the metric",
        find=_find,
    ),
)
