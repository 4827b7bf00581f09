"""Where an arg's value comes from, and cannot come from."""

import re
from collections.abc import Iterator

from canarygate.lint.arguments import declared, is_filled_elsewhere, passed
from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.manifests import Manifest
from canarygate.lint.nodes import NOTHING, Node
from canarygate.lint.world import World

HASHES = ("Latest", "Stable")
METADATA = re.compile(
    r"metadata\.(name|namespace|uid|labels|annotations|(labels|annotations)\['[^']+'\])"
)


def _both(world: World) -> Iterator[Told]:
    lists = [(use.by, passed(use.args)) for use in world.uses]
    lists += [(each, declared(each)) for each in world.measuring]
    seen: set[int] = set()
    for about, args in lists:
        for name, arg in args.items():
            if arg["value"] and arg["valueFrom"] and id(arg) not in seen:
                seen.add(id(arg))
                yield told(
                    about,
                    arg["valueFrom"],
                    f"args.{name} has a value and a valueFrom: in a template Argo refuses it, in a Rollout "
                    "the value is never used",
                )


def _hashes(world: World) -> Iterator[Told]:
    for use in world.uses:
        for name, arg in passed(use.args).items():
            value = arg.at("valueFrom", "podTemplateHashValue")
            if value and value.text not in HASHES and not is_filled_elsewhere(value.text):
                yield told(
                    use.by,
                    value,
                    f"args.{name}: podTemplateHashValue {value.text!r} is neither Latest nor Stable, and the "
                    "arg is empty without a word",
                )


def _paths(world: World) -> Iterator[Told]:
    for use in world.uses:
        for name, arg in passed(use.args).items():
            path = arg.at("valueFrom", "fieldRef", "fieldPath")
            if problem := _problem(use.by, path.text):
                yield told(use.by, path, f"args.{name}: {problem}")


def _problem(rollout: Manifest, path: str) -> str:
    if path.startswith("metadata"):
        if METADATA.fullmatch(path):
            return ""
        return f"{path!r} is no field that can be had of metadata; the Rollout is InvalidSpec"
    if not path.startswith("spec"):
        return ""
    node = _at(rollout.node, path)
    if node.kind in ("map", "list"):
        return f"{path!r} ends in more than one value; the AnalysisRun cannot be made"
    # What the API server fills in, or a workload that is referred to, is not in the file.
    is_written = path.startswith("spec.template.") and rollout.spec["template"]["spec"]
    if not node and is_written:
        return f"there is no {path!r} in this Rollout; the AnalysisRun cannot be made"
    return ""


def _at(node: Node, path: str) -> Node:
    for part in filter(None, re.split(r"[.\[\]]+", path)):
        if node.kind == "list":
            place = int(part) if part.isdigit() else len(node.items)
            node = node.items[place] if place < len(node.items) else NOTHING
        else:
            node = node[part]
    return node


RULES = (
    Rule(
        name="arg-value-and-source",
        remedy="keep one",
        find=_both,
    ),
    Rule(
        name="hash-of-nothing",
        remedy="podTemplateHashValue: Latest for the canary, Stable for the other",
        find=_hashes,
    ),
    Rule(
        name="arg-field-path",
        remedy="metadata.name, .namespace, .uid, .labels['k'], .annotations['k'], or a path below spec "
        "that ends in one value",
        find=_paths,
    ),
)
