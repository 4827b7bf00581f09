"""Who is told of a run in CI, and where: people, JUnit readers and GitHub."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from canarygate import console
from canarygate.answer import Answer
from canarygate.cli.gate import tell
from canarygate.cli.options import Option
from canarygate.errors import CanarygateError, ConfigError
from canarygate.results import write_atomically
from canarygate.runner.service import LOG_NAME, log_tail

JUNIT_NAME = "junit.xml"
JUNIT = Option(
    name="junit",
    metavar="FILE",
    help="Write the JUnit XML there as well; junit.xml is in the result folder in any case.",
)


def junit_problems(junit: Path | None) -> list[str]:
    """What is wrong with the place of the file."""
    if junit is None or not junit.is_dir():
        return []
    return [f"{JUNIT.label}: {junit} is a folder; name a file, such as {junit / JUNIT_NAME}"]


def report_answer(
    found: Answer, junit: Path | None, environ: Mapping[str, str], *, as_json: bool
) -> None:
    """The answer to everybody: people, JUnit, GitHub."""
    from canarygate.report import github
    from canarygate.report.junit import junit_of_report

    problems = [str(problem) for problem in found.problems]
    beside = [each for each in problems if each not in found.document["sentence"]]
    log = log_tail(found.folder)
    xml = junit_of_report(found.document, exit_code=int(found.exit_code), problems=beside, log=log)
    _write_junit(xml, found.folder, junit)
    try:
        tell(found, as_json=as_json)
    except BrokenPipeError:  # `| head`: whoever read us left, and the answer is what it was
        console.give_up_stdout()
    if _went_wrong(found):
        _tell_log(log, found.folder)
    if _is_on_github(environ):
        summary = github.summary(found.document, folder=str(found.folder), problems=beside)
        _tell_github(summary, github.annotations(found.document, beside), environ)


def report_problem(
    error: CanarygateError, folder: Path | None, junit: Path | None, environ: Mapping[str, str]
) -> None:
    """There is no answer; who reads JUnit or GitHub alone has to see that too."""
    from canarygate.report import github
    from canarygate.report.junit import junit_of_problem

    run_id = folder.name if folder is not None else ""
    xml = junit_of_problem(str(error), run_id=run_id, exit_code=int(error.exit_code))
    _write_junit(xml, folder if folder is not None and folder.is_dir() else None, junit)
    if _is_on_github(environ):
        line = github.annotation("error", "canarygate", str(error))
        _tell_github(github.summary_of_problem(str(error)), [line], environ)


def _went_wrong(found: Answer) -> bool:
    """The service did: what it said last may tell why."""
    started = found.run.started_service
    return started is not None and (
        started.exit_status is not None or started.ready_seconds is None
    )


def _tell_log(lines: Sequence[str], folder: Path) -> None:
    from canarygate.report.github import harmless

    said = f"the end of {folder / LOG_NAME}:" if lines else "the service said nothing"
    console.say(f"canarygate: {said}")
    for line in lines:
        console.say(f"  {harmless(line)}")


def make_room(junit: Path) -> None:
    """Remove an older file, which would be taken for this run's.

    Raises:
        ConfigError: nothing can be written there.
    """
    try:
        junit.parent.mkdir(parents=True, exist_ok=True)
        junit.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{JUNIT.label}: {junit} cannot be written ({error.strerror})",
            hint="name a file in a folder that may be written to",
        ) from error


def _write_junit(xml: str, folder: Path | None, junit: Path | None) -> None:
    asked = None if junit is None or junit.is_dir() else junit  # a folder is told already
    for path in filter(None, (folder and folder / JUNIT_NAME, asked)):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, xml)
        except OSError as error:
            console.say(f"canarygate: {path} was not written ({error.strerror})")


def _is_on_github(environ: Mapping[str, str]) -> bool:
    return environ.get("GITHUB_ACTIONS") == "true"


def _tell_github(summary: str, lines: Sequence[str], environ: Mapping[str, str]) -> None:
    """On stderr, which a job's log holds as well: stdout may be a document."""
    for line in lines:
        console.say(line)
    if place := environ.get("GITHUB_STEP_SUMMARY"):
        try:
            with Path(place).open("a", encoding="utf-8") as file:
                file.write(summary)
        except OSError as error:
            console.say(f"canarygate: the step summary was not written ({error.strerror})")
