"""The load Jobs of jobs/base and of the overlay `distributed`, with their manifests' variables."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from canarygate.errors import ExitCode
from canarygate.results import ROLES, read_run
from tests.jobs.manifests import JOBS, Pod, pods
from tests.live.conftest import BUSY, FLOWS, LIMITS_ONLY, Gateway, StartShop

pytestmark = pytest.mark.live

SYNTHETIC, USER = 'traffic="synthetic"', 'traffic="user"'
QUICK = {"LOCUST_FILE": str(FLOWS / "quick_flow.py"), "SPAWN_RATE": "40", "WARM_UP": "1s"}


def of_file(name: str) -> Pod:
    [found] = [each for each in pods() if each.file.name.startswith(name)]
    return found


def variables(pod: Pod, known: Mapping[str, str]) -> dict[str, str]:
    """As the kubelet makes them: in order, and `$(NAME)` is what came before under that name."""
    found = dict(known)
    for each in pod.container["env"]:
        value = pod.put_in(each["value"]) if "value" in each else known[each["name"]]
        for name, earlier in found.items():
            value = value.replace(f"$({name})", earlier)
        found.setdefault(each["name"], value)
    return found


def start(pod: Pod, folder: Path, **others: str) -> "subprocess.Popen[str]":
    """The container as a process, with these variables in place of the manifest's or the cluster's."""
    known = {"PATH": os.environ["PATH"], "HOME": str(folder), "RESULTS_DIR": str(folder), **others}
    return subprocess.Popen(
        [sys.executable, "-m", "canarygate", *pod.container["args"]],
        env=variables(pod, known),
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def ended(*processes: "subprocess.Popen[str]") -> tuple[list[int], str]:
    """Their exit codes and what they said; none outlives the test."""
    try:
        said = [each.communicate(timeout=90)[0] for each in processes]
    finally:
        for each in processes:
            each.kill()
            each.wait()
    return [each.returncode for each in processes], "\n".join(said)


# --- the load run, in one pod and in several ---


def mounted(folder: Path) -> str:
    """The policy of the ConfigMap, where POLICY says; a busy machine is no reason here."""
    path = JOBS / "base" / "gate" / "canarygate-policy.configmap.yaml"
    file = folder / "policy.toml"
    file.write_text(yaml.safe_load(path.read_text("utf-8"))["data"]["policy.toml"] + BUSY)
    return str(file)


def sharded() -> str:
    """What the overlay makes of PUSH_LABELS."""
    path = JOBS / "overlays" / "distributed" / "kustomization.yaml"
    [patch] = yaml.safe_load(path.read_text("utf-8"))["patches"]
    [labels] = [
        each["value"]
        for each in yaml.safe_load(patch["patch"])
        if each["path"].endswith("/env/8/value")
    ]
    return str(labels)


def test_each_pod_of_the_distributed_load_judges_and_pushes_for_itself(
    shop: StartShop, gateway: Gateway, tmp_path: Path
) -> None:
    load, target = of_file("canarygate-load"), shop()
    processes = [
        start(
            load,
            tmp_path,
            **QUICK,
            TARGET_HOST=target.url,
            RUN_TIME="8s",
            POLICY=mounted(tmp_path),
            PUSHGATEWAY_URL=gateway.url,
            RUN_ID=f"canarygate-load-{shard}-abcde",
            PUSH_LABELS=sharded().replace("$(NAMESPACE)", "shop").replace("$(SHARD)", shard),
            NAMESPACE="shop",
        )
        for shard in ("0", "1")
    ]

    codes, said = ended(*processes)

    assert [ExitCode.PASS, ExitCode.PASS] == codes, said
    runs = [read_run(tmp_path / f"canarygate-load-{shard}-abcde") for shard in ("0", "1")]
    seeds = {each.file.settings["seed"] for each in runs}
    assert 2 == len(seeds)
    complete = [
        name
        for name, value in gateway.series("checkout-service").items()
        if name.startswith("canarygate_run_complete{") and value == 1
    ]
    assert ["0", "1"] == sorted(name.partition('shard="')[2][:1] for name in complete)
    assert all('namespace="shop"' in name and 'stage="load"' in name for name in complete)
    assert target.total("http_requests_started_total", SYNTHETIC) >= sum(
        len(each.records[role]) for each in runs for role in each.records
    )


def test_a_load_run_of_a_service_that_fails_ends_with_10(
    shop: StartShop, gateway: Gateway, tmp_path: Path
) -> None:
    process = start(
        of_file("canarygate-load"),
        tmp_path,
        **QUICK,
        TARGET_HOST=shop("error=503:12%").url,
        RUN_TIME="8s",
        POLICY=mounted(tmp_path),
        PUSHGATEWAY_URL=gateway.url,
        RUN_ID="canarygate-load-abcde",
        NAMESPACE="shop",
    )

    codes, said = ended(process)

    assert [ExitCode.FAIL] == codes, said
    assert "fail" == gateway.verdict("checkout-service")


# --- the load that lasts ---


@pytest.mark.parametrize("lasts", [True, False], ids=["as it is", "without MIN_RUN_TIME"])
def test_the_load_that_lasts_goes_on_under_a_canary_that_has_failed_and_is_no_user_s(
    shop: StartShop, tmp_path: Path, lasts: bool
) -> None:
    keep_alive = of_file("canary-keep-alive")
    hosts = {"canary": shop("error=503:40%"), "stable": shop()}
    policy = tmp_path / "limits_only.toml"
    policy.write_text(LIMITS_ONLY)
    process = start(
        keep_alive,
        tmp_path,
        **QUICK,
        TARGET_HOST=hosts["canary"].url,
        STABLE_HOST=hosts["stable"].url,
        RUN_TIME="12s",
        MIN_RUN_TIME="12s" if lasts else "",
        POLICY=str(policy),
        RUN_ID="keep-alive",
    )

    codes, said = ended(process)

    assert [ExitCode.FAIL] == codes, said
    run = read_run(tmp_path / "keep-alive")
    assert ("finished" if lasts else "decided") == run.file.outcome.value
    for role in ROLES:
        assert 0 < len(run.records[role]) <= hosts[role].total("http_requests_total", SYNTHETIC)
        assert 0 == hosts[role].total("http_requests_total", USER)
