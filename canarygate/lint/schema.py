"""The fields that the API server knows: a table made of Argo's and Kubernetes' own definitions."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from canarygate.lint.manifests import Manifest
from canarygate.lint.nodes import Node, Place

WANTED = {
    "int": "a whole number",
    "text": "a text",
    "bool": "true or false",
    "number": "a number",
    "object": "a mapping",
    "list": "a list",
    "map": "a mapping",
}
WRITTEN = {
    "int": "a number",
    "float": "a number",
    "bool": "true or false",
    "str": "a text",
    "list": "a list",
    "map": "a mapping",
}
FITS = {"text": "str", "bool": "bool", "object": "map", "list": "list", "map": "map"}
SIXTIES = re.compile(r"[-+]?\d+(:\d+)+(\.\d*)?")
"""YAML 1.1's numbers to the base of 60; Kubernetes' own reader takes them as text."""


@dataclass(frozen=True)
class Unknown:
    """A key that no field is named by, with the names that are fields there."""

    key: str
    place: Place
    known: list[str]


@dataclass(frozen=True)
class NoNumber:
    """Something else in a field of whole numbers."""

    key: str
    node: Node


@dataclass(frozen=True)
class WrongKind:
    """A list where a mapping belongs, a number where a text belongs …"""

    key: str
    node: Node
    wanted: str
    written: str


@dataclass(frozen=True)
class Missing:
    """A field that the definition insists on, and the mapping that lacks it."""

    key: str
    node: Node


Misfit = Unknown | NoNumber | WrongKind | Missing


@cache
def field_table() -> dict[str, Any]:
    """`releases` with the shape of each of their `kinds`, `others` by apiVersion/kind, and all `shapes`."""
    text = resources.files("canarygate.lint").joinpath("argo_fields.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


@cache
def _shapes() -> list[dict[str, tuple[Any, bool]]]:
    """Each shape's fields, with their own shapes and whether they have to be there."""
    return [
        {name.removesuffix("!"): (below, name.endswith("!")) for name, below in shape.items()}
        for shape in field_table()["shapes"]
    ]


def is_known(manifest: Manifest) -> bool:
    """Tell whether the fields of an object that is not Argo's can be checked."""
    return not manifest.is_argo and _known_as(manifest) in field_table()["others"]


def _known_as(manifest: Manifest) -> str:
    return f"{manifest.node['apiVersion'].text}/{manifest.kind}"


def misfits(manifest: Manifest, argo_version: str) -> Iterator[Misfit]:
    """All that the definition of its kind has no place for."""
    table = field_table()
    if manifest.is_argo:
        shape = table["releases"][argo_version]["kinds"].get(manifest.kind)
    else:
        shape = table["others"].get(_known_as(manifest))
    if shape is not None:
        yield from _misfits("", manifest.node, shape, set())


def _misfits(key: str, node: Node, shape: Any, seen: set[tuple[int, str]]) -> Iterator[Misfit]:
    # An alias is told of once, however many places name it.
    if (id(node), str(shape)) in seen:
        return
    seen.add((id(node), str(shape)))
    kind = "map" if isinstance(shape, int) else shape if isinstance(shape, str) else shape[0]
    if node.braces:
        return  # braces-without-quotes
    if misfit := _misfit(key, node, kind):
        yield misfit
        return
    match shape:
        case int():
            fields = _shapes()[shape]
            for name, below in node.entries.items():
                if name not in fields:
                    yield Unknown(name, node.key_place(name), sorted(fields))
                else:
                    yield from _misfits(name, below, fields[name][0], seen)
            if node.kind == "map":
                lacking = (name for name, (_, needed) in fields.items() if needed)
                yield from (Missing(name, node) for name in lacking if not _stands(node, name))
        case ["list", each]:
            for below in node.items:
                yield from _misfits(key, below, each, seen)
        case ["map", each]:
            for name, below in node.entries.items():
                yield from _misfits(name, below, each, seen)


def _misfit(key: str, node: Node, wanted: str) -> Misfit | None:
    if node.kind in ("", "null") or wanted == "any":
        return None
    if wanted == "int":
        return NoNumber(key, node) if node.kind != "int" else None
    fits = node.kind in ("int", "float") if wanted == "number" else node.kind == FITS[wanted]
    if fits or (wanted == "text" and SIXTIES.fullmatch(node.text)):
        return None
    return WrongKind(key, node, WANTED[wanted], WRITTEN[node.kind])


def _stands(node: Node, name: str) -> bool:
    return name in node.entries and node.entries[name].kind != "null"
