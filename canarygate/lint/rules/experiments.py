"""Experiments that never end, and what they say of pods that they do not have."""

import re
from collections.abc import Iterator

from canarygate.lint.arguments import strings
from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.manifests import Manifest
from canarygate.lint.nodes import Node
from canarygate.lint.world import World, steps

OF_TEMPLATE = re.compile(r"\{\{\s*templates\.([\w-]+)\.")


def _experiments(world: World) -> Iterator[tuple[Manifest, Node, bool]]:
    """Whose it is, its spec, and whether it is a step of a rollout."""
    for rollout in world.rollouts:
        for step in steps(rollout):
            if step["experiment"]:
                yield rollout, step["experiment"], True
    for experiment in world.of_kind("Experiment"):
        yield experiment, experiment.spec, False


def _endless(world: World) -> Iterator[Told]:
    for about, spec, is_step in _experiments(world):
        required = any(each["requiredForCompletion"].is_true for each in spec["analyses"])
        if is_step and not spec["duration"] and not required:
            yield told(
                about,
                spec,
                "this experiment has no duration, and no analysis of it is requiredForCompletion: it never "
                "ends, and the rollout waits for it for ever",
            )


def _unknown(world: World) -> Iterator[Told]:
    for about, spec, _ in _experiments(world):
        known = {each["name"].text for each in spec["templates"]}
        for node in strings(spec["analyses"]):
            for name in OF_TEMPLATE.findall(node.text):
                if name not in known:
                    have = ", ".join(sorted(known)) or "none"
                    yield told(
                        about,
                        node,
                        f"the experiment has no template {name!r} (it has {have}); its analysis cannot be "
                        "made, and the experiment fails",
                    )


RULES = (
    Rule(
        name="experiment-never-ends",
        remedy="a duration, or requiredForCompletion: true for the analysis that decides",
        find=_endless,
    ),
    Rule(
        name="experiment-template-unknown",
        remedy="the name of one of the experiment's templates",
        find=_unknown,
    ),
)
