"""The table of a run that was compared with stable. Limits alone are in test_table.py."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from canarygate.report.comparison import ENDPOINTS_SHOWN
from canarygate.report.document import report_document
from canarygate.results import RunFile, RunOutcome
from canarygate.verdict import Check, Comparison, EndpointComparison, Judgement, Verdict

if TYPE_CHECKING:
    from tests.conftest import MakeRecords, MakeRole
    from tests.report.conftest import LinesOf, MakeRow, TextOf

SLOWER = "POST /api/checkout is slower (typical +38 % [+21, +57], p95 241 → 330 ms; tolerance 10 %)"
CHECKS = [
    Check(name="compare.errors", state=Verdict.PASS, reason="5 errors of 525, stable 0 of 523"),
    Check(name="compare.gross_slowness", state=Verdict.PASS, reason="no sign of it"),
    Check(name="compare.slower", state=Verdict.FAIL, reason=SLOWER),
    Check(name="compare.stalls", state=Verdict.PASS, reason="no more than stable"),
    Check(name="compare.clear", state=Verdict.INCONCLUSIVE, reason="not for GET /api/cart"),
    Check(name="memory.growth", state=Verdict.INCONCLUSIVE, reason="3 samples, 12 are needed"),
    Check(name="canary.error_ratio", state=Verdict.PASS, reason="at most 0.9 %"),
    Check(name="run.users", state=Verdict.PASS, reason="users ran as wanted"),
    Check(name="run.workers", state=Verdict.PASS, reason="no worker was lost"),
]


@pytest.fixture
def judged(make_records: "MakeRecords", make_role: "MakeRole") -> Any:
    """Builds the document of a run with this comparison."""

    def make(comparison: Comparison, **changes: Any) -> dict[str, Any]:
        records = {"canary": make_records(525, failed=5), "stable": make_records(523)}
        roles = {
            "canary": make_role(
                records["canary"], started=526, busy_seconds=30.0, user_seconds=800.0
            ),
            "stable": make_role(records["stable"], busy_seconds=26.0, user_seconds=800.0),
        }
        run = RunFile(
            run_id="run-1",
            service="checkout",
            outcome=RunOutcome.DECIDED,
            warm_up_seconds=10.0,
            roles=roles,
        )
        judgement = Judgement(
            verdict=Verdict.FAIL,
            sentence=f"fail after 14 s: {SLOWER}",
            checks=CHECKS,
            decided_at_seconds=14.0,
            comparison=comparison,
        )
        return report_document(run, replace(judgement, **changes), records, {})

    return make


def test_the_answer_is_this(judged: Any, comparison: Comparison, lines_of: "LinesOf") -> None:
    document = judged(comparison, memory_seconds_to_limit={"canary": 2520.0, "stable": 25_200.0})

    assert [
        "fail after 14 s: POST /api/checkout is slower (typical +38 % [+21, +57], p95 241",
        "→ 330 ms; tolerance 10 %)",
        "",
        "endpoint (below: stable → canary)           typical  sampling 95 %  state",
        "  successes      p50           p95           tolerance  p              ruled out",
        "POST /api/checkout                            +38 %     [+21, +57]  fail",
        "  139 → 140      168 → 231 ms  241 → 330 ms  10 %       2e-5 ≤ 0.0058  -",
        "  failed 0 of 261 → 2 of 262",
        "POST /api/cart                                    -              -  inconclusive",
        "  9 → 12         4.7 → 5.0 ms  -             60 %       -              -",
        "GET /api/products/:id                        +1.2 %   [-0.5, +2.9]  pass",
        "  1,230 → 1,234  20 → 20 ms    44 → 45 ms    10 %       0.31 > 0.0058  > 25 %",
        "  failed 0 of 262 → 3 of 263",
        "only canary has: GET /new",
        "compared at 14 s by the bar of an early look, latency without the first 10 s;",
        "96.2 % of canary's requests have a twin on stable, 95 % of them sent within 120",
        "ms of each other",
        "",
        "whole run      requests  failed    rate    busy  unfinished    p50    p95    max",
        "canary              525       5  11.7/s  3.75 %           1  20 ms  20 ms  20 ms",
        "stable              523       0  11.6/s  3.25 %           0  20 ms  20 ms  20 ms",
        "memory reaches its limit at this growth: canary in 42 min, stable in 7.0 h",
        "",
        "check       state        why",
        "more errors pass         5 errors of 525, stable 0 of 523",
        "much slower pass         no sign of it",
        "slower      fail         POST /api/checkout is slower (typical +38 % [+21, +57],",
        "                         p95 241 → 330 ms; tolerance 10 %)",
        "stalls      pass         no more than stable",
        "ruled out   inconclusive not for GET /api/cart",
        "memory      inconclusive 3 samples, 12 are needed",
        "errors      pass         at most 0.9 %",
        "run.*       pass         the 2 other checks of the run itself",
        "",
        "report: results/run-1/report.json",
    ] == lines_of(document)


def test_of_a_hundred_endpoints_the_worst_are_shown_and_the_rest_is_counted(
    judged: Any, comparison: Comparison, make_row: "MakeRow", lines_of: "LinesOf"
) -> None:
    """Slower ones first, then the open ones, whatever place their names have."""
    rows = [
        make_row(f"/{index:02d}", ratio=1 + index / 100, state=state)
        for index, state in enumerate(
            [Verdict.PASS] * 90 + [Verdict.FAIL, Verdict.INCONCLUSIVE] * 5
        )
    ]

    lines = lines_of(judged(replace(comparison, endpoints=rows)))

    shown = [line.split()[1] for line in lines if line.startswith("POST")]
    assert [f"/{index}" for index in (98, 96, 94, 92, 90, 99, 97, 95, 93, 91, 89, 88)] == shown[:12]
    assert ENDPOINTS_SHOWN == len(shown)
    assert "… and 80 more in report.json" in lines


def test_a_comparison_of_nothing_can_be_shown(judged: Any, lines_of: "LinesOf") -> None:
    """Both roles lack what the other has, and nobody could tell anything."""
    empty = Comparison(
        at_seconds=45.0,
        bar="last_look",
        endpoints=[],
        only_one={"canary": [("GET", "/a")] * 5, "stable": [("GET", "/b")]},
    )

    lines = lines_of(judged(empty))

    assert "only canary has: GET /a, GET /a, GET /a, 2 more" in lines
    assert "only stable has: GET /b" in lines
    assert "compared at 45 s by the bar of the last look, latency without the first 10 s" in lines


def test_counts_of_a_run_without_its_final_report_are_not_shown_as_health(
    judged: Any, comparison: Comparison, lines_of: "LinesOf"
) -> None:
    document = judged(comparison)
    unknown = {"complete": False, "requests_per_second": None, "user_seconds": 0.0}
    document["roles"]["canary"] |= unknown
    document["roles"]["stable"] |= {"total": None, "requests_per_second": 123.4}

    [row] = [line for line in lines_of(document) if line.startswith("canary")]
    assert ["canary", "525", "5", "-", "-", "-", "20", "ms", "20", "ms", "20", "ms"] == row.split()


def test_an_open_schedule_says_how_much_of_it_was_kept(
    judged: Any, comparison: Comparison, lines_of: "LinesOf"
) -> None:
    document = judged(comparison)
    for begun, facts in zip((234, 240), document["roles"].values(), strict=True):
        facts |= {"scheduled": 240, "begun": begun}

    lines = lines_of(document)

    first = next(index for index, line in enumerate(lines) if line.startswith("whole run"))
    assert [
        "whole run      requests  failed    rate   begun  unfinished    p50    p95    max",
        "canary              525       5  11.7/s  97.5 %           1  20 ms  20 ms  20 ms",
        "stable              523       0  11.6/s   100 %           0  20 ms  20 ms  20 ms",
    ] == lines[first : first + 3]


@pytest.mark.parametrize("width", [40, 60, 79, 200])
def test_a_terminal_of_any_width_shows_every_line_whole(
    judged: Any, comparison: Comparison, width: int, lines_of: "LinesOf"
) -> None:
    lines = lines_of(judged(comparison), width=width)

    text = " ".join(" ".join(lines).split())
    assert max(map(cell_len, lines)) <= width
    assert "139 → 140 168 → 231 ms 241 → 330 ms 10 % 2e-5 ≤ 0.0058 -" in text


def test_no_color_leaves_the_words(judged: Any, comparison: Comparison, text_of: "TextOf") -> None:
    """NO_COLOR allows bold and dim."""
    coloured = text_of(judged(comparison), is_terminal=True)
    plain = text_of(judged(comparison), is_terminal=True, no_color=True)

    assert "\x1b[1;31mfail\x1b[0m" in coloured
    assert "\x1b[32mpass\x1b[0m" in coloured
    assert "\x1b[33minconclusive\x1b[0m" in coloured
    assert "31m" not in plain
    assert "sampling 95 %" in plain


some = st.none() | st.floats(0, 1e4)
names = st.text(min_size=1, max_size=120)
rows = st.builds(
    EndpointComparison,
    method=st.sampled_from(["GET", "POST", ""]),
    name=names,
    canary_successes=st.integers(0, 10**7),
    stable_successes=st.integers(0, 10**7),
    **dict.fromkeys(("ratio", "ratio_low", "ratio_high"), some),
    **dict.fromkeys(("canary_p50", "canary_p95", "stable_p50", "stable_p95"), some),
    tolerance=st.floats(0, 10),
    p=st.none() | st.floats(0, 1),
    p_needed=st.none() | st.floats(0, 1),
    state=st.sampled_from(list(Verdict)),
    ruled_out=some,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    endpoints=st.lists(rows, max_size=4),
    matched=some,
    step=some,
    sentence=names,
    width=st.sampled_from([30, 80]),
)
def test_any_comparison_fits(
    judged: Any,
    endpoints: list[EndpointComparison],
    matched: float | None,
    step: float | None,
    sentence: str,
    width: int,
    text_of: "TextOf",
) -> None:
    """Also with names that no locustfile should have: wide letters, markup, escapes, line ends."""
    comparison = Comparison(
        at_seconds=45.0,
        bar="last_look",
        endpoints=endpoints,
        only_one={"stable": [(each.method, each.name) for each in endpoints]},
        matched_share=matched,
        step_seconds=step,
    )

    lines = text_of(judged(comparison, sentence=sentence), width=width).split("\n")

    assert max(map(cell_len, lines)) <= width
    assert not any("\x1b" in line for line in lines)
