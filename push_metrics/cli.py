"""`python -m push_metrics`: flags and environment in, one push, one clear error out."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import click

from canarygate.errors import CanarygateError, ConfigError, ExitCode
from canarygate.settings import PushSettings, parse_duration, parse_labels
from push_metrics import address
from push_metrics.command import PushRequest, push_source, together
from push_metrics.credentials import read_credentials

T = TypeVar("T")


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option(
    "--csv",
    metavar="PREFIX",
    help="What Locust was given as --csv, or a result folder of canarygate.",
)
@click.option(
    "--pushgateway",
    "--pushgateway-url",
    metavar="URL",
    envvar="PUSHGATEWAY_URL",
    show_envvar=True,
    help="Base URL of the Pushgateway. Not pushed without it.",
)
@click.option(
    "--labels",
    "--push-labels",
    metavar="A=B,C=D",
    envvar="PUSH_LABELS",
    show_envvar=True,
    help="The group's labels, such as service=checkout,type=canary.",
)
@click.option("--service", envvar="SERVICE", show_envvar=True, help="Unless --labels names it.")
@click.option("--stage", envvar="STAGE", show_envvar=True, help="Unless --labels names it.")
@click.option(
    "--push-timeout",
    metavar="DURATION",
    default="20s",
    envvar="PUSH_TIMEOUT",
    show_envvar=True,
    help="For everything, retries included.",
)
@click.option(
    "--prune-after",
    metavar="DURATION",
    default="24h",
    envvar="PRUNE_AFTER",
    show_envvar=True,
    help="Older groups of the same service are deleted.",
)
@click.option(
    "--push-endpoints/--no-push-endpoints",
    envvar="PUSH_ENDPOINTS",
    show_envvar=True,
    help="Push the series per endpoint too.",
)
@click.option(
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Write the same series here as text; - is stdout.",
)
def command(**options: object) -> None:
    """Push what a Locust run measured to a Prometheus Pushgateway.

    Credentials come from PUSH_USERNAME with PUSH_PASSWORD or PUSH_PASSWORD_FILE, or from PUSH_TOKEN
    or PUSH_TOKEN_FILE; PUSH_CA_FILE names a private certificate authority.

    Exit codes: 0 pushed, 2 bad usage or input, 4 the gateway did not take it.

    \b
    python -m push_metrics --csv=results/run-7 --pushgateway=http://pushgateway:9091
    python -m push_metrics --csv=results/run-7 --labels=service=checkout --output=-
    """
    request = read_request(options, os.environ)
    pushed = push_source(request)
    for note in pushed.notes:
        click.echo(f"canarygate: note: {note}", err=True)
    series = sum(group.series for group in pushed.groups)
    target = [request.settings and address.printable(request.settings.url), request.output]
    where = " and ".join(str(each) for each in target if each)
    click.echo(f"canarygate: {series} series to {where}", err=True)


def read_request(options: Mapping[str, object], environment: Mapping[str, str]) -> PushRequest:
    """The command's words as values.

    Raises:
        ConfigError: they cannot be used; it holds every problem.
    """
    problems: list[ConfigError] = []
    words = {name: value for name, value in options.items() if isinstance(value, str)}
    output = options.get("output")
    if not words.get("csv"):
        problems.append(ConfigError("--csv names nothing to push", hint="--csv=results/canary"))
    if not words.get("pushgateway") and output is None:
        problems.append(
            ConfigError("neither --pushgateway (PUSHGATEWAY_URL) nor --output is given")
        )
    labels = _parsed("--labels (PUSH_LABELS)", parse_labels, words.get("labels", ""), problems)
    settings = _read_settings(words, environment, problems)
    if problems:
        raise together(problems)
    return PushRequest(
        source=words["csv"],
        labels=labels or {},
        service=words.get("service", ""),
        stage=words.get("stage", ""),
        endpoints=options.get("push_endpoints") is True,
        settings=settings,
        output=output if isinstance(output, Path) else None,
    )


def _read_settings(
    words: Mapping[str, str], environment: Mapping[str, str], problems: list[ConfigError]
) -> PushSettings | None:
    timeout = _duration("--push-timeout (PUSH_TIMEOUT)", words["push_timeout"], problems)
    prune_after = _duration("--prune-after (PRUNE_AFTER)", words["prune_after"], problems)
    if not words.get("pushgateway"):
        return None
    credentials = read_credentials(environment)
    settings = PushSettings(
        url=words["pushgateway"],
        timeout_seconds=timeout,
        prune_after_seconds=prune_after,
        username=credentials.username,
        password=credentials.password,
        token=credentials.token,
        ca_file=credentials.ca_file,
    )
    found = [*credentials.problems, *address.address_problems(settings)]
    if found:
        problems.append(ConfigError(found, hint=address.HINT))
    return settings


def _duration(name: str, text: str, problems: list[ConfigError]) -> float:
    seconds = _parsed(name, parse_duration, text, problems)
    if seconds == 0:
        problems.append(ConfigError(f"{name}: {text!r} is no time at all"))
    return seconds or 0.0


def _parsed(
    name: str, parse: Callable[[str], T], text: str, problems: list[ConfigError]
) -> T | None:
    try:
        return parse(text)
    except ValueError as error:
        problems.append(ConfigError(f"{name}: {error}"))
        return None


def main(arguments: list[str] | None = None) -> int:
    """Run the command; gives the exit code. Only a bug of ours ends with a traceback."""
    try:
        command.main(arguments, prog_name="python -m push_metrics", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except click.Abort:
        return ExitCode.SIGINT
    except CanarygateError as error:
        for line in str(error).splitlines():
            click.echo(f"canarygate: error: {line}", err=True)
        if error.hint:
            click.echo(f"hint: {error.hint}", err=True)
        return error.exit_code
    return ExitCode.PASS
