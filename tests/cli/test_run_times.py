"""How long a gate may take: --run-time and --max-run-time, --min-run-time, and what a comparison needs."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Command

ONE = ("gate", "--target-host", "http://canary", "--dry-run")
BOTH = (*ONE, "--stable-host", "http://stable")
TOO_SHORT = (
    "canarygate: --run-time (RUN_TIME) is {} s, and to compare the canary with stable takes "
    "30 s (--warm-up (WARM_UP) and 20 s more); give more, or a --policy (POLICY) with "
    "`[compare] enabled = false` to judge by limits only\n"
    "  hint: canarygate gate --help shows every option; --dry-run what would be done\n"
)


def times(out: str) -> dict[str, str]:
    """The options of time, as a dry run tells them."""
    rows = [line.split() for line in out.partition("\n\n")[0].splitlines()]
    return {row[0]: row[2] for row in rows if row[0].endswith("run-time")}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), ("45s", "0s", "-")),
        (("--run-time", "3m"), ("3m", "0s", "-")),
        (("--max-run-time", "3m", "--min-run-time", "90s"), ("3m", "90s", "3m")),
        (("--max-run-time", "3m", "--run-time", "180s"), ("3m", "0s", "3m")),
    ],
)
def test_the_longest_time_has_two_names(
    canarygate: "Command", arguments: tuple[str, ...], told: tuple[str, str, str]
) -> None:
    ended = canarygate(*ONE, *arguments)

    assert (0, "") == (ended.code, ended.err)
    assert (
        dict(zip(("--run-time", "--min-run-time", "--max-run-time"), told, strict=True))
    ) == times(ended.out)
    longest = {"45s": "45s", "3m": "180s"}[told[0]]
    assert f"--run-time {longest} --stop-timeout" in ended.out


def test_two_longest_times_that_differ_are_refused(canarygate: "Command") -> None:
    ended = canarygate(*ONE, "--run-time", "1m", MAX_RUN_TIME="2m")

    assert (2, "") == (ended.code, ended.out)
    assert (
        "canarygate: --run-time (RUN_TIME) and --max-run-time (MAX_RUN_TIME) are two names of one "
        "thing and differ; give one of them\n"
        "  hint: canarygate gate --help shows every option; --dry-run what would be done\n"
    ) == ended.err


def test_no_run_is_longer_than_it_may_be(canarygate: "Command") -> None:
    ended = canarygate(*ONE, MIN_RUN_TIME="46s")

    assert (2, "") == (ended.code, ended.out)
    assert (
        "canarygate: --min-run-time (MIN_RUN_TIME) is 46 s, longer than the whole run of 45 s; "
        "give a longer --run-time\n"
        "  hint: canarygate gate --help shows every option; --dry-run what would be done\n"
    ) == ended.err


def test_a_run_too_short_to_compare_two_versions_is_refused(canarygate: "Command") -> None:
    """It would send its requests and then never be able to pass."""
    short = canarygate(*BOTH, "--run-time", "29s")
    enough = canarygate(*BOTH, "--run-time", "30s")

    assert (2, "", TOO_SHORT.format(29)) == (short.code, short.out, short.err)
    assert (0, "") == (enough.code, enough.err)


def test_a_policy_of_limits_alone_may_be_as_short_as_it_likes(
    canarygate: "Command", here: Path
) -> None:
    (here / "limits.toml").write_text("[compare]\nenabled = false\n")

    ended = canarygate(*BOTH, "--run-time", "12s", "--policy", "limits.toml")
    alone = canarygate(*ONE, "--run-time", "12s")

    assert (0, "", 0, "") == (ended.code, ended.err, alone.code, alone.err)
