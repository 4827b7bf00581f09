"""The weight service against a real Prometheus that scrapes real shops."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.push_metrics.conftest import find_program, free_port, running
from tests.weights.stand_in import slowly, standing_in

WINDOW = "2m"
NEEDED = 100
STABLE = "v1"
LATENCY = "latency=20-22ms"
SLACK = 0.2
"""Seconds that p99 may be above stable's and count as equal: what a busy machine adds to a shop's
slowest hundredth is no slowness. (With 5 ms, one gave a healthy canary 34 %.)"""


@dataclass
class RunningShop:
    """A demo shop, and how many users' requests it got."""

    process: "subprocess.Popen[str]"
    port: int
    sent: int = 0

    def use(self, requests_wanted: int, *, at_once: int = 6, synthetic: bool = False) -> None:
        """Send so many requests, and wait for their answers."""
        share, rest = divmod(requests_wanted, at_once)
        headers = {"X-Load-Test": "canarygate/test"} if synthetic else {}

        def visit(number: int) -> None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            with contextlib.closing(connection):
                for each in range(number):
                    connection.request("GET", f"/api/products/{each % 9 + 1}", headers=headers)
                    connection.getresponse().read()

        threads = [
            threading.Thread(target=visit, args=(share + (index < rest),))
            for index in range(at_once)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.sent += 0 if synthetic else requests_wanted


def start_shop(version: str, faults: str = "", port: int = 0) -> RunningShop:
    """A shop of its own process."""
    command = [sys.executable, "-m", "canarygate", "serve", "shop", "--port", str(port)]
    command += ["--version-label", version, "--faults", faults]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("listening on "), line
    return RunningShop(process, int(line.rpartition(":")[2]))


def end(process: "subprocess.Popen[str]", number: int = signal.SIGKILL) -> int:
    """Its exit code."""
    process.send_signal(number)
    code = process.wait(20)
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
    return code


@dataclass
class Weights:
    """`serve weights` in a process of its own."""

    process: "subprocess.Popen[str]"
    url: str
    log: Path

    def ask(self, canary: str, stable: str = STABLE, service: str = "checkout") -> dict[str, Any]:
        """The document, which comes with a 200."""
        names = {"service": service, "canary": canary, "stable": stable}
        response = requests.get(f"{self.url}/weight", params=names, timeout=10)
        assert 200 == response.status_code, response.text
        return dict(response.json())


@contextlib.contextmanager
def serving(prometheus: str, log: Path, *more: str) -> Iterator[Weights]:
    """The service, with a window that the whole traffic of this file is in."""
    command = [sys.executable, "-m", "canarygate", "serve", "weights", "--port", "0"]
    command += ["--prometheus-url", prometheus, "--window", WINDOW, "--scrape-interval", "1s"]
    command += ["--min-requests", str(NEEDED), "--cache", "0"]
    command += ["--latency-slack", f"{SLACK}s", *more]
    with log.open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("listening on "), log.read_text()
    try:
        yield Weights(process, line.removeprefix("listening on ").strip(), log)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()


@dataclass
class World:
    """A Prometheus, the shops that it scrapes, and the service that asks it."""

    prometheus: str
    shops: dict[str, list[RunningShop]]
    weights: Weights

    def query(self, text: str) -> list[float]:
        """The values of an instant query."""
        answer = requests.get(
            f"{self.prometheus}/api/v1/query", params={"query": text}, timeout=10
        ).json()
        return [float(each["value"][1]) for each in answer["data"]["result"]]

    def sent(self, version: str) -> int:
        """Users' requests of a version."""
        return sum(each.sent for each in self.shops[version])

    def wait_for(self, version: str) -> None:
        """Until Prometheus has seen them all."""
        series = f'http_request_duration_seconds_count{{version="{version}",traffic="user"}}'
        deadline = time.monotonic() + 30
        while self.query(f"sum({series})") != [self.sent(version)]:
            assert time.monotonic() < deadline, f"{version} was not scraped"
            time.sleep(0.1)


SHOPS: Sequence[tuple[str, str]] = (
    (STABLE, LATENCY),
    (STABLE, LATENCY),
    ("healthy", LATENCY),
    ("slow", "latency=200-800ms"),
    ("failing", f"{LATENCY}; error=503:30%"),
    ("worse", f"{LATENCY}; error=503:2%"),
    ("broken", "error=503:100%"),
    ("quiet", LATENCY),
    ("unused", LATENCY),
    ("killed", LATENCY),
    ("restarted", LATENCY),
    ("beyond", "latency=10500ms"),
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Every version has had its traffic, and Prometheus has seen it."""
    folder = tmp_path_factory.mktemp("weights")
    shops: dict[str, list[RunningShop]] = {}
    with ThreadPoolExecutor(4) as pool:
        started = pool.map(lambda each: start_shop(*each), SHOPS)
        for (version, _), shop in zip(SHOPS, started, strict=True):
            shops.setdefault(version, []).append(shop)
    targets = [f"127.0.0.1:{each.port}" for those in shops.values() for each in those]
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s}\n"
        "scrape_configs:\n"
        "  - job_name: checkout\n"
        f"    static_configs: [{{targets: {targets}}}]\n"
    )
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        find_program("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    try:
        with (
            running(command, f"{url}/-/ready", folder),
            serving(url, folder / "weights.log") as weights,
        ):
            found = World(url, shops, weights)
            send_traffic(found)
            yield found
    finally:
        for each in [each for those in shops.values() for each in those]:
            if each.process.poll() is None:
                end(each.process)


def send_traffic(world: World) -> None:
    """In steps, so that most of it is seen to grow between scrapes."""

    def send(version: str, share: int, at_once: int) -> None:
        for shop in world.shops[version]:
            shop.use(share, at_once=at_once)

    plan = {
        STABLE: (150, 3),
        "healthy": (150, 3),
        "slow": (60, 30),
        "failing": (150, 3),
        "worse": (200, 4),
        "killed": (100, 3),
        "restarted": (100, 3),
    }
    world.shops["quiet"][0].use(20)
    for _ in range(3):
        threads = [
            threading.Thread(target=send, args=(version, *how)) for version, how in plan.items()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        time.sleep(0.5)
    world.shops["broken"][0].use(150, at_once=8)
    world.shops["healthy"][0].use(50, synthetic=True)
    for version in (*plan, "broken", "quiet"):
        world.wait_for(version)


pytestmark = pytest.mark.live


@pytest.mark.smoke
def test_a_healthy_canary_may_have_everything(world: World) -> None:
    """Two pods of stable count as one role, and a load test's requests not at all."""
    document = world.weights.ask("healthy")

    assert ("proceed", 100.0) == (document["status"], document["weight"])
    assert {"canary": 450.0, "stable": 900.0} == document["requests"]
    assert {"canary_ratio": 0.0, "stable_ratio": 0.0, "delta": 0.0} == document["errors"]
    assert 0.02 < document["latency"]["stable_seconds"] <= 0.02 + SLACK
    assert 120.0 == document["window_seconds"]


def test_a_canary_that_fails_a_little_more_gets_a_little_less(world: World) -> None:
    """Held against what the shop itself counted."""
    document = world.weights.ask("worse")
    text = requests.get(f"http://127.0.0.1:{world.shops['worse'][0].port}/metrics", timeout=5).text
    errors = sum(
        float(line.rpartition(" ")[2])
        for line in text.splitlines()
        if line.startswith("http_errors_total{")
    )
    share = errors / 600
    delta = max(document["latency"]["delta"], 0)
    is_slower = (
        document["latency"]["canary_seconds"] - document["latency"]["stable_seconds"] > SLACK
    )
    left = 2.718281828459045 ** (-10 * delta * is_slower) * (1 - 20 * share)

    assert 0 < share < 0.04
    assert {"canary_ratio": share, "stable_ratio": 0.0, "delta": share} == document["errors"]
    assert ("proceed", pytest.approx(5 + 95 * max(0.1, left), abs=0.051)) == (
        document["status"],
        document["weight"],
    )


@pytest.mark.parametrize(
    ("canary", "reason"), [("slow", "p99 is "), ("failing", "errors against 0.00%")]
)
def test_a_bad_canary_is_rolled_back(world: World, canary: str, reason: str) -> None:
    document = world.weights.ask(canary)

    assert ("rollback", 0.0) == (document["status"], document["weight"])
    assert any(reason in each for each in document["reasons"])


def test_errors_between_two_scrapes_count_though_no_counter_was_seen_to_rise(world: World) -> None:
    """Series that appear with their errors in them: `increase` of them is less, or nothing."""
    document = world.weights.ask("broken")
    series = 'http_request_duration_seconds_count{version="broken"}'

    assert ("rollback", 0.0) == (document["status"], document["weight"])
    assert (150.0, 1.0) == (document["requests"]["canary"], document["errors"]["canary_ratio"])
    assert sum(world.query(f"sum(increase({series}[{WINDOW}]))")) < 150
    assert document["latency"]["canary_seconds"] is None


@pytest.mark.parametrize(
    ("canary", "stable", "reason"),
    [
        ("quiet", STABLE, "canary: 20 requests in the window; 100 are needed"),
        ("unused", STABLE, "canary: there is no current series"),
        ("nobody", STABLE, "canary: there is no current series"),
        ("healthy", "nobody", "stable: there is no current series"),
        ("healthy", "", "there is no stable version to compare with, as in a first deployment"),
        (
            "healthy",
            "healthy",
            "canary and stable are the same series, so there is nothing to compare",
        ),
    ],
)
def test_without_data_it_holds(world: World, canary: str, stable: str, reason: str) -> None:
    document = world.weights.ask(canary, stable)

    assert ("hold", 0.0, [reason]) == (document["status"], document["weight"], document["reasons"])


def test_another_service_has_no_data(world: World) -> None:
    document = world.weights.ask("healthy", service="payment")

    assert ("hold", 0.0) == (document["status"], document["weight"])


def test_a_shop_that_is_gone_holds_though_the_window_still_has_its_traffic(world: World) -> None:
    """A rate goes on for the whole window after the last request was answered."""
    [shop] = world.shops["killed"]
    before = world.weights.ask("killed")["status"] if shop.process.poll() is None else "proceed"
    if shop.process.poll() is None:
        end(shop.process)
    deadline = time.monotonic() + 15
    while (document := world.weights.ask("killed"))["status"] != "hold":
        assert time.monotonic() < deadline
        time.sleep(0.2)

    assert "proceed" == before
    assert ["canary: there is no current series"] == document["reasons"]
    assert document["latency"]["canary_seconds"] is not None
    assert NEEDED <= document["requests"]["canary"]


def test_a_shop_that_was_restarted_holds(world: World) -> None:
    [shop] = world.shops["restarted"]
    end(shop.process)
    shop.process = start_shop("restarted", LATENCY, shop.port).process
    for _ in range(2):
        shop.use(100)
        time.sleep(1.2)
    deadline = time.monotonic() + 15
    reasons: list[str] = []
    while reasons != ["canary: a counter fell in the window, so it was restarted"]:
        assert time.monotonic() < deadline, reasons
        time.sleep(0.2)
        document = world.weights.ask("restarted")
        assert "rollback" != document["status"]
        reasons = document["reasons"] if document["status"] == "hold" else []


def test_beyond_the_last_bucket_nobody_knows_how_slow(world: World) -> None:
    """`histogram_quantile` says 10 s, which is less than the truth: enough to roll back, no more."""
    world.shops["beyond"][0].use(2 * NEEDED, at_once=2 * NEEDED)
    world.wait_for("beyond")
    canary = world.weights.ask("beyond")
    stable = world.weights.ask("healthy", "beyond")

    assert ("rollback", 0.0, 10.0) == (
        canary["status"],
        canary["weight"],
        canary["latency"]["canary_seconds"],
    )
    assert (
        "hold",
        ["stable: p99 is beyond the histogram's highest bound (10 s), how far nobody knows"],
    ) == (stable["status"], stable["reasons"])


@pytest.mark.parametrize(
    ("canary", "code", "status"),
    [("healthy", 0, "proceed"), ("slow", 10, "rollback"), ("quiet", 11, "hold")],
)
def test_once_for_a_script(world: World, canary: str, code: int, status: str) -> None:
    done = once(world.prometheus, canary)

    assert code == done.returncode, done.stderr
    assert status == json.loads(done.stdout)["status"]
    assert "" == done.stderr


def once(prometheus: str, canary: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "canarygate", "weights", "--once"]
    command += ["--prometheus-url", prometheus, "--service", "checkout", "--window", WINDOW]
    command += ["--scrape-interval", "1s", "--min-requests", str(NEEDED)]
    command += ["--canary", canary, "--stable", STABLE]
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=30, check=False, env=environment
    )


def test_a_prometheus_that_is_down_holds() -> None:
    done = once(f"http://127.0.0.1:{free_port()}", "healthy")
    document = json.loads(done.stdout)

    assert 11 == done.returncode
    assert ("hold", 0.0, ["Prometheus cannot be reached: connection refused"]) == (
        document["status"],
        document["weight"],
        document["reasons"],
    )


def test_it_is_ready_when_prometheus_answers(world: World) -> None:
    deadline = time.monotonic() + 15
    while requests.get(f"{world.weights.url}/readyz", timeout=5).status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)

    assert 200 == requests.get(f"{world.weights.url}/healthz", timeout=5).status_code


