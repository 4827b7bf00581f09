"""How load arrives is asked for in one of two words, and a rate that nobody would hear is refused."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Command

RUN = ("run", "--target-host", "http://canary", "--dry-run")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (
            ("--rate", "5"),
            "--rate (RATE) is 5, but closed arrival has no rate: users wait for answers; give "
            "--arrival open (ARRIVAL) with it",
        ),
        (("--arrival", "opened"), "--arrival (ARRIVAL): 'opened' is neither closed nor open"),
        (("--arrival", "open", "--rate", "0"), "--rate (RATE): '0' is not a number above 0"),
        (
            ("--arrival", "open", "--rate", "0.01", "--run-time", "60s"),
            "--rate (RATE) 0.01 is no task at all in a --run-time (RUN_TIME) of 60 s; try --rate 1",
        ),
    ],
)
def test_what_makes_no_arrival_is_one_error(
    canarygate: "Command", arguments: tuple[str, ...], problem: str
) -> None:
    ended = canarygate(*RUN, *arguments)

    assert 2 == ended.code
    assert 1 == ended.err.count("(RATE)") + ended.err.count("(ARRIVAL):")
    assert problem in " ".join(ended.err.split())


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (("--arrival", "open", "--rate", "2.5"), {}),
        ((), {"ARRIVAL": "Open", "RATE": "2.5/s"}),
        (("--rate", "2.5"), {"ARRIVAL": "open"}),
    ],
)
def test_a_rate_goes_with_open_arrival(
    canarygate: "Command", arguments: tuple[str, ...], variables: dict[str, str]
) -> None:
    assert 0 == canarygate(*RUN, *arguments, **variables).code
