"""A real gate on a real (pseudo) terminal: what is drawn while it runs, and that nothing is left of it."""

import fcntl
import os
import pty
import signal
import struct
import termios
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.test_terminal import Terminal

if TYPE_CHECKING:
    from tests.live.conftest import Gates, RunningGate, Shop

pytestmark = pytest.mark.live
STOPPING = "stopping; once more ends at once"


@dataclass
class Pseudo:
    """A terminal of 80 columns: what reaches it, and what a person sees."""

    fd: int
    """The gate's side."""
    read: bytearray = field(default_factory=bytearray)

    @property
    def text(self) -> str:
        """Every byte."""
        return self.read.decode()

    def seen(self) -> list[str]:
        """What is on it now."""
        terminal = Terminal(1000)  # what is drawn is narrow, what is said need not be
        terminal.write(self.text.replace("\r\n", "\n"))
        return terminal.shown()[1:]


@pytest.fixture
def terminal() -> Iterator[Pseudo]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    pseudo = Pseudo(theirs)

    def read() -> None:
        while True:
            try:
                pseudo.read += os.read(ours, 65_536)
            except OSError:  # the last of the other side is closed
                return

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    yield pseudo
    os.close(theirs)
    reader.join(5)
    os.close(ours)


def started(gates: "Gates", terminal: Pseudo, *hosts: str, **options: str) -> "RunningGate":
    gate = gates.start(
        *hosts,
        terminal=terminal.fd,
        cwd=None,
        environ={"TERM": "xterm", "PYTHONIOENCODING": "utf-8"},
        **options,
    )
    gate.until(lambda: "requests/s" in terminal.text, "progress is drawn")
    return gate


def settled(terminal: Pseudo, line: str) -> list[str]:
    """What is seen once this line is; the bytes need a moment from there to here."""
    deadline = time.monotonic() + 5
    while line not in "\n".join(terminal.seen()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return terminal.seen()


@pytest.mark.smoke
def test_progress_is_drawn_while_the_load_runs_and_nothing_is_left_of_it(
    gates: "Gates", terminal: Pseudo, canary: "Shop", stable: "Shop"
) -> None:
    gate = started(gates, terminal, canary.url, stable.url, run_time="4s")
    ended = gate.end()

    assert 0 == ended.code, terminal.text
    for drawn in (
        "waiting until Locust is ready",
        "/4 s",
        "canary",
        "stable",
        "limits only: a pass",
    ):
        assert drawn in terminal.text
    assert [f"load on canary {canary.url}, stable {stable.url}"] == settled(terminal, "load on")
    assert "\x1b[?25l" not in terminal.text  # the cursor was never hidden
    assert ended.out.startswith("pass")
    assert "\x1b" not in ended.out


def test_ctrl_c_once_stops_in_order_and_says_so(
    gates: "Gates", terminal: Pseudo, canary: "Shop", stable: "Shop"
) -> None:
    gate = started(gates, terminal, canary.url, stable.url, run_time="30s")
    gate.signal(signal.SIGINT)
    ended = gate.end()

    assert (130, "interrupted", "inconclusive") == ended.answer
    load, stopping, *more = settled(terminal, "ended by")
    assert (f"load on canary {canary.url}, stable {stable.url}", STOPPING) == (load, stopping)
    assert "canarygate: ended by Ctrl-C" == more[-1]
    assert [] == [line for line in more if not line.startswith("canarygate: ")]


def test_ctrl_c_twice_ends_at_once_and_leaves_the_terminal_as_it_was(
    gates: "Gates", terminal: Pseudo, canary: "Shop", stable: "Shop"
) -> None:
    flow = gates.flow(
        """
class Stuck(FastHttpUser):
    @task
    def look(self):
        self.client.get("/api/products/7")
        if time.time() > self.environment.runner.start_time + 3:
            while True: pass
"""
    )
    options = {"run_time": "30s", "users": "1", "locust_file": flow}
    gate = started(gates, terminal, canary.url, stable.url, **options)
    time.sleep(3)
    gate.signal(signal.SIGINT)
    gate.until(lambda: STOPPING in terminal.text, "it says that it stops")
    gate.signal(signal.SIGINT)
    began = time.monotonic()
    ended = gate.end()

    assert 130 == ended.code
    assert "pass" != ended.answer[2]
    assert time.monotonic() - began < 3
    assert [f"load on canary {canary.url}, stable {stable.url}", STOPPING] == settled(
        terminal, STOPPING
    )
