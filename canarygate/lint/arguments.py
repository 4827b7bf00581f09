"""What `{{args.…}}` stands for, as far as the given files tell."""

import re
from collections.abc import Iterator, Mapping

from canarygate.lint.manifests import Manifest
from canarygate.lint.nodes import Node
from canarygate.lint.world import Use, World

BRACES = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
ARGUMENT = re.compile(r"\{\{\s*args\.([^\s{}]+?)\s*\}\}")

HELM = re.compile(
    r"\.(Values|Release|Chart|Files|Capabilities|Template)\b|\b(include|tpl|toYaml)\b|^-|-$"
)
VARIABLE = re.compile(r"\$\{[A-Za-z_]\w*(:?[-=+?][^}]*)?\}|\$\([A-Za-z_]\w*\)")
"""What envsubst and Flux fill; `${analysis.result}` is none."""

Values = Mapping[str, str | None]
"""A name with its value, or None where only the cluster knows it."""


def names_in(text: str) -> list[str]:
    """The args that a text asks for."""
    return ARGUMENT.findall(text)


def is_filled_elsewhere(text: str) -> bool:
    """Helm, envsubst or Flux put something else there before the API server reads it."""
    braces = (match[1].strip() for match in BRACES.finditer(text))
    return bool(VARIABLE.search(text)) or any(HELM.search(each) for each in braces)


def strings(node: Node) -> Iterator[Node]:
    """Every scalar below."""
    return (each for each in node.walk() if each.kind not in ("map", "list"))


def declared(template: Manifest) -> dict[str, Node]:
    """The args that a template declares, by name."""
    return {each["name"].text: each for each in template.spec["args"] if each["name"].text}


def passed(args: Node) -> dict[str, Node]:
    """The args of a step, by name; of two the last one stands."""
    return {each["name"].text: each for each in args if each["name"].text}


def has_value(arg: Node) -> bool:
    """It says what it is, here or from somewhere."""
    return ("value" in arg.entries and arg["value"].kind != "null") or bool(arg["valueFrom"])


def value_of(arg: Node) -> str | None:
    """The text of an arg where it is written down."""
    written = "value" in arg.entries and arg["value"].kind != "null"
    return arg["value"].text if written else None


def surroundings(world: World, template: Manifest) -> list[tuple[Use | None, Values]]:
    """The values of a template's args in every place that runs it; its defaults where none does."""
    own = declared(template)
    defaults = {name: value_of(arg) for name, arg in own.items()}
    found: list[tuple[Use | None, Values]] = []
    for use in world.uses_of(template):
        shared = {
            name: value_of(arg)
            for other in world.templates(use)
            for name, arg in declared(other).items()
            if name in own and has_value(arg) and not has_value(own[name])
        }
        beside = {
            name: _elsewhere(world, use, name) for name, arg in own.items() if not has_value(arg)
        }
        given = {name: value_of(arg) for name, arg in passed(use.args).items() if name in own}
        found.append((use, defaults | beside | shared | given))
    return found or [(None, defaults)]


def _elsewhere(world: World, use: Use, name: str) -> str | None:
    """What the other steps of a Rollout pass, all alike; one that forgot it meant the same."""
    lists = [passed(each.args) for each in world.uses_by(use.by)]
    values = {value_of(each[name]) for each in lists if name in each}
    return values.pop() if len(values) == 1 else None


def filled(text: str, values: Values) -> str | None:
    """The text with its args in place; None when one of them is not known."""
    if any(values.get(name) is None for name in names_in(text)):
        return None
    return ARGUMENT.sub(lambda match: str(values[match[1]]), text)


def readings(world: World, template: Manifest, node: Node) -> list[str | None]:
    """What a field is in each place that runs its template."""
    if not names_in(node.text):
        return [node.text]
    return [filled(node.text, values) for _, values in surroundings(world, template)]


def numbers(world: World, template: Manifest, node: Node) -> list[int | None]:
    """The same of a number; what is not known, or no whole number, is None."""
    return [
        int(each) if each is not None and re.fullmatch(r"\s*-?\d+\s*", each) else None
        for each in readings(world, template, node)
    ]
