"""`canarygate roi`: what a month of releases costs, by a model whose every number is yours to set."""

import tomllib
from pathlib import Path
from typing import Any

import click

from canarygate import console
from canarygate.cli.options import Option, Settings, resolve, with_options
from canarygate.errors import ConfigError
from canarygate.near import near_path
from canarygate.weights.roi import Inputs, costs_document
from canarygate.weights.roi_inputs import INPUTS, Input, file_problems

HINT = "canarygate roi --help shows every input; docs/roi.md what becomes of it"
FILE = Option(name="inputs", metavar="FILE", help="Inputs as TOML, by the names of the options.")


def _option(each: Input) -> Option:
    def read(text: str) -> float:
        try:
            value: object = float(text)
        except ValueError:
            value = text
        if problem := each.problem(value):
            raise ValueError(problem.replace(repr(value), repr(text), 1))
        return float(text)

    return Option(
        name=each.name,
        metavar=each.unit.upper(),
        default=f"{each.default:g}",
        read=read,
        help=each.help,
    )


NUMBERS = tuple(map(_option, INPUTS))
OPTIONS = (FILE, *NUMBERS)


@click.command("roi", short_help="What static, dynamic and gated releases cost a month.")
@with_options(OPTIONS)
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document instead of the table."
)
@click.pass_context
def command(context: click.Context, /, as_json: bool, **given: Any) -> int:
    """Work out what a month of releases costs: with static canaries, dynamic ones, and canarygate.

    A model, no measurement of yours: docs/roi.md has its formulas, where each number comes from and
    what is left out. An option comes before its variable, that before the file, that before the
    default.

    \b
    canarygate roi
    canarygate roi --deployment-frequency 40 --avg-incident-cost 5000
    canarygate roi --bad-release-share 0.1 --json
    """
    settings = resolve(OPTIONS, given, context)
    _fill_from_file(settings)
    if settings.problems:
        raise ConfigError(settings.problems, hint=HINT)
    inputs = Inputs(**{each.name: settings[each.name] for each in NUMBERS})
    document = costs_document(inputs, settings.sources)
    if as_json:
        import json

        console.put(json.dumps(document, indent=2) + "\n")
        return 0
    from canarygate.weights.roi_table import render_costs

    console.show(render_costs(document))
    return 0


def _fill_from_file(settings: Settings) -> None:
    """What the file gives stands where neither a flag nor a variable does."""
    if settings["inputs"] is None:
        return
    path = Path(settings["inputs"])
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        settings.problems.append(
            f"{FILE.label}: {path} cannot be read as TOML ({error}){near_path(path)}"
        )
        return
    problems = [f"{FILE.label}: {path}: {each}" for each in file_problems(document)]
    settings.problems += problems
    if problems:
        return
    for name, value in document.items():
        if settings.sources[name] == "default":
            settings.values[name], settings.sources[name] = float(value), "file"
