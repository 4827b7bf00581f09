"""Every option once: its flag, its variable, its default, and how its text becomes a value."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import click
from click.core import ParameterSource

from canarygate import console
from canarygate.cli.misspelt import CREDENTIALS, misspelt, variables_of


@dataclass(frozen=True, kw_only=True)
class Option:
    """One setting as its users know it. `read` raises ValueError with what it understands."""

    name: str
    help: str
    default: str | None = None
    read: Callable[[str], Any] = str
    metavar: str = "TEXT"
    is_switch: bool = False
    has_off: bool = False
    """A switch with a `--no-…` beside it."""

    @property
    def flag(self) -> str:
        """`--run-time`."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """`RUN_TIME`."""
        return self.name.upper()

    @property
    def label(self) -> str:
        """How errors name it."""
        return f"{self.flag} ({self.variable})"

    @property
    def declaration(self) -> str:
        """What click is told."""
        return f"{self.flag}/--no-{self.flag[2:]}" if self.has_off else self.flag


@dataclass
class Settings:
    """Resolved options by name, where each came from, and everything wrong with them."""

    values: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, str | None] = field(default_factory=dict)
    """The same as they were given, or the default's text."""
    sources: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


def with_options(options: Sequence[Option]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare the options on a click command, in this order."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = click.option(
                option.declaration,
                option.name,
                envvar=option.variable,
                show_envvar=True,
                # Text is read below, so that all problems are told at once.
                type=_Switch() if option.is_switch else click.STRING,
                is_flag=option.is_switch,
                default=None,
                metavar=None if option.is_switch else option.metavar,
                help=_help(option),
            )(command)
        return command

    return decorate


def resolve(
    options: Sequence[Option], given: Mapping[str, Any], context: click.Context
) -> Settings:
    """Flag before environment before default; every unusable text becomes a problem."""
    settings = Settings()
    for option in options:
        text = given[option.name]
        source = context.get_parameter_source(option.name)
        settings.sources[option.name] = {
            ParameterSource.COMMANDLINE: "flag",
            ParameterSource.ENVIRONMENT: "environment",
        }.get(source or ParameterSource.DEFAULT, "default")
        if text is None:
            text = option.default
        settings.texts[option.name] = text
        settings.values[option.name] = _read(option, text, settings.problems)
    _tell_misspelt(settings, options, context)
    return settings


def _tell_misspelt(settings: Settings, options: Sequence[Option], context: click.Context) -> None:
    """A variable that nobody reads is no setting: say so, before anything is done without it."""
    missed = {each.variable for each in options if settings.sources[each.name] == "default"}
    if "pushgateway_url" in settings.sources:
        missed |= {name for name in CREDENTIALS if not os.environ.get(name)}
    known = {*variables_of(context.find_root().command), *CREDENTIALS, *missed}
    for note in misspelt(environment(), missed, known):
        console.say(f"canarygate: {note}")


class _Switch(click.types.BoolParamType):
    """On or off; a variable that says neither is kept as it is, for `resolve` to complain of."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> bool | Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            return value


def _read(option: Option, text: Any, problems: list[str]) -> Any:
    if text is None or isinstance(text, bool):
        return text
    if option.is_switch:
        problems.append(f"{option.label}: {text!r} is neither on nor off; try true or false")
        return None
    try:
        return option.read(text)
    except ValueError as error:
        problems.append(f"{option.label}: {error}")
        return None


def _help(option: Option) -> str:
    default = f"  [default: {option.default}]" if option.default else ""
    return option.help + default


def environment() -> Mapping[str, str]:
    """The one place that reads the environment beside click."""
    return dict(os.environ)
