"""Rollouts that the API server or the controller refuses, or whose fields stand where none is read."""

from collections.abc import Iterator

from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.manifests import Manifest, backends
from canarygate.lint.nodes import Node
from canarygate.lint.schema import Unknown, misfits
from canarygate.lint.world import World, steps

LIMITS = ("successfulRunHistoryLimit", "unsuccessfulRunHistoryLimit")
PRUNED = (
    "kubectl refuses the object ('unknown field'), GitOps tools that apply without strict checks "
    "drop it without a word"
)


def _weights(world: World) -> Iterator[Told]:
    for rollout in world.rollouts:
        for step in steps(rollout):
            weight = step["setWeight"]
            if "setWeight" not in step.entries or weight.kind == "int":
                continue
            yield told(
                rollout,
                weight,
                f"setWeight {weight.text or weight.kind!r} is no whole number: nothing in a step is "
                "evaluated, "
                "and the API server refuses the Rollout ('must be of type integer')",
            )


def _misplaced(world: World, *names: str) -> Iterator[tuple[Manifest, Unknown]]:
    for rollout in world.rollouts:
        for each in misfits(rollout, world.argo_version):
            if isinstance(each, Unknown) and each.key in names:
                yield rollout, each


def _history(world: World) -> Iterator[Told]:
    for rollout, each in _misplaced(world, *LIMITS):
        yield Told(
            rollout,
            each.place,
            f"{each.key} is no field here: {PRUNED}, and the default of 5 stays",
        )


def _window(world: World) -> Iterator[Told]:
    for rollout, each in _misplaced(world, "rollbackWindow"):
        yield Told(
            rollout,
            each.place,
            f"rollbackWindow is no field here: {PRUNED}, and every way back runs all steps again",
        )


def _nginx(world: World) -> Iterator[Told]:
    for rollout in world.rollouts:
        canary = rollout.spec.at("strategy", "canary")
        routing = canary["trafficRouting"]
        if "nginx" not in routing.entries:
            continue
        where = routing.key_place("nginx")
        missing = [name for name in ("canaryService", "stableService") if not canary[name]]
        if missing:
            # A slip of the indentation is how they get lost.
            inside = [name for name in missing if routing[name] or routing["nginx"][name]]
            found = f"; {' and '.join(inside)} stands below trafficRouting" if inside else ""
            yield Told(
                rollout,
                where,
                f"nginx needs {' and '.join(missing)} under strategy.canary{found}; without: "
                "InvalidSpec, and "
                "nothing is deployed",
            )
        nginx = routing["nginx"]
        if bool(nginx["stableIngress"]) == bool(nginx["stableIngresses"]):
            yield Told(
                rollout,
                where,
                "nginx takes exactly one of stableIngress and stableIngresses; this is InvalidSpec",
                "name the Ingress of the stable Service in stableIngress",
            )
        yield from _rules(world, rollout, canary)


def _rules(world: World, rollout: Manifest, canary: Node) -> Iterator[Told]:
    nginx, service = canary.at("trafficRouting", "nginx"), canary["stableService"].text
    for wanted in (each for each in (nginx["stableIngress"], *nginx["stableIngresses"]) if each):
        for ingress in (each for each in world.manifests if each.kind == "Ingress"):
            if ingress.name != wanted.text or not service:
                continue
            if ingress.namespace and rollout.namespace and ingress.namespace != rollout.namespace:
                continue
            if service not in backends(ingress):
                yield told(
                    rollout,
                    wanted,
                    f"Ingress {ingress.name} has no rule for Service {service}; the Rollout is InvalidSpec",
                    f"give {ingress.name} a path whose backend is {service}",
                )


RULES = (
    Rule(
        name="set-weight-expression",
        remedy="a whole number per step; let an analysis before it decide whether the step is taken",
        find=_weights,
    ),
    Rule(
        name="history-limit-place",
        remedy="put it under spec.analysis, beside spec.strategy",
        find=_history,
    ),
    Rule(
        name="rollback-window-place",
        remedy="put it at spec.rollbackWindow, beside spec.strategy",
        find=_window,
    ),
    Rule(
        name="nginx-without-services",
        remedy="canaryService and stableService beside trafficRouting, under strategy.canary",
        find=_nginx,
    ),
)
