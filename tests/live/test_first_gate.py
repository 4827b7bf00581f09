"""docs/first-gate.md, typed in as it stands: its two files, its three commands, their answers."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.live.conftest import BUSY

pytestmark = pytest.mark.live

GUIDE = Path(__file__).parents[2] / "docs" / "first-gate.md"
BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Shorter than a reader's: 45 s are the default.
QUICK = {"WARM_UP": "6s", "USERS": "40", "SPAWN_RATE": "10"}


def blocks(kind: str) -> list[str]:
    return [
        text for found, text in BLOCK.findall(GUIDE.read_text(encoding="utf-8")) if found == kind
    ]


@contextmanager
def typed_in(
    block: str, folder: Path, run_time: str = "32s"
) -> Iterator["subprocess.CompletedProcess[str]"]:
    """The service of the block's first line runs on after its command, as in a reader's shell."""
    service, command = block.splitlines()
    port = service.split()[2]
    environ = {
        **os.environ,
        **QUICK,
        "POLICY": str(folder / "busy.toml"),
        "RUN_TIME": run_time,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    words = [sys.executable, *service.removesuffix("&").split()[1:]]
    with subprocess.Popen(words, cwd=folder) as running:
        try:
            wait_for(port)
            yield subprocess.run(
                command, shell=True, cwd=folder, env=environ, capture_output=True, text=True
            )
        finally:
            running.kill()


def wait_for(port: str) -> None:
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        try:
            requests.get(f"http://127.0.0.1:{port}/todos", timeout=5)
        except requests.ConnectionError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"nothing listens on {port}")


def test_a_new_user_gets_to_a_first_gate_and_a_first_failing_gate(tmp_path: Path) -> None:
    for text in blocks("python"):
        name = text.partition("\n")[0].removeprefix("# ")
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert {"todo.py", "todo_flow.py"} == {each.name for each in tmp_path.iterdir()}
    (tmp_path / "busy.toml").write_text(BUSY, encoding="utf-8")

    with (
        typed_in(blocks("sh")[1], tmp_path, "14s") as alone,
        typed_in(blocks("sh")[2], tmp_path) as healthy,
        typed_in(blocks("sh")[3], tmp_path) as slow,
    ):
        assert 0 == alone.returncode, alone.stdout + alone.stderr
        assert all(name in alone.stdout for name in ("GET /todos/:id", "POST /todos")), alone.stdout
        assert "pass" == healthy.stdout.partition(" ")[0], healthy.stdout + healthy.stderr
        assert 0 == healthy.returncode
        # At an early look no endpoint may have enough requests to be named alone.
        named = r"fail after \d+ s: ((GET|POST) /todos|all endpoints together are slower)"
        assert re.match(named, slow.stdout), slow.stdout
        assert re.search(r"^(GET|POST) /todos.* fail$", slow.stdout, re.MULTILINE), slow.stdout
        assert 10 == slow.returncode
