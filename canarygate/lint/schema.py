"""The fields that the API server knows: a table made of Argo's own definitions."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from canarygate.lint.manifests import Manifest
from canarygate.lint.nodes import Node, Place


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


@cache
def field_table() -> dict[str, Any]:
    """`releases` with the shape of each of their `kinds`, and all `shapes`."""
    text = resources.files("canarygate.lint").joinpath("argo_fields.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def misfits(manifest: Manifest, argo_version: str) -> Iterator[Unknown | NoNumber]:
    """All that the definition of its kind has no place for."""
    table = field_table()
    shape = table["releases"][argo_version]["kinds"].get(manifest.kind)
    if shape is not None and manifest.is_argo:
        yield from _misfits(manifest.node, shape, table["shapes"], set())


def _misfits(
    node: Node, shape: Any, shapes: list[Any], seen: set[tuple[int, str]]
) -> Iterator[Unknown | NoNumber]:
    # An alias is told of once, however many places name it.
    if (id(node), str(shape)) in seen:
        return
    seen.add((id(node), str(shape)))
    match shape:
        case int():
            fields = shapes[shape]
            for key, below in node.entries.items():
                if key not in fields:
                    yield Unknown(key, node.key_place(key), sorted(fields))
                elif fields[key] == "int" and below.kind in ("str", "float", "bool"):
                    yield NoNumber(key, below)
                else:
                    yield from _misfits(below, fields[key], shapes, seen)
        case ["list", each]:
            for below in node.items:
                yield from _misfits(below, each, shapes, seen)
        case ["map", each]:
            for below in node.entries.values():
                yield from _misfits(below, each, shapes, seen)
