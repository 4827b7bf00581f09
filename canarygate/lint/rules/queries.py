"""Queries that read old pushes, ranges without samples, or pods of somebody else."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from canarygate.lint.arguments import Values, filled, surroundings
from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.manifests import Metric
from canarygate.lint.probes import query_text
from canarygate.lint.promql import COUNTS, UNKNOWN, Query, Selector, read_query, seconds
from canarygate.lint.trees import Tree, tree_of
from canarygate.lint.world import Use, World

SCRAPED = "canarygate_weight_"
"""The weight service's own series: scraped, not pushed."""
EXPORTED = "requests|errors|users|running|workers|total|response"
"""What locust_exporter calls its own, which is scraped."""
PUSHED = re.compile(rf"^(canarygate|load_?test|locust(?!_({EXPORTED})))_")
GATEWAY = re.compile(r"push-?_?(gateway|gw)", re.IGNORECASE)
AGES = re.compile(r"^push_time_seconds$|^canarygate_run_(start|end)_timestamp_seconds$")
OF_A_RUN = re.compile(r"^(run|build|commit|sha)|run_?id", re.IGNORECASE)
NO_HASH = frozenset("aeiouy013ABCDEFGHIJKLMNOPQRSTUVWXYZ_")
"""Letters that are in no pod-template-hash, so that it spells no words."""
PLAIN = re.compile(r"[\w-]*")


@dataclass(frozen=True)
class Asked:
    """A query as it is sent in one of the places that run its template."""

    metric: Metric
    use: Use | None
    values: Values
    query: Query

    @property
    def tree(self) -> Tree | None:
        """What the query is made of; None where that is not understood."""
        return tree_of(self.query.text)


@lru_cache(maxsize=4)
def asked(world: World) -> tuple[Asked, ...]:
    """Every query, with the args that are known in place."""
    return tuple(_asked(world))


def _asked(world: World) -> Iterator[Asked]:
    for metric in world.metrics:
        if not metric.query:
            continue
        for use, values in surroundings(world, metric.owner):
            yield Asked(metric, use, values, read_query(query_text(metric, values)))


def once(found: Iterator[tuple[Asked, str]]) -> Iterator[Told]:
    """Told of a query in the first place where it is wrong."""
    seen: set[int] = set()
    for each, happens in found:
        if id(each.metric.node) not in seen:
            seen.add(id(each.metric.node))
            text = f"metric {each.metric.name!r}: {happens}"
            yield told(each.metric.owner, each.metric.query, text)


def is_pushed(selector: Selector) -> bool:
    """A series that is pushed once, at the end of a run: a gate's, or one of a Pushgateway's by its job."""
    jobs = selector.values("job", "exported_job", "instance")
    if any(GATEWAY.search(each) for each in jobs):
        return selector.name not in ("up", "push_time_seconds", "push_failure_time_seconds")
    return bool(PUSHED.search(selector.name)) and not selector.name.startswith(SCRAPED)


def _rates(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        for selector in each.query.selectors:
            function = next((x for x in selector.functions if x in COUNTS), "")
            if is_pushed(selector) and function:
                yield (
                    each,
                    f"{function}() over {selector.name}, which is pushed once and then stands still: "
                    "the answer is 0 or nothing, whatever happened",
                )


def _stale(world: World) -> Iterator[tuple[Asked, str]]:
    aged = {id(x.metric.owner) for x in asked(world) if _looks_at_age(x.query, alone=True)}
    for each in asked(world):
        pushed = [x for x in each.query.selectors if is_pushed(x)]
        names_its_run = any(OF_A_RUN.search(label) for x in pushed for label, _, _ in x.matchers)
        # A metric of its own may look at the age for all of its template.
        if not pushed or names_its_run or id(each.metric.owner) in aged:
            continue
        if not AGES.search(pushed[0].name) and not _looks_at_age(each.query):
            yield (
                each,
                f"{pushed[0].name} is read without its age: a Pushgateway forgets nothing, and the answer "
                "may be that of an earlier run",
            )


def _looks_at_age(query: Query, *, alone: bool = False) -> bool:
    """The time since the push, or whether there was one; alone: and at nothing else."""
    ages = [bool(AGES.search(each.name)) for each in query.selectors]
    return (all(ages) if alone else True) and any(ages) and query.has("time", "changes")


def _ranges(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        for selector in each.query.selectors:
            length = seconds(selector.range_text)
            counts = COUNTS & set(selector.functions[-1:])
            if length is not None and counts and length <= world.scrape_seconds:
                yield (
                    each,
                    f"[{selector.range_text}] holds one sample at a scrape of "
                    f"{world.scrape_seconds:g} s, and "
                    f"{selector.functions[-1]}() needs two: the result is empty, which is an Error",
                )


def _pods(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        if each.use is None or each.use.by.kind != "Rollout" or not each.use.by.name:
            continue
        rollout = each.use.by.name
        for pattern in (
            text for selector in each.query.selectors for text in selector.values("pod", "pod_name")
        ):
            head = (PLAIN.match(pattern) or [""])[0]
            if UNKNOWN in pattern or "|" in pattern or not head:
                continue
            rest = head.removeprefix(f"{rollout}-") if head.startswith(f"{rollout}-") else None
            if rest is None and f"{rollout}-".startswith(head):
                continue
            if rest is None or not NO_HASH.isdisjoint(rest.split("-")[0]):
                yield (
                    each,
                    f'pod=~"{pattern}" finds no pod of Rollout {rollout}, whose pods are named '
                    f"{rollout}-<hash>-…: the result is empty, an Error, and after five the rollout "
                    "is aborted",
                )


def _cgroups(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        for selector in each.query.selectors:
            labels = {label for label, _, _ in selector.matchers}
            if selector.name.startswith("container_memory_") and not labels & {
                *("container", "container_name", "name", "image", "id"),
            }:
                yield (
                    each,
                    f"{selector.name} without a container: the pod's own cgroup is a series too, so its "
                    "memory is compared with the limit of one container",
                )


def _addresses(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        address = filled(each.metric.asked["address"].text, each.values)
        if address and not re.match(r"https?://[^/]", address):
            yield (
                each,
                f"address {address!r} has no scheme or no host: each measurement is an Error, and the fifth "
                "aborts the rollout",
            )


RULES = (
    Rule(
        name="address-without-scheme",
        remedy="http://prometheus.monitoring:9090",
        find=lambda world: once(_addresses(world)),
    ),
    Rule(
        name="rate-over-pushed",
        remedy="read the pushed value itself",
        find=lambda world: once(_rates(world)),
    ),
    Rule(
        name="stale-push",
        remedy="`and on (service, role, pod_template_hash, stage) (time() - push_time_seconds < "
        "900)`, with "
        "every label of the grouping key",
        find=lambda world: once(_stale(world)),
    ),
    Rule(
        name="range-too-short",
        remedy="a range of four scrapes or more; --scrape-interval says what yours is",
        find=lambda world: once(_ranges(world)),
    ),
    Rule(
        name="wrong-pods",
        remedy='pod=~"{{args.rollout}}-{{args.canary-hash}}-.*", with fieldRef metadata.name and '
        "podTemplateHashValue: Latest",
        find=lambda world: once(_pods(world)),
    ),
    Rule(
        name="pod-cgroup-counted",
        remedy='container!="", container!="POD"',
        find=lambda world: once(_cgroups(world)),
    ),
)
