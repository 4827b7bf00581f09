"""The pages that are made from the code are what the code says; and no help names a page that is not."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from canarygate.cli import commands
from canarygate.errors import ExitCode
from push_metrics.cli import command as push_command

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).resolve().parent.parent
MADE = ("cli.md", "metrics.md")
OF_A_QUESTION = {("canarygate judge", name) for name in ("asks_power", "users", "run_time")} | {
    ("canarygate weights", "once")
}
"""A job's RUN_TIME is its gate's: what a person asks about a plan must not take it for an answer.
And what is asked is no setting."""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    subprocess.run(
        [sys.executable, CHECKOUT / "scripts/make_docs.py", folder], check=True, timeout=60
    )
    return folder


@pytest.mark.parametrize("name", MADE)
def test_a_page_is_what_the_code_says(fresh: Path, name: str) -> None:
    """Write it anew with `make docs`."""
    assert (fresh / name).read_text("utf-8") == (CHECKOUT / "docs" / name).read_text("utf-8")


def test_every_exit_code_is_explained(fresh: Path) -> None:
    page = (fresh / "cli.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d+) \| `([A-Z]+)` \| (.+) \|$", page, re.MULTILINE)

    assert {code.value: code.name for code in ExitCode} == {int(row[0]): row[1] for row in rows}
    assert [] == [row for row in rows if not row[2].endswith(".")]


def every_command() -> "Iterator[tuple[str, click.Command]]":
    waiting: list[tuple[str, click.Command]] = [("canarygate", commands)]
    while waiting:
        name, command = waiting.pop()
        yield name, command
        if isinstance(command, click.Group):
            waiting += [(f"{name} {each}", below) for each, below in command.commands.items()]


@pytest.mark.parametrize(
    ("name", "command"), list(every_command()), ids=lambda each: str(each)[:40]
)
def test_the_help_of_a_command_fits_80_columns_and_shows_each_option_with_its_variable(
    name: str, command: click.Command
) -> None:
    with click.Context(command, info_name=name, terminal_width=80) as context:
        text = command.get_help(context)

    flat = re.sub(r"\s+", " ", text)
    assert [] == [line for line in text.splitlines() if len(line) > 80]
    for option in command.params:
        if not isinstance(option, click.Option) or option.name in ("as_json", "dry_run", "version"):
            continue
        assert f"{option.opts[0]} " in flat
        if (name, option.name) in OF_A_QUESTION:
            continue
        assert f"[env var: {option.envvar}]" in flat
    assert [] == re.findall(r"\bTODO\b|None\b", text)


EXAMPLES = [
    line.strip()
    for _, command in [*every_command(), ("python -m push_metrics", push_command)]
    for block in re.findall(r"^ *\x08\n((?: *\S.*\n?)+)", command.help or "", re.MULTILINE)
    for line in block.replace("\\\n", " ").splitlines()
]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 10


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_in_the_help_is_understood_by_the_command_itself(
    example: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parsed by the real parser; where a command has a dry run, with that."""
    words = shlex.split(example)
    while "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(CHECKOUT)

    if words[:3] == ["python", "-m", "push_metrics"]:
        push_command.make_context("push_metrics", words[3:])
        return
    assert "canarygate" == words.pop(0)
    with click.Context(commands) as context:
        command: click.Command | None = commands
        rest = list(words)
        while isinstance(command, click.Group):
            found, command, rest = command.resolve_command(context, rest)
        assert command
        command.make_context(found, list(rest))
    if "dry_run" in {each.name for each in command.params}:
        place = words.index("--") if "--" in words else len(words)
        words.insert(place, "--dry-run")

        assert 0 == commands.main(words, standalone_mode=False)


def test_every_page_that_a_help_names_is_there() -> None:
    texts = [
        text
        for _, command in every_command()
        for text in (command.help, *(getattr(each, "help", "") for each in command.params))
    ]
    named = set(re.findall(r"docs/[\w-]+\.md", " ".join(filter(None, texts))))

    assert {"docs/policy.md", "docs/demo-shop.md"} <= named
    assert [] == [name for name in named if not (CHECKOUT / name).is_file()]


LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize(
    "page",
    sorted(
        [*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/**/*.md"), *CHECKOUT.glob("benchmarks/*.md")]
    ),
    ids=lambda page: str(page.relative_to(CHECKOUT)),
)
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    inner = [each for each in LINK.findall(text) if not re.match(r"[a-z]+:", each)]

    assert [] == [each for each in inner if not (page.parent / each).exists()]


def test_the_index_names_every_page() -> None:
    index = (CHECKOUT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = {path.name for path in (CHECKOUT / "docs").glob("*.md")} - {"README.md"}

    assert set() == pages - set(LINK.findall(index))
