"""What a finished gate and a judged folder say, on which stream, and in which exit code."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from canarygate import console
from canarygate.cli.demo import verdict_on_the_demo
from canarygate.errors import ExitCode, Interrupted, RunBroken

if TYPE_CHECKING:
    from tests.cli.conftest import Command
    from tests.conftest import MakeFolder, MakeRecords, PretendedLoad

GATE = ("gate", "--target-host", "http://canary", "--stable-host", "http://stable")


def test_the_answer_is_a_sentence_a_table_and_where_the_report_is(
    canarygate: "Command", load: "PretendedLoad"
) -> None:
    ended = canarygate(*GATE, "--run-id", "run-1")

    lines = ended.out.splitlines()
    assert (0, "") == (ended.code, ended.err)
    assert load.was_closed
    assert lines[0].startswith("pass after 45 s: ruled out: more than 25 % slower, ")
    assert "report: results/run-1/report.html" == lines[-1].rstrip()
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in ended.out


@pytest.mark.parametrize(("failed", "code"), [(0, 0), (300, 10)])
def test_json_is_the_report_byte_for_byte_and_nothing_else(
    canarygate: "Command",
    load: "PretendedLoad",
    make_records: "MakeRecords",
    here: Path,
    failed: int,
    code: int,
) -> None:
    load.canary = make_records(failed=failed)

    ended = canarygate(*GATE, "--run-id", "run-1", "--json")

    assert (here / "results/run-1/report.json").read_text("utf-8") == ended.out
    assert code == ended.code


def test_json_goes_without_a_word_of_what_went_wrong(
    canarygate: "Command", load: "PretendedLoad"
) -> None:
    load.problem = RunBroken("Locust died", hint="feed it")

    ended = canarygate(*GATE, "--json")

    assert "inconclusive" == json.loads(ended.out)["verdict"]
    assert (3, "canarygate: Locust died\n  hint: feed it\n") == (ended.code, ended.err)


@pytest.mark.usefixtures("load")
def test_a_refused_gate_has_no_json(canarygate: "Command") -> None:
    assert (2, "") == ((ended := canarygate("gate", "--json")).code, ended.out)


@pytest.mark.usefixtures("load")
def test_a_folder_that_is_there_already_is_told(canarygate: "Command") -> None:
    canarygate(*GATE, "--run-id", "run-1")

    ended = canarygate(*GATE, "--run-id", "run-1")

    assert (
        2,
        "",
        "canarygate: --run-id (RUN_ID): results/run-1 exists already\n"
        "  hint: every run keeps its own folder; leave --run-id out for a new name\n",
    ) == (ended.code, ended.out, ended.err)


def test_a_bug_of_ours_is_told_with_its_traceback(
    canarygate: "Command", load: "PretendedLoad"
) -> None:
    load.problem = ZeroDivisionError("oh")

    ended = canarygate(*GATE)

    assert (1, "") == (ended.code, ended.out)
    assert "Traceback" in ended.err
    assert ended.err.endswith(
        "ZeroDivisionError: oh\n\n"
        "This is a bug of canarygate's; please report it with the lines above.\n"
    )
    assert load.was_closed


@pytest.mark.parametrize(("failed", "code"), [(0, 0), (300, 10)])
def test_a_saved_run_is_judged_again(
    canarygate: "Command",
    make_folder: "MakeFolder",
    make_records: "MakeRecords",
    failed: int,
    code: int,
) -> None:
    folder = make_folder(make_records(failed=failed))
    before = {path: path.read_bytes() for path in folder.iterdir()}

    people, machines = canarygate("judge", str(folder)), canarygate("judge", str(folder), "--json")

    assert (code, code) == (people.code, machines.code)
    assert people.out.startswith(f"{json.loads(machines.out)['sentence'][:40]}")
    assert ("", "") == (people.err, machines.err)
    assert before == {path: path.read_bytes() for path in folder.iterdir()}


def test_another_policy_may_have_another_answer(
    canarygate: "Command", make_folder: "MakeFolder", make_records: "MakeRecords", here: Path
) -> None:
    folder = make_folder(make_records(failed=300))
    (here / "mild.toml").write_text("[errors]\nshare = 0.5\n")

    assert 10 == canarygate("judge", str(folder)).code
    assert 11 == canarygate("judge", str(folder), POLICY="mild.toml").code  # slow, still


def test_numbers_that_are_none_do_not_break_the_answer(
    canarygate: "Command", make_folder: "MakeFolder", make_records: "MakeRecords"
) -> None:
    """Python's JSON reads NaN, and a file may have been edited."""
    folder = make_folder(make_records())
    text = (folder / "run.json").read_text().replace('"generator_cpu": 0.2', '"generator_cpu": NaN')
    (folder / "run.json").write_text(text)

    ended = canarygate("judge", str(folder), "--json")

    assert None is json.loads(ended.out)["roles"]["canary"]["generator_cpu"]


