"""What scales a Rollout, and the workload whose pods it takes."""

from collections.abc import Iterator

from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.manifests import ARGO
from canarygate.lint.rules.services import beside
from canarygate.lint.world import World


def _autoscalers(world: World) -> Iterator[Told]:
    for rollout in world.rollouts:
        for scaler in beside(world, rollout, "HorizontalPodAutoscaler", "autoscaling/").values():
            if scaler is None:
                continue
            target = scaler.spec["scaleTargetRef"]
            kind, group = target["kind"].text, target["apiVersion"].text
            if target["name"].text != rollout.name:
                continue
            if kind == "Rollout" and group.startswith(ARGO):
                continue
            if kind != "Rollout" and rollout.name in beside(world, rollout, kind, "apps/"):
                continue
            yield told(
                scaler,
                target["kind"],
                f"it scales {group or 'no apiVersion'} {kind} {rollout.name}, and {rollout.name} is a "
                "Rollout of argoproj.io/v1alpha1: nothing is scaled, however large the load",
            )


def _twice(world: World) -> Iterator[Told]:
    for rollout in world.rollouts:
        reference = rollout.spec["workloadRef"]
        if not reference or reference["scaleDown"]:
            continue
        found = beside(world, rollout, reference["kind"].text, "apps/").get(reference["name"].text)
        if found is None or found.spec["replicas"].whole == 0:
            continue
        replicas = found.spec["replicas"]
        count = replicas.text if replicas else "1 (there is no replicas)"
        yield told(
            rollout,
            reference["name"],
            f"{found.kind} {found.name} keeps its own pods, {count}, beside those of the Rollout: scaleDown "
            "is left out, which means never, and Services that select by label reach both",
        )


RULES = (
    Rule(
        name="autoscaler-of-nothing",
        remedy="scaleTargetRef: {apiVersion: argoproj.io/v1alpha1, kind: Rollout}",
        find=_autoscalers,
    ),
    Rule(
        name="workload-kept",
        remedy="workloadRef.scaleDown: onsuccess (or progressively), or replicas: 0 in the workload",
        find=_twice,
    ),
)
