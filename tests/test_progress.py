"""How progress reads, at the widths that people have."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canarygate.progress import progress_line, progress_lines
from canarygate.runner.events import Progress, RoleProgress

CANARY = RoleProgress(
    users=20, requests=900, failures=3, requests_per_second=23.25, median_seconds=0.012
)
STABLE = replace(CANARY, failures=0, median_seconds=12.34)
SILENT = RoleProgress(users=0, requests=0, failures=0, requests_per_second=0.0, median_seconds=None)
NEAR = ("evidence of more errors: 62 % of what a fail takes", "next look at 45 s")
PROGRESS = Progress(
    elapsed_seconds=12.4,
    planned_seconds=45.0,
    roles={"canary": CANARY, "stable": STABLE},
    near=NEAR,
)
AT_80 = """\
12/45 s ━━━━━━━━━━━━━━──────────────────────────────────── at most 33 s left
          users    requests/s         p50          errors
canary       20          23.2       12 ms      3 (0.33 %)
stable       20          23.2      12.3 s               0
evidence of more errors: 62 % of what a fail takes; next look at 45 s
"""
AT_40 = """\
12/45 s ━━━─────── at most 33 s left
       users   req/s     p50  errors
canary    20    23.2   12 ms       3
stable    20    23.2  12.3 s       0
evidence of more errors: 62 % of
what a fail takes
next look at 45 s
"""


def drawn(event: Progress, width: int, height: int = 24, *, has_bars: bool = True) -> str:
    lines = progress_lines(event, width, height, has_bars=has_bars)
    return "".join("".join(text for text, _ in line) + "\n" for line in lines)


def test_a_line_of_a_log_is_complete_in_itself() -> None:
    late = replace(PROGRESS, elapsed_seconds=46.0, roles={}, near=())
    silent = replace(PROGRESS, roles={"canary": CANARY, "stable": SILENT})

    assert "45/45 s" == progress_line(late)
    assert (
        "12/45 s | canary 20 users 23.2/s p50 12 ms 3 failed | stable 0 users 0.0/s p50 - 0 failed | "
        "evidence of more errors: 62 % of what a fail takes; next look at 45 s"
    ) == progress_line(silent)


def test_on_80_columns() -> None:
    assert AT_80 == drawn(PROGRESS, 80)


def test_on_40_columns_nothing_is_missing() -> None:
    assert AT_40 == drawn(PROGRESS, 40)


def test_on_200_columns_it_is_no_wider_than_on_80() -> None:
    """Lines that are short survive a terminal that is made narrower."""
    assert drawn(PROGRESS, 80) == drawn(PROGRESS, 200)


def test_a_terminal_that_knows_only_ascii_gets_no_more() -> None:
    assert drawn(PROGRESS, 80, has_bars=False).isascii()
    assert "12/45 s ####" in drawn(PROGRESS, 80, has_bars=False)


def test_after_the_planned_end_it_is_said_what_is_waited_for() -> None:
    late = replace(PROGRESS, elapsed_seconds=46.0)

    assert drawn(late, 80).splitlines()[0].endswith(" waiting for the last answers")
    assert drawn(late, 80).startswith("45/45 s ")


def test_errors_are_red_and_no_errors_are_not() -> None:
    lines = progress_lines(PROGRESS, 80, 24)

    assert ["red", ""] == [lines[row][-1][1] for row in (2, 3)]


@given(
    width=st.integers(1, 250),
    height=st.integers(1, 60),
    elapsed=st.floats(0, 1e5),
    planned=st.floats(1, 1e5),
    users=st.integers(0, 10**6),
    median=st.none() | st.floats(0, 1e4),
    near=st.lists(st.text("abc 0123456789%", max_size=90), max_size=4),
)
@pytest.mark.filterwarnings("error")
def test_no_line_is_wider_and_none_is_below_the_terminal(
    width: int,
    height: int,
    elapsed: float,
    planned: float,
    users: int,
    median: float | None,
    near: list[str],
) -> None:
    role = RoleProgress(
        users=users,
        requests=users,
        failures=users,
        requests_per_second=float(users),
        median_seconds=median,
    )
    event = Progress(
        elapsed_seconds=elapsed,
        planned_seconds=planned,
        roles={"canary": role, "stable": role},
        near=near,
    )

    lines = drawn(event, width, height).splitlines()

    assert max(map(len, lines)) <= max(width - 4, 1)
    assert 1 <= len(lines) <= max(height - 1, 1)
