"""What lies around where a gate is started, and what lives beside it, changes nothing in its run."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from canarygate.results import CANARY, STABLE

if TYPE_CHECKING:
    from tests.live.conftest import Gates, Shop, StartShop

pytestmark = pytest.mark.live


def meddling(other: str) -> Mapping[str, str]:
    """Each of these alone would change a run of Locust's."""
    return {
        "LOCUST_HOST": other,
        "LOCUST_TAGS": "nothing",
        "LOCUST_EXCLUDE_TAGS": "everything",
        "LOCUST_EXIT_CODE_ON_ERROR": "0",
        "LOCUST_USERS": "1",
        "LOCUST_SPAWN_RATE": "0.1",
        "LOCUST_RUN_TIME": "1s",
        "LOCUST_RESET_STATS": "true",
        "LOCUST_STOP_TIMEOUT": "0",
        "LOCUST_LOCUSTFILE": "nowhere.py",
        "LOCUST_USER_CLASSES": "Nobody",
        "LOCUST_PROCESSES": "4",
        "LOCUST_CSV": "elsewhere",
        "LOCUST_CSV_FULL_HISTORY": "true",
        "LOCUST_HEADLESS": "false",
        "LOCUST_WEB_PORT": "tcp://10.0.0.1:8089",  # what a Service called locust-web leaves in a pod
        "LOCUST_MODE_WORKER": "true",
        "LOCUST_SKIP_MONKEY_PATCH": "1",
    }


def stray_files(folder: Path, other: str) -> None:
    """Locust reads them without a word, from the working directory and from HOME."""
    settings = f'host = "{other}"\nusers = 1\nrun-time = "1s"\ntags = ["nothing"]\n'
    (folder / "locust.conf").write_text(settings.replace('"', ""))
    (folder / "pyproject.toml").write_text(f"[tool.locust]\n{settings}")
    (folder / "home").mkdir()
    (folder / "home" / ".locust.conf").write_text(settings.replace('"', ""))


@pytest.mark.smoke
def test_variables_and_files_of_locusts_leave_a_healthy_run_whole(
    gates: "Gates", shop: "StartShop", tmp_path: Path
) -> None:
    canary, stable, other = shop(), shop("", "v1"), shop()
    stray_files(tmp_path, other.url)

    ended = gates.run(canary.url, stable.url, environ=meddling(other.url))

    assert (0, "finished", "pass") == ended.answer
    assert 0 == other.started
    assert {CANARY: canary.started, STABLE: stable.started} == {
        role: len(records) for role, records in ended.run.records.items()
    }
    assert [20, 20] == [facts.users for facts in ended.run.file.roles.values()]


def test_variables_and_files_of_locusts_hide_no_failure(
    gates: "Gates", shop: "StartShop", tmp_path: Path
) -> None:
    failing, other = shop("error=503:12%"), shop()
    stray_files(tmp_path, other.url)

    ended = gates.run(failing.url, environ=meddling(other.url), processes="2")

    assert (10, "finished", "fail") == ended.answer
    assert 0 == other.started
    assert failing.started == ended.records()


def test_a_module_in_the_working_directory_replaces_none_of_ours_with_a_pass(
    gates: "Gates", shop: "StartShop", tmp_path: Path
) -> None:
    """`python -m` puts the working directory first on the import path; Locust has one of its own."""
    (tmp_path / "locust.py").write_text("raise SystemExit(0)\n")

    ended = gates.run(shop("error=503").url, cwd=tmp_path)

    assert (10, "finished", "fail") == ended.answer


def test_two_gates_at_once_are_both_right_and_see_only_their_own_requests(
    gates: "Gates", shop: "StartShop"
) -> None:
    """On Locust's default port the first master took the workers of both."""
    shops = [shop(), shop("", "v1"), shop("error=503:20%"), shop("", "v1")]
    urls = [each.url for each in shops]

    healthy = gates.start(*urls[:2], users="10", run_time="6s", processes="2")
    failing = gates.start(*urls[2:], users="10", run_time="6s", processes="2")
    first, second = healthy.end(), failing.end()

    assert (10, "finished", "fail") == second.answer
    assert [each.started for each in shops] == [
        ended.records(role) for ended in (first, second) for role in (CANARY, STABLE)
    ]
    assert 0 == first.run.file.roles[CANARY].foreign_workers
    assert (0, "finished", "pass") == first.answer


def test_an_orphan_worker_of_another_run_sends_nothing_and_is_not_believed(
    gates: "Gates", shop: "StartShop"
) -> None:
    """It would be dealt users of ours, without our recorder, and its requests would be counted."""
    host = shop()
    gate = gates.start(host.url, run_time="6s", processes="2")
    gate.wait_for_requests(20)
    command = Path(f"/proc/{gate.locusts(CANARY)[0]}/cmdline").read_text().split("\0")
    port = command[command.index("--master-bind-port") + 1]
    flow = gates.flow(
        "class Orphan(FastHttpUser):\n    @task\n    def look(self): self.client.get('/')"
    )
    orphan = subprocess.Popen(
        [sys.executable, "-m", "locust", "-f", flow, "--worker", "--master-port", port],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        ended = gate.end()
    finally:
        orphan.kill()
        orphan.wait()

    assert (11, "finished", "inconclusive") == ended.answer
    assert {"run.workers": "canary: 1 foreign worker"} == ended.open_checks
    assert host.started == ended.records()
    assert 0 == host.total("http_requests_started_total", 'traffic="user"')


@pytest.mark.parametrize(
    "processes", [pytest.param("1", marks=pytest.mark.smoke), pytest.param("2")]
)
def test_nothing_survives_a_gate_that_is_killed(
    gates: "Gates", canary: "Shop", stable: "Shop", processes: str
) -> None:
    """An orphaned Locust would go on loading the hosts, and answer to nobody."""
    gate = gates.start(canary.url, stable.url, run_time="30s", processes=processes)
    gate.wait_for_requests(20)
    os.kill(gate.process.pid, signal.SIGKILL)

    ended = gate.end()

    assert (-9, "running", "none") == ended.answer
