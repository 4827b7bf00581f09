"""Services and Ingresses that a Rollout names: there, and of its own pods."""

from collections.abc import Iterator, Mapping

from canarygate.lint.arguments import is_filled_elsewhere
from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.manifests import Manifest, backends
from canarygate.lint.nodes import NOTHING, Node
from canarygate.lint.rules.refused import INVALID
from canarygate.lint.world import World, nearest
from canarygate.near import is_one_slip

HASH = "rollouts-pod-template-hash"
"""What the controller itself writes into the selectors."""


def named_services(rollout: Manifest) -> list[Node]:
    """Every Service that a Rollout routes with."""
    canary, blue = (rollout.spec["strategy"][kind] for kind in ("canary", "blueGreen"))
    found = [canary[name] for name in ("canaryService", "stableService")]
    found += [canary["pingPong"][name] for name in ("pingService", "pongService")]
    found += [blue[name] for name in ("activeService", "previewService")]
    return [each for each in found if each and not is_filled_elsewhere(each.text)]


def named_ingresses(rollout: Manifest) -> list[Node]:
    """Every Ingress that a Rollout routes with."""
    routing = rollout.spec.at("strategy", "canary", "trafficRouting")
    found = [routing["nginx"]["stableIngress"], routing["alb"]["ingress"]]
    found += [*routing["nginx"]["stableIngresses"], *routing["alb"]["ingresses"]]
    return [each for each in found if each and not is_filled_elsewhere(each.text)]


def beside(world: World, rollout: Manifest, kind: str, group: str) -> dict[str, Manifest | None]:
    """Objects of a kind that may be in the Rollout's namespace, by name; None for one in several files."""
    found: dict[str, list[Manifest]] = {}
    for each in world.manifests:
        is_kind = each.kind == kind and each.node["apiVersion"].text.startswith(group)
        if is_kind and (
            not each.namespace or not rollout.namespace or each.namespace == rollout.namespace
        ):
            found.setdefault(each.name, []).append(each)
    return {name: nearest(several, rollout) for name, several in found.items()}


def pod_labels(world: World, rollout: Manifest) -> Mapping[str, str]:
    """The labels of its pods, of a workload that it refers to as well; empty when not known."""
    template = rollout.spec["template"]
    if reference := rollout.spec["workloadRef"]:
        found = beside(world, rollout, reference["kind"].text, "apps/").get(reference["name"].text)
        template = found.spec["template"] if found else NOTHING
    return {key: each.text for key, each in template.at("metadata", "labels").entries.items()}


def _no_service(world: World) -> Iterator[Told]:
    for rollout in world.rollouts:
        services = beside(world, rollout, "Service", "v1")
        named = named_services(rollout)
        labels = pod_labels(world, rollout)
        # A Rollout alone may have all of its Services elsewhere; one that has some of them has not.
        own = [x.name for x in services.values() if x is not None and _selects(x, labels)]
        if not own and not any(each.text in services for each in named):
            continue
        for each in named:
            if each.text not in services:
                yield told(
                    rollout,
                    each,
                    f"there is no Service {each.text} in what was given{_meant(each, own)}; without "
                    f"it {INVALID}",
                )


def _no_ingress(world: World) -> Iterator[Told]:
    for rollout in world.rollouts:
        ingresses = beside(world, rollout, "Ingress", "networking.k8s.io/")
        root = rollout.spec.at("strategy", "canary", "trafficRouting", "alb", "rootService")
        wanted = {each.text for each in (*named_services(rollout), root)} - {""}
        own = [x.name for x in ingresses.values() if x is not None and wanted & backends(x)]
        named = named_ingresses(rollout)
        if not own and not any(each.text in ingresses for each in named):
            continue
        for each in named:
            if each.text not in ingresses:
                yield told(
                    rollout,
                    each,
                    f"there is no Ingress {each.text} in what was given{_meant(each, own)}; without "
                    "it the Rollout is InvalidSpec, and nothing is deployed",
                )


def _meant(name: Node, own: list[str]) -> str:
    return next((f"; did you mean {each!r}?" for each in own if is_one_slip(name.text, each)), "")


def _selects(service: Manifest, labels: Mapping[str, str]) -> bool:
    wanted = service.spec["selector"].entries
    return bool(wanted) and all(labels.get(key) == each.text for key, each in wanted.items())


def _selectors(world: World) -> Iterator[Told]:
    for rollout in world.rollouts:
        labels = pod_labels(world, rollout)
        services = beside(world, rollout, "Service", "v1")
        for name in {each.text: each for each in named_services(rollout)}:
            service = services.get(name)
            if not labels or service is None:
                continue
            for key, value in service.spec["selector"].entries.items():
                if key == HASH or is_filled_elsewhere(value.text + labels.get(key, "")):
                    continue
                if labels.get(key) != value.text:
                    yield told(
                        service,
                        value,
                        f"it selects {key}: {value.text}, and the pods of Rollout {rollout.name} are "
                        f"not labelled so: {INVALID}",
                    )


RULES = (
    Rule(
        name="service-not-defined",
        remedy="give lint the file that defines it too, or mend the name",
        find=_no_service,
    ),
    Rule(
        name="ingress-not-defined",
        remedy="give lint the file that defines it too, or mend the name",
        find=_no_ingress,
    ),
    Rule(
        name="service-selects-others",
        remedy="the labels of the Rollout's pods; what differs between stable and canary is Argo's to write",
        find=_selectors,
    ),
)
