"""`canarygate smoke` as a CI job runs it: real services, started and ended, and what is left to read."""

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest

from canarygate.runner.service import LOG_NAME
from tests.live.conftest import (
    Ended,
    Gates,
    RunningGate,
    Shop,
    environ_of,
    free_port,
    marked,
    parent_of,
)

if TYPE_CHECKING:
    from tests.live.conftest import StartShop

pytestmark = pytest.mark.live
CANARYGATE = f"{shlex.quote(sys.executable)} -m canarygate"


class Smoke:
    """Runs smoke runs against a port that nobody listens on yet."""

    def __init__(self, gates: Gates) -> None:
        self.gates = gates
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.shop = f"{CANARYGATE} serve shop --port {self.port}"

    def start(
        self,
        start: str | None,
        *more: str,
        environ: Mapping[str, str] | None = None,
        **options: str,
    ) -> RunningGate:
        """`start` is the service's command."""
        if start is not None:
            options["start"] = start
        own: dict[str, Any] = {"command": "smoke", **options}
        return self.gates.start(self.url, None, *more, environ=environ, **own)

    def run(
        self,
        start: str | None,
        *more: str,
        environ: Mapping[str, str] | None = None,
        **options: str,
    ) -> Ended:
        """The same, from start to end."""
        return self.start(start, *more, environ=environ, **options).end()


@pytest.fixture
def smoke(gates: Gates) -> Smoke:
    return Smoke(gates)


def sh(script: str) -> str:
    return f"sh -c {shlex.quote(script)}"


def junit(path: Path) -> dict[str, dict[str, str]]:
    """By kind of trouble: the first line said of each test case; `pass` holds the others."""
    found: dict[str, dict[str, str]] = {"pass": {}, "failure": {}, "error": {}}
    for case in ElementTree.parse(path).iter("testcase"):
        trouble = next((each for each in case if each.tag in found), None)
        kind = "pass" if trouble is None else trouble.tag
        found[kind][case.attrib["name"]] = "" if trouble is None else trouble.attrib["message"]
    return found


