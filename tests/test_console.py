import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from canarygate import console
from canarygate.runner.events import Ended, Progress, RoleProgress, Started

if TYPE_CHECKING:
    from tests.conftest import MakeFolder, MakeRecords

CANARY = RoleProgress(
    users=20, requests=900, failures=3, requests_per_second=23.25, median_seconds=0.012
)
SILENT = RoleProgress(users=0, requests=0, failures=0, requests_per_second=0.0, median_seconds=None)
PROGRESS = Progress(
    elapsed_seconds=12.4, planned_seconds=45.0, roles={"canary": CANARY, "stable": SILENT}
)
LINE = "12/45 s | canary 20 users 23.2/s p50 12 ms 3 failed | stable 0 users 0.0/s p50 - 0 failed"


def test_a_line_says_where_a_run_is() -> None:
    late = replace(PROGRESS, elapsed_seconds=46.0, roles={})

    assert (LINE, "45/45 s") == (console.progress_line(PROGRESS), console.progress_line(late))


def test_elsewhere_than_on_a_terminal_it_is_a_heartbeat(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Job's log needs a sign of life now and then, not one a second."""
    moments = iter([0.0, *(float(second) for second in range(1, 46))])
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    talk = console.Talk()
    talk.listen(Started(roles={"canary": "http://canary", "stable": "http://stable"}))
    for moment in moments:
        now[0] = moment
        talk.listen(replace(PROGRESS, elapsed_seconds=moment, roles={}))
    talk.listen(Ended(seconds=45.0))

    assert (
        "",
        "load on canary http://canary, stable http://stable\n15/45 s\n30/45 s\n45/45 s\n",
    ) == capsys.readouterr()


def test_on_a_terminal_it_is_one_line_that_goes_away(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    talk = console.Talk()
    talk.listen(PROGRESS)
    talk.listen(replace(PROGRESS, roles={}))
    talk.listen(Ended(seconds=45.0))

    shown = LINE[: console.WIDTH - 1]
    assert ("", f"\r{shown}\r{'12/45 s':{len(shown)}}\r{' ' * 7}\r") == capsys.readouterr()


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
