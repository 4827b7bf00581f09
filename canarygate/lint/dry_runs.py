"""Metrics that are measured and do not count."""

import re

from canarygate.lint.manifests import Metric
from canarygate.lint.nodes import Node
from canarygate.lint.world import World


def matches(pattern: str, name: str) -> bool | None:
    """As Go's regexp.MatchString, which does not anchor; None where Python cannot tell."""
    if pattern.startswith(("*", "+", "?")):
        return False
    try:
        return re.search(pattern, name) is not None
    except re.error:
        return None


def is_dry(world: World, metric: Metric) -> bool:
    """Whether it touches no verdict: by its own template, or wherever that is run."""
    uses = world.uses_of(metric.owner)
    return _lists(metric.owner.spec, metric) or (
        bool(uses) and all(_lists(use.node, metric) for use in uses)
    )


def _lists(parent: Node, metric: Metric) -> bool:
    return any(matches(each["metricName"].text, metric.name) for each in parent["dryRun"])
