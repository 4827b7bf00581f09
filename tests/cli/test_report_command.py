"""`canarygate report` draws again what the folder holds, and says where."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from canarygate.report.html import page
from canarygate.results import RunOutcome

if TYPE_CHECKING:
    from tests.cli.conftest import Command
    from tests.conftest import MakeFolder, MakeRecords


@pytest.fixture
def folder(make_folder: "MakeFolder", make_records: "MakeRecords") -> Path:
    return make_folder(make_records(failed=300))


def test_a_failed_run_is_drawn_with_exit_code_0(canarygate: "Command", folder: Path) -> None:
    """It is not a verdict: the page says what that was."""
    ended = canarygate("report", str(folder))

    text = (folder / "report.html").read_text("utf-8")
    assert (0, f"{folder}/report.html\n", "") == (ended.code, ended.out, ended.err)
    assert '<header class="fail">' in text
    assert 10 == canarygate("judge", str(folder)).code


def test_the_page_says_what_the_judge_says(canarygate: "Command", folder: Path) -> None:
    document = json.loads(canarygate("judge", str(folder), "--json").out)

    text = canarygate("report", str(folder), "--output", "-").out

    sentence = document["sentence"].removeprefix("fail").lstrip(": ")
    assert sentence in text.replace("&gt;", ">").replace("&#39;", "'")
    assert not (folder / "report.html").exists()


def test_another_policy_draws_another_answer(
    canarygate: "Command", make_folder: "MakeFolder", make_records: "MakeRecords", here: Path
) -> None:
    folder = make_folder(make_records(failed=100))
    (here / "mild.toml").write_text("[errors]\nshare = 0.5\n")

    given = canarygate("report", str(folder), "--policy", "mild.toml", "--output", "mild.html")
    named = canarygate("report", str(folder), POLICY="mild.toml", OUTPUT="named.html")

    assert [(0, "mild.html\n"), (0, "named.html\n")] == [(e.code, e.out) for e in (given, named)]
    assert '<header class="inconclusive">' in (here / "mild.html").read_text()
    assert (here / "mild.html").read_text() == (here / "named.html").read_text()


def test_links_are_relative_to_the_page(canarygate: "Command", folder: Path, here: Path) -> None:
    canarygate("report", str(folder), "--output", "page.html")
    canarygate("report", str(folder))

    beside = links_of(folder / "report.html")
    elsewhere = links_of(here / "page.html")
    assert ["./run.json", "./canary_requests.csv"] == beside
    assert all((folder / link).is_file() for link in beside)
    assert all((here / link).is_file() for link in elsewhere)
    assert len(beside) == len(elsewhere)


def links_of(path: Path) -> list[str]:
    return re.findall('href="([^#"]+)"', path.read_text("utf-8"))


def test_a_folder_that_is_none_of_ours_is_one_clear_error(
    canarygate: "Command", here: Path
) -> None:
    ended = canarygate("report", str(here))

    assert (2, "") == (ended.code, ended.out)
    assert ended.err.startswith(f"canarygate: {here}/run.json: not a run's file")
    assert 1 == ended.err.count("canarygate: ")
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("name", ["run.json", "canary_requests.csv", "memory.csv"])
def test_a_damaged_folder_is_one_clear_error(
    canarygate: "Command", folder: Path, name: str
) -> None:
    (folder / name).write_bytes(b"\x00\xff{,,\r\n,,,\r\n")

    ended = canarygate("report", str(folder))

    assert (2, "") == (ended.code, ended.out)
    assert ended.err.startswith(f"canarygate: {folder}/{name}")
    assert "Traceback" not in ended.err
    assert not (folder / "report.html").exists()


def test_an_output_that_cannot_be_written_is_told(
    canarygate: "Command", folder: Path, here: Path
) -> None:
    ended = canarygate("report", str(folder), "--output", "nowhere/page.html")

    assert (2, "") == (ended.code, ended.out)
    assert "canarygate: --output (OUTPUT): nowhere/page.html cannot be written" in ended.err
    assert [] == list(here.glob(".page*"))


def test_a_bad_policy_is_told_before_anything_is_drawn(canarygate: "Command", folder: Path) -> None:
    ended = canarygate("report", str(folder), "--policy", "missing.toml")

    assert (2, "") == (ended.code, ended.out)
    assert "--policy (POLICY): missing.toml" in ended.err


def test_an_interrupted_run_is_drawn_as_what_it_is(
    canarygate: "Command", make_folder: "MakeFolder", make_records: "MakeRecords"
) -> None:
    folder = make_folder(make_records(), outcome=RunOutcome.INTERRUPTED, reason="ended by SIGTERM")

    assert 0 == canarygate("report", str(folder)).code
    text = (folder / "report.html").read_text("utf-8")
    assert '<header class="inconclusive">' in text
    assert "interrupted: ended by SIGTERM" in text


@pytest.mark.parametrize("home", ["/proc/nowhere", ""])
def test_a_home_that_cannot_be_written_to_says_nothing_and_changes_nothing(
    folder: Path, tmp_path: Path, home: str
) -> None:
    """As in a container; matplotlib wants a place for its fonts and is loud without one."""
    assert report_at_home(folder, home) == report_at_home(folder, str(tmp_path))


def report_at_home(folder: Path, home: str) -> str:
    (folder / "report.html").unlink(missing_ok=True)
    done = subprocess.run(
        [sys.executable, "-W", "default", "-m", "canarygate", "report", folder],
        env={"PATH": os.defpath, "HOME": home},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (0, f"{folder}/report.html\n", "") == (done.returncode, done.stdout, done.stderr)
    return (folder / "report.html").read_text("utf-8")


def test_a_machine_without_a_temporary_folder_lends_the_results(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read-only root and no /tmp; matplotlib cannot be imported without such a folder."""
    import tempfile

    from canarygate.draw import lend_a_place

    def none() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_get_default_tempdir", none)

    lend_a_place(folder)

    assert str(folder) == tempfile.gettempdir()


@pytest.mark.usefixtures("load")
def test_without_a_page_the_answer_names_the_document(
    canarygate: "Command", monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("no ink")

    monkeypatch.setattr(page, "distributions", fail)

    ended = canarygate(
        *("gate", "--target-host", "http://canary", "--stable-host", "http://stable"),
        *("--run-id", "run-1"),
    )

    assert 0 == ended.code
    assert "report: results/run-1/report.json" == ended.out.splitlines()[-1].rstrip()
    assert ended.err.startswith("canarygate: report.html could not be drawn (ValueError: no ink)")
    assert "Traceback" not in ended.err


QUIET = """
import sys
from canarygate.cli import run_command_line
from canarygate.signals import Signals

asked = (["--help"], ["report", "--help"], ["judge", sys.argv[1]])
codes = [run_command_line(words, Signals()) for words in asked]
heavy = [name for name in ("matplotlib", "jinja2", "pandas") if name in sys.modules]
print(codes, heavy, file=sys.stderr)
"""


def test_what_draws_is_imported_only_to_draw(folder: Path) -> None:
    """It takes a second."""
    done = subprocess.run(
        [sys.executable, "-c", QUIET, folder],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert "[0, 0, 10] []" == done.stderr.splitlines()[-1]
