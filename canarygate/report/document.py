"""report.json: everything the answer rests on, as one versioned document."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from math import isfinite
from typing import Any

from canarygate.records import Records
from canarygate.results import RunFile
from canarygate.summary import Summary, summarise, summarise_endpoints
from canarygate.verdict import Judgement

REPORT_VERSION = 1


def report_document(
    run: RunFile,
    judgement: Judgement,
    records: Mapping[str, Records],
    policy: Mapping[str, Any],
) -> dict[str, Any]:
    """The report as plain values; durations and times are seconds, shares are fractions of 1."""
    document = {
        "version": REPORT_VERSION,
        "verdict": str(judgement.verdict),
        "sentence": judgement.sentence,
        "run_id": run.run_id,
        "service": run.service,
        "stage": run.stage,
        "outcome": str(run.outcome),
        "reason": run.reason,
        "checks": [
            {**asdict(check), "state": str(check.state), "numbers": dict(check.numbers)}
            for check in judgement.checks
        ],
        "roles": {
            role: {
                **asdict(facts),
                "unfinished": facts.unfinished,
                "unrecorded": facts.unrecorded,
                "total": _totals(summarise(records[role])) if role in records else None,
            }
            for role, facts in run.roles.items()
        },
        "endpoints": _endpoints(records),
        "policy": dict(policy),
        "seed": run.seed,
        "versions": dict(run.versions),
    }
    return {name: _plain(value) for name, value in document.items()}


def report_text(document: Mapping[str, Any]) -> str:
    """The bytes of report.json, and of `--json`."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    # A name out of the environment may hold bytes that are no text.
    return text.encode("utf-8", "replace").decode("utf-8") + "\n"


def _plain(value: Any) -> Any:
    """As JSON has it: lists, and null for what is no finite number."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _endpoints(records: Mapping[str, Records]) -> list[dict[str, Any]]:
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for role, each in records.items():
        for summary in summarise_endpoints(each):
            place = (summary.method, summary.name)
            row = rows.setdefault(place, {"method": summary.method, "name": summary.name})
            row[role] = _totals(summary)
    return [rows[place] for place in sorted(rows)]


def _totals(summary: Summary) -> dict[str, Any]:
    return {
        "requests": summary.requests,
        "failures": {str(outcome): number for outcome, number in summary.failures.items()},
        "seconds": {f"{quantile:g}": value for quantile, value in summary.quantiles.items()},
        "seconds_max": summary.maximum,
    }
