"""Writes the pages of docs/ that are made from the code: `make docs`; a test holds them to it."""

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from canarygate import errors
from canarygate.cli import commands
from canarygate.errors import ExitCode
from push_metrics.cli import command as push_command
from push_metrics.reference import markdown as metrics_page

DOCS = Path(__file__).resolve().parent.parent / "docs"
DEFAULT = re.compile(r"  \[default: (.+)\]$")
HEAD = """\
# The command line

Written by `make docs` from the commands themselves; change it there.

A flag comes before its environment variable, and that before the default. An empty variable is one
that is not set. Switches read `true`, `false`, `1`, `0`, `yes`, `no`, `on`, `off` from their
variables. Durations are written `90s`, `2.5s`, `5m`, `1m30s`, `1h`; a bare number is seconds.
Everything that is wrong with a command is told at once, before anything is sent.

The result goes to stdout, all else to stderr; with `--json`, stdout holds one JSON document and
nothing else. Terminals get colours unless `NO_COLOR` is set. Credentials for the Pushgateway come
from variables or files, never from flags: `PUSH_USERNAME` with `PUSH_PASSWORD` or
`PUSH_PASSWORD_FILE`, or `PUSH_TOKEN` or `PUSH_TOKEN_FILE`; `PUSH_CA_FILE` names a private
certificate authority.

## Exit codes

| code | name | meaning |
| --- | --- | --- |
"""


def cli_page() -> str:
    """docs/cli.md."""
    codes = "".join(
        f"| {code.value} | `{code.name}` | {text} |\n" for code, text in exit_codes().items()
    )
    sections = [_section(name, command) for name, command in all_commands(commands, "canarygate")]
    push = _section("python -m push_metrics", push_command)
    return "\n".join([HEAD + codes, *sections, push])


def exit_codes() -> dict[ExitCode, str]:
    """Each exit code with the docstring below it, which no running Python keeps."""
    [enum] = [
        node
        for node in ast.parse(inspect.getsource(errors)).body
        if isinstance(node, ast.ClassDef) and node.name == ExitCode.__name__
    ]
    texts = {}
    for code, text in zip(enum.body, enum.body[1:], strict=False):
        if isinstance(code, ast.Assign) and isinstance(text, ast.Expr):
            [target] = code.targets
            texts[ExitCode[ast.unparse(target)]] = str(ast.literal_eval(text.value))
    return texts


def all_commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """A command and those below it, groups left out."""
    if not isinstance(command, click.Group):
        yield name, command
        return
    for below in command.commands.values():
        yield from all_commands(below, f"{name} {below.name}")


def _section(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    prose, examples = split_help(command)
    shown = f"\n```sh\n{examples}\n```\n" if examples else ""
    rows = "".join(_row(each) for each in command.params if isinstance(each, click.Option))
    return (
        f"## {name}\n\n`{usage}`\n\n{prose}\n{shown}\n"
        f"| option | variable | default | meaning |\n| --- | --- | --- | --- |\n{rows}"
    )


def split_help(command: click.Command) -> tuple[str, str]:
    r"""The paragraphs of a command's help, and its examples: the paragraph that begins with \b."""
    parts = inspect.cleandoc(command.help or "").split("\n\n")
    examples = [part.removeprefix("\b\n") for part in parts if part.startswith("\b")]
    return "\n\n".join(part for part in parts if not part.startswith("\b")), "\n".join(examples)


def _row(option: click.Option) -> str:
    flags = " ".join(f"`{flag}`" for flag in (*option.opts, *option.secondary_opts))
    value = f" {option.metavar}" if option.metavar else ""
    variable = f"`{option.envvar}`" if option.envvar else ""
    text, default = option.help or "", option.default
    if found := DEFAULT.search(text):
        text, default = DEFAULT.sub("", text), found[1]
    given = default if isinstance(default, str) else ""
    if given and " " not in given:  # with blanks it is a description
        given = f"`{given}`"
    return f"| {flags}{value} | {variable} | {given} | {text} |\n".replace(
        "fail|pass", r"fail\|pass"
    )


def main(folder: Path) -> None:
    """Write every page."""
    for name, text in (("cli.md", cli_page()), ("metrics.md", metrics_page())):
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else DOCS)
