"""Every rule by its two examples: the bad one is told of by that rule, the good one by none."""

import re
from pathlib import Path

import pytest

from canarygate.lint.documents import read_documents
from canarygate.lint.linting import lint
from canarygate.lint.reading import Read
from canarygate.lint.rules import RULES

EXAMPLES = Path(__file__).parent / "examples"
NAMES = [rule.name for rule in RULES]
HEAD = "apiVersion: argoproj.io/v1alpha1\nkind: {}\nmetadata: {{name: {}}}\nspec:\n"


def whole(fragment: str) -> str:
    """An object: of what stands in `spec` of a template, of a Rollout, or of its canary strategy."""
    if re.search(r"^kind:", fragment, re.MULTILINE):
        return fragment
    if re.search(r"^strategy:", fragment, re.MULTILINE):
        return HEAD.format("Rollout", "shop") + indented(fragment, 2)
    if re.search(r"^steps:", fragment, re.MULTILINE):
        head = HEAD.format("Rollout", "shop") + "  strategy:\n    canary:\n"
        return head + indented(fragment, 6)
    return HEAD.format("AnalysisTemplate", "check") + indented(fragment, 2)


def indented(text: str, width: int) -> str:
    return "".join(f"{' ' * width}{line}\n" for line in text.splitlines())


def found_in(path: Path, version: str = "1.9") -> list[str]:
    text = "---\n".join(whole(each) for each in path.read_text("utf-8").split("---\n"))
    read = Read([path.name], read_documents(text, path.name))
    return [each.rule for each in lint(read, argo_version=version, scrape_seconds=15.0).findings]


@pytest.mark.parametrize("name", NAMES)
def test_a_bad_example_is_told_of_by_its_rule_alone(name: str) -> None:
    assert {name} == set(found_in(EXAMPLES / f"{name}.bad.yaml"))


@pytest.mark.parametrize("version", ["1.9", "1.10"])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_told_of_a_good_example(name: str, version: str) -> None:
    assert [] == found_in(EXAMPLES / f"{name}.good.yaml", version)


def test_rules_examples_and_sections_are_the_same() -> None:
    page = (Path(__file__).parents[2] / "docs" / "lint.md").read_text("utf-8")
    sections = re.findall(r"^### `([a-z0-9-]+)`$", page, re.MULTILINE)

    assert sections == NAMES
    assert len(NAMES) == len(set(NAMES))
    assert {f"{name}.{kind}.yaml" for name in NAMES for kind in ("bad", "good")} == {
        each.name for each in EXAMPLES.iterdir()
    }
