"""docs/report.schema.json describes report.json: every field of it, and nothing else."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import asdict, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from canarygate.errors import Interrupted, RunBroken
from canarygate.gate import run_gate
from canarygate.records import OUTCOMES, Outcome
from canarygate.report.document import report_document, report_text
from canarygate.results import RoleRun, RunFile, RunOutcome, StartedService
from canarygate.settings import MemorySettings, RunSettings
from canarygate.signals import Signals
from canarygate.summary import QUANTILES
from canarygate.verdict import (
    Check,
    Comparison,
    EndpointComparison,
    Judgement,
    Verdict,
)
from push_metrics.catalogue import MEASURES

if TYPE_CHECKING:
    from tests.conftest import MakeRecords, MakeRole, MakeSettings, PretendedLoad

CHECKOUT = Path(__file__).resolve().parent.parent.parent
Schema = Mapping[str, Any]


@cache
def schema() -> Schema:
    found: Schema = json.loads(
        (CHECKOUT / "docs" / "report.schema.json").read_text(encoding="utf-8")
    )
    return found


@cache
def validator() -> Draft202012Validator:
    return Draft202012Validator(schema())


def problems(document: object) -> list[str]:
    return [f"{each.json_path}: {each.message}" for each in validator().iter_errors(document)]


@pytest.fixture
def document(
    make_records: "MakeRecords",
    make_role: "MakeRole",
    make_settings: "MakeSettings",
    comparison: Comparison,
) -> Any:
    """One with everything in it that there can be."""
    records = {"canary": make_records(4, failed=1), "stable": make_records(4)}
    memory = MemorySettings(metrics_urls={"canary": "http://canary:8080/metrics"})
    settings = asdict(make_settings(memory=memory, locust_file="a.py", results_dir="results").run)
    run = RunFile(
        run_id="run-1",
        service="checkout",
        outcome=RunOutcome.DECIDED,
        versions={"canarygate": "1"},
        settings=settings,
        roles={role: make_role(each) for role, each in records.items()},
        started_service=StartedService(
            program="./shop", ready_seconds=1.5, exit_status=-9, ended_at=1_790_000_003.0
        ),
    )
    check = Check(
        name="compare.slower",
        state=Verdict.FAIL,
        reason="slower",
        value=1.38,
        limit=1.1,
        numbers={"p": 2e-5, "endpoint": "POST /api/checkout", "ruled_out": None},
    )
    judgement = Judgement(
        verdict=Verdict.FAIL,
        sentence="fail after 14 s: slower",
        checks=[check],
        decided_at_seconds=14.0,
        comparison=comparison,
        memory_seconds_to_limit={"canary": 2520.0},
    )
    policy = {"errors": {"share": 0.01}, "slow": [{"share": 0.05, "slower_than_seconds": 0.5}]}
    return json.loads(report_text(report_document(run, judgement, records, policy)))


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(schema())

    assert "https://json-schema.org/draft/2020-12/schema" == schema()["$schema"]


def test_a_document_with_everything_in_it_is_valid(document: Any) -> None:
    assert [] == problems(document)


@pytest.mark.parametrize(
    ("pretended", "hosts", "verdict"),
    [
        ({}, ("canary", "stable"), "pass"),
        ({"failed": 300}, ("canary", "stable"), "fail"),
        ({"requests": 40}, ("canary", "stable"), "inconclusive"),
        ({}, ("canary",), "pass"),
        ({"requests": 0}, ("canary", "stable"), "inconclusive"),
        ({"problem": RunBroken("Locust died")}, ("canary", "stable"), "inconclusive"),
        ({"problem": Interrupted(15)}, ("canary", "stable"), "inconclusive"),
    ],
    ids=["pass", "fail", "open", "limits only", "nothing answered", "broken", "interrupted"],
)
def test_what_a_gate_writes_is_valid(
    load: "PretendedLoad",
    make_settings: "MakeSettings",
    make_records: "MakeRecords",
    pretended: dict[str, Any],
    hosts: tuple[str, ...],
    verdict: str,
) -> None:
    load.problem = pretended.get("problem")
    load.canary = make_records(pretended.get("requests", 1000), failed=pretended.get("failed", 0))
    settings = make_settings(hosts={role: f"http://{role}:8080" for role in hosts})

    answer = run_gate(settings, {}, signals=Signals(), listen=lambda _event: None)

    written = json.loads((answer.folder / "report.json").read_text(encoding="utf-8"))
    assert [] == problems(written)
    assert verdict == written["verdict"]
    assert {each.name for each in fields(RunSettings)} == written["settings"].keys()


def test_a_run_that_never_began_is_valid(
    make_records: "MakeRecords", make_role: "MakeRole"
) -> None:
    run = RunFile(
        run_id="run-1",
        service="checkout",
        outcome=RunOutcome.NOT_STARTED,
        roles={"canary": make_role(make_records(0), start=None, end=None, complete=False)},
    )
    judgement = Judgement(verdict=Verdict.INCONCLUSIVE, sentence="inconclusive: no", checks=[])

    assert [] == problems(report_document(run, judgement, {}, {}))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document that holds an object."""
    if isinstance(value, dict):
        yield path
    if isinstance(value, dict | list):
        for name, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(each, (*path, name))


