"""A rule, and what it found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from canarygate.lint.manifests import Manifest
from canarygate.lint.nodes import Node, Place
from canarygate.lint.world import World


@dataclass(frozen=True)
class Told:
    """What a rule saw: the object, where in it, and what will happen."""

    about: Manifest
    place: Place
    happens: str
    remedy: str = ""
    """Where it is another than the rule's own."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One trap: its name, what mends it, and the function that looks for it.

    What it does not see, and why it would rather be silent there, is in its section of docs/lint.md.
    """

    name: str
    remedy: str
    find: Callable[[World], Iterator[Told]]


@dataclass(frozen=True, kw_only=True, order=True)
class Finding:
    """One trap in one place."""

    file: str
    line: int
    column: int
    rule: str
    kind: str
    name: str
    happens: str
    remedy: str


def told(about: Manifest, node: Node, happens: str, remedy: str = "") -> Told:
    """Told of a node where it stands, or of its object when it is not there."""
    return Told(about, node.place if node.place.file else about.place, happens, remedy)


def look(rule: Rule, world: World) -> Iterator[Finding]:
    """All that a rule finds."""
    for each in rule.find(world):
        yield Finding(
            file=each.place.file,
            line=each.place.line,
            column=each.place.column,
            rule=rule.name,
            kind=each.about.kind,
            name=each.about.name,
            happens=each.happens,
            remedy=each.remedy or rule.remedy,
        )
