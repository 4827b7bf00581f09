import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import canarygate
from canarygate.cli.gate import OPTIONS
from canarygate.errors import ExitCode
from tests.jobs.manifests import (
    ANALYSIS,
    ARGUMENT,
    ARGUMENTS,
    CHECKOUT,
    Template,
    environment,
    files,
    job_container,
    templates,
)

NAMES = [
    "canary-error-rate",
    "canary-health",
    "canary-latency",
    "canary-memory",
    "canary-safe-weight",
    "canary-success-rate",
    "canary-verdict",
    "locust-canary-validation",
]
every_template = pytest.mark.parametrize(
    "template", templates().values(), ids=lambda each: each.name
)
METRICS = [(name, metric) for name, each in templates().items() for metric in each.resolved()]
every_metric = pytest.mark.parametrize(
    ("name", "metric"), METRICS, ids=[f"{name}:{metric['name']}" for name, metric in METRICS]
)


def test_these_templates_are_there() -> None:
    assert NAMES == list(templates())


@pytest.mark.parametrize("path", list(files()), ids=lambda each: each.name)
def test_a_file_holds_one_object_and_is_named_after_it(path: Path) -> None:
    [whole] = list(yaml.safe_load_all(path.read_text("utf-8")))

    if whole["kind"] == "Kustomization":
        assert "kustomization.yaml" == path.name
    else:
        assert f"{whole['metadata']['name']}.{whole['kind'].lower()}.yaml" == path.name
        assert "namespace" not in whole["metadata"]


def test_the_kustomization_names_every_template() -> None:
    whole = yaml.safe_load((ANALYSIS / "kustomization.yaml").read_text("utf-8"))

    assert sorted(whole["resources"]) == sorted(path.name for path in ANALYSIS.glob("*.*.yaml"))


@every_template
def test_a_template_declares_the_arguments_that_it_uses_and_no_others(template: Template) -> None:
    """Argo drops what is given and not declared, and refuses what is used and not declared."""
    used = set(ARGUMENT.findall(str(template.metrics)))

    assert set(template.defaults) == used
    assert {name for name, value in template.defaults.items() if value is None} <= set(ARGUMENTS)


@every_template
def test_a_template_has_no_other_braces(template: Template) -> None:
    """Argo knows `{{args.…}}` and refuses the metric for anything else in two braces."""
    assert "{{" not in ARGUMENT.sub("", json.dumps(template.metrics))


def test_an_argument_has_the_same_default_in_every_template() -> None:
    """Two in one step would be an error, even where the Rollout gives the value."""
    found: dict[str, set[str | None]] = {}
    for template in templates().values():
        for name, value in template.defaults.items():
            found.setdefault(name, set()).add(value)

    assert {} == {name: values for name, values in found.items() if len(values) > 1}


def test_no_two_metrics_have_a_name_in_common() -> None:
    """Templates of one step are merged: the same name twice is an error, and Jobs share 24 letters."""
    names = [metric["name"][:24] for _, metric in METRICS]

    assert sorted(set(names)) == sorted(names)
    assert [] == [metric["name"] for _, metric in METRICS if len(metric["name"]) > 24]


@every_metric
def test_a_metric_can_fail_and_can_be_unclear(name: str, metric: dict[str, Any]) -> None:
    """A limit that is not below the number of measurements is never broken."""
    is_endless = "interval" in metric and "count" not in metric
    count = metric.get("count", 1)

    assert is_endless == (name == "canary-success-rate")
    if not is_endless:
        assert metric["failureLimit"] < count
        assert metric.get("inconclusiveLimit", 0) < count
        assert ("interval" in metric) == (count > 1)
    assert 1 <= metric["consecutiveErrorLimit"] <= 12
    if "job" not in metric["provider"]:
        assert {"successCondition", "failureCondition"} <= set(metric)


# --- the Job ---


def test_the_job_is_run_once_and_ends() -> None:
    [metric] = templates()["locust-canary-validation"].resolved()
    job = metric["provider"]["job"]["spec"]

    assert (0, 0) == (metric["failureLimit"], job["backoffLimit"])
    assert 600 == job["activeDeadlineSeconds"]
    assert "Never" == job["template"]["spec"]["restartPolicy"]
    assert {"count", "interval", "initialDelay"} & set(metric) == set()


def test_the_job_is_hardened() -> None:
    [metric] = templates()["locust-canary-validation"].resolved()
    pod = metric["provider"]["job"]["spec"]["template"]["spec"]
    container = job_container()

    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    } == pod["securityContext"]
    assert {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    } == container["securityContext"]
    assert {"cpu": "1", "memory": "512Mi"} == container["resources"]["requests"]
    assert {"memory": "1Gi"} == container["resources"]["limits"]


def test_the_job_runs_the_image_of_this_version_as_the_dockerfile_means_it() -> None:
    dockerfile = (CHECKOUT / "Dockerfile").read_text("utf-8")
    container = job_container()
    image = templates()["locust-canary-validation"].defaults["image"]

    assert f"ghcr.io/acme/canarygate:{canarygate.__version__}" == image
    assert "command" not in container
    assert f"CMD {container['args']}".replace("'", '"') in dockerfile
    assert "USER 10001:10001" in dockerfile
    [results] = [each for each in container["volumeMounts"] if each["name"] == "results"]
    assert f"RESULTS_DIR={results['mountPath']}" in dockerfile


