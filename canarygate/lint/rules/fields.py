"""Keys that are no fields, and texts in fields of numbers."""

from collections.abc import Iterator

from canarygate.lint.arguments import names_in
from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.manifests import CHECKED, Manifest
from canarygate.lint.rules.rollouts import LIMITS, PRUNED
from canarygate.lint.schema import NoNumber, Unknown, misfits
from canarygate.lint.world import World
from canarygate.near import did_you_mean

TOLD_ELSEWHERE = {"rollbackWindow", "setWeight", *LIMITS}
"""Fields whose own rules say where they belong."""


def _all(world: World) -> Iterator[tuple[Manifest, Unknown | NoNumber]]:
    for manifest in world.of_kind(*CHECKED):
        for each in misfits(manifest, world.argo_version):
            if each.key not in TOLD_ELSEWHERE:
                yield manifest, each


def _unknown(world: World) -> Iterator[Told]:
    for manifest, each in _all(world):
        if not isinstance(each, Unknown) or "{{" in each.key:
            continue
        meant = did_you_mean(each.key, each.known)
        yield Told(manifest, each.place, f"{each.key} is no field here{meant}: {PRUNED}")


def _text(world: World) -> Iterator[Told]:
    for manifest, each in _all(world):
        if isinstance(each, NoNumber) and not names_in(each.node.text):
            yield told(
                manifest,
                each.node,
                f"{each.key} {each.node.text!r} is no whole number; the API server "
                "refuses the "
                "object ('must be of type integer')",
            )


def _args(world: World) -> Iterator[Told]:
    for manifest, each in _all(world):
        if isinstance(each, NoNumber) and names_in(each.node.text):
            yield told(
                manifest,
                each.node,
                f"{each.key} holds a whole number and no text; the API server refuses the object "
                "('must be of "
                "type integer'), quoted or not",
            )


RULES = (
    Rule(
        name="unknown-field",
        remedy="take it away, or write it as Argo spells it and where Argo reads it",
        find=_unknown,
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
