"""A service of our own starting: what it is given, what is kept of it, and that nothing of it stays."""

import os
import shlex
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from canarygate.errors import ConfigError, Interrupted, RunBroken
from canarygate.runner.service import LOG_NAME, Service, log_tail, marked
from canarygate.settings import RunSettings, ServiceSettings
from canarygate.signals import Signals

if TYPE_CHECKING:
    from tests.conftest import MakeSettings

MakeService = Callable[..., Service]


@pytest.fixture
def signals() -> Signals:
    return Signals()


@pytest.fixture
def run(make_settings: "MakeSettings") -> RunSettings:
    """Nobody will ever answer there."""
    run = make_settings(hosts={"canary": "http://127.0.0.1:9"}).run
    run.folder.mkdir(parents=True)
    return run


@pytest.fixture
def service(run: RunSettings, signals: Signals) -> Iterator[MakeService]:
    made: list[Service] = []

    def make(script: str, **settings: Any) -> Service:
        command = tuple(shlex.split(script)) if " " not in script else ("sh", "-c", script)
        values: dict[str, Any] = {"command": command, "ready_timeout_seconds": 0.5} | settings
        made.append(Service(ServiceSettings(**values), run, dict(os.environ), signals))
        return made[-1]

    yield make
    for each in made:
        each.stop()


def started(service: Service) -> Service:
    """It never gets ready: nobody answers at the canary's host."""
    with pytest.raises(RunBroken):
        service.bring_up()
    return service


def mark_of(service: Service) -> str:
    return service._mark


def test_without_settings_there_is_nothing(run: RunSettings, signals: Signals) -> None:
    nothing = Service(None, run, {}, signals)

    nothing.bring_up()
    nothing.stop()

    assert (False, None, []) == (nothing.has_ended(), nothing.facts(), nothing.notes)


def test_it_is_given_our_environment_no_input_and_a_file_to_write_to(
    service: MakeService, run: RunSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE", "sqlite://")

    started(service('cat; echo "$DATABASE" >&2; pwd; sleep 60'))

    assert f"sqlite://\n{Path.cwd()}\n" == (run.folder / LOG_NAME).read_text()


def test_it_is_known_by_its_program_and_not_by_its_secrets(service: MakeService) -> None:
    facts = started(service("exec sleep 60 # password")).facts()

    assert facts is not None
    assert ("sh", None, None, None) == (
        facts.program,
        facts.ready_seconds,
        facts.exit_status,
        facts.ended_at,
    )
    assert "password" not in repr(ServiceSettings(command=("shop", "--password=x")))


def test_one_that_ends_is_noticed_and_stays_ended(service: MakeService) -> None:
    ended = service("exit 7", ready_timeout_seconds=30.0)

    with pytest.raises(RunBroken, match="the service exited with 7 before it was ready") as broken:
        ended.bring_up()

    ended.stop()
    facts = ended.facts()
    assert "service.log" in broken.value.hint
    assert facts is not None
    assert 7 == facts.exit_status
    assert abs(time.time() - (facts.ended_at or 0)) < 10
    assert ended.or_ended(lambda _roles, _records: False)({}, {})


def test_one_that_is_told_to_stop_did_not_end_by_itself(service: MakeService) -> None:
    running = started(service("sleep 60"))
    running.stop()

    assert not running.has_ended()
    assert not running.or_ended(lambda _roles, _records: False)({}, {})
    facts = running.facts()
    assert facts is not None
    assert facts.exit_status is None


def test_a_program_that_cannot_be_run_is_bad_configuration(
    service: MakeService, tmp_path: Path
) -> None:
    text = tmp_path / "program"
    text.write_text("this is no program")
    text.chmod(0o755)
    nothing = service(str(text))

    with pytest.raises(ConfigError, match=r"--start \(START\): .*program cannot be started \(Exec"):
        nothing.bring_up()

    assert nothing.facts() is None


@pytest.mark.parametrize(
    "script",
    [
        "sleep 60",
        "sleep 60 & sleep 60 & wait",
        "setsid sleep 60 & wait",
        "(setsid sh -c 'sleep 60 & sleep 60' &) ; sleep 60",
        "trap '' TERM; sleep 60 & while :; do sleep 1; done",
        "(setsid sh -c 'trap \"\" TERM; while :; do sleep 1; done' &); sleep 60",
        "sleep 60 & exit 3",
    ],
    ids=["itself", "children", "other session", "daemon", "deaf", "deaf daemon", "left behind"],
)
def test_nothing_of_it_is_left(service: MakeService, script: str) -> None:
    running = started(service(script, stop_timeout_seconds=0.3))
    assert [] != marked(mark_of(running))

    running.stop()

    assert [] == marked(mark_of(running))


def test_it_is_asked_before_it_is_killed(service: MakeService, run: RunSettings) -> None:
    polite = started(service("trap 'echo bye; exit 0' TERM; while :; do sleep 0.05; done"))
    polite.stop()

    assert (run.folder / LOG_NAME).read_text().endswith("bye\n")
    assert [] == polite.notes


def test_one_that_had_to_be_killed_is_told(service: MakeService) -> None:
    deaf = started(service("trap '' TERM; while :; do sleep 0.1; done", stop_timeout_seconds=0.2))
    deaf.stop()

    assert ["the service did not end within 0.2 s of SIGTERM: killed"] == deaf.notes


def test_a_signal_ends_the_wait_for_its_end(service: MakeService, signals: Signals) -> None:
    deaf = started(service("trap '' TERM; while :; do sleep 0.1; done", stop_timeout_seconds=60.0))
    signals.install()
    began = time.monotonic()
    try:
        with pytest.raises(Interrupted):
            _interrupt_soon(deaf.stop)
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    assert time.monotonic() - began < 10
    assert [] == marked(mark_of(deaf))


def _interrupt_soon(act: Callable[[], None]) -> None:
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        act()
    finally:
        timer.join()


def test_the_end_of_its_words_is_found_in_a_log_of_any_size(tmp_path: Path) -> None:
    (tmp_path / LOG_NAME).write_bytes(b"x" * 50_000 + b"\nlast but one\n\xff last\n\n")

    assert ["last but one", "\ufffd last"] == log_tail(tmp_path, lines=2)
    assert 3 == len(log_tail(tmp_path))


def test_a_service_without_words_has_no_end_of_them(tmp_path: Path) -> None:
    assert [] == log_tail(tmp_path)
    (tmp_path / LOG_NAME).write_text(" \n\n")
    assert [] == log_tail(tmp_path)
