"""Steps and routing that the controller refuses: the Rollout is InvalidSpec, and nothing is deployed."""

from collections.abc import Iterator

from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.world import World, steps

KINDS = ("setWeight", "pause", "analysis", "experiment")
"""Only these exclude each other; a scale and a header route may stand beside a pause."""
INVALID = "the Rollout is InvalidSpec, and nothing is deployed"
ROUTES = {
    "setHeaderRoute": ("istio", "alb", "apisix", "plugins"),
    "setMirrorRoute": ("istio",),
}
"""Steps that need a route, and the routers that have one."""


def _routing(world: World) -> Iterator[Told]:
    for rollout in world.rollouts:
        canary = rollout.spec.at("strategy", "canary")
        if canary["trafficRouting"]:
            continue
        found = [each["setCanaryScale"] for each in steps(rollout) if each["setCanaryScale"]]
        named = [(canary[x], x) for x in ("scaleDownDelaySeconds", "dynamicStableScale")]
        for node, name in [*((each, "setCanaryScale") for each in found), *named]:
            if node and (node.kind != "bool" or node.is_true):
                yield told(rollout, node, f"{name} without trafficRouting: {INVALID}")


def _two(world: World) -> Iterator[Told]:
    for rollout in world.rollouts:
        for step in steps(rollout):
            names = [name for name in KINDS if name in step.entries]
            if len(names) > 1:
                yield told(
                    rollout,
                    step,
                    f"one step is {' and '.join(names)} at once: {INVALID}",
                )


def _range(world: World) -> Iterator[Told]:
    for rollout in world.rollouts:
        most = (
            rollout.spec.at("strategy", "canary", "trafficRouting", "maxTrafficWeight").whole or 100
        )
        for step in steps(rollout):
            weight = step["setWeight"].whole
            if weight is not None and not 0 <= weight <= most:
                yield told(
                    rollout,
                    step["setWeight"],
                    f"setWeight {weight} is not between 0 and {most}: {INVALID}",
                )


def _routes(world: World) -> Iterator[Told]:
    for rollout in world.rollouts:
        routing = rollout.spec.at("strategy", "canary", "trafficRouting")
        managed = {each["name"].text for each in routing["managedRoutes"]}
        for step in steps(rollout):
            for kind, routers in ROUTES.items():
                route = step[kind]
                if not route:
                    continue
                if not any(name in routing.entries for name in routers):
                    here = ", ".join(x for x in routing.entries if x != "managedRoutes") or "none"
                    yield told(
                        rollout,
                        route,
                        f"{kind} needs {' or '.join(routers)}, and the traffic routing is {here}: {INVALID}",
                    )
                elif route["name"].text not in managed:
                    yield told(
                        rollout,
                        route,
                        f"route {route['name'].text!r} is not in managedRoutes: {INVALID}",
                        "name it under trafficRouting.managedRoutes",
                    )


RULES = (
    Rule(
        name="routing-needed",
        remedy="give the canary a trafficRouting, or leave it out",
        find=_routing,
    ),
    Rule(
        name="step-of-two",
        remedy="a list item of its own for each: `- setWeight: 20`, `- pause: {}`",
        find=_two,
    ),
    Rule(
        name="weight-out-of-range",
        remedy="a weight from 0 to 100, or to maxTrafficWeight where that is set",
        find=_range,
    ),
    Rule(
        name="route-not-supported",
        remedy="for nginx: additionalIngressAnnotations with canary-by-header, which is not bound to a step",
        find=_routes,
    ),
)
