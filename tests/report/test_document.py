import json
from dataclasses import asdict, replace
from math import inf, nan
from typing import TYPE_CHECKING

from canarygate.records import Outcome
from canarygate.report.document import report_document, report_text
from canarygate.results import RunFile, RunOutcome
from canarygate.verdict import Check, Judgement, Verdict

if TYPE_CHECKING:
    from tests.conftest import MakeRecords, MakeRole

CHECK = Check(
    name="canary.error_ratio",
    state=Verdict.PASS,
    reason="errors: 1 of 4",
    value=0.25,
    limit=0.5,
    numbers={"requests": 4, "bound": None},
)
JUDGEMENT = Judgement(verdict=Verdict.PASS, sentence="pass: it may", checks=[CHECK])
RUN = RunFile(
    run_id="run-1",
    service="checkout",
    outcome=RunOutcome.FINISHED,
    seed="1",
    stage="50",
    versions={"locust": "2.47.0"},
)


def test_a_small_report_is_this(make_records: "MakeRecords", make_role: "MakeRole") -> None:
    records = make_records(4, failed=1)
    role = make_role(records, started=6, returned=5)

    document = report_document(
        replace(RUN, roles={"canary": role}),
        JUDGEMENT,
        {"canary": records},
        {"errors": {"share": 0.5}},
    )

    seconds = {"0.5": 0.02, "0.95": 0.02, "0.99": 0.02}
    failed = {"requests": 2, "failures": {"http_5xx": 1}, "seconds": seconds, "seconds_max": 0.02}
    fine = {"requests": 2, "failures": {}, "seconds": seconds, "seconds_max": 0.02}
    assert {
        "version": 1,
        "verdict": "pass",
        "sentence": "pass: it may",
        "run_id": "run-1",
        "service": "checkout",
        "stage": "50",
        "outcome": "finished",
        "reason": "",
        "checks": [
            {
                "name": "canary.error_ratio",
                "state": "pass",
                "reason": "errors: 1 of 4",
                "value": 0.25,
                "limit": 0.5,
                "numbers": {"requests": 4, "bound": None},
            }
        ],
        "roles": {
            "canary": {
                **asdict(role),
                "unfinished": 1,
                "unrecorded": 1,
                "total": {**failed, "requests": 4},
            }
        },
        "endpoints": [
            {"method": "GET", "name": "/api/products/:id", "canary": failed},
            {"method": "POST", "name": "/api/checkout", "canary": fine},
        ],
        "policy": {"errors": {"share": 0.5}},
        "seed": "1",
        "versions": {"locust": "2.47.0"},
    } == document


def test_an_endpoint_that_one_role_alone_has_is_there_for_that_role(
    make_records: "MakeRecords", make_role: "MakeRole"
) -> None:
    canary, stable = make_records(2), replace(make_records(1), endpoints=(("GET", "/old"),))
    roles = {"canary": make_role(canary), "stable": make_role(stable)}

    document = report_document(
        replace(RUN, roles=roles), JUDGEMENT, {"canary": canary, "stable": stable}, {}
    )

    assert [("/api/products/:id", "canary"), ("/old", "stable"), ("/api/checkout", "canary")] == [
        (row["name"], *(row.keys() - {"method", "name"})) for row in document["endpoints"]
    ]


def test_a_role_that_never_ran_has_no_totals(
    make_records: "MakeRecords", make_role: "MakeRole"
) -> None:
    role = make_role(make_records(0), complete=False)

    document = report_document(replace(RUN, roles={"canary": role}), JUDGEMENT, {}, {})

    assert (None, []) == (document["roles"]["canary"]["total"], document["endpoints"])


def test_no_number_in_it_is_none_of_json(
    make_records: "MakeRecords", make_role: "MakeRole"
) -> None:
    """Python writes NaN and Infinity, which no other reader takes."""
    records = make_records(1, failed=1, outcome=Outcome.TIMEOUT)
    role = make_role(records, generator_cpu=nan, generator_lag_seconds=inf)
    check = replace(CHECK, value=nan, limit=-inf, numbers={"ratio": inf})

    document = report_document(
        replace(RUN, roles={"canary": role}),
        replace(JUDGEMENT, checks=[check]),
        {"canary": records},
        {},
    )

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    read = json.loads(report_text(document), parse_constant=refuse)
    assert document == read
    assert (None, None, {"ratio": None}) == tuple(
        read["checks"][0][key] for key in ("value", "limit", "numbers")
    )
    assert (None, None, None, {}) == (
        read["roles"]["canary"]["generator_cpu"],
        read["roles"]["canary"]["generator_lag_seconds"],
        read["roles"]["canary"]["total"]["seconds_max"],
        read["roles"]["canary"]["total"]["seconds"],
    )


def test_its_text_can_always_be_written() -> None:
    """A service's name comes from the environment, which may hold bytes that are no text."""
    text = report_text(report_document(replace(RUN, service="ü\udcff"), JUDGEMENT, {}, {}))

    assert "ü?" == json.loads(text.encode("utf-8"))["service"]
    assert text.endswith("}\n")
