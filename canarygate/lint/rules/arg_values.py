"""Args with two values, with none that can be had, or with one that the checks cannot read."""

from collections.abc import Iterator

from canarygate.lint.arguments import declared, has_value, names_in, value_of
from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.manifests import metrics
from canarygate.lint.world import World


def _twice(world: World) -> Iterator[Told]:
    lists = [(use.by, use.args) for use in world.uses]
    lists += [(each, each.spec["args"]) for each in world.measuring]
    told_of: set[int] = set()
    for about, args in lists:
        seen: set[str] = set()
        for arg in args:
            name = arg["name"].text
            if name in seen and id(arg) not in told_of:
                told_of.add(id(arg))
                yield told(
                    about,
                    arg["name"],
                    f"arg {name} stands twice in this list: the last one counts, and an empty one "
                    "blanks the value without a word",
                )
            seen.add(name)


def _differ(world: World) -> Iterator[Told]:
    seen: set[int] = set()
    for use in world.uses:
        first: dict[str, tuple[str, str]] = {}
        for template in world.templates(use):
            for name, arg in declared(template).items():
                value = value_of(arg)
                if value is None:
                    continue
                where, other = first.setdefault(name, (template.name, value))
                if other != value and id(arg) not in seen:
                    seen.add(id(arg))
                    yield told(
                        template,
                        arg["value"],
                        f"args.{name} is {value!r} here and {other!r} in {where}, and one run uses both "
                        "templates: it cannot be made, whatever the Rollout passes",
                    )


def _field_ref(world: World) -> Iterator[Told]:
    for template in world.measuring:
        for name, arg in declared(template).items():
            for source in ("fieldRef", "podTemplateHashValue"):
                if node := arg["valueFrom"][source]:
                    yield told(
                        template,
                        node,
                        f"args.{name}: a template cannot read {source}, only a Rollout can; the run "
                        "errors with 'argument was not supplied'",
                    )


def _templated_count(world: World) -> Iterator[Told]:
    for template in world.measuring:
        args = declared(template)
        for metric in metrics(template):
            count = metric.node["count"]
            bare = [
                name for name in names_in(count.text) if name in args and not has_value(args[name])
            ]
            if bare and metric.node["interval"] and template.kind != "AnalysisRun":
                yield told(
                    template,
                    count,
                    f"metric {metric.name!r}: args.{bare[0]} has no default, so the check of the Rollout "
                    "reads count as 0: 'runs indefinitely', InvalidSpec in every step that uses it",
                    f'give args.{bare[0]} a default (value: "5")',
                )


RULES = (
    Rule(
        name="arg-twice",
        remedy="keep one",
        find=_twice,
    ),
    Rule(
        name="arg-defaults-differ",
        remedy="give it the same default in both, or none",
        find=_differ,
    ),
    Rule(
        name="arg-from-field",
        remedy="declare the arg without a value, and let the Rollout's step pass it with valueFrom",
        find=_field_ref,
    ),
    Rule(
        name="count-without-default",
        remedy="give the arg a default",
        find=_templated_count,
    ),
)
