"""`canarygate smoke`: a short run in CI, with the service started first and ended after."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from canarygate import console
from canarygate.answer import Answer
from canarygate.cli.gate import HINT as GATE_HINT
from canarygate.cli.gate import POLICY, dry_run_text, read_gate_settings, tell
from canarygate.cli.options import Option, environment, resolve, with_options
from canarygate.cli.push_options import PUSH
from canarygate.cli.run_options import (
    ONE_HOST,
    RUN_TIME,
    SPAWN_RATE,
    STABLE_HOST,
    TARGET_HOST,
    USERS,
    WARM_UP,
)
from canarygate.cli.service_options import SERVICE, read_service_settings
from canarygate.errors import CanarygateError, ConfigError
from canarygate.gate import run_gate
from canarygate.results import write_atomically
from canarygate.runner.service import log_tail
from canarygate.settings import GateSettings, without_secrets

HINT = GATE_HINT.replace("gate --help", "smoke --help")
JUNIT_NAME = "junit.xml"
# Enough requests for a 1 % limit: 40 users send some 23 a second, and 300 without an error pass.
OWN = {
    USERS: replace(USERS, default="40"),
    SPAWN_RATE: replace(SPAWN_RATE, default="20"),
    RUN_TIME: replace(RUN_TIME, default="30s"),
    WARM_UP: replace(WARM_UP, default="5s"),
}
JUNIT = Option(
    name="junit",
    metavar="FILE",
    help="Write the JUnit XML there as well; junit.xml is in the result folder in any case.",
)
OPTIONS = (
    TARGET_HOST,
    STABLE_HOST,
    *SERVICE,
    *(OWN.get(option, option) for option in ONE_HOST if option is not TARGET_HOST),
    *(JUNIT, POLICY, *PUSH),
)


@click.command("smoke", short_help="CI: start a service, a short run, absolute limits, JUnit XML.")
@with_options(OPTIONS)
@click.option("--json", "as_json", is_flag=True, help="Print report.json instead of the table.")
@click.option(
    "--dry-run", is_flag=True, help="Print every setting and the commands; start nothing."
)
@click.argument("locust_args", nargs=-1, type=click.UNPROCESSED, metavar="[-- LOCUST_OPTION...]")
@click.pass_context
def command(
    context: click.Context,
    /,
    as_json: bool,
    dry_run: bool,
    locust_args: tuple[str, ...],
    **given: Any,
) -> int:
    """Start a service, load it for half a minute, and hold it against the policy's limits.

    With --stable-host it is compared with stable as well. What is not known is not green: an
    inconclusive run ends with 11, a service that never gets ready with 3, one that ends by itself
    under load with 10.

    \b
    TARGET_HOST=http://127.0.0.1:8080 canarygate smoke --start 'make serve'
    canarygate smoke --target-host http://127.0.0.1:8080 --ready-path /healthz
    canarygate smoke --target-host http://canary --stable-host http://stable
    """
    settings = resolve(OPTIONS, given, context)
    junit = Path(settings["junit"]) if settings["junit"] else None
    environ = environment()
    folder: Path | None = None
    try:
        # Always 11: nobody reads the verdict of a smoke run after it.
        settings.values["on_inconclusive"] = "fail"
        service = read_service_settings(settings, environ)
        settings.problems += _junit_problems(junit)
        wanted = replace(
            read_gate_settings(settings, locust_args), service=service, stop_early=True
        )
        if dry_run:
            console.put(dry_run_text(settings, OPTIONS, wanted) + _start_text(service.command))
            return 0
        if junit is not None:
            _make_room(junit)
        folder = wanted.run.folder
        _announce(wanted)
        found = run_gate(wanted, environ, signals=context.obj, listen=console.Talk().listen)
    except CanarygateError as error:
        if error.hint == GATE_HINT:
            error.hint = HINT
        if not dry_run:
            _report_problem(error, folder, junit, environ)
        raise
    _report(found, junit, environ, as_json=as_json)
    return found.exit_code


def _announce(wanted: GateSettings) -> None:
    """A service may take a minute to come up: whoever watches should know what is waited for."""
    service = wanted.service
    assert service is not None
    hosts = " and ".join(map(without_secrets, wanted.run.hosts.values()))
    starting = f"starting {service.command[0]}, then " if service.command else ""
    console.say(
        f"canarygate: {starting}waiting for {hosts} ({service.ready_timeout_seconds:g} s at most)"
    )


def _report(
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


def _report_problem(
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
    from canarygate.runner.service import LOG_NAME

    said = f"the end of {folder / LOG_NAME}:" if lines else "the service said nothing"
    console.say(f"canarygate: {said}")
    for line in lines:
        console.say(f"  {harmless(line)}")


def _make_room(junit: Path) -> None:
    """An older file would be taken for this run's.

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


def _junit_problems(junit: Path | None) -> list[str]:
    if junit is None or not junit.is_dir():
        return []
    return [f"{JUNIT.label}: {junit} is a folder; name a file, such as {junit / JUNIT_NAME}"]


def _start_text(command: Sequence[str]) -> str:
    """Last in the dry run: the command as it would be started."""
    return f"\nservice:\n  {shlex.join(command)}\n" if command else ""
