"""report.json: everything the answer rests on, as one versioned document.

docs/report.schema.json says what every field is; a test holds real documents against it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from math import isfinite
from typing import Any

from canarygate.records import Records
from canarygate.results import RoleRun, RunFile
from canarygate.summary import Summary, summarise, summarise_endpoints
from canarygate.verdict import Comparison, Judgement

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
        "decided_at_seconds": judgement.decided_at_seconds,
        "run_id": run.run_id,
        "service": run.service,
        "stage": run.stage,
        "outcome": str(run.outcome),
        "reason": run.reason,
        "warm_up_seconds": run.warm_up_seconds,
        "checks": [
            {**asdict(check), "state": str(check.state), "numbers": dict(check.numbers)}
            for check in judgement.checks
        ],
        "comparison": None if judgement.comparison is None else _comparison(judgement.comparison),
        "memory": {"seconds_to_limit": _finite(judgement.memory_seconds_to_limit)},
        "roles": {
            role: _role(facts, judgement, records.get(role)) for role, facts in run.roles.items()
        },
        "started_service": run.started_service and asdict(run.started_service),
        "endpoints": _endpoints(records),
        "policy": dict(policy),
        "settings": dict(run.settings),
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
        return float(value) if isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _finite(values: Mapping[str, float]) -> dict[str, float]:
    """Absent is how these say that there is nothing to say."""
    return {name: value for name, value in values.items() if isfinite(value)}


def _comparison(comparison: Comparison) -> dict[str, Any]:
    return {
        **asdict(comparison),
        "endpoints": [{**asdict(row), "state": str(row.state)} for row in comparison.endpoints],
        "only_one": {
            role: [{"method": method, "name": name} for method, name in endpoints]
            for role, endpoints in comparison.only_one.items()
        },
        "measures": _finite(comparison.measures),
    }


def _role(facts: RoleRun, judgement: Judgement, records: Records | None) -> dict[str, Any]:
    total = None if records is None else _totals(summarise(records))
    decided, rate = judgement.decided_at_seconds, None
    if total is not None and facts.start is not None and facts.end is not None:
        seconds = facts.end - facts.start
        rate = total["requests"] / seconds if seconds > 0 else None
    return {
        **asdict(facts),
        "unfinished": facts.unfinished,
        "unrecorded": facts.unrecorded,
        "judged_until": (None if facts.start is None or decided is None else facts.start + decided),
        "requests_per_second": rate,
        "total": total,
    }


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