def test_every_line_that_it_logs_is_json(world: World) -> None:
    world.weights.ask("healthy")
    events = [json.loads(line) for line in world.weights.log.read_text().splitlines()]

    assert "start" == events[0]["event"]
    assert "decision" in {each["event"] for each in events}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_asked_though_prometheus_is_silent(tmp_path: Path, number: int) -> None:
    """Whoever still waits for an answer is not waited for."""
    with standing_in() as silent:
        silent.act = slowly(30)
        with serving(silent.url, tmp_path / "log") as weights:
            waiting = threading.Thread(target=try_to_ask, args=(weights,), daemon=True)
            waiting.start()
            deadline = time.monotonic() + 15
            while not silent.asked:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            began = time.monotonic()
            weights.process.send_signal(number)
            code = weights.process.wait(20)
            took = time.monotonic() - began
            waiting.join(5)
        log = (tmp_path / "log").read_text()

    assert 0 == code, log
    assert took < 6
    assert "Traceback" not in log


def try_to_ask(weights: Weights) -> None:
    with contextlib.suppress(requests.RequestException):
        weights.ask("healthy")


def test_a_name_with_two_addresses_is_one_service(tmp_path: Path) -> None:
    with serving("http://127.0.0.1:1", tmp_path / "log", "--bind", "localhost") as weights:
        assert 200 == requests.get(f"{weights.url}/healthz", timeout=5).status_code
        assert 503 == requests.get(f"{weights.url}/readyz", timeout=5).status_code


def test_a_port_that_is_taken(world: World, tmp_path: Path) -> None:
    port = world.weights.url.rpartition(":")[2]
    command = [sys.executable, "-m", "canarygate", "serve", "weights", "--port", port]
    done = subprocess.run(
        [*command, "--prometheus-url", world.prometheus],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        cwd=tmp_path,
    )

    assert 2 == done.returncode
    assert f"127.0.0.1:{port} is taken by another process" in done.stderr
