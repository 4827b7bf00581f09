import json
import signal
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from canarygate.answer import Answer, exit_code
from canarygate.errors import ConfigError, ExitCode, Interrupted, RunBroken
from canarygate.gate import run_gate
from canarygate.records import Outcome
from canarygate.results import RunOutcome, read_run_file
from canarygate.settings import GateSettings
from canarygate.signals import Signals
from canarygate.verdict import Verdict

if TYPE_CHECKING:
    from tests.conftest import MakeRecords, MakeSettings, PretendedLoad

PASS, FAIL, OPEN = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE
FINISHED, DECIDED, BROKEN = RunOutcome.FINISHED, RunOutcome.DECIDED, RunOutcome.BROKEN


@pytest.mark.parametrize(
    ("outcome", "verdict", "push_failed", "code"),
    [
        (FINISHED, PASS, False, ExitCode.PASS),
        (DECIDED, PASS, False, ExitCode.PASS),
        (FINISHED, FAIL, False, ExitCode.FAIL),
        (DECIDED, FAIL, False, ExitCode.FAIL),
        (FINISHED, OPEN, False, ExitCode.INCONCLUSIVE),
        (BROKEN, OPEN, False, ExitCode.BROKEN),
        (FINISHED, PASS, True, ExitCode.PUSH),
        (FINISHED, FAIL, True, ExitCode.FAIL),
        (FINISHED, OPEN, True, ExitCode.PUSH),
        (BROKEN, OPEN, True, ExitCode.PUSH),
    ],
)
def test_each_case_of_the_table_has_its_exit_code(
    outcome: RunOutcome, verdict: Verdict, push_failed: bool, code: ExitCode
) -> None:
    assert code is exit_code(outcome, verdict, push_failed=push_failed)


@pytest.mark.parametrize(("number", "code"), [(2, 130), (15, 143), (None, 143)])
@pytest.mark.parametrize("push_failed", [False, True])
def test_an_interrupted_gate_tells_the_signal_whatever_else_went_wrong(
    number: int | None, code: int, push_failed: bool
) -> None:
    for verdict in Verdict:
        found = exit_code(
            RunOutcome.INTERRUPTED, verdict, push_failed=push_failed, signal_number=number
        )

        assert code == found


def test_an_inconclusive_verdict_can_be_left_to_a_later_step() -> None:
    """That, and nothing else: not a broken run, and not a push that nobody can read."""
    changed = {
        (str(outcome), str(verdict), push_failed)
        for outcome, verdict, push_failed in product(RunOutcome, Verdict, (False, True))
        if exit_code(outcome, verdict, push_failed=push_failed)
        != exit_code(outcome, verdict, push_failed=push_failed, on_inconclusive="pass")
    }

    assert {("finished", "inconclusive", False), ("decided", "inconclusive", False)} == changed


def test_nothing_but_a_passed_gate_is_0() -> None:
    green = {
        (str(outcome), str(verdict), push_failed)
        for outcome, verdict, push_failed in product(RunOutcome, Verdict, (False, True))
        if exit_code(outcome, verdict, push_failed=push_failed) is ExitCode.PASS
    }

    assert {("finished", "pass", False), ("decided", "pass", False)} == green


def run(settings: GateSettings) -> Answer:
    return run_gate(settings, {}, signals=Signals(), listen=lambda _event: None)


def test_a_gate_leaves_its_answer_in_its_folder(
    load: "PretendedLoad", make_settings: "MakeSettings"
) -> None:
    settings = make_settings()

    answer = run(settings)

    assert (ExitCode.PASS, PASS, ()) == (
        answer.exit_code,
        answer.judgement.verdict,
        answer.problems,
    )
    assert answer.document == json.loads((answer.folder / "report.json").read_text("utf-8"))
    assert answer.run.roles == read_run_file(answer.folder).roles
    assert RunOutcome.FINISHED is answer.run.outcome
    assert "canarygate_verdict{" in (answer.folder / "metrics.prom").read_text("utf-8")
    assert load.was_closed


