"""Manifests as platform engineers write them: silent as they are, and each trap told where it is put in."""

import io
from pathlib import Path
from typing import Any

import pytest
import yaml

from canarygate.lint.documents import read_documents
from canarygate.lint.linting import lint
from canarygate.lint.reading import Read, read_all

FOLDER = Path(__file__).parents[1] / "data" / "manifests"
FILES = sorted(FOLDER.iterdir())
TRAPS = yaml.safe_load((FOLDER.parent / "traps.yaml").read_text("utf-8"))


def found_in(text: str) -> list[str]:
    """Each rule with the line that it tells of."""
    lines = ["", *text.splitlines()]
    read = Read(["a.yaml"], read_documents(text, "a.yaml"))
    findings = lint(read, argo_version="1.9", scrape_seconds=15.0).findings
    return [f"{each.rule}: {lines[each.line].strip(' -')}" for each in findings]


@pytest.mark.parametrize("version", ["1.9", "1.10"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_is_told_of_what_is_right(path: Path, version: str) -> None:
    read = read_all([str(path)], io.BytesIO())

    checked = lint(read, argo_version=version, scrape_seconds=15.0)

    assert [] == read.problems
    assert [] == [f"{each.line}: {each.rule}: {each.happens}" for each in checked.findings]
    assert checked.objects


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nor_when_windows_wrote_it(path: Path) -> None:
    text = "\ufeff" + path.read_text("utf-8").replace("\n", "\r\n")

    assert [] == found_in(text.removeprefix("\ufeff"))
    assert [] == found_in(path.read_text("utf-8"))


def test_nor_of_all_of_them_together() -> None:
    read = read_all([str(FOLDER)], io.BytesIO())

    assert [] == [
        f"{each.file}:{each.line}: {each.rule}: {each.happens}"
        for each in lint(read, argo_version="1.9", scrape_seconds=15.0).findings
    ]


@pytest.mark.parametrize(
    "trap", TRAPS, ids=[f"{each['file']}: {each['after'].strip()[:40]}" for each in TRAPS]
)
def test_a_trap_is_told_by_its_rule_and_on_its_line(trap: dict[str, Any]) -> None:
    text = (FOLDER / f"{trap['file']}.yaml").read_text("utf-8")
    changed = text.replace(trap["before"], trap["after"], 1)

    assert text != changed
    assert trap["told"] == found_in(changed)
