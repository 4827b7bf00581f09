"""`.ci/run` on a tree whose make targets are of our own making."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
STEPS = ["setup", "lint", "test", "test-live", "test-argo"]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / ".ci").mkdir()
    shutil.copy(CHECKOUT / ".ci/run", tmp_path / ".ci/run")
    return tmp_path


def run(tree: Path, **recipes: str) -> tuple[int, str, str]:
    (tree / "Makefile").write_text(
        "".join(
            f".PHONY: {step}\n{step}:\n\t@{recipes.get(step.replace('-', '_'), 'true')}\n"
            for step in STEPS
        )
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        ["bash", ".ci/run"],
        cwd=tree,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def ends(pid: int, within_s: float = 10) -> bool:
    """Tell whether a killed process is gone, or a zombie: a busy machine takes its time over it."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            if "State:\tZ" in Path(f"/proc/{pid}/status").read_text():
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.1)
    return False


def test_every_step_runs_in_order_with_its_duration(tree: Path) -> None:
    status, output, _ = run(tree)

    assert status == 0
    assert ["== prepare", *(f"== make {step}" for step in STEPS)] == [
        line.partition(": ")[0] for line in output.splitlines()[1:-1:2]
    ]
    assert output.splitlines()[-1].startswith("== all of it: ")


def test_the_first_failure_ends_it(tree: Path) -> None:
    status, output, _ = run(tree, lint="exit 3")

    assert status != 0
    assert "== make test" not in output


def test_no_step_can_wait_for_input(tree: Path) -> None:
    status, output, _ = run(tree, test="cat; echo read to the end")

    assert status == 0
    assert "read to the end" in output


def test_a_process_left_behind_fails_the_run_and_is_ended(tree: Path) -> None:
    status, _, errors = run(tree, test="sleep 321 >/dev/null 2>&1 & echo $$! > pid")

    pid = int((tree / "pid").read_text())

    assert status == 1
    assert f"{pid} sleep 321" in errors
    assert ends(pid)
