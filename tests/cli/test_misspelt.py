"""What is nearly right is answered with what was meant: words, values, files, variables."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from canarygate.cli import commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Command

GATE = ("gate", "--dry-run")
HOST = "http://canary"
NOTE = "canarygate: {} is set but is no variable of canarygate's; did you mean {}?\n"


def leaves() -> "Iterator[tuple[tuple[str, ...], click.Command]]":
    waiting: list[tuple[tuple[str, ...], click.Command]] = [((), commands)]
    while waiting:
        words, command = waiting.pop()
        if isinstance(command, click.Group):
            waiting += [((*words, name), each) for name, each in command.commands.items()]
        else:
            yield words, command


@pytest.mark.parametrize(("words", "command"), list(leaves()), ids=lambda each: str(each)[:30])
def test_every_option_of_every_command_is_found_when_a_letter_is_missing(
    canarygate: "Command", words: tuple[str, ...], command: click.Command
) -> None:
    flags = [each.opts[0] for each in command.params if isinstance(each, click.Option)]
    for flag in (each for each in flags if len(each) > 6):
        ended = canarygate(*words, flag[:-2] + flag[-1])

        assert (2, "") == (ended.code, ended.out)
        assert re.search(rf"Did you mean.*'{flag}'", ended.err), ended.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--arrival", "opne"), "'opne' is neither closed nor open; did you mean 'open'?"),
        (
            ("--on-inconclusive", "fial"),
            "'fial' is neither 'fail' nor 'pass'; did you mean 'fail'?",
        ),
        (("--policy", "strikt.toml"), "did you mean strict.toml?"),
        (("--locust-file", "chekout_flow.py"), "did you mean checkout_flow.py?"),
    ],
    ids=lambda each: each[0] if isinstance(each, tuple) else "",
)
def test_a_value_is_answered_with_the_nearest(
    canarygate: "Command", here: Path, arguments: tuple[str, ...], told: str
) -> None:
    (here / "strict.toml").touch()

    ended = canarygate(*GATE, *arguments, TARGET_HOST=HOST)

    assert (2, "") == (ended.code, ended.out)
    assert told in ended.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("serve", "shop", "--faults", "latncy=20ms"), "did you mean 'latency'?"),
        (("demo", "--faults", "eror=503:12%"), "did you mean 'error'?"),
        (("judge", "results/run-6"), "did you mean results/run-7?"),
        (("judge", "results/run-7", "--policy", "strikt.toml"), "did you mean strict.toml?"),
        (("calibrate", "results/run-6"), "did you mean results/run-7?"),
        (("roi", "--inputs", "our.toml"), "did you mean ours.toml?"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_faults_and_files_are_too(
    canarygate: "Command", here: Path, arguments: tuple[str, ...], told: str
) -> None:
    (here / "results" / "run-7").mkdir(parents=True)
    (here / "strict.toml").touch()
    (here / "ours.toml").touch()

    ended = canarygate(*arguments)

    assert (2, "") == (ended.code, ended.out)
    assert told in ended.err


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("TARGT_HOST", "TARGET_HOST"),
        ("STABLEHOST", "STABLE_HOST"),
        ("PUSHGATEWAY", "PUSHGATEWAY_URL"),
        ("PUSH_PASWORD", "PUSH_PASSWORD"),
        ("WARMUP", "WARM_UP"),
        ("LOCST_FILE", "LOCUST_FILE"),
    ],
)
def test_a_variable_that_nobody_reads_is_told(canarygate: "Command", name: str, meant: str) -> None:
    variables = {"TARGET_HOST": HOST, name: "http://value"}
    if meant == "TARGET_HOST":
        del variables["TARGET_HOST"]

    ended = canarygate(*GATE, **variables)

    assert (2 if meant == "TARGET_HOST" else 0) == ended.code
    assert ended.err.startswith(NOTE.format(name, meant))
    assert 1 == ended.err.count("did you mean")


@pytest.mark.parametrize(
    "name",
    [
        "USER",
        "RUNTIME",
        "LOCUST_HOSTS",
        "LOCUST_FILES",
        "HOSTNAME",
        "PROCESS",
        "TARGET",
        "STABLE",
        "SERVICES",
        "PUSHGATEWAY_PORT",
        "PUSHGATEWAY_SERVICE_HOST",
        "RATES",
        "AVG_INCIDENT_COSTS",
        "STABLE_PODS",
        "target_host",
    ],
)
def test_somebody_elses_variable_is_none_of_our_business(canarygate: "Command", name: str) -> None:
    """AVG_INCIDENT_COSTS is near to an input of `roi`, which a gate does not read."""
    ended = canarygate(*GATE, TARGET_HOST=HOST, PROMETHEUS_URL="", **{name: "1"})

    assert "is no variable" not in ended.err


def test_what_was_given_otherwise_is_not_missed(canarygate: "Command") -> None:
    ended = canarygate(*GATE, "--target-host", HOST, TARGT_HOST="http://other", STABLE_HOSTS="")

    assert (0, "") == (ended.code, ended.err)


def test_a_word_in_front_of_a_group_shows_what_there_is(canarygate: "Command") -> None:
    """As click does it: the help goes to stderr, and nothing was done."""
    for words in ((), ("serve",)):
        ended = canarygate(*words)

        assert (2, "") == (ended.code, ended.out)
        assert ended.err.startswith(f"Usage: {' '.join(('canarygate', *words))} [OPTIONS] COMMAND")
        asked = canarygate(*words, "--help")
        assert (0, "") == (asked.code, asked.err)
        assert ended.err.splitlines() == asked.out.splitlines()
