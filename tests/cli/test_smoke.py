"""`canarygate smoke` on the command line: what it refuses, what it writes, and where."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from canarygate.errors import Interrupted, RunBroken

if TYPE_CHECKING:
    from tests.cli.conftest import Command
    from tests.conftest import MakeRecords, PretendedLoad

HINT = "  hint: canarygate smoke --help shows every option; --dry-run what would be done\n"
GITHUB = {"GITHUB_ACTIONS": "true"}


@pytest.fixture
def ready() -> Iterator[str]:
    """A host that answers 200 to everything."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with connection, suppress(OSError):
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()


def kinds(path: Path) -> list[str]:
    """Of what is wrong with the test cases of a file."""
    return [each.tag for case in ElementTree.parse(path).iter("testcase") for each in case]


@pytest.mark.usefixtures("load")
def test_a_pass_is_told_to_everybody(canarygate: "Command", ready: str, here: Path) -> None:
    (here / "summary.md").write_text("### an earlier step\n")

    ended = canarygate(
        *("smoke", "--target-host", ready, "--run-id", "run-1", "--junit", "reports/smoke.xml"),
        **GITHUB,
        GITHUB_STEP_SUMMARY="summary.md",
    )

    assert 0 == ended.code
    assert ended.out.startswith("pass: limits only, no stable host: ")
    assert "report: results/run-1/report.html" == ended.out.splitlines()[-1].rstrip()
    said = ended.err.splitlines()
    assert f"canarygate: waiting for {ready} (60 s at most)" == said[0]
    assert said[-1].startswith("::notice title=canarygate%3A pass::pass: limits only")
    assert [] == kinds(here / "results/run-1/junit.xml")
    assert (here / "results/run-1/junit.xml").read_bytes() == (
        here / "reports/smoke.xml"
    ).read_bytes()
    summary = (here / "summary.md").read_text("utf-8")
    assert summary.startswith("### an earlier step\n### ✅ canarygate: pass: limits only")


@pytest.mark.usefixtures("load")
def test_json_stays_pure_and_the_answer_the_same_when_github_cannot_be_told(
    canarygate: "Command", ready: str, here: Path
) -> None:
    ended = canarygate(
        *("smoke", "--target-host", ready, "--run-id", "run-1", "--json"),
        **GITHUB,
        GITHUB_STEP_SUMMARY="no/such.md",
    )

    assert 0 == ended.code
    assert (here / "results/run-1/report.json").read_text("utf-8") == ended.out
    assert ended.err.endswith(
        "canarygate: the step summary was not written (No such file or directory)\n"
    )


def test_a_failing_service_fails_everywhere(
    canarygate: "Command",
    load: "PretendedLoad",
    make_records: "MakeRecords",
    ready: str,
    here: Path,
) -> None:
    load.canary = make_records(failed=300)

    ended = canarygate("smoke", "--target-host", ready, "--run-id", "run-1", **GITHUB)

    assert 10 == ended.code
    assert ["failure", "failure"] == [
        each for each in kinds(here / "results/run-1/junit.xml") if each == "failure"
    ]
    assert "::error title=canarygate%3A fail::fail" in ended.err


@pytest.mark.parametrize(
    ("problem", "code"), [(RunBroken("Locust died"), 3), (Interrupted(2), 130)]
)
def test_a_run_that_went_wrong_is_an_error_everywhere(
    canarygate: "Command",
    load: "PretendedLoad",
    ready: str,
    here: Path,
    problem: Exception,
    code: int,
) -> None:
    load.problem = problem

    ended = canarygate("smoke", "--target-host", ready, "--run-id", "run-1", **GITHUB)

    assert code == ended.code
    assert "error" in kinds(here / "results/run-1/junit.xml")
    assert "::error title=canarygate%3A inconclusive::" in ended.err


@pytest.mark.usefixtures("load")
def test_an_inconclusive_run_is_never_green(canarygate: "Command", ready: str, here: Path) -> None:
    """Nobody reads the verdict of a smoke run after it, so there is no way to let it pass."""
    small = here / "small.toml"
    small.write_text("[errors]\nshare = 0.000001\n")
    words = ("smoke", "--target-host", ready, "--run-id", "run-1", "--policy", str(small))

    ended = canarygate(*words, ON_INCONCLUSIVE="pass")

    assert 11 == ended.code
    assert "error" in kinds(here / "results/run-1/junit.xml")
    assert 2 == canarygate(*words, "--on-inconclusive", "pass").code