def test_a_saved_run_can_be_written_as_series(
    canarygate: "Command", make_folder: "MakeFolder", make_records: "MakeRecords", here: Path
) -> None:
    folder = make_folder(make_records())

    ended = canarygate("push", str(folder), "--output", "metrics.prom")
    shown = canarygate("push", str(folder), "--output", "-")

    assert (0, "") == (ended.code, ended.out)
    assert "canarygate_run_requests" in (here / "metrics.prom").read_text()
    assert (here / "metrics.prom").read_text() == shown.out
    assert shown.err == ended.err
    assert 'series in {job="canarygate"' in shown.err


@pytest.mark.parametrize(
    ("variables", "has_colour"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
    ids=str,
)
def test_a_terminal_has_colours_unless_they_are_not_wanted(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    has_colour: bool,
) -> None:
    from rich.text import Text

    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)

    console.show(Text("fail", style="red"))

    assert has_colour is ("\x1b[31m" in capsys.readouterr().out)


@pytest.mark.usefixtures("load")
def test_a_reader_that_went_away_is_no_pass(
    canarygate: "Command", monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_text: str) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(console, "put", gone)
    monkeypatch.setattr(sys.stderr, "close", lambda: None)

    assert 0 != canarygate(*GATE, "--json").code


@pytest.mark.parametrize(("number", "code", "told"), [(2, 130, "Ctrl-C"), (15, 143, "SIGTERM")])
def test_a_signal_outside_of_the_load_ends_the_command_with_its_own_code(
    canarygate: "Command", monkeypatch: pytest.MonkeyPatch, number: int, code: int, told: str
) -> None:
    def interrupted(_folder: Path) -> None:
        raise Interrupted(number)

    monkeypatch.setattr("canarygate.cli.judge.read_run", interrupted)

    ended = canarygate("judge", "results/run-1")

    assert (code, "", f"canarygate: ended by {told}\n") == (ended.code, ended.out, ended.err)


@pytest.mark.parametrize(
    ("healthy", "faulty", "code"),
    [
        (ExitCode.PASS, ExitCode.FAIL, ExitCode.PASS),
        (ExitCode.PASS, ExitCode.PASS, ExitCode.BROKEN),
        (ExitCode.PASS, ExitCode.INCONCLUSIVE, ExitCode.INCONCLUSIVE),
        (ExitCode.FAIL, ExitCode.FAIL, ExitCode.FAIL),
        (ExitCode.INCONCLUSIVE, ExitCode.FAIL, ExitCode.INCONCLUSIVE),
        (ExitCode.BROKEN, ExitCode.PASS, ExitCode.BROKEN),
    ],
)
def test_a_demo_that_shows_something_else_is_no_success(
    capsys: pytest.CaptureFixture[str], healthy: ExitCode, faulty: ExitCode, code: ExitCode
) -> None:
    assert code is verdict_on_the_demo(healthy, faulty)
    assert bool(code) is ("Expected exit codes 0 and 10" in capsys.readouterr().err)
