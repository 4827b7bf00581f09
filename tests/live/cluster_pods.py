"""What cAdvisor and kube-state-metrics would say of the shops: their real memory, under those names."""

import http.server
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import requests

from tests.live.test_weights import RunningShop

MIB = 2**20
LIMIT_BYTES = 2048 * MIB
EARLIER_SECONDS = 1230.0
"""`canary_memory_seconds_to_limit` leaves out what was not there 20 minutes ago."""


def resident_bytes(process_id: int) -> float:
    """What a process takes of the memory."""
    pages = int(Path(f"/proc/{process_id}/statm").read_text().split()[1])
    return float(pages * os.sysconf("SC_PAGE_SIZE"))


@dataclass
class Pod:
    """One container with a shop in it."""

    name: str
    shop: RunningShop
    limit_bytes: float = LIMIT_BYTES
    restarts: int = 0
    is_new: bool = False
    seen_bytes: list[float] = field(default_factory=list)

    @property
    def is_alive(self) -> bool:
        """Whether its process is there."""
        return self.shop.process.poll() is None

    def is_ready(self) -> bool:
        """As the kubelet would ask."""
        try:
            answer = requests.get(f"http://127.0.0.1:{self.shop.port}/readyz", timeout=2)
        except requests.RequestException:
            return False
        return answer.ok

    def fill_up(self, share: float) -> None:
        """Its limit is so near to what it takes now."""
        self.limit_bytes = resident_bytes(self.shop.process.pid) / share


@dataclass
class Pods:
    """All of a cluster, as two exporters in one."""

    namespace: str
    pods: list[Pod]

    def text(self) -> str:
        """The page; memory with times of its own, as cAdvisor gives it."""
        now = int(time.time() * 1000)
        memory, state = [], []
        for pod in self.pods:
            of = f'namespace="{self.namespace}",pod="{pod.name}"'
            state += [
                f'kube_pod_container_resource_limits{{{of},container="shop",resource="memory",'
                f'unit="byte"}} {pod.limit_bytes}',
                f'kube_pod_container_resource_limits{{{of},container="shop",resource="cpu"}} 0.5',
                f'kube_pod_container_status_restarts_total{{{of},container="shop"}} {pod.restarts}',
                f'kube_pod_status_ready{{{of},condition="true"}} {int(pod.is_ready())}',
                f'kube_pod_status_phase{{{of},phase="Running"}} 1',
            ]
            if not pod.is_alive:
                continue
            used = resident_bytes(pod.shop.process.pid)
            series = f'container_memory_working_set_bytes{{{of},container="shop"}}'
            if not pod.seen_bytes and not pod.is_new:
                memory.append(f"{series} {used} {now - int(EARLIER_SECONDS * 1000)}")
            pod.seen_bytes.append(used)
            memory += [
                f"{series} {used} {now}",
                f'container_memory_working_set_bytes{{{of},container=""}} {9 * used} {now}',
                f'container_memory_working_set_bytes{{{of},container="POD"}} 500000 {now}',
            ]
        return "\n".join([*memory, *state]) + "\n"


@contextmanager
def exporting(text: Callable[[], str]) -> Iterator[int]:
    """A page on loopback; yields its port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = text().encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(ConnectionError):
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