def test_everything_that_is_wrong_is_told_at_once_and_nothing_is_started(
    canarygate: "Command", here: Path
) -> None:
    ended = canarygate(
        *("smoke", "--start", "touch started && no-such-program", "--users", "0"),
        *("--ready-path", "healthz", "--ready-timeout", "soon", "--junit", "."),
    )

    assert (
        2,
        "",
        "canarygate: --start (START): '&&' is for a shell, and there is none; write sh -c '...' "
        "around the whole\n"
        "canarygate: --ready-path (READY_PATH): 'healthz' is no path below the base URL; try "
        "/healthz\n"
        "canarygate: --ready-timeout (READY_TIMEOUT): 'soon' is not a duration; try 90s, 5m or "
        "1m30s\n"
        "canarygate: --users (USERS): '0' is not a whole number of 1 or more\n"
        "canarygate: --junit (JUNIT): . is a folder; name a file, such as junit.xml\n"
        "canarygate: --target-host (TARGET_HOST) is not set; give the canary's base URL, such as "
        "http://canary:8080\n" + HINT,
    ) == (ended.code, ended.out, ended.err)
    assert not (here / "started").exists()


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("no-such-program", "there is no program 'no-such-program' on the PATH or here"),
        (
            "own_flow.py",
            "there is no program 'own_flow.py' on the PATH; the one here is ./own_flow.py",
        ),
        (
            "./own_flow.py",
            "./own_flow.py is no program that can be run; chmod +x, or name its interpreter first",
        ),
    ],
)
def test_an_unknown_program_is_refused_before_anything_is_done(
    canarygate: "Command", here: Path, program: str, said: str
) -> None:
    ended = canarygate("smoke", "--target-host", "http://127.0.0.1:9", "--start", program)

    assert (2, "") == (ended.code, ended.out)
    assert f"canarygate: --start (START): {said}\n" in ended.err
    assert not (here / "results").exists()


def test_an_older_junit_file_is_never_taken_for_this_run_s(
    canarygate: "Command", here: Path
) -> None:
    """Runners keep their working folders."""
    (here / "old.xml").write_text('<testsuites><testsuite tests="1"/></testsuites>')

    ended = canarygate("smoke", "--users", "none", "--junit", "old.xml", **GITHUB)

    assert 2 == ended.code
    assert ["error"] == kinds(here / "old.xml")
    assert "::error title=canarygate::--users (USERS): 'none' is not a whole number" in ended.err


@pytest.mark.usefixtures("load")
def test_another_run_s_folder_is_left_as_it_is(
    canarygate: "Command", ready: str, here: Path
) -> None:
    words = ("smoke", "--target-host", ready, "--run-id", "run-1")
    first = canarygate(*words, GITHUB_ACTIONS="false", GITHUB_STEP_SUMMARY="summary.md")
    before = {path: path.read_bytes() for path in (here / "results/run-1").iterdir()}

    ended = canarygate(*words)

    assert (0, 2) == (first.code, ended.code)
    assert "::" not in first.err + ended.err
    assert not (here / "summary.md").exists()
    assert "exists already" in ended.err
    assert before == {path: path.read_bytes() for path in (here / "results/run-1").iterdir()}


def test_a_dry_run_shows_the_commands_and_does_nothing(canarygate: "Command", here: Path) -> None:
    (here / "old.xml").write_text("old")

    ended = canarygate(
        *("smoke", "--target-host", "http://127.0.0.1:9", "--dry-run", "--junit", "old.xml"),
        *("--start", "sh -c 'touch started; sleep 1'"),
        PATH="/usr/bin:/bin",
    )

    lines = [line.split() for line in ended.out.splitlines()]
    assert (0, "") == (ended.code, ended.err)
    assert ["--users", "USERS", "40", "default"] in lines
    assert ["--run-time", "RUN_TIME", "30s", "default"] in lines
    assert ["--ready-timeout", "READY_TIMEOUT", "60s", "default"] in lines
    assert ended.out.endswith("\nservice:\n  sh -c 'touch started; sleep 1'\n")
    assert "old" == (here / "old.xml").read_text()
    assert not (here / "started").exists()


def test_a_junit_file_that_cannot_be_written_is_refused(canarygate: "Command", here: Path) -> None:
    """Before the run: after it, nobody would miss the file."""
    (here / "file").touch()

    ended = canarygate("smoke", "--target-host", "http://127.0.0.1:9", "--junit", "file/junit.xml")

    assert 2 == ended.code
    assert (
        "canarygate: --junit (JUNIT): file/junit.xml cannot be written (File exists)\n"
    ) in ended.err
    assert not (here / "results").exists()
