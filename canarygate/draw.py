"""report.html of a judged run: what the judge saw, drawn. Shared by the gate and `canarygate report`."""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from canarygate.answer import Answer
from canarygate.errors import Interrupted
from canarygate.judge.policy import Policy
from canarygate.memory import MemorySamples, read_memory
from canarygate.results import ROLES, Run, RunOutcome, write_atomically
from canarygate.runner.events import Phase
from canarygate.runner.load import Listener
from canarygate.signals import Signals

PAGE = "report.html"
FILES = ("report.json", "run.json", "metrics.prom", "memory.csv", "junit.xml")
ROLE_FILES = (
    *("requests.csv", "stats.csv", "stats_history.csv", "failures.csv", "exceptions.csv"),
    "locust.log",
)


def with_page(
    answer: Answer, run: Run, policy: Policy, signals: Signals, listen: Listener
) -> Answer:
    """Draw a gate's page when its answer is written and pushed; nothing here can change that.

    A signal is noted, and raised between two pictures: what draws them may swallow exceptions.

    Raises:
        Interrupted: a signal has come; there is no page.
    """
    if run.file.outcome is RunOutcome.INTERRUPTED:  # 15 s are for the answer alone
        return replace(answer, notes=(*answer.notes, later(answer.folder)))
    listen(Phase(text="drawing report.html"))
    path = answer.folder / PAGE
    try:
        with signals.held():
            page = page_of(
                run,
                answer.document,
                read_memory(answer.folder),
                policy,
                folder=answer.folder,
                beside=answer.folder,
                between=signals.raise_noted,
            )
            write_atomically(path, page)
        signals.raise_noted()
    except Interrupted:
        path.unlink(missing_ok=True)  # it would show an answer that the ended gate has not
        raise
    except Exception as error:
        why = f"{PAGE} could not be drawn ({type(error).__name__}: {error}); {later(answer.folder)}"
        return replace(answer, notes=(*answer.notes, why))
    return replace(answer, page=path)


def later(folder: Path) -> str:
    """How a page that is not there is drawn."""
    return f"{PAGE} is drawn by: canarygate report {folder}"


def page_of(
    run: Run,
    document: Mapping[str, Any],
    memory: Mapping[str, MemorySamples],
    policy: Policy,
    *,
    folder: Path,
    beside: Path,
    between: Callable[[], None] = lambda: None,
) -> str:
    """The page of a run that was judged.

    Args:
        run: with its records.
        document: its report.
        memory: samples by role.
        policy: what it was judged by.
        folder: where the run's files are; those that are there are linked to.
        beside: the folder that the page will be in.
        between: called now and then; what it raises ends the drawing.
    """
    from canarygate.judge.trace import trace
    from canarygate.report.html.page import render_html

    between()
    lend_a_place(folder)
    return render_html(
        document,
        memory,
        trace(run.file, run.records, policy),
        links=tuple(_links(folder, beside)),
        between=between,
    )


def lend_a_place(folder: Path) -> None:
    """For matplotlib's font cache, where nothing but the results can be written to.

    A container with a read-only root and no /tmp has no temporary folder, and `import matplotlib`
    fails without one. What is put there goes when the process ends.
    """
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        tempfile.tempdir = str(folder)


def _links(folder: Path, beside: Path) -> Iterator[str]:
    names = [*FILES, *(f"{role}_{name}" for role in ROLES for name in ROLE_FILES)]
    for name in names:
        if (folder / name).is_file():
            yield os.path.relpath(folder / name, beside)
