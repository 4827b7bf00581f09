"""Args that are not declared, not passed, dropped on the way, or never read."""

from collections.abc import Iterator

from canarygate.lint.arguments import declared, has_value, names_in, passed, strings
from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.manifests import Manifest
from canarygate.lint.nodes import Node
from canarygate.lint.world import Use, World
from canarygate.near import did_you_mean


def _not_declared(world: World) -> Iterator[Told]:
    for template in world.measuring:
        known = declared(template)
        seen: set[str] = set()
        for node in strings(template.spec["metrics"]):
            for name in names_in(node.text):
                if name not in known and name not in seen:
                    seen.add(name)
                    yield told(
                        template,
                        node,
                        f"args.{name} is used and not declared{did_you_mean(name, list(known))}; "
                        "the Rollout that names this template is InvalidSpec and deploys nothing",
                    )


def _not_passed(world: World) -> Iterator[Told]:
    for use in world.uses:
        given = passed(use.args)
        given |= _defaults(world, use)
        missing: dict[str, list[str]] = {}
        for template in world.templates(use):
            for name in declared(template):
                if not (name in given and has_value(given[name])):
                    missing.setdefault(name, []).append(template.name)
        for name, needed in missing.items():
            yield told(
                use.by,
                use.args or use.node,
                f"args.{name} is not passed here and has no default in {', '.join(needed)}; the Rollout is "
                "InvalidSpec from the first reconcile: nothing is deployed",
            )


def _defaults(world: World, use: Use) -> dict[str, Node]:
    """Args that a template of the run gives a value: their lists become one before they are checked."""
    return {
        name: arg
        for template in world.templates(use)
        for name, arg in declared(template).items()
        if has_value(arg)
    }


def _dropped(world: World) -> Iterator[Told]:
    for use in world.uses:
        if not world.is_whole(use):
            continue
        here = {name for each in world.templates(use) for name in declared(each)}
        anywhere = _declared_beside(world, use.by)
        given = passed(use.args)
        for name, arg in given.items():
            meant = did_you_mean(name, sorted(here - given.keys()))
            if name not in here and (meant or name not in anywhere):
                yield told(
                    use.by,
                    arg["name"],
                    f"arg {name} is declared by no template of this step{meant}; it is dropped without "
                    "a word, and what was meant keeps its default",
                )


def _declared_beside(world: World, by: Manifest) -> set[str]:
    """One list of args for all steps (`args: *shared`) is no slip."""
    return {
        name
        for use in world.uses_by(by)
        for template in world.templates(use)
        for name in declared(template)
    }


def _unused(world: World) -> Iterator[Told]:
    for template in world.measuring:
        if template.spec["templates"]:
            continue
        used = {name for node in strings(template.node) for name in names_in(node.text)}
        used |= {node.braces.removeprefix("args.") for node in template.node.walk()}
        for name, arg in declared(template).items():
            if name not in used and not has_value(arg):
                yield told(
                    template,
                    arg["name"],
                    f"args.{name} has to be passed by everybody and is read by nothing",
                )


RULES = (
    Rule(
        name="arg-not-declared",
        remedy="declare it under spec.args of this template: every template declares what it uses",
        find=_not_declared,
    ),
    Rule(
        name="arg-not-passed",
        remedy="pass it in this step's args, or give it a default in the template",
        find=_not_passed,
    ),
    Rule(
        name="arg-dropped",
        remedy="use the name that a template of this step declares, or take the arg away",
        find=_dropped,
    ),
    Rule(
        name="arg-unused",
        remedy="take it away, or use it",
        find=_unused,
    ),
)
