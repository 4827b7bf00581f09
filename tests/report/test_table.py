from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from rich.cells import cell_len

from canarygate.records import Records
from canarygate.report.comparison import ENDPOINTS_SHOWN
from canarygate.report.document import report_document
from canarygate.results import RunFile, RunOutcome
from canarygate.verdict import Check, Judgement, Verdict

if TYPE_CHECKING:
    from tests.conftest import MakeRecords, MakeRole
    from tests.report.conftest import TextOf

CHECKS = [
    Check(name="canary.error_ratio", state=Verdict.FAIL, reason="errors: 3 of 10, limit 1 %"),
    Check(
        name="canary.slower_than_0.5s_ratio",
        state=Verdict.INCONCLUSIVE,
        reason="requests slower than 0.5 s: 0 of 21 do not rule out 5 % (at most 13.3 %); "
        "38 more requests without another would",
    ),
    Check(name="run.users", state=Verdict.PASS, reason="users ran as wanted"),
    Check(name="run.workers", state=Verdict.PASS, reason="no worker was lost"),
    Check(name="run.unfinished", state=Verdict.INCONCLUSIVE, reason="canary: 9 of 20 requests"),
]
SENTENCE = "fail: errors: 3 of 10, limit 1 % (limits only, stable not compared)"


def document(records: dict[str, Records], make_role: "MakeRole", **changes: Any) -> dict[str, Any]:
    run = RunFile(
        run_id="run-1",
        service="checkout",
        outcome=RunOutcome.FINISHED,
        roles={role: make_role(each) for role, each in records.items()},
    )
    judgement = Judgement(verdict=Verdict.FAIL, sentence=SENTENCE, checks=CHECKS)
    return report_document(run, judgement, records, {}) | changes


def test_the_answer_is_this(
    make_records: "MakeRecords", make_role: "MakeRole", text_of: "TextOf"
) -> None:
    records = {"canary": make_records(10, failed=3), "stable": make_records(12_000)}

    lines = [line.rstrip() for line in text_of(document(records, make_role)).splitlines()]

    assert [
        "fail: errors: 3 of 10, limit 1 % (limits only, stable not compared)",
        "",
        "endpoint                                   requests  failed    p50    p95    max",
        "GET /api/products/:id              canary         5       2  20 ms  20 ms  20 ms",
        "                                   stable     6,000       0  20 ms  20 ms  20 ms",
        "POST /api/checkout                 canary         5       1  20 ms  20 ms  20 ms",
        "                                   stable     6,000       0  20 ms  20 ms  20 ms",
        "all                                canary        10       3  20 ms  20 ms  20 ms",
        "                                   stable    12,000       0  20 ms  20 ms  20 ms",
        "",
        "check            state        why",
        "errors           fail         errors: 3 of 10, limit 1 %",
        "slower than 0.5s inconclusive requests slower than 0.5 s: 0 of 21 do not rule",
        "                              out 5 % (at most 13.3 %); 38 more requests without",
        "                              another would",
        "run.unfinished   inconclusive canary: 9 of 20 requests",
        "run.*            pass         the 2 other checks of the run itself",
        "",
        "report: results/run-1/report.json",
    ] == lines


def test_a_long_endpoint_is_cut_and_its_numbers_are_not(
    make_records: "MakeRecords", make_role: "MakeRole", text_of: "TextOf"
) -> None:
    name = "/api/" + "a-very-long-name/" * 10
    records = replace(make_records(10), endpoints=(("GET", name), ("POST", "/b")))

    lines = text_of(document({"canary": records}, make_role)).splitlines()

    [row] = [line for line in lines if line.startswith("GET")]
    assert "GET /api/a-very-long-name/a-very…" == row.partition(" canary")[0].rstrip()
    assert ["5", "0", "20", "ms", "20", "ms", "20", "ms"] == row.partition(" canary")[2].split()


def test_every_line_fits_into_80_columns(
    make_records: "MakeRecords", make_role: "MakeRole", text_of: "TextOf"
) -> None:
    """With names that no locustfile should have, too: wide letters, markup, line ends."""
    names = ["[red]/a", "/商品/" * 30, "/a\u2028b", "[/]", "\x1b[31m/a", "x" * 300]
    records = replace(
        make_records(100, failed=40), endpoints=tuple(("GET", name) for name in names)
    )
    report = document({"canary": records, "stable": records}, make_role)
    report["sentence"] = "fail: " + "x" * 300

    widths = [cell_len(line) for line in text_of(report).split("\n")]

    assert max(widths) <= 80


def test_markup_in_a_name_is_only_a_name(
    make_records: "MakeRecords", make_role: "MakeRole", text_of: "TextOf"
) -> None:
    records = replace(make_records(2), endpoints=(("GET", "[red]/a"), ("GET", "[/]")))

    text = text_of(document({"canary": records}, make_role))

    assert "GET [red]/a " in text
    assert "GET [/] " in text


def test_of_a_hundred_endpoints_the_first_are_shown_and_the_rest_is_counted(
    make_records: "MakeRecords", make_role: "MakeRole", text_of: "TextOf"
) -> None:
    records = make_records(100)
    records = replace(
        records,
        endpoint=records.sequence - 1,
        endpoints=tuple(("GET", f"/{index:03d}") for index in range(100)),
    )

    lines = text_of(document({"canary": records}, make_role)).splitlines()

    assert ENDPOINTS_SHOWN == len([line for line in lines if line.startswith("GET")])
    assert "… and 80 more in report.json" in [line.rstrip() for line in lines]


def test_zero_requests_show_no_made_up_number(
    make_records: "MakeRecords", make_role: "MakeRole", text_of: "TextOf"
) -> None:
    lines = text_of(document({"canary": make_records(0)}, make_role)).splitlines()

    [row] = [line for line in lines if line.startswith("all")]
    assert ["all", "canary", "0", "0", "-", "-", "-"] == row.split()


def test_a_run_without_any_records_can_be_shown(make_role: "MakeRole", text_of: "TextOf") -> None:
    assert SENTENCE in text_of(document({}, make_role))


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0.04, "0.0 ms"),
        (9.94, "9.9 ms"),
        (10.0, "10 ms"),
        (9999.0, "9999 ms"),
        (12_340.0, "12.3 s"),
    ],
)
def test_durations_have_the_digits_that_matter(
    make_records: "MakeRecords",
    make_role: "MakeRole",
    milliseconds: float,
    text: str,
    text_of: "TextOf",
) -> None:
    records = make_records(2)
    records = replace(records, duration_ms=records.duration_ms * 0 + milliseconds)

    lines = text_of(document({"canary": records}, make_role)).splitlines()

    assert text == next(line for line in lines if line.startswith("all")).strip()[-len(text) :]


@pytest.mark.parametrize(
    ("verdict", "colour"), [("pass", "32"), ("fail", "1;31"), ("inconclusive", "33")]
)
def test_on_a_terminal_the_verdict_has_its_colour(
    verdict: str, colour: str, text_of: "TextOf"
) -> None:
    report = {
        "verdict": verdict,
        "sentence": f"{verdict}: because",
        "endpoints": [],
        "roles": {},
        "checks": [],
    }

    assert text_of(report, is_terminal=True).startswith(f"\x1b[{colour}m{verdict}\x1b[0m: because")
