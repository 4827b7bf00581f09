"""What is particular about each of the Rollouts beside the main one."""

import math
from pathlib import Path

from canarygate.cli.values import duration
from tests.jobs.manifests import (
    JOBS,
    Step,
    all_templates,
    analyses,
    background,
    canary,
    default,
    rollout,
    rollouts,
    step_names,
    templates,
)

DEMO = JOBS / "demo-shop"
GATE, VERDICT = "locust-canary-validation", "canary-verdict"

# --- the background ---


def test_the_background_begins_with_users_and_looks_twice_at_each_weight() -> None:
    """One that has not measured when the steps are over is Successful."""
    path = DEMO / "background" / "checkout-service.rollout.yaml"
    steps = canary(path)["steps"]
    start = canary(path)["analysis"]["startingStep"]
    windows = {default(name, "window") for name in canary_background(path).templates}

    assert "pause" == step_names(path)[start]
    assert ["10 %"] == [name for name in step_names(path)[:start] if name.endswith("%")]
    [window] = windows
    for pause in [step["pause"] for step in steps[start:] if "pause" in step]:
        assert 2 * duration(window) + 60 <= duration(pause["duration"])
    assert ["pause", "25 %", "pause", "50 %", "pause", "75 %", "pause", "100 %"] == step_names(
        path
    )[start:]


def test_each_weight_of_the_background_needs_another_pod() -> None:
    """An inconclusive background holds back pods and no steps: where the next weight needs none, it comes."""
    path = DEMO / "background" / "checkout-service.rollout.yaml"
    replicas = rollout(path)["spec"]["replicas"]
    weights = [step["setWeight"] for step in canary(path)["steps"] if "setWeight" in step]
    needed = [math.ceil(replicas * weight / 100) for weight in weights]

    assert sorted(set(needed)) == needed


def canary_background(path: Path) -> Step:
    [found] = background(path)
    return found


def test_the_background_s_p99_is_that_of_a_step_without_its_count() -> None:
    [endless] = all_templates()["canary-p99"].metrics
    [counted] = [each for each in templates()["canary-latency"].metrics if each["name"] == "p99"]

    assert {name: value for name, value in counted.items() if name != "count"} == endless
    defaults = all_templates()["canary-latency"].defaults
    assert all_templates()["canary-p99"].defaults.items() <= defaults.items()


def test_an_endless_metric_is_in_the_background_only() -> None:
    endless = {
        name
        for name, each in all_templates().items()
        if any("interval" in metric and "count" not in metric for metric in each.metrics)
    }

    assert {"canary-p99", "canary-success-rate", "canary-keep-alive"} == endless
    for path in rollouts():
        for step in analyses(path):
            assert endless.isdisjoint(step.templates)


# --- the checkpoint ---


def test_a_person_decides_after_evidence_and_before_more_users() -> None:
    path = DEMO / "checkpoint" / "checkout-service.rollout.yaml"
    steps, names = canary(path)["steps"], step_names(path)
    [asked] = [number for number, step in enumerate(steps) if step.get("pause") == {}]
    before = [
        each["templateName"]
        for step in steps[:asked]
        for each in step.get("analysis", {}).get("templates", ())
    ]

    assert ["5 %"] == [name for name in names[:asked] if name.endswith("%")]
    assert {GATE, VERDICT, "canary-error-rate", "canary-health", "canary-safe-weight"} <= {*before}
    assert "20 %" == names[asked + 1]


def test_the_weight_that_is_asked_for_is_that_of_the_step_after() -> None:
    path = DEMO / "checkpoint" / "checkout-service.rollout.yaml"
    steps = canary(path)["steps"]
    asked = [
        (number, each["value"])
        for number, step in enumerate(steps)
        for each in step.get("analysis", {}).get("args", ())
        if each["name"] == "wanted"
    ]

    assert 3 == len(asked)
    for number, wanted in asked:
        following = next(step["setWeight"] for step in steps[number:] if "setWeight" in step)
        assert str(following) == wanted


# --- the experiment ---


def test_the_experiment_compares_two_fresh_pods_each_behind_its_own_service() -> None:
    path = DEMO / "experiment" / "checkout-service.rollout.yaml"
    [experiment] = [step["experiment"] for step in canary(path)["steps"] if "experiment" in step]
    [analysis] = experiment["analyses"]
    hosts = {each["name"]: each.get("value") for each in analysis["args"]}

    assert [
        {"name": "baseline", "specRef": "stable", "replicas": 1, "service": {}},
        {"name": "canary", "specRef": "canary", "replicas": 1, "service": {}},
    ] == experiment["templates"]
    assert "http://{{templates.canary.replicaset.name}}:8080" == hosts["canary-host"]
    assert "http://{{templates.baseline.replicaset.name}}:8080" == hosts["stable-host"]
    # Without either it would never end.
    assert analysis["requiredForCompletion"] is True
