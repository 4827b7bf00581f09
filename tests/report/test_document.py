import json
from dataclasses import asdict, replace
from math import inf, nan
from typing import TYPE_CHECKING

import pytest

from canarygate.records import Outcome
from canarygate.report.document import report_document, report_text
from canarygate.results import RunFile, RunOutcome
from canarygate.verdict import Check, Comparison, Judgement, Verdict

if TYPE_CHECKING:
    from tests.conftest import MakeRecords, MakeRole

START = 1_790_000_000.0
SECONDS = 45.0

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
    warm_up_seconds=10.0,
    settings={"users": 20},
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
        "decided_at_seconds": None,
        "run_id": "run-1",
        "service": "checkout",
        "stage": "50",
        "outcome": "finished",
        "reason": "",
        "warm_up_seconds": 10.0,
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
        "comparison": None,
        "memory": {"seconds_to_limit": {}},
        "roles": {
            "canary": {
                **asdict(role),
                "judged_until": None,
                "requests_per_second": 4 / SECONDS,
                "unfinished": 1,
                "unrecorded": 1,
                "total": {**failed, "requests": 4},
            }
        },
        "started_service": None,
        "endpoints": [
            {"method": "GET", "name": "/api/products/:id", "canary": failed},
            {"method": "POST", "name": "/api/checkout", "canary": fine},
        ],
        "policy": {"errors": {"share": 0.5}},
        "settings": {"users": 20},
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


def test_a_comparison_is_there_with_every_field_of_it(comparison: Comparison) -> None:
    document = report_document(RUN, replace(JUDGEMENT, comparison=comparison), {}, {})

    assert {
        "at_seconds": 14.0,
        "bar": "look",
        "endpoints": [asdict(row) for row in comparison.endpoints],
        "only_one": {"canary": [{"method": "GET", "name": "/new"}]},
        "matched_share": 0.962,
        "step_seconds": 0.12,
        "measures": {"latency_typical": 1.1, "latency_worst_endpoint": 1.38},
    } == document["comparison"]
    assert ["pass", "fail", "inconclusive"] == [
        json.loads(report_text(document))["comparison"]["endpoints"][row]["state"]
        for row in range(3)
    ]


def test_measures_and_seconds_to_the_limit_without_a_meaning_are_absent(
    comparison: Comparison,
) -> None:
    """Null would be a value, and every reader would have to know about it."""
    judgement = replace(
        JUDGEMENT,
        comparison=replace(comparison, measures={"latency_typical": nan, "latency_p50": 1.0}),
        memory_seconds_to_limit={"canary": inf, "stable": 90.0},
    )

    document = report_document(RUN, judgement, {}, {})

    assert {"latency_p50": 1.0} == document["comparison"]["measures"]
    assert {"seconds_to_limit": {"stable": 90.0}} == document["memory"]


def test_an_early_answer_says_up_to_when_each_role_was_judged(
    make_records: "MakeRecords", make_role: "MakeRole"
) -> None:
    """Each role counts from its own start: the clocks of two generators may differ."""
    records = make_records(4)
    roles = {
        "canary": make_role(records),
        "stable": make_role(records, start=START + 2.5),
    }

    document = report_document(
        replace(RUN, roles=roles), replace(JUDGEMENT, decided_at_seconds=14.0), {}, {}
    )

    assert 14.0 == document["decided_at_seconds"]
    assert {"canary": START + 14.0, "stable": START + 16.5} == {
        role: facts["judged_until"] for role, facts in document["roles"].items()
    }


@pytest.mark.parametrize("changes", [{"start": None}, {"end": None}, {"end": START}])
def test_a_run_of_unknown_length_has_no_rate(
    make_records: "MakeRecords", make_role: "MakeRole", changes: dict[str, float | None]
) -> None:
    records = make_records(4)
    role = make_role(records, **changes)
    judgement = replace(JUDGEMENT, decided_at_seconds=None)

    document = report_document(
        replace(RUN, roles={"canary": role}), judgement, {"canary": records}, {}
    )

    assert None is document["roles"]["canary"]["requests_per_second"]


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
