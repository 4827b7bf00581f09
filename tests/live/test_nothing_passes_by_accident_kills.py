"""Locust or its workers are killed: what is left is no answer, however healthy it looks."""

import os
import signal
from typing import TYPE_CHECKING

import pytest

from canarygate.results import CANARY, STABLE

if TYPE_CHECKING:
    from tests.live.conftest import Gates, Shop

pytestmark = pytest.mark.live


@pytest.mark.parametrize("role", [pytest.param(CANARY, marks=pytest.mark.smoke), STABLE])
def test_a_locust_that_is_killed_breaks_the_run(
    gates: "Gates", canary: "Shop", stable: "Shop", role: str
) -> None:
    """Whichever role it was; and the other one's load ends at once, not after its 30 s."""
    gate = gates.start(canary.url, stable.url, run_time="30s")
    gate.wait_for_requests(400)
    os.kill(gate.locusts(role)[0], signal.SIGKILL)

    ended = gate.end(15)

    assert (3, "broken", "inconclusive") == ended.answer
    assert f"{role}: Locust was killed by signal 9" in ended.err


def test_a_locust_that_is_killed_before_the_load_breaks_the_run(
    gates: "Gates", canary: "Shop", stable: "Shop"
) -> None:
    slow_to_load = gates.flow("time.sleep(3)\nclass Shopper(FastHttpUser):\n    tasks = [print]\n")
    gate = gates.start(canary.url, stable.url, locust_file=slow_to_load)
    gate.wait_for_locust()
    gate.until(lambda: len(gate.locusts(STABLE)) == 1, "both are started")
    os.kill(gate.locusts(STABLE)[0], signal.SIGKILL)

    ended = gate.end(15)

    assert 0 != ended.code
    assert "pass" != ended.answer[2]


def test_a_master_that_is_killed_breaks_the_run_and_takes_its_workers_along(
    gates: "Gates", canary: "Shop", stable: "Shop"
) -> None:
    gate = gates.start(canary.url, stable.url, run_time="30s", processes="2", users="10")
    gate.wait_for_requests(200)
    os.kill(gate.locusts(CANARY)[0], signal.SIGKILL)

    ended = gate.end(20)

    assert (3, "broken", "inconclusive") == ended.answer


@pytest.mark.parametrize(
    ("killed", "number"),
    [
        pytest.param(1, signal.SIGKILL, id="one killed"),
        pytest.param(2, signal.SIGKILL, id="all killed"),
        pytest.param(1, signal.SIGSTOP, id="one frozen"),
    ],
)
def test_lost_workers_break_the_run(
    gates: "Gates", canary: "Shop", killed: int, number: signal.Signals
) -> None:
    """Locust alone: half the users, up to 3 s of records lost, exit code 0."""
    gate = gates.start(canary.url, run_time="8s", processes="2")
    gate.wait_for_requests(400)
    for worker in gate.locusts(CANARY)[1 : 1 + killed]:
        os.kill(worker, number)

    ended = gate.end()

    assert (3, "broken", "inconclusive") == ended.answer
    assert f"{killed} of 2 Locust workers were lost" in ended.err


def test_a_worker_that_is_killed_at_the_very_end_breaks_the_run(
    gates: "Gates", canary: "Shop"
) -> None:
    """Too late for a heartbeat to be missed: only its last report is."""
    gate = gates.start(canary.url, run_time="3s", processes="2")
    gate.wait_for_requests(1)
    gate.until(lambda: gate.run_seconds() > 2.6, "the run is nearly over")
    os.kill(gate.locusts(CANARY)[1], signal.SIGKILL)

    ended = gate.end()

    assert (3, "broken", "inconclusive") == ended.answer


def test_sigterm_to_the_workers_is_left_to_their_master(gates: "Gates", canary: "Shop") -> None:
    """A pod that ends signals every process of it; a worker that went first would lose records."""
    gate = gates.start(canary.url, processes="2")
    gate.wait_for_requests(100)
    for worker in gate.locusts(CANARY)[1:]:
        os.kill(worker, signal.SIGTERM)

    ended = gate.end()

    facts = ended.run.file.roles[CANARY]
    assert (0, "finished", "pass") == ended.answer
    assert ended.records() == facts.started
