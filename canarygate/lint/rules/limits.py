"""Limits that no number of measurements can reach."""

from collections.abc import Iterator

from canarygate.lint.arguments import Values, filled, surroundings
from canarygate.lint.dry_runs import is_dry
from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.manifests import Metric
from canarygate.lint.nodes import Node
from canarygate.lint.world import World

INFINITE = -1


def effective_count(metric: Metric, values: Values) -> int | None:
    """How often it measures; `INFINITE` without an end, None when that is not known."""
    count = number(metric.node["count"], values) if metric.node["count"] else 0
    if count is None:
        return None
    if count > 0:
        return count
    return INFINITE if metric.node["interval"] else 1


def number(node: Node, values: Values) -> int | None:
    """A whole number, or None where only the cluster knows it."""
    text = filled(node.text, values)
    try:
        return int(text) if text is not None else None
    except ValueError:
        return None


def _never(world: World, field: str, outcome: str) -> Iterator[Told]:
    for metric in world.metrics:
        limit = metric.node[field]
        if not limit or metric.node["consecutiveSuccessLimit"] or is_dry(world, metric):
            continue
        for _, values in surroundings(world, metric.owner):
            most, count = number(limit, values), effective_count(metric, values)
            if most is not None and count is not None and most >= count > 0:
                times = (
                    "one measurement is made" if count == 1 else f"{count} measurements are made"
                )
                yield told(
                    metric.owner,
                    limit,
                    f"metric {metric.name!r} can never {outcome}: it takes more than {field}, {most}, and "
                    f"{times}; whatever is measured, it ends Successful",
                )
                break


def _never_fails(world: World) -> Iterator[Told]:
    return _never(world, "failureLimit", "fail")


def _never_inconclusive(world: World) -> Iterator[Told]:
    return _never(world, "inconclusiveLimit", "be inconclusive")


def _tolerates(world: World) -> Iterator[Told]:
    for metric in world.metrics:
        limit = metric.node["failureLimit"]
        if metric.provider != "job" or not limit or is_dry(world, metric):
            continue
        for _, values in surroundings(world, metric.owner):
            most, count = number(limit, values), effective_count(metric, values)
            if most and count and most > 0 and (count == INFINITE or most < count):
                runs = "one run" if most == 1 else f"{most} runs"
                of = "" if count == INFINITE else f" of {count}"
                yield told(
                    metric.owner,
                    limit,
                    f"metric {metric.name!r}: {runs}{of} may fail, and it is still Successful; a validation "
                    "that failed is forgotten when the next one passes",
                )
                break


def _add_up(world: World) -> Iterator[Told]:
    for metric in world.metrics:
        failures, unclear = metric.node["failureLimit"], metric.node["inconclusiveLimit"]
        if not (failures and unclear) or metric.node["consecutiveSuccessLimit"]:
            continue
        if metric.provider == "job" or is_dry(world, metric):
            continue
        for _, values in surroundings(world, metric.owner):
            some, others = number(failures, values), number(unclear, values)
            count = effective_count(metric, values)
            if some is None or others is None or count is None:
                continue
            if 0 < some < count <= some + others and 0 < others < count:
                yield told(
                    metric.owner,
                    unclear,
                    f"metric {metric.name!r}: {some} failed and {others} inconclusive measurements are "
                    f"tolerated apart, and there are {count}: it can end Successful without one success",
                )
                break


RULES = (
    Rule(
        name="never-fails",
        remedy="failureLimit: 0; a limit is what is tolerated, and must be less than count",
        find=_never_fails,
    ),
    Rule(
        name="never-inconclusive",
        remedy="inconclusiveLimit: 0; it must be less than count",
        find=_never_inconclusive,
    ),
    Rule(
        name="limits-add-up",
        remedy="limits that leave room for a success: failureLimit + inconclusiveLimit below count, or a "
        "consecutiveSuccessLimit",
        find=_add_up,
    ),
    Rule(
        name="job-failure-tolerated",
        remedy="failureLimit: 0: the first Job that fails ends the rollout",
        find=_tolerates,
    ),
)
