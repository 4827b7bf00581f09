"""Queries that do not say whose traffic they judge, and when."""

import re
from collections.abc import Iterator
from itertools import chain

from canarygate.lint.arguments import filled
from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.manifests import job_of
from canarygate.lint.promql import UNKNOWN, Selector
from canarygate.lint.rules.jobs import makes_load
from canarygate.lint.rules.names import together
from canarygate.lint.rules.queries import Asked, asked, once
from canarygate.lint.world import BLUE_GREEN, World

NEVER_WHOSE = {
    *("code", "status", "status_code", "http_status_code", "response_code", "http_status", "le"),
    *("method", "quantile", "reporter", "direction", "http_method", "status_class"),
}
TELLS_CANARY = re.compile(
    r"canary|hash|revision|version|preview|latest|subset|track|stage|pod|replicaset|role|green",
    re.IGNORECASE,
)
MANY = {"sum", "avg", "count", "max", "min", "histogram_quantile", "quantile"}


def _is_named(selector: Selector) -> bool:
    """Its own name says whose it is: a recording rule, or a canary's series."""
    return ":" in selector.name or bool(TELLS_CANARY.search(selector.name)) or not selector.name


def _nobody(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        for selector in each.query.selectors:
            labels = {label for label, _, _ in selector.matchers}
            if (
                not labels - NEVER_WHOSE
                and MANY & set(selector.functions)
                and not _is_named(selector)
            ):
                if selector.name in ("up", "push_time_seconds", "vector", "time"):
                    continue
                yield (
                    each,
                    f"{selector.name} is added up over every service, version and job of the cluster: the "
                    "canary is a drop in it, and others' faults are the canary's",
                )


def _both(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        if each.use is not None and each.use.kind == BLUE_GREEN:
            continue
        for selector in each.query.selectors:
            whose = [x for x in selector.matchers if x[0] not in NEVER_WHOSE]
            if not whose or _is_named(selector) or not MANY & set(selector.functions):
                continue
            if selector.name.startswith(("canarygate_", "kube_", "push_", "container_")):
                continue
            # A queue or a pool is everybody's; what is counted per request is of one version.
            if not {"rate", "irate", "increase"} & {*selector.functions}:
                continue
            text = " ".join(f"{label} {value}" for label, _, value in whose)
            # The name of an arg tells too: service="{{args.canary-service}}".
            text += " " + each.metric.query.text if "{{" in each.metric.query.text else ""
            if UNKNOWN in text or TELLS_CANARY.search(text) or TELLS_CANARY.search(each.query.text):
                continue
            wanted = ", ".join(f'{label}{op}"{value}"' for label, op, value in whose)
            yield (
                each,
                f"{{{wanted}}} holds stable pods and canary pods: at a weight of 10 % a canary that fails "
                "half of its requests moves the result by 5 %",
            )


def _beside_load(world: World) -> Iterator[Told]:
    seen: set[int] = set()
    for _, run in together(world):
        load = next((x for x in run if makes_load(job_of(x)["spec"])), None)
        for metric in run:
            delay = metric.node["initialDelay"]
            if load is None or not metric.query or id(metric.node) in seen:
                continue
            if delay and filled(delay.text, {}) != "0s":
                continue
            seen.add(id(metric.node))
            yield told(
                metric.owner,
                metric.query,
                f"metric {metric.name!r} runs beside the load of {load.name!r}, in one step: all "
                "metrics of a "
                "run start at once, so its first measurements are from before any load",
            )


def _all_pods(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        name = each.use.by.name if each.use and each.use.by.kind == "Rollout" else ""
        for selector in each.query.selectors:
            found = [x for x in selector.values("pod", "pod_name") if _is_of_all(x, name)]
            others = [x for x in selector.matchers if x[0] not in ("pod", "pod_name")]
            told_apart = any(TELLS_CANARY.search(f"{label} {text}") for label, _, text in others)
            if found and not told_apart and {"sum", "avg"} & {*selector.functions}:
                yield (
                    each,
                    f'pod=~"{name}-…" holds stable pods and canary pods: what the canary does is a part of '
                    "the result, as small as its share of the pods",
                )


def _is_of_all(pattern: str, rollout: str) -> bool:
    """A pattern for the pods of every revision: `shop-.*`."""
    heads = [rollout] if rollout else []
    return any(pattern in (f"{x}-.*", f"{x}-.+", f"{x}.*", f"^{x}-.*") for x in heads)


RULES = (
    Rule(
        name="query-of-everyone",
        remedy='name this rollout\'s pods or its canary Service: service="{{args.canary-service}}", or '
        'pod=~"{{args.rollout}}-{{args.canary-hash}}-.*"',
        find=lambda world: once(_nobody(world)),
    ),
    Rule(
        name="stable-and-canary",
        remedy="add what only the canary has: its pod-template-hash, its Service, or a label from "
        "canaryMetadata",
        find=lambda world: once(chain(_both(world), _all_pods(world))),
    ),
    Rule(
        name="query-beside-load",
        remedy="a step of its own after the load, or initialDelay longer than load, push and scrape",
        find=_beside_load,
    ),
)