def at(document: Any, path: tuple[Any, ...]) -> Any:
    for name in path:
        document = document[name]
    return document


# The keys of these are names of the user's or the policy's.
OPEN = ("numbers", "policy", "versions", "push_labels")


def is_ours(path: tuple[Any, ...]) -> bool:
    return not any(name in OPEN for name in path)


def test_a_new_field_is_refused_wherever_the_shape_is_ours(document: Any) -> None:
    accepted = []
    for path in filter(is_ours, places(document)):
        changed = deepcopy(document)
        at(changed, path)["new_field"] = 1
        if validator().is_valid(changed):
            accepted.append(path)

    assert [] == accepted


def test_a_missing_field_is_noticed(document: Any) -> None:
    """But those that are absent where they have no meaning, and settings of an older run."""
    unnoticed = set()
    for path in filter(is_ours, places(document)):
        for name in at(document, path):
            changed = deepcopy(document)
            del at(changed, path)[name]
            if validator().is_valid(changed):
                unnoticed.add((path[0], name) if path else (name,))

    by_name = {
        *(("comparison", "canary"), ("comparison", "latency_typical")),
        *(("comparison", "latency_worst_endpoint"), ("memory", "canary")),
        *(("roles", "canary"), ("roles", "stable"), ("endpoints", "canary")),
        *(("endpoints", "stable"), ("roles", "http_5xx"), ("endpoints", "http_5xx")),
        *((part, each) for part in ("roles", "endpoints") for each in ("0.5", "0.95", "0.99")),
    }
    settings = {("settings", each.name) for each in fields(RunSettings)}
    hosts = {("settings", role) for role in ("canary", "stable")}
    assert by_name | settings | hosts == unnoticed


def test_a_field_of_another_type_is_noticed(document: Any) -> None:
    accepted = []
    for path in filter(is_ours, places(document)):
        for name in at(document, path):
            changed = deepcopy(document)
            at(changed, path)[name] = [{"neither": "this"}]
            if validator().is_valid(changed):
                accepted.append((*path, name))

    assert [] == accepted


def names_of(definition: str) -> set[str]:
    return set(schema()["$defs"][definition]["properties"])


@pytest.mark.parametrize(
    ("definition", "record", "besides"),
    [
        ("check", Check, set()),
        ("comparison", Comparison, set()),
        ("compared_endpoint", EndpointComparison, set()),
        (
            "role",
            RoleRun,
            {"unfinished", "unrecorded", "judged_until", "requests_per_second", "total"},
        ),
        ("settings", RunSettings, set()),
        ("started_service", StartedService, set()),
        ("memory_settings", MemorySettings, set()),
    ],
)
def test_a_field_of_ours_is_a_field_of_the_schema(
    definition: str, record: type[Any], besides: set[str]
) -> None:
    assert {each.name for each in fields(record)} | besides == names_of(definition)


def test_the_closed_sets_are_the_code_s_own() -> None:
    properties, defs = schema()["properties"], schema()["$defs"]
    totals, comparison = defs["totals"]["properties"], defs["comparison"]["properties"]

    assert [each.value for each in Verdict] == defs["state"]["enum"]
    assert [each.value for each in RunOutcome] == properties["outcome"]["enum"]
    assert [each.value for each in OUTCOMES if each is not Outcome.OK] == totals["failures"][
        "propertyNames"
    ]["enum"]
    assert [f"{each:g}" for each in QUANTILES] == totals["seconds"]["propertyNames"]["enum"]
    assert list(MEASURES) == comparison["measures"]["propertyNames"]["enum"]


def descriptions(part: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every field and every definition with what is said of it."""
    for group in ("properties", "$defs"):
        for name, each in part.get(group, {}).items():
            yield f"{path}/{name}", each.get("description", "")
            yield from descriptions(each, f"{path}/{name}")


def test_every_field_is_described_by_a_sentence() -> None:
    told = dict(descriptions(schema()))

    assert len(told) > 100
    assert [] == [path for path, text in told.items() if not text.endswith(".")]
    named_for_seconds = {path for path in told if path.endswith(("seconds", "p50", "p95"))}
    assert [] == [
        path
        for path in named_for_seconds
        if "second" not in told[path].lower() and not path.startswith("/settings/")
    ]
