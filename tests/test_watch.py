"""The question that is asked each second: is the answer certain already?"""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from canarygate.judge.policy import load_policy
from canarygate.results import RoleRun, RunFile, RunOutcome
from canarygate.watch import Watcher, watched_seconds

if TYPE_CHECKING:
    from tests.conftest import MakeSettings

FILE = RunFile(run_id="run-1", service="shop", outcome=RunOutcome.RUNNING)


def role(start: float | None, watermark: float | None) -> RoleRun:
    return RoleRun(host="http://host", users_wanted=20, start=start, watermark=watermark)


@pytest.mark.parametrize(
    ("canary", "stable", "seconds"),
    [
        (role(100.0, 112.0), role(100.0, 113.0), 12.0),
        (role(5000.0, 5012.0), role(100.0, 113.0), 12.0),
        (role(100.0, 112.0), role(None, 113.0), None),
        (role(100.0, None), role(100.0, 113.0), None),
    ],
    ids=["the slower writer", "clocks that differ", "one has not begun", "one has not reported"],
)
def test_a_run_is_watched_up_to_where_every_role_has_reported(
    canary: RoleRun, stable: RoleRun, seconds: float | None
) -> None:
    assert seconds == watched_seconds({"canary": canary, "stable": stable})


@pytest.mark.parametrize(
    ("settings", "seconds", "moment", "ends"),
    [
        ({}, 14.5, 14.0, True),
        ({}, 14.5, None, False),
        ({"min_run_time_seconds": 20.0}, 14.5, 14.0, False),
        ({"min_run_time_seconds": 20.0}, 20.0, 14.0, True),
        ({"run_time_seconds": 20}, 20.5, 14.0, False),
    ],
    ids=[
        "certain",
        "not certain",
        "before the shortest time",
        "at the shortest time",
        "past its planned end",
    ],
)
def test_a_certain_answer_ends_the_load_between_its_shortest_time_and_its_end(
    make_settings: "MakeSettings",
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, float],
    seconds: float,
    moment: float | None,
    ends: bool,
) -> None:
    asked = []

    def certain(run: RunFile, *_: object, **__: object) -> float | None:
        asked.append(run.roles)
        return moment

    monkeypatch.setattr("canarygate.judge.checks.certain", certain)
    roles = {"canary": role(100.0, 100.0 + seconds)}

    watcher = Watcher(make_settings(**settings), FILE, load_policy(None))

    assert ends is watcher.is_certain(roles, {})
    assert all(each == roles for each in asked)


def test_a_load_run_is_not_ended_early(
    make_settings: "MakeSettings", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("canarygate.judge.checks.certain", lambda *_, **__: 14.0)
    settings = replace(make_settings(), stop_early=False)

    watcher = Watcher(settings, FILE, load_policy(None))

    assert not watcher.is_certain({"canary": role(100.0, 200.0)}, {})


def test_a_run_that_takes_long_to_judge_is_judged_less_often(
    make_settings: "MakeSettings", monkeypatch: pytest.MonkeyPatch
) -> None:
    """0.1 s of CPU is 4 % of 2.5 s, so that is how long the watcher rests."""
    clock = iter([0.0, 0.1, 5.0, 5.1])
    asked = []
    monkeypatch.setattr("time.thread_time", lambda: next(clock))
    monkeypatch.setattr(
        "canarygate.judge.checks.certain", lambda *each, **_: asked.append(each[-1])
    )
    watcher = Watcher(make_settings(), FILE, load_policy(None))

    for second in (30.0, 31.0, 32.0, 33.0, 34.0):
        assert not watcher.is_certain({"canary": role(100.0, 100.0 + second)}, {})

    assert [30.0, 33.0] == asked


def test_how_near_the_answer_is_is_asked_with_it_and_within_its_time(
    make_settings: "MakeSettings", monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it costs counts: the watcher rests after it."""
    clock = iter([0.0, 0.1])
    monkeypatch.setattr("time.thread_time", lambda: next(clock))
    file = replace(FILE, settings={"run_time_seconds": 60})
    watcher = Watcher(make_settings(run_time_seconds=60), file, load_policy(None))
    roles = {name: role(100.0, 130.0) for name in ("canary", "stable")}

    assert () == watcher.near()
    assert not watcher.is_certain(roles, {})
    assert "next look at 45 s" in watcher.near()
    assert not watcher.is_certain(roles, {})  # it rests; the clock is not read again


def test_before_the_shortest_time_the_judge_is_not_asked_and_people_are_told(
    make_settings: "MakeSettings", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("canarygate.judge.checks.certain", lambda *_, **__: 14.0)
    settings = make_settings(min_run_time_seconds=50.0)
    file = replace(FILE, settings={"run_time_seconds": 300, "min_run_time_seconds": 50.0})
    watcher = Watcher(settings, file, load_policy(None))
    roles = {name: role(100.0, 130.0) for name in ("canary", "stable")}

    assert not watcher.is_certain(roles, {})
    assert "lasts 50 s at least" in watcher.near()
