import json
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
    canary,
    default,
    rollout,
    rollouts,
    step_names,
)

DEMO = JOBS / "demo-shop"
MAIN = DEMO / "checkout-service.rollout.yaml"
GATE, VERDICT = "locust-canary-validation", "canary-verdict"
every_rollout = pytest.mark.parametrize("path", rollouts(), ids=lambda each: each.parent.name)


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
