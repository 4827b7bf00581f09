"""The gate draws its page last, and whatever becomes of that, its answer is what it was."""

import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from canarygate.answer import Answer
from canarygate.errors import ExitCode, Interrupted
from canarygate.gate import run_gate
from canarygate.report.html import page
from canarygate.results import RunOutcome, read_run_file
from canarygate.runner.events import Phase
from canarygate.signals import Signals

if TYPE_CHECKING:
    from tests.conftest import MakeRecords, MakeSettings, PretendedLoad

pytestmark = pytest.mark.usefixtures("load")


def run(
    make_settings: "MakeSettings",
    signals: Signals | None = None,
    listen: Callable[[Any], None] = lambda _event: None,
) -> Answer:
    return run_gate(make_settings(), {}, signals=signals or Signals(), listen=listen)


def draw(monkeypatch: pytest.MonkeyPatch, instead: Callable[[], None]) -> None:
    """This happens instead of the first picture."""
    monkeypatch.setattr(page, "distributions", lambda *_: instead())


def test_a_gate_leaves_a_page_in_its_folder(make_settings: "MakeSettings") -> None:
    answer = run(make_settings)

    assert answer.folder / "report.html" == answer.page
    text = answer.page.read_text("utf-8")
    assert text.startswith("<!doctype html>")
    assert text.endswith("</html>\n")
    assert '<header class="pass">' in text
    for name in ("report.json", "run.json", "metrics.prom"):
        assert f'href="./{name}"' in text


def test_it_is_drawn_when_everything_else_is_there(make_settings: "MakeSettings") -> None:
    there: list[set[str]] = []
    folder = make_settings().run.folder

    def listen(event: object) -> None:
        if isinstance(event, Phase) and event.text == "drawing report.html":
            there.append({each.name for each in folder.iterdir()})

    run(make_settings, listen=listen)

    [names] = there
    assert {"report.json", "metrics.prom", "run.json"} <= names
    assert "report.html" not in names


@pytest.mark.parametrize("failed", [0, 300])
@pytest.mark.parametrize("error", [ValueError("no ink"), OSError(28, "No space"), MemoryError()])
def test_a_page_that_cannot_be_drawn_changes_nothing_but_a_note(
    load: "PretendedLoad",
    make_settings: "MakeSettings",
    make_records: "MakeRecords",
    monkeypatch: pytest.MonkeyPatch,
    failed: int,
    error: Exception,
) -> None:
    load.canary = make_records(failed=failed)

    def fail() -> None:
        raise error

    draw(monkeypatch, fail)

    answer = run(make_settings)

    assert (ExitCode.FAIL if failed else ExitCode.PASS) is answer.exit_code
    assert ((), None) == (answer.problems, answer.page)
    [note] = answer.notes
    assert note.startswith(f"report.html could not be drawn ({type(error).__name__}: ")
    assert note.endswith(f"report.html is drawn by: canarygate report {answer.folder}")
    assert (answer.folder / "report.json").exists()
    assert [] == list(answer.folder.glob("*.html*"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_gate_draws_nothing_and_says_how(
    load: "PretendedLoad",
    make_settings: "MakeSettings",
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
) -> None:
    """It has 15 s for its answer."""
    load.problem = Interrupted(number)
    draw(monkeypatch, lambda: pytest.fail("it was drawn"))

    answer = run(make_settings)

    assert 128 + number == answer.exit_code
    assert f"report.html is drawn by: canarygate report {answer.folder}" == answer.notes[-1]
    assert not (answer.folder / "report.html").exists()


def test_a_signal_while_it_is_drawn_ends_the_gate_without_an_answer(
    make_settings: "MakeSettings", monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one while the judge works does; and no page shows the answer that was not given."""
    signals = Signals()
    draw(monkeypatch, lambda: signals._take(signal.SIGTERM, None))

    answer = run(make_settings, signals)

    assert (ExitCode.SIGTERM, None) == (answer.exit_code, answer.page)
    assert RunOutcome.INTERRUPTED is read_run_file(answer.folder).outcome
    assert "inconclusive" == answer.judgement.verdict
    assert '"verdict": "inconclusive"' in (answer.folder / "report.json").read_text()
    assert not (answer.folder / "report.html").exists()
    assert f"report.html is drawn by: canarygate report {answer.folder}" == answer.notes[-1]
