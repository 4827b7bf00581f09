"""Memory of real processes: two demo shops, one of which leaks; and pods in a real Prometheus."""

import http.server
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from canarygate.judge.memory import MemoryFinding, memory_checks
from canarygate.judge.policy import load_policy
from canarygate.memory import MemorySamples, read_memory
from canarygate.runner.sampler import Sampler
from canarygate.settings import MemorySettings
from tests.live.conftest import StartShop, eventually
from tests.push_metrics.conftest import find_program, free_port, running

pytestmark = pytest.mark.live
MIB = 2**20
# What takes minutes with the built-in policy.
QUICK = replace(
    load_policy(None).memory, warm_up_seconds=1.0, samples=8, span_seconds=4.0, horizon_times=20.0
)


def sampled(
    settings: MemorySettings, folder: Path, seconds: float, meanwhile: Callable[[], object] = int
) -> tuple[Mapping[str, MemorySamples], MemoryFinding]:
    """What was read, and what the judge makes of it."""
    sampler = Sampler(settings, folder, interval=0.4)
    began = time.time()
    sampler.start()
    time.sleep(seconds / 2)
    meanwhile()
    time.sleep(seconds / 2)
    before = time.monotonic()
    sampler.stop()

    assert time.monotonic() - before < 4
    found = read_memory(folder)
    starts = dict.fromkeys(found, began)
    return found, memory_checks(found, starts, QUICK, asked=True, until=None)


@pytest.mark.parametrize(
    ("faults", "state"), [("leak=1MB/s", "fail"), ("", "pass")], ids=["leak", "healthy"]
)
def test_the_shop_that_leaks_fails_beside_the_one_that_does_not(
    tmp_path: Path, shop: StartShop, faults: str, state: str
) -> None:
    hosts = {"canary": shop(faults, "v2"), "stable": shop("", "v1")}
    settings = MemorySettings(
        metrics_urls={role: f"{host.url}/metrics" for role, host in hosts.items()},
        limit_bytes=128 * MIB,
    )
    samples, found = sampled(settings, tmp_path, 8.0)

    # One in 0.4 s for 8 s; a machine that stands still for a second takes two of them.
    assert all(18 <= len(samples[role]) <= 20 for role in ("canary", "stable")), samples
    assert {""} == {error for each in samples.values() for error in each.error}
    assert [state] == [str(check.state) for check in found.checks], found
    if state == "fail":
        slope = found.checks[0].numbers["slope"]
        assert isinstance(slope, float)
        assert 0.8e6 < slope < 1.2e6


class Cluster:
    """Answers a scrape as cAdvisor and kube-state-metrics would."""

    def __init__(self) -> None:
        self.pods = {"web-a-1": 100.0 * MIB, "web-b-1": 100.0 * MIB}
        self.growth = {"web-a-1": 0.0, "web-b-1": 0.0}
        self.restarts = dict.fromkeys(self.pods, 3)
        self.oom_killed: set[str] = set()
        self.began = time.monotonic()

    def text(self) -> str:
        """With times of its own, as cAdvisor gives them; and with what must not be counted."""
        now, age = int(time.time() * 1000), time.monotonic() - self.began
        lines = []
        for pod, used in self.pods.items():
            of = f'namespace="shop",pod="{pod}"'
            used += self.growth[pod] * age
            lines += [
                f'container_memory_working_set_bytes{{{of},container="web"}} {used} {now}',
                f'container_memory_working_set_bytes{{{of},container=""}} {9 * used} {now}',
                f'container_memory_working_set_bytes{{{of},container="POD"}} 500 {now}',
                f'kube_pod_container_resource_limits{{{of},container="web",resource="memory",'
                f'unit="byte"}} {512 * MIB}',
                f'kube_pod_container_resource_limits{{{of},container="web",resource="cpu"}} 0.5',
                f'kube_pod_container_status_restarts_total{{{of},container="web"}} '
                f"{self.restarts[pod]}",
                f"kube_pod_container_status_last_terminated_reason{{{of},"
                f'container="web",reason="OOMKilled"}} {int(pod in self.oom_killed)}',
                f"kube_pod_container_status_last_terminated_reason{{{of},"
                f'container="web",reason="Error"}} 1',
            ]
        return "\n".join(lines) + "\n"


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


