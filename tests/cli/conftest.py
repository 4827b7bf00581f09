"""The command line as a shell sees it: words and variables in; an exit code and two streams out."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from canarygate.cli import run_command_line
from canarygate.signals import Signals

FLOW = "from locust import HttpUser\n"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


class Command(Protocol):
    """Runs `canarygate` in this process."""

    def __call__(self, *arguments: str, **variables: str) -> Ended:
        """With these words, and nothing but these variables in the environment."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: two locustfiles, one beside it, and a few that cannot be used."""
    flows = tmp_path / "locustfiles"
    flows.mkdir()
    for name in ("checkout_flow.py", "browse_flow.py", "_shop.py"):
        (flows / name).write_text(FLOW)
    (tmp_path / "own_flow.py").write_text(FLOW)
    (tmp_path / "broken_flow.py").write_text("x = = 1\n")
    (tmp_path / "comma,flow.py").write_text(FLOW)
    (tmp_path / "flow.txt").write_text(FLOW)
    (tmp_path / "latin_flow.py").write_bytes(b"name = '\xff'\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def canarygate(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Command:
    # What a slow machine takes longer for would be told.
    monkeypatch.setattr("canarygate.console.PHASE_SECONDS", 600.0)

    def run(*arguments: str, **variables: str) -> Ended:
        with monkeypatch.context() as patched:
            for name in list(os.environ):
                patched.delenv(name)
            for name, value in ({"COLUMNS": "80", "HOME": str(here)} | variables).items():
                patched.setenv(name, value)
            code = run_command_line(arguments, Signals())
        return Ended(code, *capsys.readouterr())

    return run
