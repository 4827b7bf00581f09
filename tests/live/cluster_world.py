"""A cluster without a cluster: shops, users, gates, one Prometheus with the rules, and what goes wrong."""

import contextlib
import re
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import requests

from tests.live.cluster_asked import CANARY_HASH, NAMESPACE, STABLE_HASH, STAGE
from tests.live.cluster_parts import (
    EVALUATED_SECONDS,
    FROZEN,
    GATE,
    Users,
    configure,
    gate,
    pushgateway,
    weight_service,
)
from tests.live.cluster_pods import LIMIT_BYTES, Pod, Pods, exporting
from tests.live.conftest import eventually
from tests.live.test_weights import RunningShop, end, start_shop
from tests.push_metrics.conftest import find_program, free_port, running

# In the middle of a bucket from 0.1 to 0.2: a machine that is late by 80 ms changes no quantile.
USUAL = "latency=105-115ms"
CANARIES = {
    "healthy": USUAL,
    "slow": "latency=200-800ms",
    "failing": f"{USUAL}; error=503:12%",
    "leaking": f"{USUAL}; leak=2MB/s",
    "crashing": USUAL,
    FROZEN: "latency=10500ms",
}
"""Faults of each service's canary. Stable is healthy; `frozen` has none, as in a first deployment."""
COMPARED = ("healthy", "slow", "failing")
"""Whose 500 requests of each role are there."""
REQUESTS = 560
CALM_SECONDS = 20.0


@dataclass
class World:
    """Where everything is, and the moments to ask about."""

    folder: Path
    prometheus: str
    gateway: str
    pods: dict[str, Pod]
    """Of the canaries, by service."""
    stable: dict[str, Pod]
    began: float = field(default_factory=time.time)
    users: dict[tuple[str, str], Users] = field(default_factory=dict)
    exits: dict[str, int] = field(default_factory=dict)
    decisions: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What the weight service answered, by service."""
    moments: dict[str, float] = field(default_factory=dict)

    def ask(self, text: str, moment: str | None = None) -> list[dict[str, Any]]:
        """The samples of an instant query."""
        given = {"query": text} | ({"time": f"{self.moments[moment]:.3f}"} if moment else {})
        answer = requests.post(f"{self.prometheus}/api/v1/query", data=given, timeout=30).json()
        assert answer["status"] == "success", (text, answer)
        result = answer["data"]["result"]
        is_vector = answer["data"]["resultType"] == "vector"
        return list(result) if is_vector else [{"metric": {}, "value": result}]

    def number(self, text: str) -> float:
        """Of one sample; -1 where there is none."""
        found = self.ask(text)
        return float(found[0]["value"][1]) if found else -1.0

    def settle(self, name: str) -> None:
        """All is scraped, and every rule evaluated twice since: pending, and then firing."""
        began = time.time()

        def is_settled() -> bool:
            found = requests.get(f"{self.prometheus}/api/v1/rules", timeout=30).json()
            groups = found["data"]["groups"]
            since = [_seconds(each["lastEvaluation"]) - began for each in groups]
            return bool(since) and min(since) > 3 + 2 * EVALUATED_SECONDS

        eventually(is_settled, f"rules are evaluated for {name}", 60)
        self.moments[name] = time.time()

    def sent(self, service: str, role: str = "canary") -> int:
        """Users' requests that were answered."""
        return len(self.users[service, role].codes)


