"""Nothing is found in the manifests that are shipped."""

import io
from pathlib import Path

import pytest

from canarygate.lint.linting import lint
from canarygate.lint.reading import read_all

JOBS = Path(__file__).parents[2] / "jobs"


@pytest.mark.parametrize("version", ["1.9", "1.10"])
def test_our_own_manifests_have_no_trap(version: str) -> None:
    read = read_all([str(JOBS)], io.BytesIO())

    checked = lint(read, argo_version=version, scrape_seconds=15.0)

    assert [] == read.problems
    assert [] == [f"{each.file}:{each.line}: {each.rule}" for each in checked.findings]
    assert checked.objects["AnalysisTemplate"] >= 8
