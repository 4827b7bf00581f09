"""Traffic routers without what they route with."""

from collections.abc import Iterator

from canarygate.lint.findings import Rule, Told
from canarygate.lint.manifests import Manifest
from canarygate.lint.nodes import Node
from canarygate.lint.rules.refused import INVALID
from canarygate.lint.world import World

WITH_SERVICES = ("alb", "istio", "smi", "apisix", "ambassador", "appMesh", "traefik")
"""Routers that need both Services; nginx has a rule of its own."""
ONE_OF = {"alb": ("ingress", "ingresses"), "istio": ("virtualService", "virtualServices")}
PING_PONG = ("alb", "istio")


def _routers(world: World) -> Iterator[Told]:
    for rollout in world.rollouts:
        canary = rollout.spec.at("strategy", "canary")
        routing = canary["trafficRouting"]
        for router in WITH_SERVICES:
            if router in routing.entries:
                yield from _services(rollout, canary, router)
                yield from _names(rollout, routing, router)
        yield from _ping_pong(rollout, canary)


def _services(rollout: Manifest, canary: Node, router: str) -> Iterator[Told]:
    routing = canary["trafficRouting"]
    if router in PING_PONG and canary["pingPong"]:
        return
    if router == "istio" and routing["istio"]["destinationRule"]:
        return
    missing = [name for name in ("canaryService", "stableService") if not canary[name]]
    if missing:
        or_subsets = ", or istio.destinationRule with two subsets" if router == "istio" else ""
        yield Told(
            rollout,
            routing.key_place(router),
            f"{router} needs {' and '.join(missing)} under strategy.canary: {INVALID}",
            f"canaryService and stableService beside trafficRouting{or_subsets}",
        )


def _names(rollout: Manifest, routing: Node, router: str) -> Iterator[Told]:
    if router not in ONE_OF:
        return
    one, many = ONE_OF[router]
    node = routing[router]
    if bool(node[one]) == bool(node[many]):
        yield Told(
            rollout,
            routing.key_place(router),
            f"{router} takes exactly one of {one} and {many}: {INVALID}",
            f"keep {one}, or {many} for several",
        )


def _ping_pong(rollout: Manifest, canary: Node) -> Iterator[Told]:
    routing, place = canary["trafficRouting"], canary.key_place("pingPong")
    if not canary["pingPong"] or not routing:
        return
    if not any(name in routing.entries for name in PING_PONG):
        yield Told(
            rollout, place, f"pingPong works with ALB and Istio alone: {INVALID}", "take it away"
        )
    elif "alb" in routing.entries and not routing["alb"]["rootService"]:
        yield Told(
            rollout,
            routing.key_place("alb"),
            f"ALB with pingPong needs a rootService: {INVALID}",
            "alb.rootService: the Service of the Ingress' rule",
        )


RULES = (
    Rule(
        name="router-incomplete",
        remedy="give the router what it routes with",
        find=_routers,
    ),
)
