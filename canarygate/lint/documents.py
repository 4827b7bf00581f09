"""A YAML stream as documents; nothing is constructed from it, and no input grows without an end."""

import re
from typing import Any

import yaml

from canarygate.lint.nodes import Node, Place

MOST_DEEP = 100
MOST_REPEATED = 100_000
"""Nodes that aliases add: what a few lines of nested anchors can grow into has no end."""
# libyaml is some twenty times as fast; a Python without it reads the same events.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVER: Any = yaml.resolver.Resolver()
HELM = re.compile(r"^[-.$]|^(include|toYaml|tpl|template|quote|default)\b")
_TAG = "tag:yaml.org,2002:"


class Unreadable(Exception):
    """A text that is no YAML, or more than anyone would read; says where and why."""


def read_documents(text: str, file: str) -> list[Node]:
    """Every document of a YAML stream; empty ones are left out.

    Raises:
        Unreadable: it is no YAML, nests too deep, contains itself, or its aliases grow too large.
    """
    reader = _Reader(file)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            reader.take(event)
    except yaml.YAMLError as error:
        raise Unreadable(_told(file, error)) from None
    return reader.documents


def _told(file: str, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    place = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
    return f"{place}: is no YAML: {problem}"


class _Reader:
    """Builds nodes of events, with a stack of its own: no input can exhaust Python's."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.documents: list[Node] = []
        self._forget()

    def take(self, event: Any) -> None:
        """The next event of the stream."""
        match event:
            case yaml.DocumentStartEvent():
                self._forget()
            case yaml.ScalarEvent():
                self._add(self._scalar(event), event.anchor)
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                kind = "map" if isinstance(event, yaml.MappingStartEvent) else "list"
                self._open(Node(self._place(event), kind), event.anchor)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close()

    def _forget(self) -> None:
        self._anchors: dict[str, Node] = {}
        self._sizes: dict[int, int] = {}
        self._repeated = 0
        self._open_nodes: list[Node] = []
        self._waiting_keys: list[Node | None] = []

    def _place(self, event: Any) -> Place:
        mark = event.start_mark
        return Place(self.file, mark.line + 1, mark.column + 1)

    def _refuse(self, place: Place, why: str) -> Unreadable:
        return Unreadable(f"{place.file}:{place.line}:{place.column}: {why}")

    def _scalar(self, event: Any) -> Node:
        tag = event.tag
        if not tag or tag == "!":
            implicit = event.implicit if not tag else (False, True)
            tag = _RESOLVER.resolve(yaml.ScalarNode, event.value, implicit)
        kind = tag.removeprefix(_TAG)
        known = ("int", "float", "bool", "null")
        return Node(self._place(event), kind if kind in known else "str", text=event.value)

    def _alias(self, event: Any) -> None:
        place = self._place(event)
        node = self._anchors.get(event.anchor)
        if node is None:
            raise self._refuse(place, f"is no YAML: there is no anchor &{event.anchor} before it")
        if node in self._open_nodes:
            raise self._refuse(place, f"*{event.anchor} contains itself")
        self._repeated += self._sizes.get(id(node), 1)
        if self._repeated > MOST_REPEATED:
            raise self._refuse(place, f"its aliases repeat more than {MOST_REPEATED:,} nodes")
        self._add(node, None)

    def _open(self, node: Node, anchor: str | None) -> None:
        if anchor:
            self._anchors[anchor] = node
        self._open_nodes.append(node)
        self._waiting_keys.append(None)
        self._sizes[id(node)] = 1
        if len(self._open_nodes) > MOST_DEEP:
            raise self._refuse(node.place, f"nests deeper than {MOST_DEEP} levels")

    def _close(self) -> None:
        node = self._open_nodes.pop()
        self._waiting_keys.pop()
        if merged := node.entries.pop("<<", None):
            _merge(node, merged)
        self._add(node, None)

    def _add(self, node: Node, anchor: str | None) -> None:
        if anchor:
            self._anchors[anchor] = node
        if not self._open_nodes:
            if node:
                self.documents.append(node)
            return
        above = self._open_nodes[-1]
        self._count(above, node)
        if above.kind == "list":
            above.items.append(node)
        elif (key := self._waiting_keys[-1]) is None:
            self._waiting_keys[-1] = node
        else:
            self._waiting_keys[-1] = None
            name = key.text or self._braces(key)
            if name in above.entries and name != "<<":
                above.twice.append((name, above.keys[name], key.place))
            above.entries[name] = node
            above.keys[name] = key.place

    def _braces(self, key: Node) -> str:
        """`{{x}}` without quotes is, to YAML, a mapping whose key is a mapping; the name is `{x}`."""
        inner = next(iter(key.entries), "")
        if HELM.search(inner):
            raise self._refuse(
                key.place, "is a template of Helm; lint what `helm template` makes of it"
            )
        return "{" + inner + "}" if key.kind == "map" else ""

    def _count(self, above: Node, node: Node) -> None:
        self._sizes[id(above)] += self._sizes.get(id(node), 1)


def _merge(node: Node, merged: Node) -> None:
    """`<<: *base`: what the mapping itself says comes first."""
    for source in merged.items or [merged]:
        for key, value in source.entries.items():
            if key not in node.entries:
                node.entries[key] = value
                node.keys[key] = source.key_place(key)
