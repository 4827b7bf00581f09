"""Kubernetes objects as far as the rules look at them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from canarygate.lint.nodes import NOTHING, Node, Place

ARGO = "argoproj.io/"
TEMPLATE, CLUSTER_TEMPLATE = "AnalysisTemplate", "ClusterAnalysisTemplate"
MEASURING = (TEMPLATE, CLUSTER_TEMPLATE, "AnalysisRun")
"""Kinds with `spec.metrics` and `spec.args`."""
CHECKED = ("Rollout", *MEASURING, "Experiment")
"""Kinds of Argo Rollouts; a run that saw none of them has checked nothing."""


@dataclass(frozen=True, eq=False)
class Manifest:
    """One object."""

    node: Node
    kind: str
    name: str
    namespace: str
    is_argo: bool

    @property
    def spec(self) -> Node:
        """What it asks for."""
        return self.node["spec"]

    @property
    def place(self) -> Place:
        """Where its name is written."""
        return (self.node.at("metadata", "name") or self.node).place


@dataclass(frozen=True, eq=False)
class Metric:
    """One metric of a template or a run."""

    owner: Manifest
    node: Node

    @property
    def name(self) -> str:
        """`load`."""
        return self.node["name"].text

    @property
    def provider(self) -> str:
        """`prometheus`, `job`, `web`; "" where there is none or more than one."""
        names = list(self.node["provider"].entries)
        return names[0] if len(names) == 1 else ""

    @property
    def asked(self) -> Node:
        """What its provider is told."""
        return self.node["provider"][self.provider]

    @property
    def query(self) -> Node:
        """The PromQL of a Prometheus metric, else nothing."""
        return self.asked["query"] if self.provider == "prometheus" else NOTHING


def manifests(documents: Iterable[Node]) -> Iterator[Manifest]:
    """The objects of YAML documents, those of lists too."""
    for document in documents:
        kind = document["kind"].text
        if kind == "List":
            yield from manifests(document["items"])
        elif kind:
            metadata = document["metadata"]
            yield Manifest(
                document,
                kind,
                (metadata["name"] or metadata["generateName"]).text,
                metadata["namespace"].text,
                document["apiVersion"].text.startswith(ARGO),
            )


def metrics(manifest: Manifest) -> list[Metric]:
    """Its metrics, in order."""
    return [Metric(manifest, each) for each in manifest.spec["metrics"] if each.kind == "map"]


def job_of(metric: Metric) -> Node:
    """The Job of a metric, a mapping with `spec` and `metadata`; nothing for other providers."""
    return metric.asked if metric.provider == "job" else NOTHING


def containers(pod_template: Node) -> list[Node]:
    """Containers of a pod, those that run first included."""
    pod = pod_template["spec"]
    return [*pod["initContainers"], *pod["containers"]]


def backends(ingress: Manifest) -> set[str]:
    """The Services that the rules of an Ingress lead to."""
    found = {ingress.spec.at("defaultBackend", "service", "name").text}
    for rule in ingress.spec["rules"]:
        for path in rule.at("http", "paths"):
            found.add(path.at("backend", "service", "name").text)
    return found - {""}
