"""Signals are real ones: each case is a small process of its own."""

import signal
import subprocess
import sys

import pytest

BEGIN = """
import os, signal, sys, time
from canarygate.errors import Interrupted
from canarygate.signals import Signals

signals = Signals()
signals.install()
"""


def run(text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", BEGIN + text],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_where_the_work_can_simply_stop_a_signal_is_raised(number: int) -> None:
    done = run(
        f"try: os.kill(os.getpid(), {number:d}); time.sleep(5)\n"
        "except Interrupted as error: print(error.signal_number, int(error.exit_code))\n"
    )

    assert f"{number:d} {128 + number}\n" == done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_where_it_has_to_end_in_order_a_signal_is_noted(number: int) -> None:
    done = run(
        "with signals.held():\n"
        f"    os.kill(os.getpid(), {number:d})\n"
        "    print(signals.number)\n"
        "print('in order')\n"
    )

    assert (0, f"{number:d}\nin order\n") == (done.returncode, done.stdout)


def test_a_second_signal_ends_it_at_once() -> None:
    done = run(
        "with signals.held():\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    print('never said')\n"
    )

    assert (128 + signal.SIGINT, "") == (done.returncode, done.stdout)


def test_a_second_signal_ends_it_at_once_where_the_first_one_was_raised() -> None:
    """What the first one left to be written is not waited for."""
    done = run(
        "signals.last_look = lambda: print('wiped', flush=True)\n"
        "try:\n"
        "    os.kill(os.getpid(), signal.SIGINT); time.sleep(5)\n"
        "except Interrupted:\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    print('never said')\n"
    )

    assert (128 + signal.SIGINT, "wiped\n") == (done.returncode, done.stdout)


def test_after_the_held_work_a_signal_is_raised_again() -> None:
    done = run(
        "with signals.held(): pass\n"
        "try: os.kill(os.getpid(), signal.SIGTERM)\n"
        "except Interrupted: print('raised')\n"
    )

    assert "raised\n" == done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's own")
def test_a_child_dies_with_its_parent_however_that_went() -> None:
    """The child holds the pipe to us open: reading it ends when the last holder is dead."""
    done = run(
        "import subprocess\n"
        "from canarygate.signals import die_with_parent\n"
        "subprocess.Popen(['sleep', '60'], preexec_fn=die_with_parent)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )

    assert -signal.SIGKILL == done.returncode
