"""`canarygate lint PATH…`: find the traps in Argo Rollouts manifests."""

import io
import sys
from typing import Any

import click

from canarygate import console
from canarygate.cli.options import Option, resolve, with_options
from canarygate.cli.values import some_time
from canarygate.errors import ConfigError, ExitCode

VERSIONS = ("1.9", "1.10")
HINT = "canarygate lint --help shows every option; docs/lint.md every rule"


def _version(text: str) -> str:
    if text not in VERSIONS:
        raise ValueError(f"{text!r} is not known; {' or '.join(VERSIONS)}")
    return text


ARGO_VERSION = Option(
    name="argo_version",
    metavar="|".join(VERSIONS),
    default="1.9",
    read=_version,
    help="Of the controller: conditions are evaluated as it does.",
)
SCRAPE_INTERVAL = Option(
    name="scrape_interval",
    metavar="DURATION",
    default="15s",
    read=some_time,
    help="Of your Prometheus, for ranges that are too short.",
)
OPTIONS = (ARGO_VERSION, SCRAPE_INTERVAL)


@click.command("lint", short_help="Find the traps in Argo Rollouts manifests.")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@with_options(OPTIONS)
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document instead of the findings."
)
@click.pass_context
def command(context: click.Context, /, paths: tuple[str, ...], as_json: bool, **given: Any) -> int:
    """Look for traps in files, in the YAML files of folders, and in what comes on stdin (`-`).

    `kustomize build deploy | canarygate lint -` reads what is deployed, all at once.

    Each is told with its place, what will happen, and the remedy; docs/lint.md has a section per
    rule. Give a Rollout together with its templates: what is not there cannot be checked, and rules
    that would have to guess are silent. Exit codes: 0 nothing found, 10 a trap, 2 something cannot
    be read or there is no object to check.

    \b
    canarygate lint deploy/
    canarygate lint rollout.yaml analysis-template.yaml --argo-version 1.10 --json
    """
    settings = resolve(OPTIONS, given, context)
    if settings.problems:
        raise ConfigError(settings.problems, hint=HINT)

    from canarygate.lint.linting import lint, lint_document, sentence
    from canarygate.lint.reading import read_all

    read = read_all(paths, sys.stdin.buffer if sys.stdin else io.BytesIO())
    version = settings["argo_version"]
    checked = lint(read, argo_version=version, scrape_seconds=settings["scrape_interval"])
    for patch in read.patches:
        console.say(f"{patch}: is a patch, half an object; lint what `kustomize build` makes of it")
    if as_json:
        import json

        console.put(json.dumps(lint_document(checked, read, argo_version=version), indent=2) + "\n")
    elif checked.findings or not checked.nothing:
        from canarygate.lint.showing import findings_text

        console.put(findings_text(checked.findings, sentence(checked, read)))
    if read.problems or checked.nothing:
        nothing = [sentence(checked, read)] if checked.nothing else []
        raise ConfigError([*read.problems, *nothing], hint=HINT)
    return ExitCode.FAIL if checked.findings else ExitCode.PASS
