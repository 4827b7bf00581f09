"""`canarygate judge --power`: what a person reads, and what is refused."""

import json
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from canarygate.judge import power as subject
from canarygate.records import RECORD_FIELDS, encode_record, records_path
from canarygate.results import RoleRun, RunFile, RunOutcome, write_run

if TYPE_CHECKING:
    from tests.cli.conftest import Command

START = 1_790_000_000.0
SECONDS = 60


@pytest.fixture
def saved(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of one role with 6 requests/s on one endpoint; and little is simulated."""
    monkeypatch.setattr(subject, "RUNS", 4)
    monkeypatch.setattr(subject, "SLOWER", (0.2, 1.0, 3.0))
    monkeypatch.setattr(subject, "ERRORS", (0.02, 0.2))
    folder = here / "results" / "run-1"
    folder.mkdir(parents=True)
    role = RoleRun(host="http://a", users=12, users_wanted=12, start=START, end=START + SECONDS)
    write_run(
        folder,
        RunFile(
            run_id="run-1",
            service="checkout",
            outcome=RunOutcome.FINISHED,
            warm_up_seconds=10.0,
            roles={"canary": role},
        ),
    )
    draw = Random(1)
    lines = [",".join(RECORD_FIELDS) + "\r\n"]
    for index in range(6 * SECONDS):
        sent, taken = START + index / 6, draw.uniform(0.03, 0.07)
        user, number = f"Shopper/{index % 12}", index // 12 + 1
        values = (sent, sent, sent + taken, user, number, "GET", "/cart", taken * 1000, 200, "ok")
        lines.append(encode_record((*values, 10, 0)))
    records_path(folder, "canary").write_text("".join(lines), newline="")
    return folder


def test_a_table_of_80_columns(canarygate: "Command", saved: Path) -> None:
    ended = canarygate("judge", str(saved), "--power", "--run-time", "45s")

    assert 0 == ended.code
    assert "simulating runs with this traffic; that takes half a minute\n" == ended.err
    assert (
        "smallest fault that is failed in 80 % of the runs, and when (median)\n"
        "\n"
        "slower endpoint                                           rate    p50       45 s\n"
        "GET /cart                                                  6/s  50 ms  +100% 21s\n"
        "more errors (points)                                       6/s      -    +20% 8s\n"
        "\n"
        "4 simulated runs of each kind, from the requests of canary in run-1, 12 users; \n"
        "pods differ as typical ones do (calibrate tells how yours do)\n"
    ) == ended.out


def test_more_users_and_json(canarygate: "Command", saved: Path) -> None:
    ended = canarygate("judge", str(saved), "--power", "--users", "24", "--json")
    document = json.loads(ended.out)

    assert 0 == ended.code
    assert {
        "version": 1,
        "run_id": "run-1",
        "service": "checkout",
        "role": "canary",
        "users": 24,
        "runs": 4,
        "detected": 0.8,
        "thinned": False,
        "left_out": 0,
    } == {name: value for name, value in document.items() if name != "detections"}
    assert [["GET", "/cart"], None] == [row["endpoint"] for row in document["detections"]]
    assert [45.0, 90.0, 180.0, 300.0] == [
        each["run_time_seconds"] for each in document["detections"][0]["detectable"]
    ]


@pytest.mark.parametrize(
    ("words", "problems"),
    [
        (
            ("--users", "5"),
            ["--users: a saved run has its own; give --power to ask about another"],
        ),
        (
            ("--power", "--users", "many", "--run-time", "soon"),
            [
                "--users: 'many' is not a whole number of 1 or more",
                "--run-time: 'soon' is not a duration; try 90s, 5m or 1m30s",
            ],
        ),
    ],
)
def test_what_makes_no_sense_is_told_at_once(
    canarygate: "Command", saved: Path, words: tuple[str, ...], problems: list[str]
) -> None:
    ended = canarygate("judge", str(saved), *words)

    told = [*problems, "  hint: canarygate judge --help shows every option"]
    assert (2, "", [*(f"canarygate: {each}" for each in problems), told[-1]]) == (
        ended.code,
        ended.out,
        ended.err.splitlines(),
    )


def test_a_run_time_too_short_is_told(canarygate: "Command", saved: Path) -> None:
    ended = canarygate("judge", str(saved), "--power", "--run-time", "20s")

    assert 2 == ended.code
    assert (
        "canarygate: --run-time 20s is too short to compare anything after a warm-up of 10 s\n"
        "  hint: plan 30s or more\n"
    ) in ended.err