def test_every_variable_of_the_job_is_one_of_the_gate_s() -> None:
    known = {option.variable for option in OPTIONS}

    assert set() == set(environment()) - known
    assert {
        "TARGET_HOST",
        "USERS",
        "SPAWN_RATE",
        "RUN_TIME",
        "LOCUST_FILE",
        "PUSHGATEWAY_URL",
    } <= set(environment())


def dry_run(**given: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "canarygate", *job_container()["args"], "--dry-run"],
        env={"PATH": "/usr/bin:/bin", "FLOWS_DIR": "locustfiles", **environment(**given)},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "given", [{}, {"stable_host": ""}, {"on_inconclusive": "pass"}], ids=["as is", "alone", "pause"]
)
def test_the_gate_understands_what_the_job_gives_it(given: dict[str, str]) -> None:
    """Parsed by the gate itself, with nothing else around."""
    done = dry_run(**given)

    assert (0, "") == (done.returncode, done.stderr)
    assert "pod_template_hash=6b8c7" in done.stdout
    assert "0a1b2c3d-0000-1111-2222-333344445555.locust-validation.1" in done.stdout


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"canary_host": ""}, "TARGET_HOST"),
        ({"canary_hash": "a,b"}, "PUSH_LABELS"),
        ({"on_inconclusive": "ignore"}, "ON_INCONCLUSIVE"),
        ({"policy": "/etc/canarygate/policy.toml"}, "POLICY"),
        ({"locust_file": "no_flow.py"}, "LOCUST_FILE"),
    ],
    ids=lambda each: str(each)[:30],
)
def test_an_argument_that_cannot_be_right_ends_the_gate_with_2_and_its_name(
    given: dict[str, str], named: str
) -> None:
    """No policy is mounted where the tests run, as where the ConfigMap is missing."""
    done = dry_run(**given)

    assert ExitCode.USAGE == done.returncode
    assert named in done.stderr


def test_the_deadline_is_beyond_the_longest_run_that_the_comment_allows() -> None:
    text = templates()["locust-canary-validation"].text
    [minutes] = re.findall(r"At most (\d+)m: activeDeadlineSeconds", text)
    [deadline] = re.findall(r"activeDeadlineSeconds: (\d+)", text)

    assert int(minutes) * 60 + 120 <= int(deadline)


def test_exit_codes_in_the_comments_are_the_command_line_s() -> None:
    text = templates()["locust-canary-validation"].text

    assert f"inconclusive gate (exit {ExitCode.INCONCLUSIVE.value}) aborts" in text
    assert f"and the gate ends with {ExitCode.USAGE.value} before any load" in text
    assert 2 == len(re.findall(r"\(exit \d|ends with [1-9]", text))


# --- the verdict and the weight ---


def test_the_verdict_is_asked_for_by_what_the_gate_was_told_to_push() -> None:
    """Every grouping label of the push is in every selector, and nothing is only hoped for."""
    given = environment()
    pushed = dict(each.split("=") for each in given["PUSH_LABELS"].split(","))
    pushed |= {"service": given["SERVICE"], "stage": given["STAGE"]}
    wanted = pushed | {"job": "canarygate", "role": "canary"}
    [query] = templates()["canary-verdict"].queries().values()
    selectors = re.findall(r"\w+\{([^}]*)\}", query)

    assert 5 == len(selectors)
    for each in selectors:
        found = dict(re.findall(r'(\w+)="([^"]*)"', each))
        assert wanted == {name: value for name, value in found.items() if name != "verdict"}


def test_the_verdict_waits_longer_than_the_oldest_sample_that_it_takes() -> None:
    """So that a sample is of after the gate, however long Prometheus could not scrape."""
    [metric] = templates()["canary-verdict"].resolved()
    query = metric["provider"]["prometheus"]["query"]
    [oldest] = re.findall(r"timestamp\(.*\)\) < (\d+)", query)

    assert int(oldest) < int(metric["initialDelay"].removesuffix("s"))


@every_metric
def test_failures_and_unclear_answers_together_are_not_enough(
    name: str, metric: dict[str, Any]
) -> None:
    """Argo counts them apart: with limits of 1 and 2, one failure and two unclear answers pass three."""
    limits = [metric.get(f"{each}Limit", 0) for each in ("failure", "inconclusive")]

    assert sum(limits) < metric.get("count", 1 if "interval" not in metric else 1000), name


def test_the_weight_s_conditions_are_those_of_its_page() -> None:
    page = (CHECKOUT / "docs" / "weights.md").read_text("utf-8")
    [shown] = [
        yaml.safe_load(text)
        for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
        if "Web" not in text
    ]
    [told] = shown["spec"]["metrics"]
    ours, _ = templates()["canary-safe-weight"].metrics
    same = (
        *("name", "interval", "count", "failureLimit", "inconclusiveLimit"),
        "consecutiveSuccessLimit",
        *("successCondition", "failureCondition"),
    )

    assert {name: told[name] for name in same} == {name: ours[name] for name in same}
    path = ours["provider"]["web"]["url"].partition("/weight")[2]
    assert told["provider"]["web"]["url"].endswith(path)


# --- the page ---


def test_the_page_names_every_template_and_gives_what_a_rollout_has_to_give() -> None:
    page = (CHECKOUT / "docs" / "analysis.md").read_text("utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)
    [example] = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    steps = [each["analysis"] for each in example["steps"] if "analysis" in each]

    assert NAMES == sorted(rows)
    for step in steps:
        given: set[str] = {each["name"] for each in step["args"]}
        [template] = [templates()[each["templateName"]] for each in step["templates"]]
        needed = {name for name, value in template.defaults.items() if value is None}
        assert needed <= given <= set(template.defaults)
