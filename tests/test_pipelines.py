"""The pipelines in docs/ci and our own: pinned, bounded, and of commands that exist."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parent.parent
EXAMPLE = CHECKOUT / "docs/ci/github-actions.yml"
OWN = CHECKOUT / ".github/workflows/ci.yml"
GITLAB = CHECKOUT / "docs/ci/gitlab-ci.yml"
PIN = re.compile(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")

workflows = pytest.mark.parametrize("path", [EXAMPLE, OWN], ids=["the example", "our own"])


def read(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def steps(path: Path) -> Iterator[dict[str, Any]]:
    for job in read(path)["jobs"].values():
        yield from job["steps"]


@workflows
def test_every_action_is_pinned_by_commit_and_says_its_version(path: Path) -> None:
    used = [
        line.strip().removeprefix("- ") for line in path.read_text().splitlines() if "uses:" in line
    ]

    assert len(used) > 1
    assert [] == [line for line in used if not PIN.fullmatch(line)]


@workflows
def test_a_workflow_may_only_read_and_keeps_no_token(path: Path) -> None:
    assert {"contents": "read"} == read(path)["permissions"]
    checkouts = [each for each in steps(path) if "actions/checkout@" in each.get("uses", "")]
    assert [False] * len(checkouts) == [each["with"]["persist-credentials"] for each in checkouts]


@workflows
def test_no_job_can_run_for_hours_or_on_whatever_is_latest(path: Path) -> None:
    for job in read(path)["jobs"].values():
        assert job["timeout-minutes"] <= 60
        assert re.fullmatch(r"ubuntu-\d\d\.\d\d", job["runs-on"])


@workflows
def test_what_is_kept_is_kept_whatever_happened(path: Path) -> None:
    """It is wanted most when the step before is red."""
    uploads = [each for each in steps(path) if "upload-artifact@" in each.get("uses", "")]

    assert uploads
    assert ["always()"] * len(uploads) == [each["if"] for each in uploads]


def test_nothing_in_our_own_workflow_but_make_targets_that_there_are() -> None:
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    commands = [each["run"].split() for each in steps(OWN) if "run" in each]

    assert {"lint", "test", "test-live"} <= {words[1] for words in commands}
    assert [] == [words for words in commands if words[0] != "make" or words[1] not in targets]


def test_our_own_workflow_leaves_out_no_step_of_ci() -> None:
    """`.ci/run` is what has to hold before a change lands."""
    wanted = re.findall(
        r"^  timed make ([a-z-]+)$", (CHECKOUT / ".ci/run").read_text(), re.MULTILINE
    )
    run = {each["run"].split()[1] for each in steps(OWN) if "run" in each}

    assert {"lint", "test", "test-live"} <= set(wanted)
    assert set() == set(wanted) - run - {"setup"}  # which every target brings along


def test_the_example_for_gitlab_keeps_its_reports_and_is_bounded() -> None:
    job = read(GITLAB)["smoke"]

    assert ("always", "junit.xml") == (
        job["artifacts"]["when"],
        job["artifacts"]["reports"]["junit"],
    )
    assert "10 minutes" == job["timeout"]
    assert re.fullmatch(r"python:\d\.\d+-\w+", job["image"])


@pytest.mark.parametrize("path", [EXAMPLE, GITLAB], ids=["GitHub", "GitLab"])
def test_an_example_installs_nothing_without_a_hash(path: Path) -> None:
    installs = [line for line in path.read_text().splitlines() if "pip install" in line]

    assert 3 == len(installs)
    for line in installs:
        locked = re.search(r"--require-hashes -r \.canarygate/(locks/\w+\.txt)$", line)
        assert locked or line.endswith("--no-deps --no-build-isolation ./.canarygate")
        assert locked is None or (CHECKOUT / locked[1]).is_file()
