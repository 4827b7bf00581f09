"""What is around a gate in its namespace: the policy, the way out, and the load that lasts."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from canarygate.judge.policy import load_policy
from tests.jobs.manifests import JOBS, Pod, all_templates, pods, templates

GATE = JOBS / "base" / "gate"
DRIVERS = [each for each in pods() if each.container["args"] in (["gate"], ["run"])]


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return found


NETWORK = read(GATE / "canarygate-gate.networkpolicy.yaml")["spec"]


# --- the policy ---


def test_the_policy_is_one_and_has_the_limits_that_users_are_judged_by(tmp_path: Path) -> None:
    [(name, text)] = read(GATE / "canarygate-policy.configmap.yaml")["data"].items()
    file = tmp_path / name
    file.write_text(text, "utf-8")

    policy = load_policy(file)

    users = {**templates()["canary-latency"].defaults, **templates()["canary-error-rate"].defaults}
    assert "policy.toml" == name
    assert users["max-error-ratio"] == f"{policy.errors.share:g}"
    assert [(users["max-p95-seconds"], "0.05"), (users["max-p99-seconds"], "0.01")] == [
        (f"{each.slower_than_seconds:g}", f"{each.share:g}") for each in policy.slow
    ]


def test_a_policy_is_mounted_where_a_gate_is_told_to_look() -> None:
    policy = read(GATE / "canarygate-policy.configmap.yaml")
    mounted = [each for each in DRIVERS if "policy" in {v["name"] for v in each.spec["volumes"]}]

    assert 2 == len(mounted)
    for pod in mounted:
        [volume] = [each for each in pod.spec["volumes"] if each["name"] == "policy"]
        [mount] = [each for each in pod.container["volumeMounts"] if each["name"] == "policy"]
        assert policy["metadata"]["name"] == volume["configMap"]["name"]
        assert "/etc/canarygate" == mount["mountPath"]
    [load] = [each for each in DRIVERS if each.kind == "Job"]
    values = {each["name"]: each.get("value") for each in load.container["env"]}
    assert "/etc/canarygate/policy.toml" == values["POLICY"]
    # A missing one has to be seen at once, not to be the built-in one.
    assert "optional" not in next(
        each["configMap"] for each in load.spec["volumes"] if "configMap" in each
    )


# --- the way out ---


def ways_out() -> dict[str, dict[str, Any]]:
    """By the port: where to."""
    return {
        str(port["port"]): {"to": rule.get("to"), "protocol": port.get("protocol", "TCP")}
        for rule in NETWORK["egress"]
        for port in rule["ports"]
    }


def selects(pod: Pod) -> bool:
    [expression] = NETWORK["podSelector"]["matchExpressions"]
    return bool(
        NETWORK["podSelector"]["matchLabels"].items() <= pod.labels.items()
        and expression["operator"] == "In"
        and pod.labels[expression["key"]] in expression["values"]
    )


@pytest.mark.parametrize("pod", DRIVERS, ids=lambda each: each.file.name)
def test_the_policy_is_for_every_pod_that_drives_load(pod: Pod) -> None:
    assert selects(pod)


def test_the_policy_is_for_no_other_pod() -> None:
    assert [] == [each.file.name for each in pods() if each not in DRIVERS and selects(each)]


def test_nothing_comes_in_and_out_go_dns_the_service_and_the_gateway() -> None:
    """No API server, which is on 443 or 6443 of another address."""
    shop = next(each for each in pods() if each.kind == "Rollout")
    [port] = shop.container["ports"]
    gateway = urlsplit(templates()["locust-canary-validation"].defaults["pushgateway-url"] or "")
    service = ways_out()[str(port["containerPort"])]["to"]
    [namespace] = ways_out()[str(gateway.port)]["to"]

    assert ["Ingress", "Egress"] == NETWORK["policyTypes"]
    assert "ingress" not in NETWORK
    assert {"53", str(port["containerPort"]), str(gateway.port)} == set(ways_out())
    assert service[0]["podSelector"]["matchLabels"].items() <= shop.labels.items()
    assert str(gateway.hostname).endswith(
        "." + namespace["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
    )
    # Without a destination a port is open to the whole world.
    assert ["53"] == [number for number, each in ways_out().items() if each["to"] is None]


# --- the load that lasts ---


def test_the_load_that_lasts_begins_again_whatever_came_of_it_and_counts_for_nothing() -> None:
    template = all_templates()["canary-keep-alive"]
    [metric] = template.resolved()
    [container] = metric["provider"]["job"]["spec"]["template"]["spec"]["containers"]
    values = {each["name"]: each["value"] for each in container["env"]}

    assert [{"metricName": f"^{metric['name']}$"}] == template.whole["spec"]["dryRun"]
    assert ("5s", 1_000_000) == (metric["interval"], metric["failureLimit"])
    assert {"count", "successCondition", "failureCondition"}.isdisjoint(metric)
    assert "5m" == values["RUN_TIME"] == values["MIN_RUN_TIME"]
    assert {"PUSHGATEWAY_URL", "ON_INCONCLUSIVE", "STAGE"}.isdisjoint(values)


def test_the_load_that_lasts_is_enough_for_what_judges_it_where_that_is_wanted() -> None:
    """Users think 1 to 3 s, 2 on average, and a window is 2m."""
    users = int(all_templates()["canary-keep-alive"].defaults["users"] or 0)
    for name, needed in (
        ("canary-latency", "latency-min-requests"),
        ("canary-error-rate", "min-requests"),
    ):
        assert "2m" == templates()[name].defaults["window"]
        assert int(templates()[name].defaults[needed] or 0) <= users / 2 * 120


def test_what_judges_users_leaves_the_load_test_s_requests_out_unless_told() -> None:
    found = {
        name: each.defaults["traffic-matcher"]
        for name, each in all_templates().items()
        if "traffic-matcher" in each.defaults
    }

    assert {
        "canary-error-rate": 'traffic!="synthetic"',
        "canary-latency": 'traffic!="synthetic"',
        "canary-p99": 'traffic!="synthetic"',
        "canary-success-rate": 'traffic!="synthetic"',
    } == found
