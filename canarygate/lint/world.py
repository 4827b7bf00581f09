"""All that was given to lint, and how its parts name each other."""

from collections.abc import Iterator, Set
from dataclasses import dataclass
from functools import cached_property

from canarygate.lint.durations import pause_duration
from canarygate.lint.manifests import (
    CLUSTER_TEMPLATE,
    MEASURING,
    TEMPLATE,
    Manifest,
    Metric,
    metrics,
)
from canarygate.lint.nodes import NOTHING, Node

STEP, BACKGROUND, BLUE_GREEN, EXPERIMENT = "step", "background", "blue-green", "experiment"


@dataclass(frozen=True, eq=False)
class Use:
    """A place that runs templates together as one AnalysisRun."""

    by: Manifest
    """The Rollout or the Experiment."""
    kind: str
    node: Node
    names: tuple[Node, ...]
    """The mappings with `templateName`."""
    args: Node
    step: int = -1
    """Its index in `steps`."""


@dataclass(frozen=True, eq=False)
class World:
    """The objects, and what the user told of the cluster."""

    manifests: tuple[Manifest, ...]
    argo_version: str = "1.9"
    scrape_seconds: float = 15.0
    gives_namespace: bool = False
    """A kustomization among the files sets the namespace of all that is built with it."""

    def of_kind(self, *kinds: str) -> list[Manifest]:
        """Argo's objects of these kinds."""
        return [each for each in self.manifests if each.is_argo and each.kind in kinds]

    @cached_property
    def measuring(self) -> list[Manifest]:
        """All that has metrics."""
        return self.of_kind(*MEASURING)

    @cached_property
    def metrics(self) -> list[Metric]:
        """Every metric."""
        return [metric for each in self.measuring for metric in metrics(each)]

    @cached_property
    def rollouts(self) -> list[Manifest]:
        """Every Rollout."""
        return self.of_kind("Rollout")

    @cached_property
    def uses(self) -> list[Use]:
        """Every place that runs templates."""
        found = [use for rollout in self.rollouts for use in _uses(rollout)]
        for experiment in self.of_kind("Experiment"):
            found += _experiment_uses(experiment, experiment.spec["analyses"], -1)
        return found

    def named(self, name: Node, by: Manifest) -> Manifest | None:
        """The template that a reference means; None where it was not given, or by several files."""
        found = self._by_name.get((kind_named(name), name["templateName"].text), [])
        return nearest(found, by)

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], list[Manifest]]:
        found: dict[tuple[str, str], list[Manifest]] = {}
        for each in self.of_kind(TEMPLATE, CLUSTER_TEMPLATE):
            found.setdefault((each.kind, each.name), []).append(each)
        return found

    def templates(self, use: Use) -> list[Manifest]:
        """The templates of a use that were given, with those that they name themselves."""
        return self._of_uses[id(use)]

    @cached_property
    def _of_uses(self) -> dict[int, list[Manifest]]:
        return {id(use): self._templates(use) for use in self.uses}

    def _templates(self, use: Use) -> list[Manifest]:
        found: list[Manifest] = []
        waiting = list(use.names)
        while waiting:
            template = self.named(waiting.pop(0), use.by)
            if template is not None and template not in found:
                found.append(template)
                waiting += template.spec["templates"]
        return found

    def is_whole(self, use: Use) -> bool:
        """Every template that is named, there or below, was given."""
        named = [*use.names, *(x for each in self.templates(use) for x in each.spec["templates"])]
        return all(self.named(name, use.by) is not None for name in named)

    def uses_of(self, template: Manifest) -> list[Use]:
        """Where a template is run."""
        return self._uses_of.get(id(template), [])

    @cached_property
    def _uses_of(self) -> dict[int, list[Use]]:
        found: dict[int, list[Use]] = {}
        for use in self.uses:
            for template in self.templates(use):
                found.setdefault(id(template), []).append(use)
        return found

    def uses_by(self, by: Manifest) -> list[Use]:
        """Every place of a Rollout that runs templates."""
        return self._uses_by.get(id(by), [])

    @cached_property
    def _uses_by(self) -> dict[int, list[Use]]:
        found: dict[int, list[Use]] = {}
        for use in self.uses:
            found.setdefault(id(use.by), []).append(use)
        return found

    def names(self, kind: str) -> Set[str]:
        """The names of the templates of a kind that were given."""
        return self._names[kind]

    @cached_property
    def _names(self) -> dict[str, Set[str]]:
        return {
            kind: dict.fromkeys(each.name for each in self.of_kind(kind)).keys()
            for kind in (TEMPLATE, CLUSTER_TEMPLATE)
        }


def nearest(found: list[Manifest], by: Manifest) -> Manifest | None:
    """Of objects of one name that which another object means; None where several files may have it."""
    found = [each for each in found if each.namespace == by.namespace] or found
    found = [each for each in found if each.place.file == by.place.file] or found
    found = [each for each in found if _folder(each) == _folder(by)] or found
    return found[-1] if len({each.place.file for each in found}) == 1 else None


def _folder(manifest: Manifest) -> str:
    return manifest.place.file.rpartition("/")[0]


def kind_named(name: Node) -> str:
    """The kind that a reference to a template means."""
    return CLUSTER_TEMPLATE if name["clusterScope"].text.lower() == "true" else TEMPLATE


def steps(rollout: Manifest) -> list[Node]:
    """The steps of a canary."""
    return list(rollout.spec.at("strategy", "canary", "steps"))


def length_of_pauses(rollout: Manifest, first: int) -> float | None:
    """Seconds of pauses from a step on; None where a person or an analysis decides."""
    total = 0.0
    for step in steps(rollout)[first:]:
        if "pause" in step.entries:
            length = pause_duration(step.at("pause", "duration").text)
            if length is None:
                return None
            total += length
        elif "setWeight" not in step.entries and "setCanaryScale" not in step.entries:
            return None
    return total


def _uses(rollout: Manifest) -> Iterator[Use]:
    strategy = rollout.spec["strategy"]
    background = strategy.at("canary", "analysis")
    if background["templates"]:
        yield _use(rollout, BACKGROUND, background)
    for field in ("prePromotionAnalysis", "postPromotionAnalysis"):
        if analysis := strategy.at("blueGreen", field):
            yield _use(rollout, BLUE_GREEN, analysis)
    for index, step in enumerate(steps(rollout)):
        if analysis := step["analysis"]:
            yield _use(rollout, STEP, analysis, index)
        yield from _experiment_uses(rollout, step.at("experiment", "analyses"), index)


def _use(by: Manifest, kind: str, node: Node, step: int = -1) -> Use:
    return Use(by, kind, node, tuple(node["templates"]), node["args"], step)


def _experiment_uses(by: Manifest, analyses: Node, step: int) -> list[Use]:
    return [
        Use(by, EXPERIMENT, each, (each,), each["args"] or NOTHING, step)
        for each in analyses
        if each["templateName"]
    ]
