"""What a weight costs: `serve weights` out of its cache, and asking Prometheus each time.

    python benchmarks/weights.py [--seconds 3] [--rounds 5] [--connections 8]

A real Prometheus scrapes two demo shops. The weight service and Prometheus are pinned to one CPU,
the shops and the clients to the other. Turn by turn the same connections ask the service for the
weight, and Prometheus for the twelve numbers that a weight is made of. Needs `make tools`.
"""

import argparse
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from _bench import CHECKOUT, CPUS, cpu_seconds, ended, get, middle, pin, put, table

from canarygate.weights.queries import DEFAULT_SELECTION, build_queries

NAMES = {"service": "checkout", "canary": "v2", "stable": "v1"}
WEIGHT = "/weight?" + "&".join(f"{name}={value}" for name, value in NAMES.items())
QUERIES = [
    f"/api/v1/query?query={quote(each.text, safe='')}"
    for each in build_queries(DEFAULT_SELECTION, NAMES)
]
WARM_REQUESTS = 600


def main() -> None:
    """Measure, and say what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="of each turn, at most 20")
    parser.add_argument("--rounds", type=int, default=5, help="at most 20")
    parser.add_argument("--connections", type=int, default=8)
    options = parser.parse_args()
    seconds, rounds = min(options.seconds, 20.0), min(options.rounds, 20)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        shops = [stack.enter_context(running_shop(version)) for version in ("v1", "v2")]
        prometheus, prometheus_pid = stack.enter_context(running_prometheus(folder, shops))
        service, service_pid = stack.enter_context(running_service(prometheus, folder))
        for port in shops:
            warm(port)
        answer = wait_for_proceed(service)
        put(f"{answer['status']}, weight {answer['weight']:g}: {answer['reasons'][0]}")
        kept, asked, kept_cpu, samples = [], [], [], []
        for _ in range(rounds):
            before = cpu_seconds(service_pid)
            found = load(options.connections, seconds, service, one_weight)
            kept.append(len(found) / seconds)
            kept_cpu.append((cpu_seconds(service_pid) - before) / len(found) * 1e6)
            samples += found
            direct = load(options.connections, seconds, prometheus, twelve_numbers)
            asked.append(len(direct) / seconds)
        alone = load(1, seconds, service, one_weight)
        status = Path(f"/proc/{service_pid}/status").read_text(encoding="utf-8")
        memory = int(status.partition("VmRSS:")[2].split()[0]) / 1024
        cpu_of_prometheus = cpu_seconds(prometheus_pid)
    put(f"{options.connections} connections, {rounds} rounds of {seconds:g} s a side, one CPU")
    table(
        ("answers/s", "CPU µs each"),
        {
            "serve weights, out of its cache": (middle(kept, ".0f"), middle(kept_cpu, ".0f")),
            "Prometheus, 12 queries each time": (middle(asked, ".0f"), "-"),
        },
    )
    ratios = [one / other for one, other in zip(kept, asked, strict=True)]
    put(f"ratio {middle(ratios, '.1f')}")
    put(f"latency beside the others: {percentiles(samples)}; alone: {percentiles(alone)}")
    put(f"memory {memory:.0f} MiB; Prometheus spent {cpu_of_prometheus:.1f} s of CPU in all")


def percentiles(seconds: list[float]) -> str:
    """p50 and p99."""
    found = statistics.quantiles(seconds, n=100)
    return f"p50 {found[49] * 1000:.2f} ms, p99 {found[98] * 1000:.2f} ms"


def one_weight(connection: http.client.HTTPConnection) -> None:
    """As the web provider of Argo Rollouts asks."""
    connection.request("GET", WEIGHT)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200 or b'"proceed"' not in body:
        raise RuntimeError(f"the service answered {answer.status} {body[:200]!r}")


def twelve_numbers(connection: http.client.HTTPConnection) -> None:
    """As a script would that keeps nothing."""
    for path in QUERIES:
        connection.request("GET", path)
        answer = connection.getresponse()
        document = json.loads(answer.read())
        if document["status"] != "success":
            raise RuntimeError(f"Prometheus answered {document}")


def load(
    connections: int, seconds: float, url: str, ask: Callable[[http.client.HTTPConnection], None]
) -> list[float]:
    """Keep every connection busy for so long; gives the seconds of each answer."""
    end = time.perf_counter() + seconds
    found: list[float] = []

    def work() -> None:
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
        while (began := time.perf_counter()) < end:
            ask(connection)
            found.append(time.perf_counter() - began)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def warm(port: int) -> None:
    """Users' requests, more than a decision needs."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    for number in range(WARM_REQUESTS):
        connection.request("GET", f"/api/products/{number % 9 + 1}")
        connection.getresponse().read()
    connection.close()


def wait_for_proceed(service: str) -> dict[str, Any]:
    """Until Prometheus has seen enough."""
    for _ in range(60):
        answer: dict[str, Any] = json.loads(get(service + WEIGHT))
        if answer["status"] == "proceed":
            return answer
        time.sleep(0.5)
    raise RuntimeError(f"it never proceeds: {answer}")


@contextmanager
def running_shop(version: str) -> Iterator[int]:
    """A healthy shop; gives its port."""
    arguments = ("shop", "--port", "0", "--version-label", version, "--faults", "latency=5ms")
    with running(CPUS[-1], *arguments) as (url, _):
        yield int(url.rpartition(":")[2])


@contextmanager
def running_service(prometheus: str, folder: Path) -> Iterator[tuple[str, int]]:
    """The weight service; gives its URL and its process."""
    with (
        (folder / "weights.log").open("w", encoding="utf-8") as log,
        running(
            *(CPUS[0], "weights", "--port", "0", "--prometheus-url", prometheus),
            log=log,
        ) as found,
    ):
        yield found


@contextmanager
def running(cpu: int, *arguments: str, log: IO[str] | None = None) -> Iterator[tuple[str, int]]:
    """`canarygate serve …`; gives its URL and its process."""
    command = [sys.executable, "-m", "canarygate", "serve", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    with ended(process):
        pin(process.pid, cpu)
        assert process.stdout is not None
        yield process.stdout.readline().removeprefix("listening on ").strip(), process.pid


@contextmanager
def running_prometheus(folder: Path, shops: list[int]) -> Iterator[tuple[str, int]]:
    """One that scrapes these shops; gives its URL and its process."""
    targets = [f"127.0.0.1:{port}" for port in shops]
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s}\nscrape_configs:\n  - job_name: checkout\n"
        f"    static_configs: [{{targets: {targets}}}]\n",
        encoding="utf-8",
    )
    url = "http://127.0.0.1:19890"
    command = [
        str(CHECKOUT / ".cache" / "bin" / "prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={url.removeprefix('http://')}",
        "--log.level=error",
    ]
    process = subprocess.Popen(command)
    with ended(process):
        pin(process.pid, CPUS[0])
        for _ in range(200):
            try:
                get(f"{url}/-/ready")
                break
            except OSError:
                time.sleep(0.05)
        yield url, process.pid


if __name__ == "__main__":
    main()
