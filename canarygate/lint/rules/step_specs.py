"""Steps that the controller refuses for what is in them, or for nothing in them."""

from collections.abc import Iterator

from canarygate.lint.arguments import is_filled_elsewhere
from canarygate.lint.durations import pause_duration
from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.nodes import Node
from canarygate.lint.rules.refused import INVALID
from canarygate.lint.world import World, steps

WEIGHERS = ("smi", "alb", "istio", "plugins")
"""Routers that give an experiment's pods a weight."""
Problem = tuple[Node, str, str]


def _refused(world: World) -> Iterator[Told]:
    for rollout in world.rollouts:
        routing = rollout.spec.at("strategy", "canary", "trafficRouting")
        for step in steps(rollout):
            for node, wrong, remedy in _problems(step, routing):
                yield told(rollout, node, f"{wrong}: {INVALID}", remedy)


def _problems(step: Node, routing: Node) -> Iterator[Problem]:
    if step.kind == "map" and not any(step.entries.values()):
        named = " and ".join(step.entries) or "nothing"
        wrong = f"{named} without a value is no step" if step.entries else "the step is empty"
        yield step, wrong, "`- pause: {}` for a pause without an end, or take the step away"
    yield from _pause(step["pause"]["duration"])
    for template in step["experiment"]["templates"]:
        if template["weight"] and not any(name in routing.entries for name in WEIGHERS):
            wrong = "the weight of an experiment's template needs SMI, ALB, Istio or a plugin"
            yield template["weight"], wrong, "take the weight away, or give the template a service"
    for match in step["setHeaderRoute"]["match"]:
        yield from _header(match, routing)


def _pause(duration: Node) -> Iterator[Problem]:
    if not duration or is_filled_elsewhere(duration.text):
        return
    seconds = pause_duration(duration.text) if duration.kind in ("str", "int") else None
    if seconds is None or seconds < 0:
        wrong = f"a pause of {duration.text!r} is no duration"
        yield duration, wrong, "seconds, or a number with s, m or h: 300, 5m, 1h30m (a day is 24h)"


def _header(match: Node, routing: Node) -> Iterator[Problem]:
    value = match["headerValue"]
    given = [name for name in ("exact", "prefix", "regex") if value[name].text]
    if "alb" in routing.entries and given != ["exact"]:
        yield value or match, "ALB matches a header by exact alone", "headerValue: {exact: ...}"
    elif len(given) != 1:
        wrong = "a header is matched by exactly one of exact, prefix and regex"
        yield value or match, wrong, "keep one"


RULES = (
    Rule(
        name="step-refused",
        remedy="mend the step",
        find=_refused,
    ),
)
