"""Analyses that the rollout does not wait for, and verdicts that nobody reads."""

from collections.abc import Iterator

from canarygate.lint.arguments import filled, surroundings
from canarygate.lint.durations import go_duration
from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.manifests import containers, job_of, metrics
from canarygate.lint.nodes import Node
from canarygate.lint.world import BACKGROUND, STEP, Use, World, length_of_pauses, steps


def _late(world: World) -> Iterator[Told]:
    for use in (each for each in world.uses if each.kind == BACKGROUND):
        first = use.node["startingStep"].whole or 0
        length = length_of_pauses(use.by, first)
        for template in world.templates(use):
            values = next((each for at, each in surroundings(world, template) if at is use), {})
            for metric in metrics(template):
                text = filled(metric.node["initialDelay"].text, values)
                delay = go_duration(text) if text else None
                if length is None or delay is None or delay < length or first >= len(steps(use.by)):
                    continue
                yield told(
                    use.by,
                    use.node,
                    f"metric {metric.name!r} of {template.name} first measures after {text}, and "
                    "the pauses "
                    f"from step {first} on take {length:g} s: the rollout is over by then, and the "
                    "analysis ends Successful without a measurement",
                )


def _says_pass(world: World, use: Use) -> Node | None:
    """Where a gate of this use maps inconclusive to pass."""
    for template in world.templates(use):
        values = next((each for at, each in surroundings(world, template) if at is use), {})
        for metric in metrics(template):
            for each in containers(job_of(metric)["spec"]["template"]):
                for variable in each["env"]:
                    value = filled(variable["value"].text, values)
                    if variable["name"].text == "ON_INCONCLUSIVE" and value == "pass":
                        return variable["name"]
    return None


def _judges_later(world: World, use: Use) -> bool:
    """A verdict is read between this step and the next change of the weight, or that cannot be told."""
    for index, step in enumerate(steps(use.by)):
        if index <= use.step:
            continue
        if "setWeight" in step.entries:
            return False
        later = [each for each in world.uses_by(use.by) if each.step == index]
        for each in later:
            if not world.is_whole(each):
                return True
            text = " ".join(x.query.text for t in world.templates(each) for x in metrics(t))
            asks_web = any(x.provider == "web" for t in world.templates(each) for x in metrics(t))
            if "canarygate_verdict" in text or asks_web:
                return True
    return False


def _as_pass(world: World) -> Iterator[Told]:
    for use in (each for each in world.uses if each.kind == STEP):
        variable = _says_pass(world, use)
        if variable is not None and not _judges_later(world, use):
            yield told(
                use.by,
                use.node,
                f"the gate of step {use.step} answers inconclusive with exit code 0 "
                "(ON_INCONCLUSIVE=pass, line "
                f"{variable.place.line}), and no step before the next setWeight reads its verdict: no "
                "evidence becomes more traffic",
            )


RULES = (
    Rule(
        name="initial-delay-too-long",
        remedy="an initialDelay shorter than the pauses that follow startingStep",
        find=_late,
    ),
    Rule(
        name="inconclusive-as-pass",
        remedy="a step of canary-verdict right after the gate, or leave ON_INCONCLUSIVE out",
        find=_as_pass,
    ),
)
