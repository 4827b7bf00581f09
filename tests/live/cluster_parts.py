"""The real processes of the test's cluster, each as jobs/ and monitoring/ have it."""

import contextlib
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import yaml

from tests.live.cluster_asked import NAMESPACE, container_of, gate_environment
from tests.live.cluster_pods import Pod
from tests.live.conftest import BUSY, FLOWS
from tests.live.test_weights import RunningShop
from tests.monitoring.expressions import MONITORING
from tests.push_metrics.conftest import find_program, running

EVALUATED_SECONDS = 1
POLICY = f"""{BUSY}
[errors]
share = 0.05
[[slow]]
slower_than_seconds = 0.35
share = 0.3
[compare]
tolerance = 1.0
tolerance_seconds = 0.05
[compare_gross]
tolerance = 1.0
tolerance_seconds = 0.1
[compare_stalls]
share = 2.0
seconds = 0.5
[clear]
slower = 9.0
slower_seconds = 1.0
share = 0.9
last_slower = 9.0
last_share = 0.9
[memory]
warm_up_seconds = 1.0
samples = 4
span_seconds = 4.0
horizon_times = 1000.0
"""
"""What a run of some seconds can tell on a machine that does other work too; the faults are far beyond."""
GATE = {
    "users": "6",
    "spawn_rate": "40",
    "run_time": "26s",
    "min_run_time": "5s",
    "locust_file": str(FLOWS / "quick_flow.py"),
}
FROZEN = "frozen"
"""The service that no Kubernetes runs: its targets have no pod."""


@dataclass
class Users:
    """Visitors of one shop, who come again and again."""

    shop: RunningShop
    number: int
    most: int = 10**9
    """Requests of each."""
    codes: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def come(self) -> None:
        """From now on, each after the other's answer; until they go, or the shop does."""
        self._threads = [
            threading.Thread(target=self._visit, daemon=True) for _ in range(self.number)
        ]
        for each in self._threads:
            each.start()

    def waited(self, seconds: float) -> float:
        """The share of the answers that took longer."""
        return sum(each > seconds for each in self.seconds) / max(1, len(self.seconds))

    def go(self) -> None:
        """Everybody waits for the last answer."""
        self._over.set()
        for each in self._threads:
            each.join(30)

    def _visit(self) -> None:
        connection = HTTPConnection("127.0.0.1", self.shop.port, timeout=30)
        with contextlib.closing(connection), contextlib.suppress(OSError, HTTPException):
            for _ in range(self.most):
                if self._over.is_set():
                    break
                began = time.monotonic()
                connection.request("GET", "/api/products/1")
                answer = connection.getresponse()
                answer.read()
                self.codes.append(answer.status)
                self.seconds.append(time.monotonic() - began)


@contextlib.contextmanager
def weight_service(prometheus: str, log: Path) -> "Iterator[tuple[subprocess.Popen[str], str]]":
    """`serve weights` with the settings of its Deployment in jobs/, asking this Prometheus."""
    container = container_of("canarygate-weights")
    settings = {each["name"]: each["value"] for each in container["env"]}
    own = {"BIND": "127.0.0.1", "PORT": "0", "PROMETHEUS_URL": prometheus}
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "canarygate", *container["args"]],
            env=_environment(settings | own),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line.startswith("listening on "), log.read_text()
        yield process, line.removeprefix("listening on ").strip()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextlib.contextmanager
def pushgateway(folder: Path, port: int) -> Iterator[None]:
    """A real one, which keeps nothing on disk."""
    folder.mkdir()
    command = [find_program("pushgateway"), f"--web.listen-address=127.0.0.1:{port}"]
    with running([*command, "--persistence.file="], f"http://127.0.0.1:{port}/-/ready", folder):
        yield


def gate(
    folder: Path,
    service: str,
    canary: RunningShop,
    stable: RunningShop | None,
    gateway: str,
    more: Mapping[str, str],
) -> "subprocess.Popen[bytes]":
    """The gate of jobs/analysis with its own environment, some seconds long."""
    policy = folder / "policy.toml"
    policy.write_text(POLICY)
    settings = gate_environment(
        service=service,
        canary_host=f"http://127.0.0.1:{canary.port}",
        stable_host=f"http://127.0.0.1:{stable.port}" if stable else "",
        pushgateway_url=gateway,
        policy=str(policy),
        **GATE,
    )
    own = {"RESULTS_DIR": str(folder / "results"), "RUN_ID": f"run-{service}", "WARM_UP": "2s"}
    with (folder / f"gate-{service}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "canarygate", "gate"],
            env=_environment({**settings, **own, **more}),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def configure(
    folder: Path,
    pods: Mapping[str, Pod],
    stable: Mapping[str, Pod],
    gateways: Sequence[int],
    weights: Sequence[str],
    exporter: int,
) -> Path:
    """Rules and scrape jobs as monitoring/ has them; looked at every second, `for:` a second.

    The second gateway is scraped a second time, without `honor_labels`.
    """
    rules = folder / "rules"
    rules.mkdir()
    for path in sorted((MONITORING / "rules").glob("*.yaml")):
        text = re.sub(r"(?m)^(\s+interval:) \w+$", rf"\1 {EVALUATED_SECONDS}s", path.read_text())
        (rules / path.name).write_text(re.sub(r"(?m)^(\s+for:) \w+$", r"\1 1s", text))
    jobs: list[dict[str, Any]] = [
        _job("pushgateway", *(_target(port) for port in gateways), honor_labels=True),
        _job("misled", _target(gateways[1])),
        _job("canarygate-weights", *(_target(int(url.rpartition(":")[2])) for url in weights)),
        _job("cluster", _target(exporter), honor_labels=True),
    ]
    for service, pod in pods.items():
        roles = {"canary": pod} | ({"stable": stable[service]} if service in stable else {})
        targets = [
            _target(
                each.shop.port,
                namespace=NAMESPACE,
                role=role,
                **({} if service == FROZEN else {"pod": each.name}),
            )
            for role, each in roles.items()
        ]
        jobs.append(_job(service, *targets))
    whole = {
        "global": {"scrape_interval": "1s"},
        "rule_files": [f"{rules}/*.yaml"],
        "scrape_configs": jobs,
    }
    path = folder / "prometheus.yml"
    path.write_text(yaml.safe_dump(whole))
    return path


def _job(name: str, *targets: dict[str, Any], honor_labels: bool = False) -> dict[str, Any]:
    return {"job_name": name, "honor_labels": honor_labels, "static_configs": list(targets)}


def _target(port: int, **labels: str) -> dict[str, Any]:
    return {"targets": [f"127.0.0.1:{port}"], "labels": labels}


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | {
        name: value for name, value in settings.items() if value
    }
