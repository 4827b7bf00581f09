"""Patterns for the names of metrics."""

from collections.abc import Iterator

from canarygate.lint.dry_runs import matches
from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.manifests import Manifest, Metric, metrics
from canarygate.lint.nodes import Node
from canarygate.lint.world import World

LISTS = ("dryRun", "measurementRetention")


def _together(world: World) -> Iterator[tuple[Manifest, Node, list[Metric]]]:
    """Whoever has such lists, the lists' parent, and the metrics of the run that they are for."""
    for use in world.uses:
        run = [metric for each in world.templates(use) for metric in metrics(each)]
        if world.is_whole(use):
            yield use.by, use.node, run
    for template in world.measuring:
        if not template.spec["templates"] and not world.uses_of(template):
            yield template, template.spec, metrics(template)
    for use in world.uses:
        run = [metric for each in world.templates(use) for metric in metrics(each)]
        if world.is_whole(use):
            yield from ((each, each.spec, run) for each in world.templates(use))


def _nothing(world: World) -> Iterator[Told]:
    seen: set[int] = set()
    for about, parent, run in _together(world):
        for name in LISTS:
            for each in parent[name]:
                wanted = each["metricName"]
                if not wanted or id(each) in seen or "{{" in wanted.text:
                    continue
                if any(matches(wanted.text, metric.name) is not False for metric in run):
                    continue
                seen.add(id(each))
                star = " (it is a regular expression, in which * alone is none)"
                yield told(
                    about,
                    wanted,
                    f"{name}: {wanted.text!r} matches no metric of the run"
                    f"{star if wanted.text == '*' else ''}, and the run ends as Error",
                )


def _twice(world: World) -> Iterator[Told]:
    seen: set[int] = set()
    for use in world.uses:
        for name in LISTS:
            parents = [each.spec for each in world.templates(use)] + [use.node]
            first: dict[str, int] = {}
            for each in (x for parent in parents for x in parent[name]):
                wanted = each["metricName"]
                line = first.setdefault(wanted.text, wanted.place.line)
                if wanted and line != wanted.place.line and id(each) not in seen:
                    seen.add(id(each))
                    yield told(
                        use.by,
                        wanted,
                        f"{name}: {wanted.text!r} stands twice (first on line {line}); the lists of a "
                        "Rollout and its templates become one, two of one name are an error, and the run "
                        "cannot be made",
                    )


RULES = (
    Rule(
        name="pattern-matches-nothing",
        remedy='".*" for all of them, or the name of a metric',
        find=_nothing,
    ),
    Rule(
        name="pattern-twice",
        remedy="keep one, in the template or in the Rollout",
        find=_twice,
    ),
)