def test_a_failing_canary_fails(
    load: "PretendedLoad", make_settings: "MakeSettings", make_records: "MakeRecords"
) -> None:
    load.canary = make_records(failed=300)

    answer = run(make_settings())

    assert (ExitCode.FAIL, FAIL) == (answer.exit_code, answer.judgement.verdict)


def test_a_signal_while_a_locust_is_being_started_leaves_none_behind(
    load: "PretendedLoad", make_settings: "MakeSettings"
) -> None:
    """Raised between the birth of a process and our knowing of it, it would orphan that process."""
    signals, started = Signals(), []

    def start() -> None:
        signals._take(signal.SIGTERM, None)
        started.append("to the end")

    load.while_starting = start

    answer = run_gate(make_settings(), {}, signals=signals, listen=lambda _event: None)

    assert ["to the end"] == started
    assert (ExitCode.SIGTERM, RunOutcome.INTERRUPTED) == (answer.exit_code, answer.run.outcome)
    assert load.was_closed


def test_nothing_that_answers_is_a_broken_run(
    load: "PretendedLoad", make_settings: "MakeSettings", make_records: "MakeRecords"
) -> None:
    load.canary = load.stable = make_records(0)

    answer = run(make_settings())

    assert (ExitCode.BROKEN, OPEN) == (answer.exit_code, answer.judgement.verdict)
    assert RunOutcome.BROKEN is answer.run.outcome
    assert [RunBroken] == [type(problem) for problem in answer.problems]


@pytest.mark.parametrize(
    ("problem", "outcome", "code"),
    [
        (Interrupted(15), RunOutcome.INTERRUPTED, ExitCode.SIGTERM),
        (Interrupted(2), RunOutcome.INTERRUPTED, ExitCode.SIGINT),
        (RunBroken("Locust died"), RunOutcome.BROKEN, ExitCode.BROKEN),
    ],
    ids=["SIGTERM", "SIGINT", "broken"],
)
def test_a_load_that_did_not_end_well_decides_nothing_and_keeps_what_there_is(
    load: "PretendedLoad",
    make_settings: "MakeSettings",
    make_records: "MakeRecords",
    problem: Exception,
    outcome: RunOutcome,
    code: ExitCode,
) -> None:
    load.canary = make_records(failed=300, outcome=Outcome.DROPPED)
    load.problem = problem

    answer = run(make_settings())

    assert (code, OPEN, (problem,)) == (answer.exit_code, answer.judgement.verdict, answer.problems)
    assert outcome is read_run_file(answer.folder).outcome
    page = set() if outcome is RunOutcome.INTERRUPTED else {"report.html"}
    assert {"run.json", "report.json", "metrics.prom"} | page == {
        path.name for path in answer.folder.iterdir()
    }
    assert load.was_closed


def test_without_stable_it_judges_by_limits_only_and_says_so(
    load: "PretendedLoad", make_settings: "MakeSettings"
) -> None:
    answer = run(make_settings(hosts={"canary": "http://canary:8080"}))

    assert not load.problem
    assert "no stable host" in answer.judgement.sentence
    assert {"canary"} == set(answer.document["roles"])


def test_a_password_in_a_host_is_kept_nowhere(
    load: "PretendedLoad", make_settings: "MakeSettings"
) -> None:
    answer = run(make_settings(hosts={"canary": "http://me:hush-hush@canary:8080"}))
    files = [path.read_bytes() for path in answer.folder.rglob("*") if path.is_file()]

    assert load.was_closed
    assert 4 == len(files)
    assert [] == [text for text in files if b"hush" in text]


def test_a_run_never_writes_into_the_folder_of_another(
    load: "PretendedLoad", make_settings: "MakeSettings"
) -> None:
    settings = make_settings()
    run(settings)
    load.was_closed = False

    with pytest.raises(
        ConfigError, match=r"--run-id \(RUN_ID\): .*run-1 exists already"
    ) as refused:
        run(settings)

    assert refused.value.hint
    assert not load.was_closed


def test_a_folder_that_cannot_be_made_is_an_error_before_any_load(
    make_settings: "MakeSettings", tmp_path: Path
) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ConfigError, match=r"--results-dir \(RESULTS_DIR\): .* cannot be made"):
        run(make_settings(results_dir=tmp_path / "file"))