def has_scraped(url: str) -> bool:
    """Its first scrape comes seconds after it is ready."""
    query = {"query": "count_over_time(up[1m]) > 1"}
    answer = requests.get(f"{url}/api/v1/query", params=query, timeout=5).json()
    return bool(answer["data"]["result"])


@pytest.fixture
def prometheus(cluster: Cluster, tmp_path: Path) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = cluster.text().encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    folder, port = tmp_path / "prometheus", free_port()
    folder.mkdir()
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 500ms, scrape_timeout: 500ms}\n"
        "scrape_configs:\n"
        "  - job_name: cluster\n"
        "    honor_labels: true\n"
        "    static_configs:\n"
        f"      - targets: ['127.0.0.1:{server.server_address[1]}']\n"
    )
    command = [
        find_program("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    try:
        with running(command, f"http://127.0.0.1:{port}/-/ready", folder):
            url = f"http://127.0.0.1:{port}"
            eventually(lambda: has_scraped(url), "two scrapes of the cluster")
            yield url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def pods(prometheus: str, **more: str) -> MemorySettings:
    chosen = {
        "canary": 'namespace="shop",pod=~"web-a-.*"',
        "stable": 'namespace="shop",pod=~"web-b-.*"',
    }
    return MemorySettings(prometheus_url=prometheus, pods=chosen | more)


def test_pods_are_read_with_their_limits_and_restarts(prometheus: str, tmp_path: Path) -> None:
    samples, found = sampled(pods(prometheus), tmp_path, 8.0)

    canary = samples["canary"]
    assert ("shop/web-a-1",) == canary.pods
    assert {100.0 * MIB} == {each for each in canary.bytes.tolist() if each == each}
    assert ({512.0 * MIB}, {3.0}, {0.0}) == tuple(
        set(column.tolist()) for column in (canary.limit_bytes, canary.restarts, canary.oom_kills)
    )
    assert ["pass"] == [str(check.state) for check in found.checks], found


def test_a_pod_that_grows_fails_and_a_reading_counts_once(
    prometheus: str, cluster: Cluster, tmp_path: Path
) -> None:
    cluster.growth["web-a-1"] = 8.0 * MIB
    samples, found = sampled(pods(prometheus), tmp_path, 8.0)

    known = [each for each in samples["canary"].bytes.tolist() if each == each]
    assert len(known) == len(set(known)), "one scrape was counted twice"
    assert len(known) < len(samples["canary"])
    assert ["fail"] == [str(check.state) for check in found.checks], found
    assert "memory of the canary's shop/web-a-1 grows 8" in found.checks[0].reason


def test_an_oom_kill_fails_at_once(prometheus: str, cluster: Cluster, tmp_path: Path) -> None:
    def kill() -> None:
        cluster.restarts["web-a-1"] += 1
        cluster.oom_killed.add("web-a-1")

    _, found = sampled(pods(prometheus), tmp_path, 4.0, kill)

    assert ["fail"] == [str(check.state) for check in found.checks], found
    assert "shop/web-a-1 was killed for want of memory (OOM)" in found.checks[0].reason


@pytest.mark.parametrize(
    ("selector", "reason"),
    [
        ('pod=~"nobody-.*"', "the selector matches no container"),
        ('pod=~"("', "answered 400"),
    ],
)
def test_a_selector_without_an_answer_is_told_of(
    prometheus: str, tmp_path: Path, selector: str, reason: str
) -> None:
    samples, found = sampled(pods(prometheus, canary=selector), tmp_path, 1.0)

    assert all(reason in error for error in samples["canary"].error)
    assert ["inconclusive"] == [str(check.state) for check in found.checks]
    assert f"could not be read at all: {samples['canary'].error[-1]}" in found.checks[0].reason
