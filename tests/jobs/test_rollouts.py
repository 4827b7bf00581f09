import json
import math
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

import canarygate
from canarygate.cli.serve import OPTIONS as OF_THE_SHOP
from canarygate.cli.values import duration
from tests.jobs.manifests import (
    JOBS,
    Step,
    all_templates,
    analyses,
    background,
    rollout,
    rollouts,
    templates,
)

DEMO = JOBS / "demo-shop"
MAIN = DEMO / "checkout-service.rollout.yaml"
GATE, VERDICT = "locust-canary-validation", "canary-verdict"
every_rollout = pytest.mark.parametrize("path", rollouts(), ids=lambda each: each.parent.name)


def default(template: str, name: str) -> str:
    found = all_templates()[template].defaults[name]
    assert found is not None
    return found


def canary(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = rollout(path)["spec"]["strategy"]["canary"]
    return found


def step_names(path: Path) -> list[str]:
    """Every step in a word: `5 %`, `analysis`, `pause` …"""
    return [
        f"{step['setWeight']} %" if "setWeight" in step else next(iter(step))
        for step in canary(path)["steps"]
    ]


def test_these_rollouts_are_there() -> None:
    assert ["demo-shop", "background", "checkpoint", "experiment"] == sorted(
        (path.parent.name for path in rollouts()), key=lambda name: (name != "demo-shop", name)
    )


def test_the_weights_are_those_of_the_stories() -> None:
    weights = {
        path.parent.name: [name for name in step_names(path) if name.endswith("%")]
        for path in rollouts()
    }

    assert {
        "demo-shop": ["5 %", "20 %", "50 %", "100 %"],
        "background": ["10 %", "25 %", "50 %", "75 %", "100 %"],
        "checkpoint": ["5 %", "20 %", "50 %", "100 %"],
        "experiment": ["5 %", "20 %", "50 %", "100 %"],
    } == weights


@every_rollout
def test_the_load_comes_before_any_user(path: Path) -> None:
    before = step_names(path)[: step_names(path).index(f"{first_weight(path)} %")]

    assert before in (["setCanaryScale", "analysis", "analysis"], ["experiment", "analysis"])
    assert [GATE] == analyses(path)[0].templates


def first_weight(path: Path) -> int:
    found: int = next(step["setWeight"] for step in canary(path)["steps"] if "setWeight" in step)
    return found


@every_rollout
def test_a_variant_differs_in_its_strategy_alone(path: Path) -> None:
    def rest(each: Path) -> dict[str, Any]:
        whole = json.loads(json.dumps(rollout(each)))
        for name in ("steps", "analysis"):
            whole["spec"]["strategy"]["canary"].pop(name, None)
        return dict(whole)

    assert rest(MAIN) == rest(path)


@every_rollout
def test_history_and_window_are_where_argo_reads_them(path: Path) -> None:
    spec = rollout(path)["spec"]

    assert {"successfulRunHistoryLimit": 3, "unsuccessfulRunHistoryLimit": 5} == spec["analysis"]
    assert {"revisions": 3} == spec["rollbackWindow"]
    assert {"rollbackWindow", "successfulRunHistoryLimit"} & set(
        spec["strategy"]["canary"]
    ) == set()
    # What is out of the history cannot be gone back to.
    assert spec["rollbackWindow"]["revisions"] < spec["revisionHistoryLimit"]


@every_rollout
def test_an_analysis_gives_what_its_templates_need_and_nothing_that_none_declares(
    path: Path,
) -> None:
    """Argo drops the rest without a word, so a misspelt name would be a default."""
    for step in (*analyses(path), *background(path)):
        chosen = [all_templates()[each] for each in step.templates]
        declared = {name for each in chosen for name in each.defaults}
        needed = {name for each in chosen for name, value in each.defaults.items() if value is None}

        assert needed <= set(step.given) <= declared


@every_rollout
def test_a_gate_is_followed_by_its_own_verdict(path: Path) -> None:
    """`pass` leaves what is inconclusive to that step; without it nobody would have judged."""
    steps = analyses(path)
    gates = [number for number, step in enumerate(steps) if GATE in step.templates]

    assert gates
    for number in gates:
        gate, after = steps[number], steps[number + 1]
        assert [GATE] == gate.templates
        assert VERDICT in after.templates
        assert not after.is_experiment
        same = ("service", "namespace", "canary-hash", "stage")
        assert [gate.given[name] for name in same] == [after.given[name] for name in same]
        assert "pass" == gate.given["on-inconclusive"]
    stages = [steps[number].given["stage"] for number in gates]
    assert sorted(set(stages)) == sorted(stages)


@every_rollout
def test_memory_is_asked_for_where_the_load_lasted_as_long_as_its_window(path: Path) -> None:
    window = duration(default("canary-memory", "memory-window"))
    longest = duration("7m")
    before: Step | None = None
    for step in analyses(path):
        if "canary-memory" in step.templates:
            assert before is not None
            assert GATE in before.templates
            assert not before.is_experiment  # its pods have other names
            assert window <= duration(before.given["min-run-time"])
        if GATE in step.templates:
            shortest = duration(step.given.get("min-run-time", default(GATE, "min-run-time")))
            run_time = duration(step.given.get("run-time", default(GATE, "run-time")))
            assert shortest <= run_time <= longest
        before = step


@every_rollout
def test_the_hosts_are_services_that_lead_to_the_pods_port(path: Path) -> None:
    whole = rollout(path)
    [container] = whole["spec"]["template"]["spec"]["containers"]
    [port] = container["ports"]
    environment = {each["name"]: each["value"] for each in container["env"]}
    pod = whole["spec"]["template"]["metadata"]["labels"].items()

    assert environment["PORT"] == str(port["containerPort"])
    for role in ("canary", "stable"):
        name = canary(path)[f"{role}Service"]
        service = yaml.safe_load((DEMO / "services" / f"{name}.service.yaml").read_text("utf-8"))
        [served] = service["spec"]["ports"]
        assert service["spec"]["selector"].items() <= pod
        for step in analyses(path):
            if f"{role}-host" not in step.given:
                continue
            host = urlsplit(step.given[f"{role}-host"])
            if step.is_experiment:
                # Argo gives an Experiment's Service the port of the pod.
                assert host.port == port["containerPort"]
            else:
                assert (host.hostname, host.port) == (name, served["port"])
                assert port["name"] == served["targetPort"]
    for probe in ("readinessProbe", "livenessProbe"):
        assert port["name"] == container[probe]["httpGet"]["port"]
        assert container[probe]["httpGet"]["path"] in ("/readyz", "/healthz")


def test_the_ingress_is_stable_s_and_a_header_reaches_the_canary() -> None:
    [routing] = {json.dumps(canary(path)["trafficRouting"]) for path in rollouts()}
    nginx = json.loads(routing)["nginx"]
    ingress = yaml.safe_load(
        (DEMO / "services" / f"{nginx['stableIngress']}.ingress.yaml").read_text("utf-8")
    )
    [rule] = ingress["spec"]["rules"]
    [route] = rule["http"]["paths"]

    assert {"canary-by-header": "X-Canary"} == nginx["additionalIngressAnnotations"]
    assert canary(MAIN)["stableService"] == route["backend"]["service"]["name"]


def test_the_demo_shop_is_this_version_s_image_with_its_own_variables() -> None:
    whole = rollout(MAIN)
    [container] = whole["spec"]["template"]["spec"]["containers"]

    assert f"ghcr.io/acme/canarygate:{canarygate.__version__}" == container["image"]
    assert ["serve", "shop"] == container["args"]
    assert {each["name"] for each in container["env"]} <= {
        option.variable for option in OF_THE_SHOP
    }


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
