from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

import canarygate
from canarygate.cli.serve import OPTIONS as OF_THE_SHOP
from canarygate.cli.values import duration
from tests.jobs.manifests import CHECKOUT, JOBS, Step, analyses, rollout, rollouts, templates

DEMO = JOBS / "demo-shop"
GATE, VERDICT = "locust-canary-validation", "canary-verdict"
every_rollout = pytest.mark.parametrize("path", rollouts(), ids=lambda each: each.name)


def default(template: str, name: str) -> str:
    found = templates()[template].defaults[name]
    assert found is not None
    return found


def test_the_weights_are_those_of_the_story() -> None:
    steps = rollout(DEMO / "checkout-service.rollout.yaml")["spec"]["strategy"]["canary"]["steps"]

    assert [5, 20, 50, 100] == [each["setWeight"] for each in steps if "setWeight" in each]
    assert {"setCanaryScale": {"replicas": 1}} == steps[0]


@every_rollout
def test_a_step_gives_what_its_templates_need_and_nothing_that_none_declares(path: Path) -> None:
    """Argo drops the rest without a word, so a misspelt name would be a default."""
    for step in analyses(path):
        declared = {name for each in step.templates for name in templates()[each].defaults}
        needed = {
            name
            for each in step.templates
            for name, value in templates()[each].defaults.items()
            if value is None
        }

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
            assert window <= duration(before.given["min-run-time"])
        if GATE in step.templates:
            shortest = duration(step.given.get("min-run-time", default(GATE, "min-run-time")))
            run_time = duration(step.given.get("run-time", default(GATE, "run-time")))
            assert shortest <= run_time <= longest
        before = step


@every_rollout
def test_the_hosts_are_services_that_lead_to_the_pods_port(path: Path) -> None:
    whole = rollout(path)
    canary = whole["spec"]["strategy"]["canary"]
    [container] = whole["spec"]["template"]["spec"]["containers"]
    [port] = container["ports"]
    environment = {each["name"]: each["value"] for each in container["env"]}

    assert environment["PORT"] == str(port["containerPort"])
    for step in analyses(path):
        if GATE not in step.templates:
            continue
        for role in ("canary", "stable"):
            host = urlsplit(step.given[f"{role}-host"])
            assert canary[f"{role}Service"] == host.hostname
            service = yaml.safe_load(
                (path.parent / f"{host.hostname}.service.yaml").read_text("utf-8")
            )
            [served] = service["spec"]["ports"]
            assert (host.port, port["name"]) == (served["port"], served["targetPort"])
    for probe in ("readinessProbe", "livenessProbe"):
        assert port["name"] == container[probe]["httpGet"]["port"]
        assert container[probe]["httpGet"]["path"] in ("/readyz", "/healthz")


def test_the_demo_shop_is_this_version_s_image_with_its_own_variables() -> None:
    whole = rollout(DEMO / "checkout-service.rollout.yaml")
    [container] = whole["spec"]["template"]["spec"]["containers"]

    assert f"ghcr.io/acme/canarygate:{canarygate.__version__}" == container["image"]
    assert ["serve", "shop"] == container["args"]
    assert {each["name"] for each in container["env"]} <= {
        option.variable for option in OF_THE_SHOP
    }


def test_the_kustomization_names_every_file_beside_it() -> None:
    whole = yaml.safe_load((DEMO / "kustomization.yaml").read_text("utf-8"))

    assert {"../analysis"} | {path.name for path in DEMO.glob("*.*.yaml")} == set(
        whole["resources"]
    )
    assert (CHECKOUT / "jobs" / "analysis" / "kustomization.yaml").is_file()
