"""Experiments that never end, and what they say of pods that they do not have."""

import re
from collections.abc import Iterator

from canarygate.lint.arguments import is_filled_elsewhere, strings
from canarygate.lint.durations import go_duration
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
        duration = spec["duration"]
        if duration and not is_filled_elsewhere(duration.text) and not go_duration(duration.text):
            yield told(
                about,
                duration,
                f"an experiment's duration of {duration.text!r} is no duration, so it never passes: the "
                "experiment does not end by itself",
                "30m or 24h; there are no days",
            )
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


def _spec_refs(world: World) -> Iterator[Told]:
    for about, spec, is_step in _experiments(world):
        for template in spec["templates"]:
            reference = template["specRef"]
            if is_step and reference and reference.text not in ("stable", "canary"):
                yield told(
                    about,
                    reference,
                    f"specRef {reference.text!r} is neither stable nor canary: the experiment cannot be "
                    "made, and the rollout stays at this step",
                    "specRef: stable or specRef: canary",
                )


def _templates(world: World) -> Iterator[Told]:
    yield from _unknown(world)
    yield from _spec_refs(world)


RULES = (
    Rule(
        name="experiment-never-ends",
        remedy="a duration, or requiredForCompletion: true for the analysis that decides",
        find=_endless,
    ),
    Rule(
        name="experiment-template-unknown",
        remedy="the name of one of the experiment's templates",
        find=_templates,
    ),
)
