"""Names of metrics that become one, and keys that are written twice."""

from collections.abc import Iterator

from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.manifests import Manifest, Metric, metrics
from canarygate.lint.world import World

KEPT = 24
"""Of a metric's name in the name of its Job: 63, less a UID, two dots and a number."""


def together(world: World) -> Iterator[tuple[Manifest, list[Metric]]]:
    """Metrics that end up in one AnalysisRun, with who runs them."""
    for use in world.uses:
        yield use.by, [metric for each in world.templates(use) for metric in metrics(each)]
    for template in world.measuring:
        yield template, metrics(template)


def _collide(world: World) -> Iterator[Told]:
    seen: set[tuple[int, int]] = set()
    for _, run in together(world):
        first: dict[str, Metric] = {}
        for metric in (each for each in run if each.provider == "job"):
            other = first.setdefault(metric.name[:KEPT], metric)
            pair = (id(other.node), id(metric.node))
            if other.name != metric.name and pair not in seen:
                seen.add(pair)
                yield told(
                    metric.owner,
                    metric.node["name"],
                    f"{metric.name!r} and {other.name!r} are the same in their first {KEPT} letters, which "
                    "is all that the name of a Job keeps: one of them takes over the other's Job, "
                    "and its result",
                )


def _twice(world: World) -> Iterator[Told]:
    seen: set[tuple[int, int]] = set()
    for by, run in together(world):
        first: dict[str, Metric] = {}
        for metric in run:
            other = first.setdefault(metric.name, metric)
            pair = (id(other.node), id(metric.node))
            if other is not metric and metric.name and pair not in seen:
                seen.add(pair)
                where = "" if other.owner is metric.owner else f" (also in {other.owner.name})"
                yield told(
                    metric.owner,
                    metric.node["name"],
                    f"two metrics of one run are named {metric.name!r}{where}; the run of {by.kind} "
                    f"{by.name} cannot be made",
                )


def _keys(world: World) -> Iterator[Told]:
    for manifest in world.manifests:
        for node in manifest.node.walk():
            for key, first, again in node.twice:
                yield Told(
                    manifest,
                    again,
                    f"{key} is written twice in one mapping, first on line {first.line}: the API server "
                    "keeps the last one, kustomize refuses both",
                )


RULES = (
    Rule(
        name="metric-name-collides",
        remedy="let the names differ within their first 24 letters",
        find=_collide,
    ),
    Rule(
        name="metric-name-twice",
        remedy="rename one, or run the templates in steps of their own",
        find=_twice,
    ),
    Rule(
        name="key-twice",
        remedy="keep one",
        find=_keys,
    ),
)
