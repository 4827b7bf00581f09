"""docs/judging.md says what the judge does: its tables and its examples are worked out anew."""

import ast
import math
import re
from pathlib import Path

import numpy as np
import pytest

from canarygate.judge.arm import make_arm
from canarygate.judge.calibration import (
    CLEAR_ABOVE,
    CONFIDENCE,
    FEWEST_RUNS,
    SPREADS,
    TOO_NOISY,
    Ratio,
    calibrate,
    upper_spread,
)
from canarygate.judge.phrases import more_than, points
from canarygate.judge.policy import load_policy
from canarygate.judge.replay import Plan, look_times
from canarygate.judge.sequential import first_errors
from canarygate.judge.stats import log_evidence, requests_needed
from canarygate.judge.wording import percent
from canarygate.settings import COMPARED_SECONDS, parse_duration

CHECKOUT = Path(__file__).parents[2]
TEXT = (CHECKOUT / "docs" / "judging.md").read_text("utf-8")
FLAT = " ".join(TEXT.split())
POLICY = load_policy(None)
EVIDENCE_NEEDED = 1 / POLICY.compare_errors.alpha


def rows(after: str, columns: int) -> list[list[str]]:
    """The cells of the first table after these words."""
    found: list[list[str]] = []
    for line in TEXT.partition(after)[2].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == columns:
            found.append(cells)
        elif found:
            break
    return found[2:]


def evidence(hits: int, errors: int) -> float:
    return float(np.exp(log_evidence(hits, errors, 0.5)))


def test_the_looks_are_those_of_the_code() -> None:
    table = {cells[0]: cells[1] for cells in rows("one at the end of the run:", 2)}

    assert 5 == len(table)
    assert table == {
        text: ", ".join(
            f"{at:g}" for at in look_times(Plan(planned_seconds=parse_duration(text)), 10)
        )
        for text in table
    }
    assert f"at least {COMPARED_SECONDS:g} s after the warm-up" in FLAT


def test_the_worked_example_is_what_the_formula_gives() -> None:
    table = rows("own errors counts, so", 3)

    assert ["1", "3", "5", "8", "9"] == [cells[0] for cells in table]
    assert table == [[k, n, f"{evidence(int(k), int(n)):.2f}"] for k, n, _ in table]
    assert evidence(8, 8) < EVIDENCE_NEEDED <= evidence(9, 9)


def test_the_ninth_error_of_the_example_decides() -> None:
    """2 % of 11.7 requests/s on the canary, spread evenly, and none on stable."""
    ended = np.arange(1, 1001) / 11.7
    is_ok = np.arange(1, 1001) % 50 != 0
    canary = make_arm("canary", ended_seconds=ended, duration_seconds=ended * 0 + 0.05, ok=is_ok)
    stable = make_arm("stable", ended_seconds=ended, duration_seconds=ended * 0 + 0.05)

    at = first_errors(canary, stable, POLICY.compare_errors)

    assert at is not None
    assert math.isclose(9 * 50 / 11.7, at, abs_tol=0.001)
    assert f"The ninth error decides, after about {at:.0f} s." in TEXT


def test_the_errors_that_it_takes_beside_those_of_stable() -> None:
    table = rows("Had stable failed too", 2)
    needed = [
        next(k for k in range(1, 1000) if evidence(k, k + int(stable)) >= EVIDENCE_NEEDED)
        for stable, _ in table
    ]

    assert [[9], [13], [18], [32]] == [[int(cells[1])] for cells in table]
    assert needed == [int(cells[1]) for cells in table]


def test_gross_slowness_takes_as_many_hits_as_it_says() -> None:
    needed = (5 + 1) / POLICY.compare_gross.alpha

    assert math.isclose(3000, needed)
    assert evidence(14, 14) < needed <= evidence(15, 15)
    assert "3,000 with five endpoints, which 15 hits in a row do" in FLAT


def test_the_bars_are_those_of_the_policy() -> None:
    clear = POLICY.clear
    (slower, errors, slow, sure, takes) = rows("This alone makes a pass:", 3)

    assert [f"{100 * each:g} %" for each in (clear.slower, clear.last_slower)] == slower[1:]
    shares = [f"{100 * each:g}" for each in (clear.share, clear.last_share)]
    assert shares == errors[1:] == slow[1:]
    assert [f"{100 * each:g} %" for each in (clear.confidence, clear.last_confidence)] == sure[1:]
    assert takes[1:] == [
        str(requests_needed(0, clear.share, clear.confidence)),
        str(requests_needed(0, clear.last_share, clear.last_confidence)),
    ]


