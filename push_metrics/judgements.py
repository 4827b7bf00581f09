"""The judgement that a result folder keeps in report.json, read back."""

import json
from pathlib import Path
from typing import Any

from canarygate.errors import ConfigError
from canarygate.records import FOLDER_HINT
from canarygate.verdict import Check, Judgement, Verdict

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
        return Judgement(
            verdict=Verdict(document["verdict"]),
            sentence=str(document.get("sentence", "")),
            checks=[_check(each) for each in document["checks"]],
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path}: damaged ({error!r})", hint=FOLDER_HINT) from error


def _check(facts: dict[str, Any]) -> Check:
    return Check(
        name=str(facts["name"]),
        state=Verdict(facts["state"]),
        reason=str(facts.get("reason", "")),
        value=facts.get("value"),
        limit=facts.get("limit"),
        numbers=facts.get("numbers") or {},
    )