@pytest.mark.smoke
def test_a_healthy_service_is_started_passes_and_is_ended(smoke: Smoke, tmp_path: Path) -> None:
    """In a CI job: no terminal, a home that cannot be written to, everything from variables.

    The service is slow to start and never stops talking: its words go to a file, as a pipe that
    nobody empties would stop it.
    """
    home = tmp_path / "no-home"
    home.mkdir()
    home.chmod(0o500)
    summary = tmp_path / "summary.md"
    talk = "yes 'a line that nobody reads' | head -c 20000000; sleep 4"
    variables = {
        **{"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)},
        **{"HOME": str(home), "START": sh(f"{talk}; exec {smoke.shop}")},
        **{"JUNIT": str(tmp_path / "new" / "smoke.xml")},
    }

    ended = smoke.run(None, "--json", environ=variables)

    assert (0, "finished", "pass") == ended.answer, ended.err
    assert (ended.folder / "report.json").read_text() == ended.out
    service = ended.report["started_service"]
    assert ("sh", None) == (service["program"], service["exit_status"])
    assert service["ready_seconds"] > 4
    words = (ended.folder / LOG_NAME).read_text()
    assert len(words) > 20_000_000
    assert "listening on" in words[-100:]
    found = junit(tmp_path / "new" / "smoke.xml")
    assert junit(ended.folder / "junit.xml") == found
    assert ({}, {}) == (found["failure"], found["error"])
    assert {"verdict", "canary.service", "canary.error_ratio"} <= found["pass"].keys()
    assert summary.read_text().startswith("### ✅ canarygate: pass: limits only, ")
    assert "::notice title=canarygate%3A pass::pass: limits only" in ended.err


def test_a_failing_service_fails_and_github_is_told(smoke: Smoke, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "gone" / "summary.md")
    variables = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": nowhere}

    ended = smoke.run(f"{smoke.shop} --faults error=503:30%", environ=variables, run_time="20s")

    assert (10, "decided", "fail") == ended.answer, ended.err
    assert {"verdict", "canary.error_ratio"} == junit(ended.folder / "junit.xml")["failure"].keys()
    assert "\n::error title=canarygate%3A fail::fail after " in ended.err
    assert "the step summary was not written (No such file or directory)" in ended.err


def test_a_started_service_that_dies_under_load_fails_though_its_child_answers_on(
    smoke: Smoke, tmp_path: Path
) -> None:
    """The supervisor is gone, and nobody would start the next one."""
    die = tmp_path / "die"
    script = f"{smoke.shop} & while ! test -e {die}; do sleep 0.1; done; echo oh no; exit 5"

    gate = smoke.start(sh(script), run_time="20s")
    gate.wait_for_requests()
    die.touch()
    ended = gate.end()

    assert (10, "decided", "fail") == ended.answer, ended.err
    assert ended.report["sentence"].startswith("fail: the started service ended by itself "), (
        ended.report["sentence"]
    )
    assert "s into the load (exit status 5)" in ended.open_checks["canary.service"]
    assert "  | oh no\n" in ended.err
    assert ended.seconds < 20
    assert {"verdict", "canary.service"} <= junit(ended.folder / "junit.xml")["failure"].keys()
    again = subprocess.run(
        [sys.executable, "-m", "canarygate", "judge", "--json", str(ended.folder)],
        env={"POLICY": str(tmp_path / "limits_only.toml")},
        capture_output=True,
        check=False,
    )
    assert (10, ended.report) == (again.returncode, json.loads(again.stdout))


def test_a_service_that_is_killed_under_load_fails_by_its_own_check(smoke: Smoke) -> None:
    gate = smoke.start(smoke.shop, run_time="20s")
    gate.wait_for_requests()
    os.kill(service_of(gate), signal.SIGKILL)
    ended = gate.end()

    assert (10, "decided", "fail") == ended.answer, ended.err
    assert "(killed by SIGKILL)" in ended.open_checks["canary.service"]


def test_a_service_that_ends_before_it_is_ready_is_a_broken_run(smoke: Smoke) -> None:
    ended = smoke.run(sh("echo no database; exit 7"))

    said = "the service exited with 7 before it was ready"
    assert (3, "broken", "inconclusive") == ended.answer
    assert f"canarygate: {said}\n" in ended.err
    assert "  | no database\n" in ended.err
    found = junit(ended.folder / "junit.xml")
    assert said in found["error"]["verdict"]
    assert {} == found["failure"]


def test_a_start_command_that_goes_to_the_background_is_refused_and_ended(smoke: Smoke) -> None:
    """Nobody would notice its end, and nobody would end it."""
    ended = smoke.run(sh(f"setsid {smoke.shop} & exit 0"))

    assert (3, "broken", "inconclusive") == ended.answer
    assert "the service exited with 0 before it was ready" in ended.err
    assert "has to stay in the foreground" in ended.err


def test_a_service_that_never_listens_is_ended_even_if_it_is_deaf_to_sigterm(smoke: Smoke) -> None:
    ended = smoke.run(
        sh("trap '' TERM; sleep 300 & while :; do sleep 1; done"),
        ready_timeout="1s",
        stop_timeout="0.5s",
    )

    assert (3, "broken", "inconclusive") == ended.answer
    assert f"not ready within 1 s: GET {smoke.url}/: connection refused" in ended.err
    assert "verdict" in junit(ended.folder / "junit.xml")["error"]


def test_a_port_that_is_taken_is_refused_before_anything_is_started(
    smoke: Smoke, shop: "StartShop", tmp_path: Path
) -> None:
    """The other one would be tested, and pass."""
    other: Shop = shop()
    before = tmp_path / "started"

    ended = smoke.run(f"touch {before}", target_host=other.url)

    assert 2 == ended.code
    assert f"somebody answers at {other.url} already" in ended.err
    assert not before.exists()
    assert 0 == other.started
    assert "already" in junit(ended.folder / "junit.xml")["error"]["verdict"]


def test_a_wrong_host_is_a_broken_run_within_bounded_time(smoke: Smoke) -> None:
    ended = smoke.run(None, ready_timeout="1s")

    assert (3, "broken", "inconclusive") == ended.answer
    assert "connection refused" in ended.err
    assert ended.seconds < 15


def test_a_results_folder_that_cannot_be_made_starts_nothing(smoke: Smoke, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    started, old = tmp_path / "started", tmp_path / "junit.xml"
    old.write_text("<testsuites/>")

    ended = smoke.run(
        f"touch {started}", results_dir=str(tmp_path / "file" / "results"), junit=str(old)
    )

    assert 2 == ended.code
    assert "--results-dir (RESULTS_DIR)" in ended.err
    assert not started.exists()
    assert "cannot be made" in junit(old)["error"]["verdict"]


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"]
)
def test_a_signal_while_readiness_is_waited_for_leaves_nothing_behind(
    smoke: Smoke, number: int, code: int
) -> None:
    gate = smoke.start(sh("echo up; sleep 300 & wait"))
    gate.until(lambda: said(gate) == "up\n", "the service is started")
    gate.signal(number)
    ended = gate.end()

    assert (code, "interrupted", "inconclusive") == ended.answer
    assert "ended by" in junit(ended.folder / "junit.xml")["error"]["verdict"]


def test_a_signal_under_load_ends_load_and_service(smoke: Smoke) -> None:
    """A service that CI ended in the same moment did not fail."""
    gate = smoke.start(smoke.shop, run_time="20s")
    gate.wait_for_requests()
    service = service_of(gate)
    gate.signal(signal.SIGTERM)
    os.kill(service, signal.SIGTERM)
    ended = gate.end()

    assert (143, "interrupted", "inconclusive") == ended.answer
    assert {} == junit(ended.folder / "junit.xml")["failure"]
    assert ended.seconds < 20


def test_a_second_ctrl_c_ends_a_service_that_is_deaf_to_the_first(smoke: Smoke) -> None:
    gate = smoke.start(sh("trap 'echo deaf' TERM; echo up; while :; do sleep 1; done"))
    gate.until(lambda: said(gate) == "up\n", "the service is started")
    gate.signal(signal.SIGINT)
    gate.until(lambda: "deaf" in said(gate), "the service was asked to end")
    gate.signal(signal.SIGINT)

    assert 130 == gate.end().code


def test_a_service_dies_with_a_smoke_run_that_is_killed(smoke: Smoke) -> None:
    gate = smoke.start(sh("echo up; exec sleep 300"))
    gate.until(lambda: said(gate) == "up\n", "the service is started")
    gate.signal(signal.SIGKILL)
    ended = gate.end()

    assert -signal.SIGKILL == ended.code


def said(gate: RunningGate) -> str:
    path = gate.folder / LOG_NAME
    return path.read_text() if path.exists() else ""


def service_of(gate: RunningGate) -> int:
    """The process that was started by the command itself."""
    return next(
        each
        for each in marked(gate.mark)
        if parent_of(each) == gate.process.pid and "CANARYGATE_RECORDER" not in environ_of(each)
    )
