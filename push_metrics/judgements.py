"""The judgement that a result folder keeps in report.json, read back."""

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from canarygate.errors import ConfigError
from canarygate.record_reader import FOLDER_HINT
from canarygate.verdict import Check, Comparison, EndpointComparison, Judgement, Verdict

REPORT_VERSION = 1


def read_judgement(folder: Path) -> Judgement | None:
    """What report.json answers; None where the run was never judged.

    Raises:
        ConfigError: there is a report.json and it is none of ours.
    """
    path = folder / "report.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["version"] != REPORT_VERSION:
            raise ConfigError(f"{path}: not of version {REPORT_VERSION}", hint=FOLDER_HINT)
        comparison = document.get("comparison")
        memory = document.get("memory") or {}
        return Judgement(
            verdict=Verdict(document["verdict"]),
            sentence=str(document.get("sentence", "")),
            checks=[_check(each) for each in document["checks"]],
            decided_at_seconds=_number(document.get("decided_at_seconds")),
            comparison=None if comparison is None else _comparison(comparison),
            memory_seconds_to_limit=_numbers(memory.get("seconds_to_limit")),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path}: damaged ({error!r})", hint=FOLDER_HINT) from error


def _check(facts: Mapping[str, Any]) -> Check:
    known = _known(Check, facts)
    return Check(
        **{"reason": "", **known, "state": Verdict(facts["state"]), "name": str(facts["name"])}
    )


def _comparison(facts: Mapping[str, Any]) -> Comparison:
    only_one = facts.get("only_one") or {}
    return Comparison(
        **{
            **_known(Comparison, facts),
            "endpoints": [_endpoint(row) for row in facts["endpoints"]],
            "only_one": {
                role: [(each["method"], each["name"]) for each in endpoints]
                for role, endpoints in only_one.items()
            },
            "measures": _numbers(facts.get("measures")),
        }
    )


def _endpoint(row: Mapping[str, Any]) -> EndpointComparison:
    return EndpointComparison(**{**_known(EndpointComparison, row), "state": Verdict(row["state"])})


def _known(record_type: type[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """A newer canarygate may have written more than we know; we read what we know."""
    names = {each.name for each in fields(record_type)}
    return {name: value for name, value in values.items() if name in names}


def _numbers(facts: Mapping[str, Any] | None) -> dict[str, float]:
    return {str(name): float(value) for name, value in (facts or {}).items()}


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
