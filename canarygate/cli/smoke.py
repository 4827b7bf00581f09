"""`canarygate smoke`: a short run in CI, with the service started first and ended after."""

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from canarygate import console
from canarygate.cli.ci_reports import (
    JUNIT,
    junit_problems,
    make_room,
    report_answer,
    report_problem,
)
from canarygate.cli.gate import HINT as GATE_HINT
from canarygate.cli.gate import POLICY, dry_run_text, read_gate_settings
from canarygate.cli.options import environment, resolve, with_options
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
from canarygate.errors import CanarygateError
from canarygate.gate import run_gate
from canarygate.settings import GateSettings, without_secrets

HINT = GATE_HINT.replace("gate --help", "smoke --help")
# Enough requests for a 1 % limit: 40 users send some 23 a second, and 300 without an error pass.
OWN = {
    USERS: replace(USERS, default="40"),
    SPAWN_RATE: replace(SPAWN_RATE, default="20"),
    RUN_TIME: replace(RUN_TIME, default="30s"),
    WARM_UP: replace(WARM_UP, default="5s"),
}
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
        settings.problems += junit_problems(junit)
        wanted = replace(
            read_gate_settings(settings, locust_args), service=service, stop_early=True
        )
        if dry_run:
            console.put(dry_run_text(settings, OPTIONS, wanted) + _start_text(service.command))
            return 0
        if junit is not None:
            make_room(junit)
        if not wanted.run.folder.exists():  # else it is another run's, and refused below
            folder = wanted.run.folder
        _announce(wanted)
        with console.Talk() as talk:
            found = run_gate(wanted, environ, signals=context.obj, listen=talk.listen)
    except CanarygateError as error:
        if error.hint == GATE_HINT:
            error.hint = HINT
        if not dry_run:
            report_problem(error, folder, junit, environ)
        raise
    report_answer(found, junit, environ, as_json=as_json)
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


def _start_text(command: Sequence[str]) -> str:
    """Last in the dry run: the command as it would be started."""
    return f"\nservice:\n  {shlex.join(command)}\n" if command else ""
