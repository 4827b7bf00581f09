"""What is told of a script without running it."""

import pytest

from canarygate.lint.rules.shell import commands, deaf, hidden


def test_commands_are_apart_where_the_shell_takes_them_apart() -> None:
    script = "a --x \\\n  --y; b 'c; d' && e \"f | g\" || h 2>&1 # i; j\nk &> l & m"

    assert [
        ("a --x    --y", ";"),
        ("b 'c; d'", "&&"),
        ('e "f | g"', "||"),
        ("h 2>&1", ";"),
        ("k &> l", "&"),
        ("m", ""),
    ] == commands(script)


@pytest.mark.parametrize(
    ("script", "lost"),
    [
        ("load\npush", "load"),
        ("load; push", "load"),
        ("X=1 load; push", "X=1 load"),
        ("load | tee log", "load"),
        ("load || true", "load"),
        ("load && push", ""),
        ("cd /app; load", ""),
        ("load", ""),
        ("load; exit 1", ""),
        ("load; rc=$?; push; exit $rc", ""),
        ("set -e\nload\npush", ""),
        ("set -euo pipefail\nload | tee log\npush", ""),
        ("for i in 1 2; do load; done\npush", ""),
        ("(load; push)", ""),
        ("x=$(date; id)\nload", ""),
    ],
)
def test_an_exit_code_that_nobody_reads(script: str, lost: str) -> None:
    assert lost == hidden(script, stops=False)


def test_a_shell_with_e_stops_at_the_first_failure() -> None:
    assert "" == hidden("load\npush", stops=True)


@pytest.mark.parametrize(
    ("script", "unheard"),
    [
        ("load", ""),
        ("load\npush", "load"),
        ("cd /app\nload", "load"),
        ("prepare\nexec load", ""),
        ("trap 'kill $pid' TERM\nload & pid=$!\nwait", ""),
    ],
)
def test_a_signal_that_does_not_arrive(script: str, unheard: str) -> None:
    assert unheard == deaf(script)
