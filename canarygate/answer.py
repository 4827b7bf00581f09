"""How a gate ended, as its callers see it: an exit code, a judgement, and what to know beside them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from canarygate.errors import CanarygateError, ExitCode
from canarygate.results import RunFile, RunOutcome
from canarygate.verdict import Judgement, Verdict


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How a gate ended."""

    exit_code: ExitCode
    run: RunFile
    judgement: Judgement
    document: Mapping[str, Any]
    folder: Path
    problems: tuple[CanarygateError, ...] = ()
    """What went wrong beside the verdict: a push that failed, a run that broke."""
    page: Path | None = None
    """report.html; None where it was not drawn."""
    notes: tuple[str, ...] = ()
    """What a person should know beside: hosts that were silent, what was pushed where."""


def exit_code(
    outcome: RunOutcome,
    verdict: Verdict,
    *,
    on_inconclusive: str = "fail",
    push_failed: bool = False,
    signal_number: int | None = None,
) -> ExitCode:
    """The one number that a Job, a shell or a CI step sees; `push_failed` is of a required push."""
    if outcome is RunOutcome.INTERRUPTED:
        return ExitCode.SIGINT if signal_number == 2 else ExitCode.SIGTERM
    if verdict is Verdict.FAIL:
        return ExitCode.FAIL
    if push_failed:
        return ExitCode.PUSH
    if outcome not in (RunOutcome.FINISHED, RunOutcome.DECIDED):
        return ExitCode.BROKEN
    if verdict is Verdict.INCONCLUSIVE:
        return ExitCode.PASS if on_inconclusive == "pass" else ExitCode.INCONCLUSIVE
    return ExitCode.PASS
