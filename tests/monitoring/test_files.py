"""The examples beside the rules: what Prometheus scrapes, whom Alertmanager tells, what kustomize takes."""

import re
import runpy
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.live.cluster_asked import objects
from tests.monitoring.expressions import MONITORING, read, rules
from tests.push_metrics.conftest import find_program

ALERTS = {each["alert"]: each["labels"] for each in rules("alerts.yaml")}
SCRAPES = {
    each["job_name"]: each for each in read(MONITORING / "prometheus.yaml")["scrape_configs"]
}
ROUTING = read(MONITORING / "alertmanager.yaml")


def test_the_gateway_keeps_its_labels_and_the_jobs_have_the_names_that_alerts_ask_for() -> None:
    text = (MONITORING / "rules" / "alerts.yaml").read_text("utf-8")
    asked = set(re.findall(r'up\{job="([^"]+)"', text))

    assert SCRAPES["pushgateway"]["honor_labels"] is True
    assert {"pushgateway", "canarygate-weights"} == asked
    assert asked <= set(SCRAPES)


def test_pods_get_the_labels_that_the_rules_group_by() -> None:
    targets = {each.get("target_label") for each in SCRAPES["pods"]["relabel_configs"]}

    assert {"namespace", "pod", "job", "role"} <= targets


def test_what_is_scraped_is_where_jobs_has_it() -> None:
    def target(job: str) -> str:
        [[found]] = [each["targets"] for each in SCRAPES[job]["static_configs"]]
        return str(found)

    service = next(
        each for each in objects() if each.get("kind") == "Service" and "weights" in str(each)
    )
    [port] = service["spec"]["ports"]
    gateways = {
        arg["value"]
        for each in objects()
        if each.get("kind") == "AnalysisTemplate"
        for arg in each["spec"].get("args", ())
        if arg["name"] == "pushgateway-url"
    }

    assert {f"http://{target('pushgateway')}"} == gateways
    assert f"{service['metadata']['name']}.canarygate:{port['port']}" == target(
        "canarygate-weights"
    )


def test_every_rollout_s_pods_get_the_job_and_the_role_that_the_rules_look_for() -> None:
    """`job` is the pod's label app.kubernetes.io/name; the gate pushes the same name as `service`."""
    found = [
        each for each in objects() if each.get("kind") == "Rollout" and "strategy" in each["spec"]
    ]
    for each in found:
        canary = each["spec"]["strategy"]["canary"]
        labels = each["spec"]["template"]["metadata"]["labels"]
        services = set(re.findall(r"'name': 'service', 'value': '([^']+)'", str(canary)))

        assert {labels["app.kubernetes.io/name"]} == services
        assert {"role": "canary"} == canary["canaryMetadata"]["labels"]
        assert {"role": "stable"} == canary["stableMetadata"]["labels"]
    assert found


def test_what_tells_of_pods_keeps_the_pods_names() -> None:
    """Else every series of kube-state-metrics has the namespace and pod of its own exporter."""
    assert SCRAPES["kube-state-metrics"]["honor_labels"] is True
    assert "/metrics/cadvisor" == SCRAPES["cadvisor"]["metrics_path"]


def test_the_scrape_settings_are_prometheus_settings(tmp_path: Path) -> None:
    """A promtool of a distribution may know no cluster, so the pods' targets are left out."""
    settings = read(MONITORING / "prometheus.yaml")
    for each in settings["scrape_configs"]:
        each.pop("kubernetes_sd_configs", None)
        # promtool looks for the files.
        each.pop("tls_config", None)
        each.pop("authorization", None)
    settings["rule_files"] = [str(MONITORING / "rules" / "*.yaml")]
    file = tmp_path / "prometheus.yml"
    file.write_text(yaml.safe_dump(settings))

    done = subprocess.run(
        [find_program("promtool"), "check", "config", file],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert 0 == done.returncode, done.stdout + done.stderr


def receivers(labels: dict[str, str], route: dict[str, Any]) -> list[str]:
    """As Alertmanager finds them: the children that match, else the route itself."""
    found: list[str] = []
    for child in route.get("routes", ()):
        if all(matches(each, labels) for each in child["matchers"]):
            found += receivers(labels, child)
            if not child.get("continue"):
                break
    return found or [route["receiver"]]


def matches(matcher: str, labels: dict[str, str]) -> bool:
    parts = re.fullmatch(r'(\w+)(=~|=)"([^"]*)"', matcher)
    assert parts, matcher
    pattern = parts[3] if parts[2] == "=~" else re.escape(parts[3])
    return re.fullmatch(pattern, labels.get(parts[1], "")) is not None


@pytest.mark.parametrize("name", ALERTS)
def test_everything_is_told_and_only_what_pages_wakes_anybody(name: str) -> None:
    told = receivers({"alertname": name, **ALERTS[name]}, ROUTING["route"])

    pages = ["canary-pages"] if ALERTS[name]["severity"] == "page" else []
    assert [*pages, "canary-notices"] == told


def test_a_conversation_is_about_one_service_in_one_place_and_holds_no_secret() -> None:
    text = (MONITORING / "alertmanager.yaml").read_text("utf-8")
    names = {each["name"] for each in ROUTING["receivers"]}

    assert ["namespace", "service"] == ROUTING["route"]["group_by"]
    assert {"canary-pages", "canary-notices"} == names
    assert [] == re.findall(r"(?:routing_key|api_url|password|token):", text)


def test_what_is_muted_and_what_mutes_are_alerts_of_ours() -> None:
    for rule in ROUTING["inhibit_rules"]:
        for side in ("source_matchers", "target_matchers"):
            assert any(
                all(matches(each, {"alertname": name}) for each in rule[side]) for name in ALERTS
            )


def test_kustomize_is_given_files_of_this_folder_only() -> None:
    """It refuses any file outside of the folder that the kustomization is in."""
    found = read(MONITORING / "kustomization.yaml")
    files = [
        (MONITORING / each.rpartition("=")[2]).resolve()
        for generator in found["configMapGenerator"]
        for each in generator["files"]
    ]

    assert ("kustomize.config.k8s.io/v1beta1", "Kustomization") == (
        found["apiVersion"],
        found["kind"],
    )
    assert [] == [each for each in files if not each.is_file() or MONITORING not in each.parents]
    assert {*(MONITORING / "rules").glob("*.yaml"), MONITORING / "dashboard.json"} == set(files)


def test_the_operator_is_given_the_same_rules() -> None:
    """Write it anew with `python scripts/make_prometheusrule.py`."""
    text = (MONITORING / "operator" / "canarygate.prometheusrule.yaml").read_text("utf-8")
    groups = [
        group
        for name in ("recording.yaml", "alerts.yaml")
        for group in read(MONITORING / "rules" / name)["groups"]
    ]
    script = runpy.run_path(str(MONITORING.parent / "scripts" / "make_prometheusrule.py"))

    assert script["prometheus_rule"]() == text
    assert {"groups": groups} == yaml.safe_load(text)["spec"]
    assert ["canarygate.prometheusrule.yaml"] == read(
        MONITORING / "operator" / "kustomization.yaml"
    )["resources"]
