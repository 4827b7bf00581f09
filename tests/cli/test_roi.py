"""`canarygate roi` as a shell sees it."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Command

TABLE = """\
a month                                            static    dynamic  canarygate
rollbacks                                            27.6          3         3.2
good releases stopped                                  37          4         0.2
bad releases let through                                -          -         0.2
rollbacks cost                                  58,288.44   6,305.10    6,339.57
over-provisioning                                8,100.00          -    8,100.00
cost a month                                    66,388.44   6,305.10   14,439.57
right-sizing saves                                      -   5,400.00           -
net saving                                              -  65,483.34   51,948.87
rollbacks cost less by                                  -     89.2 %      89.1 %
fewer good releases stopped                             -         33        36.8
"""


def test_the_table_of_the_defaults(canarygate: "Command") -> None:
    ended = canarygate("roi")

    lines = [line.rstrip() for line in ended.out.splitlines()]
    assert (0, "") == (ended.code, ended.err)
    assert TABLE.splitlines() == lines[:11]
    assert [] == [line for line in lines if len(line) > 80]
    assert "which nobody measured here" in ended.out


def test_a_flag_comes_before_a_variable_and_that_before_the_file(
    canarygate: "Command", here: Path
) -> None:
    (here / "ours.toml").write_text(
        "deployment_frequency = 1\navg_incident_cost = 2\noncall_hourly_rate = 3\n"
    )

    ended = canarygate(
        *("roi", "--json", "--inputs", "ours.toml", "--deployment-frequency", "100"),
        AVG_INCIDENT_COST="200",
        DEPLOYMENT_FREQUENCY="10",
    )

    document = json.loads(ended.out)
    assert (0, 1) == (ended.code, document["version"])
    assert [
        {"value": 100, "source": "flag"},
        {"value": 200, "source": "environment"},
        {"value": 3, "source": "file"},
        {"value": 45_000, "source": "default"},
    ] == list(document["inputs"].values())[:4]


def test_everything_that_is_wrong_is_told_at_once(canarygate: "Command", here: Path) -> None:
    (here / "ours.toml").write_text("deployment_frequenzy = 1\nbad_release_share = 5\n")

    ended = canarygate(
        *("roi", "--inputs", "ours.toml", "--static-rollback-rate", "23"),
        AVG_INCIDENT_COST="-1",
        ONCALL_HOURLY_RATE="much",
        DETECTION_SHARE="nan",
    )

    assert (2, "") == (ended.code, ended.out)
    assert [
        "canarygate: --avg-incident-cost (AVG_INCIDENT_COST): '-1' must be a number of money, 0 or more",
        "canarygate: --oncall-hourly-rate (ONCALL_HOURLY_RATE): 'much' must be a number of money, 0 or more",
        "canarygate: --static-rollback-rate (STATIC_ROLLBACK_RATE): '23' must be a share from 0 to 1 "
        "(5 % is 0.05)",
        "canarygate: --detection-share (DETECTION_SHARE): 'nan' must be a share from 0 to 1 (5 % is 0.05)",
        "canarygate: --inputs (INPUTS): ours.toml: key 'deployment_frequenzy' is unknown; "
        "did you mean 'deployment_frequency'?",
        "canarygate: --inputs (INPUTS): ours.toml: bad_release_share = 5 must be a share from 0 to 1 "
        "(5 % is 0.05)",
        "  hint: canarygate roi --help shows every input; docs/roi.md what becomes of it",
    ] == ended.err.splitlines()


@pytest.mark.parametrize("content", [None, b"x = = 1", b"\xff"], ids=["none", "broken", "bytes"])
def test_a_file_that_cannot_be_read_is_no_default(
    canarygate: "Command", here: Path, content: bytes | None
) -> None:
    if content is not None:
        (here / "ours.toml").write_bytes(content)

    ended = canarygate("roi", "--inputs", "ours.toml")

    assert (2, "") == (ended.code, ended.out)
    assert re.match(
        r"canarygate: --inputs \(INPUTS\): ours.toml cannot be read as TOML \(", ended.err
    )
