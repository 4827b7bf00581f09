"""docs/report.md shows fields that there are."""

import json
import re
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"


def without_required(part: Any) -> Any:
    """The same schema for an excerpt."""
    if isinstance(part, dict):
        return {name: without_required(each) for name, each in part.items() if name != "required"}
    return [without_required(each) for each in part] if isinstance(part, list) else part


def test_the_example_is_an_excerpt_of_a_report() -> None:
    """`properties` has no field of the name `required`, so that nothing else is dropped."""
    [example] = re.findall(r"```json\n(.*?)```", (DOCS / "report.md").read_text("utf-8"), re.DOTALL)
    schema = json.loads((DOCS / "report.schema.json").read_text("utf-8"))

    excerpt = Draft202012Validator(without_required(schema))

    assert [] == [
        f"{each.json_path}: {each.message}" for each in excerpt.iter_errors(json.loads(example))
    ]


def test_every_field_that_the_page_names_is_there() -> None:
    page = (DOCS / "report.md").read_text("utf-8")
    prose = re.sub(r"```.*?```", "", page, flags=re.DOTALL)
    schema = (DOCS / "report.schema.json").read_text("utf-8")

    named = {
        part for name in re.findall(r"`([a-z_.*]+)`", prose) for part in re.split(r"[.*]+", name)
    }
    unknown = {name for name in named if name and f'"{name}"' not in schema}

    # Values, and the first halves of checks' names.
    assert {"compare", "memory", "growth", "run"} >= unknown - {"report", "json"}
    assert {"verdict", "judged_until", "measures", "seconds_to_limit"} <= named
