"""Whatever makes a pod in jobs/: hardened, of this version, with variables that its command knows."""

import re
import subprocess
import sys
from typing import Any

import pytest

import canarygate
from canarygate.cli.gate import OPTIONS as OF_THE_GATE
from canarygate.cli.options import Option
from canarygate.cli.run import OPTIONS as OF_A_RUN
from canarygate.cli.serve import OPTIONS as OF_THE_SHOP
from canarygate.cli.serve import WEIGHTS_OPTIONS
from canarygate.cli.values import duration
from tests.jobs.manifests import CHECKOUT, JOBS, Pod, pods

KNOWN: dict[str, tuple[Option, ...]] = {
    "gate": tuple(OF_THE_GATE),
    "run": tuple(OF_A_RUN),
    "serve shop": tuple(OF_THE_SHOP),
    "serve weights": tuple(WEIGHTS_OPTIONS),
}
USED_BY_OTHERS = re.compile(r"\$\((\w+)\)")
every_pod = pytest.mark.parametrize(
    "pod", pods(), ids=lambda each: str(each.file.relative_to(JOBS))
)
every_job = pytest.mark.parametrize(
    "pod",
    [each for each in pods() if each.job is not None],
    ids=lambda each: str(each.file.relative_to(JOBS)),
)


def test_every_command_of_ours_is_among_them() -> None:
    assert {"gate": 2, "run": 1, "serve shop": 4, "serve weights": 1} == {
        command: sum(" ".join(each.container["args"]) == command for each in pods())
        for command in KNOWN
    }
    assert 8 == len(pods())


@every_pod
def test_a_pod_is_hardened(pod: Pod) -> None:
    assert pod.spec["automountServiceAccountToken"] is False
    assert pod.spec["enableServiceLinks"] is False
    assert {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    } == pod.spec["securityContext"]
    assert {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    } == pod.container["securityContext"]
    assert {"initContainers", "hostNetwork", "hostPID", "hostIPC"} & set(pod.spec) == set()
    assert all("hostPath" not in each for each in pod.spec.get("volumes", ()))


@every_pod
def test_a_pod_asks_for_cpu_and_memory_and_is_limited_in_memory_alone(pod: Pod) -> None:
    """A CPU limit makes a generator slow, and a service too, in bursts that look like a regression."""
    resources = pod.container["resources"]

    assert {"cpu", "memory"} == set(resources["requests"])
    assert {"memory"} == set(resources["limits"])


@every_pod
def test_a_pod_runs_the_image_of_this_version_by_its_own_entrypoint(pod: Pod) -> None:
    image = pod.put_in(pod.container["image"])

    assert f"ghcr.io/acme/canarygate:{canarygate.__version__}" == image
    assert "command" not in pod.container


@every_pod
def test_every_variable_is_one_of_the_command_s(pod: Pod) -> None:
    """Or one that another of them is made of."""
    known = {option.variable for option in KNOWN[" ".join(pod.container["args"])]}
    names = [each["name"] for each in pod.container["env"]]
    parts = {
        part
        for each in pod.container["env"]
        for part in USED_BY_OTHERS.findall(each.get("value", ""))
    }

    assert set() == set(names) - known - parts
    assert len(set(names)) == len(names)
    for part in parts:
        # Kubernetes leaves `$(NAME)` as it is where NAME comes later.
        user = next(
            number
            for number, each in enumerate(pod.container["env"])
            if f"$({part})" in each.get("value", "")
        )
        assert names.index(part) < user


def dry_run(pod: Pod, **others: str) -> "subprocess.CompletedProcess[str]":
    environment = {
        each["name"]: pod.put_in(each["value"]).replace("$(NAMESPACE)", "shop")
        for each in pod.container["env"]
        if "value" in each
    }
    return subprocess.run(
        [sys.executable, "-m", "canarygate", *pod.container["args"], "--dry-run"],
        env={"PATH": "/usr/bin:/bin", "FLOWS_DIR": "locustfiles", **environment, **others},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@every_job
def test_the_command_understands_what_a_job_gives_it(pod: Pod) -> None:
    # The mount is not here; what is in it is read in test_gate_surroundings.py.
    done = dry_run(pod, POLICY="")

    assert (0, "") == (done.returncode, done.stderr)


@every_job
def test_a_job_is_run_once_and_ends(pod: Pod) -> None:
    assert pod.job is not None
    values: dict[str, Any] = {each["name"]: each.get("value") for each in pod.container["env"]}
    longest = "7m" if pod.file.name.startswith("locust") else pod.put_in(values["RUN_TIME"])

    assert 0 == pod.job["backoffLimit"]
    assert duration(longest) + 120 <= pod.job["activeDeadlineSeconds"]
    assert "Never" == pod.spec["restartPolicy"]
    # On SIGTERM everything is written and pushed within 15 s.
    assert 30 == pod.spec["terminationGracePeriodSeconds"]


@every_job
def test_only_what_has_to_be_written_can_be(pod: Pod) -> None:
    mounts = {each["name"]: each for each in pod.container["volumeMounts"]}
    volumes = {each["name"]: each for each in pod.spec["volumes"]}

    assert set(mounts) == set(volumes)
    assert {"results"} == {name for name, each in mounts.items() if not each.get("readOnly")}
    assert {"sizeLimit": "1Gi"} == volumes["results"]["emptyDir"]
    assert "RESULTS_DIR=/results" in (CHECKOUT / "Dockerfile").read_text("utf-8")
    assert "/results" == mounts["results"]["mountPath"]
