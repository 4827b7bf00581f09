"""What report.json keeps is the judgement that was written, and so are the series made from it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from canarygate.records import Outcome
from canarygate.report.document import report_document, report_text
from canarygate.results import Run, RunOutcome, read_run
from canarygate.verdict import Check, Comparison, EndpointComparison, Judgement, Verdict
from push_metrics.command import PushRequest, groups_of_source
from push_metrics.judgements import read_judgement
from push_metrics.series import groups_of_run

if TYPE_CHECKING:
    from tests.push_metrics.conftest import MakeRun

ROW = EndpointComparison(
    method="POST",
    name="/größe",
    canary_successes=140,
    stable_successes=139,
    ratio=1.0 + 1 / 3,
    ratio_low=1.21,
    tolerance=0.1,
    p=2.1e-5,
    p_needed=0.0058,
    state=Verdict.FAIL,
)
JUDGEMENT = Judgement(
    verdict=Verdict.FAIL,
    sentence="fail after 14 s: POST /größe is slower",
    checks=[
        Check(
            name="compare.slower",
            state=Verdict.FAIL,
            reason="slower",
            value=1.0 + 1 / 3,
            limit=1.1,
            numbers={"p": 2.1e-5, "endpoint": "POST /größe", "ruled_out": None, "requests": 7},
        )
    ],
    decided_at_seconds=14.000000000000002,
    comparison=Comparison(
        at_seconds=14.000000000000002,
        bar="look",
        endpoints=[ROW],
        only_one={"canary": [("GET", "/new")]},
        matched_share=0.1 + 0.2,
        measures={"latency_typical": 1.0 + 1 / 3, "error_share_difference": -0.0125},
    ),
    memory_seconds_to_limit={"canary": 2520.1, "stable": 1e-9},
)
LIMITS_ONLY = Judgement(verdict=Verdict.PASS, sentence="pass: limits only", checks=[])
STABLE = [("GET", "/", 1.0, Outcome.OK)]


def judged_folder(
    a_folder: Callable[..., Path], run: Run, judgement: Judgement, **changes: Any
) -> Path:
    document = report_document(run.file, judgement, run.records, {})
    return a_folder(run, json.loads(report_text(document)) | changes)


@pytest.mark.parametrize("judgement", [JUDGEMENT, LIMITS_ONLY], ids=["compared", "limits only"])
@pytest.mark.parametrize("outcome", [RunOutcome.DECIDED, RunOutcome.INTERRUPTED])
def test_a_folder_pushes_the_series_that_the_gate_pushed(
    a_run: "MakeRun", a_folder: Callable[..., Path], judgement: Judgement, outcome: RunOutcome
) -> None:
    run = a_run(stable=STABLE, outcome=outcome)
    folder = judged_folder(a_folder, run, judgement)

    pushed_later, notes = groups_of_source(PushRequest(source=str(folder), endpoints=True))

    assert groups_of_run(read_run(folder), judgement, endpoints=True) == pushed_later
    assert [] == notes


@pytest.mark.parametrize("judgement", [JUDGEMENT, LIMITS_ONLY], ids=["compared", "limits only"])
def test_a_judgement_reads_back_as_it_was(
    a_run: "MakeRun", a_folder: Callable[..., Path], judgement: Judgement
) -> None:
    assert judgement == read_judgement(judged_folder(a_folder, a_run(stable=STABLE), judgement))


def test_a_report_of_a_newer_version_is_read_as_far_as_we_know_it(
    a_run: "MakeRun", a_folder: Callable[..., Path]
) -> None:
    run = a_run(stable=STABLE)
    document = json.loads(report_text(report_document(run.file, JUDGEMENT, run.records, {})))
    for place in (
        document,
        document["checks"][0],
        document["comparison"],
        document["comparison"]["endpoints"][0],
        document["memory"],
    ):
        place["of_tomorrow"] = 1

    assert JUDGEMENT == read_judgement(a_folder(run, document))


def test_a_report_without_what_came_later_is_read(
    a_run: "MakeRun", a_folder: Callable[..., Path]
) -> None:
    check = {"name": "canary.error_ratio", "state": "pass"}
    document = {"version": 1, "verdict": "pass", "sentence": "pass", "checks": [check]}

    assert replace(
        LIMITS_ONLY,
        sentence="pass",
        checks=[Check(name="canary.error_ratio", state=Verdict.PASS, reason="")],
    ) == read_judgement(a_folder(a_run(), document))
