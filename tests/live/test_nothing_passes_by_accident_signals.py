"""SIGTERM and SIGINT at any moment: the gate ends soon, with its own exit code, and never passes."""

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from canarygate.results import CANARY

if TYPE_CHECKING:
    from tests.live.conftest import Gates, RunningGate, Shop, StartShop

pytestmark = pytest.mark.live

BOTH = pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGTERM, 143, id="SIGTERM"),
        pytest.param(signal.SIGINT, 130, id="SIGINT"),
    ],
)
MOST_SECONDS = 15
"""From SIGTERM to the end of everything: within a pod's grace period."""


def end_by(gate: "RunningGate", number: int) -> tuple[tuple[int, str, str], float]:
    """Send the signal; gives the answer, and how long it took to come."""
    sent = time.monotonic()
    gate.signal(number)
    return gate.end().answer, time.monotonic() - sent


@BOTH
@pytest.mark.parametrize("delay", [0.0, 0.3, 1.0])
def test_a_signal_in_the_first_second(
    gates: "Gates", canary: "Shop", stable: "Shop", number: int, code: int, delay: float
) -> None:
    gate = gates.start(canary.url, stable.url, run_time="30s")
    gate.wait_for_signals()
    time.sleep(delay)

    answer, seconds = end_by(gate, number)

    assert code == answer[0]
    assert answer[1:] in [
        ("none", "none"),
        ("not started", "none"),
        ("interrupted", "inconclusive"),
    ]
    assert seconds < MOST_SECONDS


@BOTH
@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_signal_as_soon_as_locust_is_there(
    gates: "Gates", canary: "Shop", number: int, code: int, processes: str
) -> None:
    gate = gates.start(canary.url, run_time="30s", processes=processes)
    gate.wait_for_locust()

    answer, seconds = end_by(gate, number)

    assert (code, "interrupted", "inconclusive") == answer
    assert seconds < MOST_SECONDS


@BOTH
@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_signal_in_the_middle_keeps_every_record_and_does_not_pass(
    gates: "Gates", shop: "StartShop", number: int, code: int, processes: str
) -> None:
    """Locust alone exits 0 after SIGTERM, and its partial data looks like success."""
    host = shop("latency=20ms")
    gate = gates.start(host.url, run_time="30s", processes=processes)
    gate.wait_for_requests(400)

    gate.signal(number)
    ended = gate.end()

    facts = ended.run.file.roles[CANARY]
    assert (code, "interrupted", "inconclusive") == ended.answer
    assert facts.complete
    # A request may be ended between its count and its first byte.
    assert 0 <= ended.records() + facts.unfinished - host.started <= facts.unfinished
    assert ended.records() == facts.recorded == facts.statistics_requests


@pytest.mark.smoke
def test_a_signal_in_the_middle_of_slow_requests_of_both_roles(
    gates: "Gates", shop: "StartShop", stable: "Shop"
) -> None:
    gate = gates.start(
        shop("latency=5s").url, stable.url, run_time="30s", request_timeout="10s", users="10"
    )
    gate.wait_for_requests(200, "stable")

    answer, seconds = end_by(gate, signal.SIGTERM)

    assert (143, "interrupted", "inconclusive") == answer
    assert seconds < 8


@BOTH
def test_a_signal_while_the_last_requests_are_waited_for(
    gates: "Gates", shop: "StartShop", number: int, code: int
) -> None:
    gate = gates.start(shop("latency=3-4s").url, run_time="2s", request_timeout="5s")
    gate.wait_for_stopping()

    answer, seconds = end_by(gate, number)

    assert (code, "interrupted", "inconclusive") == answer
    assert seconds < 8


def test_a_signal_to_a_locust_that_is_deaf_to_it(gates: "Gates", canary: "Shop") -> None:
    flow = gates.flow(
        """
class Stuck(FastHttpUser):
    @task
    def look(self):
        self.client.get("/api/products/7")
        while True: pass
"""
    )
    gate = gates.start(canary.url, run_time="30s", users="1", locust_file=flow)
    gate.wait_for_locust()
    time.sleep(3)

    answer, seconds = end_by(gate, signal.SIGTERM)

    assert (143, "interrupted", "inconclusive") == answer
    assert seconds < MOST_SECONDS


def test_a_second_signal_ends_everything_at_once(gates: "Gates", shop: "StartShop") -> None:
    flow = gates.flow(
        """
class Stuck(FastHttpUser):
    @task
    def look(self):
        self.client.get("/api/products/7")
        while True: pass
"""
    )
    gate = gates.start(shop().url, run_time="30s", users="1", locust_file=flow)
    gate.wait_for_locust()
    time.sleep(3)
    gate.signal(signal.SIGTERM)
    time.sleep(0.5)

    answer, seconds = end_by(gate, signal.SIGTERM)

    assert 143 == answer[0]
    assert "pass" != answer[2]
    assert seconds < 4  # one signal alone waits 5 s for a Locust that is deaf


def test_many_signals_never_make_a_pass(gates: "Gates", canary: "Shop") -> None:
    gate = gates.start(canary.url, run_time="4s")
    gate.wait_for_requests(100)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):
        if gate.process.poll() is None:
            gate.signal(number)

    ended = gate.end()

    assert ended.code in (130, 143)
    assert "pass" != ended.answer[2]


@pytest.mark.parametrize("shape", [False, True], ids=["run time", "LoadTestShape"])
def test_sigterm_to_one_locust_itself_breaks_the_run(
    gates: "Gates", canary: "Shop", stable: "Shop", shape: bool
) -> None:
    """With a LoadTestShape, Locust has no handler of its own and loses what it knows."""
    text = """
class Shopper(FastHttpUser):
    wait_time = between(0.05, 0.2)

    @task
    def look(self):
        self.client.get("/api/products/7")
"""
    text += "class Steps(LoadTestShape):\n    def tick(self): return 20, 40\n" if shape else ""
    gate = gates.start(canary.url, stable.url, run_time="8s", locust_file=gates.flow(text))
    gate.wait_for_requests(400)
    locust = gate.locusts(CANARY)[0]

    os.kill(locust, signal.SIGTERM)
    ended = gate.end()

    assert (3, "broken", "inconclusive") == ended.answer
    assert ended.run.file.roles[CANARY].complete
    assert "of 8 s" in ended.err
