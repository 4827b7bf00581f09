"""Templates that are named and are not there, or not there where they are looked for."""

from collections.abc import Iterable, Iterator

from canarygate.lint.arguments import surroundings
from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.manifests import CLUSTER_TEMPLATE, TEMPLATE, Manifest, metrics
from canarygate.lint.rules.limits import INFINITE, effective_count
from canarygate.lint.world import BLUE_GREEN, STEP, World, kind_named
from canarygate.near import is_one_slip


def _not_defined(world: World) -> Iterator[Told]:
    for use in world.uses:
        names = [*use.names, *(x for each in world.templates(use) for x in each.spec["templates"])]
        for name in names:
            kind, wanted = kind_named(name), name["templateName"]
            known = world.names(kind)
            other = TEMPLATE if kind == CLUSTER_TEMPLATE else CLUSTER_TEMPLATE
            if wanted.text and wanted.text not in known and wanted.text in world.names(other):
                says = "takes clusterScope: true" if other == CLUSTER_TEMPLATE else "takes none"
                yield told(
                    use.by,
                    wanted,
                    f"{wanted.text} is given as a {other} and looked up as a {kind}: it is not found, and "
                    "the Rollout is InvalidSpec",
                    f"a reference to a {other} {says}",
                )
                continue
            # Where none of its kind was given, they may all be somewhere else.
            if known and wanted.text and wanted.text not in known:
                yield told(
                    use.by,
                    wanted,
                    f"there is no {kind} {wanted.text} in what was given{_meant(wanted.text, known)}; "
                    "without it the Rollout is InvalidSpec and deploys nothing",
                )


def _meant(name: str, known: Iterable[str]) -> str:
    """Names of templates are alike by nature; only a slip of the pen is worth a guess."""
    return next((f"; did you mean {each!r}?" for each in known if is_one_slip(name, each)), "")


def _circle(world: World) -> Iterator[Told]:
    for template in world.of_kind(TEMPLATE, CLUSTER_TEMPLATE):
        for name in template.spec["templates"]:
            first = world.named(name, template)
            if first is not None and template in _below(world, first):
                yield told(
                    template,
                    name["templateName"] or name,
                    f"{template.name} names {first.name}, which leads back to {template.name}: the "
                    "controller follows the circle without an end",
                )


def _below(world: World, template: Manifest) -> list[Manifest]:
    """A template with all that it names, there or further below."""
    found, waiting = [template], list(template.spec["templates"])
    while waiting:
        name = waiting.pop()
        each = world.named(name, template)
        if each is not None and each not in found:
            found.append(each)
            waiting += each.spec["templates"]
    return found


def _of_nothing(world: World) -> Iterator[Told]:
    for use in world.uses:
        if not use.names and use.kind in (STEP, BLUE_GREEN):
            yield told(
                use.by,
                use.node,
                "this analysis names no template: its run has no metrics, which is an Error, and the "
                "rollout is aborted",
            )


def _namespace(world: World) -> Iterator[Told]:
    if world.gives_namespace:
        return
    seen: set[tuple[int, int]] = set()
    for use in world.uses:
        for name in use.names:
            template = world.named(name, use.by)
            if template is None or template.kind != TEMPLATE or not use.by.namespace:
                continue
            pair = (id(use.by), id(template))
            if template.namespace != use.by.namespace and pair not in seen:
                seen.add(pair)
                where = template.namespace or "none, so where kubectl stands"
                yield told(
                    use.by,
                    name["templateName"],
                    f"{template.name} is looked up in {use.by.namespace}, and its own namespace is "
                    f"{where}; "
                    "not found means InvalidSpec",
                )


def _infinite(world: World) -> Iterator[Told]:
    for use in world.uses:
        if use.kind not in (STEP, BLUE_GREEN):
            continue
        for template in world.templates(use):
            values = next((each for at, each in surroundings(world, template) if at is use), {})
            endless = [
                repr(metric.name)
                for metric in metrics(template)
                if effective_count(metric, values) == INFINITE
            ]
            if endless:
                yield told(
                    use.by,
                    use.node,
                    f"{' and '.join(endless)} of {template.name}: an interval and no count 'runs "
                    "indefinitely', which no step may; the Rollout is InvalidSpec",
                )


RULES = (
    Rule(
        name="template-not-defined",
        remedy="give lint the file that defines it too, or mend the name",
        find=_not_defined,
    ),
    Rule(
        name="analysis-of-nothing",
        remedy="templates: [{templateName: ...}], or take the analysis away",
        find=_of_nothing,
    ),
    Rule(
        name="templates-in-a-circle",
        remedy="let templates name others in one direction",
        find=_circle,
    ),
    Rule(
        name="template-namespace",
        remedy="give both the same metadata.namespace, or use a ClusterAnalysisTemplate",
        find=_namespace,
    ),
    Rule(
        name="infinite-metric-in-step",
        remedy="give the metric a count, or run it in strategy.canary.analysis, beside the steps",
        find=_infinite,
    ),
)
