"""Keys that are no fields, keys that have to be there, and values of another kind than the field's."""

from collections.abc import Iterator

from canarygate.lint.arguments import is_filled_elsewhere, names_in
from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.manifests import Manifest
from canarygate.lint.rules.rollouts import LIMITS, PRUNED
from canarygate.lint.schema import (
    Misfit,
    Missing,
    NoNumber,
    Unknown,
    WrongKind,
    field_table,
    misfits,
)
from canarygate.lint.world import World
from canarygate.near import did_you_mean

TOLD_ELSEWHERE = {"rollbackWindow", "setWeight", *LIMITS}
"""Fields whose own rules say where they belong."""


def _all(world: World) -> Iterator[tuple[Manifest, Misfit]]:
    for manifest in world.manifests:
        for each in misfits(manifest, world.argo_version):
            if each.key not in TOLD_ELSEWHERE or (manifest.kind != "Rollout"):
                yield manifest, each


def _unknown(world: World) -> Iterator[Told]:
    for manifest, each in _all(world):
        if not isinstance(each, Unknown) or "{{" in each.key:
            continue
        if release := _elsewhere(manifest, each, world.argo_version):
            says = f"is a field of Argo Rollouts {release}, and none of {world.argo_version}"
            remedy = f"--argo-version {release}, if that is the controller's"
        else:
            says, remedy = f"is no field here{did_you_mean(each.key, each.known)}", ""
        yield Told(manifest, each.place, f"{each.key} {says}: {PRUNED}", remedy)


def _elsewhere(manifest: Manifest, unknown: Unknown, here: str) -> str:
    """The release that has the field, where it is another one."""
    for release in field_table()["releases"]:
        found = {(x.key, x.place) for x in misfits(manifest, release) if isinstance(x, Unknown)}
        if release != here and (unknown.key, unknown.place) not in found:
            return str(release)
    return ""


def _missing(world: World) -> Iterator[Told]:
    for manifest, each in _all(world):
        if isinstance(each, Missing):
            yield told(
                manifest,
                each.node,
                f"{each.key} is missing here, and the API server refuses the object "
                f"('{each.key}: Required value')",
                f"give it {each.key}, or take the whole entry away",
            )


def _kind(world: World) -> Iterator[Told]:
    for manifest, each in _all(world):
        if not isinstance(each, WrongKind) or is_filled_elsewhere(each.node.text):
            continue
        shown = f" {each.node.text!r}" if each.node.text else ""
        yield told(
            manifest,
            each.node,
            f"{each.key}{shown} is {each.written} where {each.wanted} belongs; the API server refuses "
            "the object",
            "put it in quotes" if each.wanted == "a text" and each.node.text else "",
        )


def _text(world: World) -> Iterator[Told]:
    for manifest, each in _all(world):
        if not isinstance(each, NoNumber) or names_in(each.node.text):
            continue
        if not is_filled_elsewhere(each.node.text):
            yield told(
                manifest,
                each.node,
                f"{each.key} {each.node.text or each.node.kind!r} is no whole number; the API server "
                "refuses the object ('must be of type integer')",
            )


def _args(world: World) -> Iterator[Told]:
    for manifest, each in _all(world):
        if isinstance(each, NoNumber) and names_in(each.node.text):
            yield told(
                manifest,
                each.node,
                f"{each.key} holds a whole number and no text; the API server refuses the object "
                "('must be of type integer'), quoted or not",
            )


RULES = (
    Rule(
        name="unknown-field",
        remedy="take it away, or write it as its definition spells it and where it is read",
        find=_unknown,
    ),
    Rule(
        name="field-missing",
        remedy="give it, or take the whole entry away",
        find=_missing,
    ),
    Rule(
        name="wrong-type",
        remedy="write it in the shape that the field has",
        find=_kind,
    ),
    Rule(
        name="text-in-integer-field",
        remedy="a whole number without quotes",
        find=_text,
    ),
    Rule(
        name="arg-in-integer-field",
        remedy="write the number; only count, the limits and pause.duration take an arg",
        find=_args,
    ),
)