def _seconds(text: str) -> float:
    """Since the epoch, of a time as Go writes it, with nanoseconds and a zone."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d*", r"\1", text)).timestamp()


@contextlib.contextmanager
def running_world(folder: Path) -> Iterator[World]:
    """Up, used, gated, crashed; then misled, and partly down."""
    with contextlib.ExitStack() as stack:
        pods, stable = _pods(stack)
        page = Pods(NAMESPACE, [*pods.values(), *stable.values()]).text
        exporter = stack.enter_context(exporting(page))
        port, *gateways = (free_port() for _ in range(3))
        url, gateway, other = (f"http://127.0.0.1:{each}" for each in (port, *gateways))
        stack.enter_context(pushgateway(folder / "gateway", gateways[0]))
        asked = stack.enter_context(weight_service(url, folder / "weights.log"))
        broken = stack.enter_context(contextlib.ExitStack())
        broken.enter_context(pushgateway(folder / "other", gateways[1]))
        blind = broken.enter_context(weight_service("http://127.0.0.1:9", folder / "blind.log"))
        services = [asked[1], blind[1]]
        settings = configure(folder, pods, stable, gateways, services, exporter)
        command = [find_program("prometheus"), f"--config.file={settings}"]
        command += [
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        stack.enter_context(running(command, f"{url}/-/ready", folder))
        world = World(folder, url, gateway, pods, stable)
        _live(world, stack)
        for service in pods:
            world.decisions[service] = decision(asked[1], service)
        world.settle("well")
        _mislead(world, other, blind[1])
        world.settle("misled")
        broken.close()
        world.settle("down")
        yield world


def decision(weights: str, service: str) -> dict[str, Any]:
    """As canary-safe-weight asks."""
    names = {"namespace": NAMESPACE, "canary": CANARY_HASH, "stable": STABLE_HASH}
    answer = requests.get(f"{weights}/weight", params={"service": service, **names}, timeout=20)
    assert 200 == answer.status_code, answer.text
    return dict(answer.json())


def _pods(stack: contextlib.ExitStack) -> tuple[dict[str, Pod], dict[str, Pod]]:
    """Canary and stable of each service, all started at once."""
    beside = [name for name in CANARIES if name != FROZEN]
    wanted = [*CANARIES.items(), *((f"{name}-stable", USUAL) for name in beside)]

    def start(version_and_faults: tuple[str, str]) -> RunningShop:
        shop = start_shop(*version_and_faults)
        # Here, so that those that did start end where another does not.
        stack.callback(_end, shop)
        return shop

    with ThreadPoolExecutor(4) as pool:
        shops = list(pool.map(start, wanted))
    pods = {
        name: Pod(f"{name}-{CANARY_HASH}-x2x4z", shop)
        for name, shop in zip(CANARIES, shops, strict=False)
    }
    stable = {
        name: Pod(f"{name}-{STABLE_HASH}-q8q8q", shop)
        for name, shop in zip(beside, shops[len(pods) :], strict=True)
    }
    pods["crashing"].is_new = True
    pods["crashing"].fill_up(0.95)
    return pods, stable


def _end(shop: RunningShop) -> None:
    if shop.process.poll() is None:
        end(shop.process)


def _live(world: World, stack: contextlib.ExitStack) -> None:
    """Users and gates, at once; one canary crashes meanwhile."""
    # Two gateways, one of them twice, two weight services, the pods' page.
    targets = len(world.pods) + len(world.stable) + 6
    eventually(lambda: world.number("count(up == 1)") == targets, "all are scraped", 60)
    gates = _start_gates(world, stack)
    broken = _crash(world, stack)
    # Eight Locusts that import themselves are a busy machine; the users come when they are done.
    loading = [world.folder / f"gate-{name}.log" for name in gates]
    eventually(lambda: all("load on" in each.read_text() for each in loading), "gates load", 60)
    for name in COMPARED:
        _use(world, stack, name, "canary", 14 if name == "slow" else 3)
        _use(world, stack, name, "stable", 3)
    # Fewer than the 500 that a comparison takes.
    for name in ("leaking", "crashing"):
        _use(world, stack, name, "stable", 1, 300)
    _use(world, stack, "leaking", "canary", 1, 300)
    _use(world, stack, FROZEN, "canary", 30, 1)
    world.exits["crashing"] = broken.wait(60)
    world.settle("crashed")
    _come_back(world, stack)
    for name, process in gates.items():
        world.exits[name] = process.wait(90)
    _wait_for_users(world)
    for users in world.users.values():
        users.go()


def _wait_for_users(world: World) -> None:
    """Enough of them; and more, where the machine stood still: until that is no hundredth any more.

    Not for ever: then the ranges of the healthy canary decide.
    """
    compared = [(name, role) for name in COMPARED for role in ("canary", "stable")]
    eventually(
        lambda: min(world.sent(*each) for each in compared) >= REQUESTS, "enough requests", 90
    )
    deadline = time.monotonic() + CALM_SECONDS
    while time.monotonic() < deadline and any(
        world.users[each].waited(0.2) > 0.009 for each in compared if each != ("slow", "canary")
    ):
        time.sleep(0.5)


def _use(
    world: World,
    stack: contextlib.ExitStack,
    service: str,
    role: str,
    number: int,
    most: int = 10**9,
) -> Users:
    pod = (world.pods if role == "canary" else world.stable)[service]
    users = world.users[service, role] = Users(pod.shop, number, most)
    stack.callback(users.go)
    users.come()
    return users


def _start_gates(world: World, stack: contextlib.ExitStack) -> "dict[str, subprocess.Popen[bytes]]":
    # Whole: whatever else a late machine makes of it, there are the samples that memory takes.
    memory = {"MEMORY_LIMIT": f"{LIMIT_BYTES}", "MIN_RUN_TIME": GATE["run_time"]}
    for role, pods in (("CANARY", world.pods), ("STABLE", world.stable)):
        url = f"http://127.0.0.1:{pods['leaking'].shop.port}/metrics"
        memory[f"{role}_METRICS_URL"] = url
    return {
        name: _gate(world, stack, name, world.stable[name].shop, **more)
        for name, more in [*((each, {}) for each in COMPARED), ("leaking", memory)]
    }


def _gate(
    world: World,
    stack: contextlib.ExitStack,
    service: str,
    stable: RunningShop | None,
    **more: str,
) -> "subprocess.Popen[bytes]":
    process = gate(world.folder, service, world.pods[service].shop, stable, world.gateway, more)
    stack.callback(process.wait, 30)
    stack.callback(process.terminate)
    return process


def _crash(world: World, stack: contextlib.ExitStack) -> "subprocess.Popen[bytes]":
    """Killed under its users, and its gate finds nobody."""
    shop = world.pods["crashing"].shop
    gone = _use(world, stack, "crashing", "canary", 3)
    seen = 'count_over_time(http_requests_total{job="crashing",role="canary",traffic="user"}[1m])'
    eventually(lambda: world.number(seen) >= 4, "the canary that will crash is seen in use", 60)
    end(shop.process)
    gone.go()
    return _gate(world, stack, "crashing", None, RUN_TIME="3s", MIN_RUN_TIME="0s")


def _come_back(world: World, stack: contextlib.ExitStack) -> None:
    """The same pod, restarted, never ready, and used."""
    pod = world.pods["crashing"]
    pod.shop = start_shop("crashing", f"{USUAL}; unready=600s", pod.shop.port)
    pod.restarts += 1
    stack.callback(_end, pod.shop)
    _use(world, stack, "crashing", "canary", 1, 300)


def _mislead(world: World, gateway: str, blind: str) -> None:
    """A push that is refused, a gateway without `honor_labels`, a weight service without numbers."""
    group = f"/metrics/job/canarygate/service/crashing/role/stable/stage/{STAGE}"
    text = 'canarygate_run_requests{a="1"} 1\n'
    assert 400 == requests.put(world.gateway + group, data=text, timeout=10).status_code
    other = "/metrics/job/canarygate/service/elsewhere/role/stable"
    text = "# TYPE canarygate_run_requests gauge\ncanarygate_run_requests 1\n"
    assert 200 == requests.put(gateway + other, data=text, timeout=10).status_code
    assert "hold" == decision(blind, "healthy")["status"]
