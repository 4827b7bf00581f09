import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from canarygate import console
from canarygate.runner.events import Ended, Phase, Progress, RoleProgress, Started, Stopping

if TYPE_CHECKING:
    from tests.conftest import MakeFolder, MakeRecords

CANARY = RoleProgress(
    users=20, requests=900, failures=3, requests_per_second=23.25, median_seconds=0.012
)
SILENT = RoleProgress(users=0, requests=0, failures=0, requests_per_second=0.0, median_seconds=None)
PROGRESS = Progress(
    elapsed_seconds=12.4, planned_seconds=45.0, roles={"canary": CANARY, "stable": SILENT}
)
WIPED = "\r\x1b[3A" + "\n".join(["\x1b[K"] * 4) + "\r\x1b[3A"


def listening(monkeypatch: pytest.MonkeyPatch, term: str | None = "xterm") -> console.Talk:
    """A talk on a terminal."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    if term is None:
        monkeypatch.delenv("TERM", raising=False)
    else:
        monkeypatch.setenv("TERM", term)
    return console.Talk()


@pytest.mark.parametrize("term", ["no terminal", "dumb", "", None])
def test_where_nothing_can_be_drawn_it_is_a_heartbeat(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, term: str | None
) -> None:
    """A Job's log needs a sign of life now and then, not one a second."""
    moments = iter([0.0, *(float(second) for second in range(1, 46))])
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    with console.Talk() if term == "no terminal" else listening(monkeypatch, term) as talk:
        talk.listen(Started(roles={"canary": "http://canary", "stable": "http://stable"}))
        for moment in moments:
            now[0] = moment
            talk.listen(replace(PROGRESS, elapsed_seconds=moment, roles={}))
        talk.listen(Ended(seconds=45.0))

    assert (
        "",
        "load on canary http://canary, stable http://stable\n15/45 s\n30/45 s\n45/45 s\n",
    ) == capsys.readouterr()


def test_what_forces_colour_makes_no_terminal_of_a_log(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with console.Talk() as talk:
        talk.listen(PROGRESS)

    assert ("", "") == capsys.readouterr()


def test_on_a_terminal_lines_are_drawn_and_go_away(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    with listening(monkeypatch) as talk:
        talk.listen(PROGRESS)
        drawn = capsys.readouterr().err
        talk.listen(Ended(seconds=45.0))

    lines = drawn.removeprefix("\r").split("\x1b[K\n")
    assert 4 == len(lines)
    assert lines[0].startswith("12/45 s ")
    assert "\x1b[" not in drawn.replace("\x1b[K", "")
    assert WIPED == capsys.readouterr().err


def test_whatever_is_said_or_put_takes_away_first_what_is_drawn(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what an exception says, that ends the process in the middle of a run."""
    talk = listening(monkeypatch)
    acts: list[Callable[[], object]] = [
        lambda: console.say("words"),
        lambda: console.put("result"),
        console.hush,
    ]
    for act in acts:
        talk.listen(PROGRESS)
        capfdbinary.readouterr()
        act()

        assert capfdbinary.readouterr().err.decode().removesuffix("words\n") == WIPED
    talk.listen(PROGRESS)
    capfdbinary.readouterr()
    console.hush_at_once()

    assert capfdbinary.readouterr().err.decode() == WIPED
    talk.close()


def test_a_phase_is_told_on_a_terminal_until_something_else_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    with listening(monkeypatch) as talk:
        talk.listen(Phase(text="judging"))

    assert "\rjudging\x1b[K\r\x1b[K\r" == capsys.readouterr().err


def test_elsewhere_a_phase_is_told_when_it_takes_over_a_second(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "PHASE_SECONDS", 0.05)
    with console.Talk() as talk:
        talk.listen(Phase(text="judging"))
        talk.listen(Phase(text="pushing"))
        deadline = time.monotonic() + 10
        told = ""
        while not told and time.monotonic() < deadline:
            time.sleep(0.01)
            told = capsys.readouterr().err
        talk.listen(Phase(text="over before a second is"))
    time.sleep(0.1)

    assert ("pushing\n", "") == (told, capsys.readouterr().err)


def test_a_signal_is_answered_with_what_happens_now(capsys: pytest.CaptureFixture[str]) -> None:
    with console.Talk() as talk:
        talk.listen(Stopping())

    assert "stopping; once more ends at once\n" == capsys.readouterr().err


def test_that_nobody_hears_the_talk_ends_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with console.Talk() as talk:
        for event in (Started(roles={}), PROGRESS, Stopping(), Ended(seconds=1.0)):
            talk.listen(event)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_no_encoding_of_the_terminal_changes_or_breaks_the_answer(
    make_folder: "MakeFolder", make_records: "MakeRecords", encoding: str
) -> None:
    folder = make_folder(make_records(), service="商品")
    command = [sys.executable, "-m", "canarygate", "judge", str(folder)]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}

    people, machines = (
        subprocess.run([*command, *more], env=environment, capture_output=True, check=False)
        for more in ([], ["--json"])
    )

    assert (0, 0, b"", b"") == (
        people.returncode,
        machines.returncode,
        people.stderr,
        machines.stderr,
    )
    assert '"service": "商品"'.encode() in machines.stdout
