"""Whoever reads our output may leave before its end; the exit code stays the verdict's."""

import subprocess
import sys

import pytest

TELL = """
import sys
from types import SimpleNamespace
from canarygate import console
from canarygate.cli import gate
from canarygate.errors import ExitCode

class Found:
    exit_code = ExitCode.FAIL

def tell(found, as_json):
    {shown}

gate.run_gate = lambda *_, **__: Found
gate.short_run_note = lambda *_: ""
gate.tell = tell
sys.stdin.readline()
settings = SimpleNamespace(run=None, policy=None)
sys.exit(gate.answer(settings, None, as_json=False))
"""


@pytest.mark.parametrize(
    "shown", ['console.show("x" * 100_000)', 'console.put("x" * 100_000)'], ids=["table", "json"]
)
def test_a_reader_that_left_does_not_change_the_answer(shown: str) -> None:
    """Rich ends the process with 1 by itself, which would look like a bug of ours."""
    process = subprocess.Popen(
        [sys.executable, "-c", TELL.format(shown=shown)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    process.stdin.write("go\n")
    process.stdin.close()
    complaint = process.stderr.read()
    process.stderr.close()

    assert (10, "") == (process.wait(30), complaint)