def test_the_examples_of_a_pass_are_worded_as_the_judge_does() -> None:
    for slower, share, sure in (
        (POLICY.clear.slower, POLICY.clear.share, POLICY.clear.confidence),
        (POLICY.clear.last_slower, POLICY.clear.last_share, POLICY.clear.last_confidence),
    ):
        assert (
            f"ruled out: more than {more_than(slower)} slower, {points(share)} more errors or slow"
            f" requests ({percent(sure)} sure)"
        ) in TEXT


def test_the_margins_are_those_of_the_policy() -> None:
    margins = dict(rows("called slower as rarely as an equal one.", 2))
    compare, gross, stalls = POLICY.compare, POLICY.compare_gross, POLICY.compare_stalls

    assert margins == {
        "slower": f"{100 * compare.tolerance:g} %, and at least "
        f"{1000 * compare.tolerance_seconds:g} ms (`compare.tolerance`)",
        "grossly slower": f"{100 * gross.tolerance:g} %, and at least "
        f"{1000 * gross.tolerance_seconds:g} ms (`compare_gross.tolerance`)",
        "stalls": f"{100 * stalls.share:g} % of the endpoint's median, and at least "
        f"{1000 * stalls.seconds:g} ms",
        "more errors": f"{100 * POLICY.compare_errors.share:g} percentage points",
    }


def test_the_time_until_nine_errors_is_arithmetic() -> None:
    table = rows("has nine errors on average:", 5)
    shares = (0.12, 0.05, 0.02, 0.01)

    assert ["2", "10", "50"] == [cells[0] for cells in table]
    for cells in table:
        rate = float(cells[0])
        assert cells[1:] == [f"{math.floor(9 / (share * rate) + 0.5)} s" for share in shares]


def test_the_table_of_sensitivity_has_the_rows_and_columns_of_its_benchmark() -> None:
    """Its figures take minutes: `python benchmarks/sensitivity.py` prints the table anew."""
    source = (CHECKOUT / "benchmarks" / "sensitivity.py").read_text("utf-8")
    (loads,) = re.findall(r"^LOADS = (.+)$", source, re.MULTILINE)
    faults = re.findall(r'^    "(.+)": Fault\(', source, re.MULTILINE)
    columns = [f"{users} users, {seconds} s" for users, seconds in ast.literal_eval(loads)]
    healthy = ["healthy, fails", "healthy, inconclusive", "healthy, passes after (median)"]

    assert f"| the canary | {' | '.join(columns)} |" in TEXT
    assert [*faults, *healthy] == [cells[0] for cells in rows("A cell is", len(columns) + 1)]


@pytest.mark.parametrize(
    "name", sorted(set(re.findall(r"`((?:compare|compare_gross|clear)\.[a-z_]+)`", TEXT)))
)
def test_every_key_and_check_that_it_names_is_there(name: str) -> None:
    section, _, key = name.partition(".")
    checks = ("errors", "gross_slowness", "slower", "stalls", "clear")

    assert key in vars(getattr(POLICY, section)) or (section == "compare" and key in checks)


def test_calibration_by_the_formula_of_the_page() -> None:
    logs = [0.05, -0.05] * 5
    bound = upper_spread(logs)
    ratios = [
        Ratio(
            log_ratio=each,
            canary_successes=99,
            stable_successes=99,
            typical_seconds=0.1,
            chance=0.01,
        )
        for each in logs
    ]
    found = calibrate([{("GET", "/cart"): each} for each in ratios], POLICY)

    assert ["+5.1", "-4.9"] == [f"{100 * math.expm1(each):+.1f}" for each in (0.05, -0.05)]
    assert "swing between +5.1 % and -4.9 %" in FLAT
    assert f"(10 / 6.179) = {bound:.4f}" in FLAT
    assert (0.173, 0.346, 0.323) == (found.tolerance, found.gross, found.clear)
    assert (
        "`compare.tolerance` 17.3 %, `compare_gross.tolerance` 34.6 %, `clear.slower` 32.3 %."
        in FLAT
    )


def test_the_constants_of_a_calibration_are_those_of_the_page() -> None:
    assert (10, 2.5, 0.80, 0.15, 0.50) == (FEWEST_RUNS, SPREADS, CONFIDENCE, CLEAR_ABOVE, TOO_NOISY)
    assert f"with ten runs {upper_spread([1.0] * 10):.2f} times as much" in FLAT
    built_in = [
        POLICY.compare.tolerance,
        POLICY.compare_gross.tolerance,
        POLICY.clear.slower,
    ]
    assert [f"{100 * each:g} %" for each in built_in] == [
        cells[2] for cells in rows("with ten runs", 3)
    ]


def test_every_page_and_section_that_it_links_to_is_there() -> None:
    for page, section in re.findall(r"\]\(([\w-]+\.md)?#?([\w-]*)\)", TEXT):
        text = (CHECKOUT / "docs" / (page or "judging.md")).read_text("utf-8")
        headings = {
            re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        }
        assert not section or section in headings
