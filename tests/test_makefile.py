import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
MAKEFILE = (CHECKOUT / "Makefile").read_text()
TARGETS = re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.MULTILINE)


def write_script(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # A make that runs these tests tells its children about itself.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env=environment | {"LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """What setting up reads, and no environment."""
    for name in ("Makefile", "pyproject.toml", "locks/dev.txt", "canarygate/__init__.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(CHECKOUT / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def ready(bare: Path) -> Path:
    """A tree that is set up, with programs that say how they were called."""
    for name in ("canarygate", "pytest"):
        write_script(bare / ".venv/bin" / name, f'echo "{name} $@"; echo "PATH=$PATH"')
    write_script(bare / ".venv/bin/python", 'echo "python $@"')
    for stamp in (".dependencies", ".ready"):
        (bare / ".venv" / stamp).touch()
    return bare


def test_every_target_explains_itself_in_the_help() -> None:
    answer = make(CHECKOUT, "help")

    assert answer.returncode == 0
    assert re.findall(r"^  ([a-z-]+) +\S", answer.stdout, re.MULTILINE) == TARGETS


def test_make_alone_prints_the_help() -> None:
    assert make(CHECKOUT, "help").stdout == make(CHECKOUT).stdout


def test_no_target_is_taken_for_a_file() -> None:
    """There are folders called like targets; make would find them up to date."""
    assert re.findall(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE) == TARGETS


def test_a_python_that_will_not_do_is_refused_with_what_to_install(bare: Path) -> None:
    old = write_script(bare / "old-python", "exit 1")

    answer = make(bare, "setup", f"PYTHON={old}")

    assert answer.returncode != 0
    assert "canarygate needs Python >= 3.11 with venv and ensurepip" in answer.stderr
    assert "python3-venv" in answer.stderr
    assert not (bare / ".venv").exists()


def test_no_python_at_all_is_refused_with_what_to_install(bare: Path) -> None:
    answer = make(bare, "setup", "PYTHON=")

    assert answer.returncode != 0
    assert "No Python >= 3.11 with venv was found" in answer.stderr


def test_a_second_setup_does_nothing(ready: Path) -> None:
    answer = make(ready, "setup")

    assert (answer.returncode, answer.stderr) == (0, "")
    assert "pip" not in answer.stdout


def test_a_changed_lock_installs_again_and_a_changed_version_only_canarygate(ready: Path) -> None:
    later = (ready / ".venv/.ready").stat().st_mtime + 10
    os.utime(ready / "canarygate/__init__.py", (later, later))
    after_version = make(ready, "--dry-run", "setup").stdout
    os.utime(ready / "locks/dev.txt", (later, later))
    after_lock = make(ready, "--dry-run", "setup").stdout

    assert "--require-hashes" not in after_version
    assert "--editable" in after_version
    assert "--require-hashes -r locks/dev.txt" in after_lock
    assert "--editable" in after_lock


def test_the_demo_runs_without_a_gateway(ready: Path) -> None:
    write_script(ready / ".venv/bin/python", "exit 1")

    answer = make(ready, "demo")

    assert answer.returncode == 0
    assert "canarygate demo" in answer.stdout
    assert "the demo writes metrics.prom and pushes nothing" in answer.stderr


def test_the_tests_run_without_the_tools_so_that_those_that_need_them_fail(ready: Path) -> None:
    write_script(ready / ".venv/bin/python", "exit 1")

    answer = make(ready, "test")

    assert answer.returncode == 0
    assert "pytest -m not live or smoke" in answer.stdout
    assert "The tests that need the missing programs will fail." in answer.stderr


def test_tools_that_cannot_be_had_are_an_error_when_they_are_what_was_asked_for(
    ready: Path,
) -> None:
    write_script(ready / ".venv/bin/python", "exit 1")

    assert make(ready, "tools").returncode != 0


def test_argos_code_is_not_asked_without_a_go(ready: Path) -> None:
    write_script(ready / ".venv/bin/python", 'echo "$1"; [ "$1" != scripts/go_toolchain.py ]')

    answer = make(ready, "test-argo")

    assert answer.returncode != 0
    assert ["scripts/go_toolchain.py"] == answer.stdout.splitlines()


@pytest.mark.parametrize(
    ("target", "chosen"), [("test", "not live or smoke"), ("test-live", "live and not smoke")]
)
def test_the_tiers_choose_by_mark_and_pass_arguments_on(
    ready: Path, target: str, chosen: str
) -> None:
    answer = make(ready, target, "PYTEST_ARGS=-k push -x")

    assert f"pytest -m {chosen} -k push -x" in answer.stdout
    assert f"PATH={ready}/.cache/bin:" in answer.stdout


def test_a_failed_test_fails_the_target(ready: Path) -> None:
    write_script(ready / ".venv/bin/pytest", "exit 1")

    assert make(ready, "test").returncode != 0


def test_cleaning_leaves_the_results(ready: Path) -> None:
    (ready / "results").mkdir()

    assert make(ready, "clean").returncode == 0
    assert (ready / "results").exists()
    assert not (ready / ".venv").exists()


def test_nothing_calls_pytest_as_a_module() -> None:
    """It would put the checkout on the import path and hide what the package lacks."""
    assert [
        line for line in MAKEFILE.splitlines() if "-m pytest" in line and not line.startswith("#")
    ] == []
