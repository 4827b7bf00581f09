"""The canarygate commands of the examples in docs/ci, run by a real shell as a runner would."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest
import yaml

from tests.live.conftest import ENOUGH, LIMITS_ONLY, MARK, free_port, marked

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.live
CHECKOUT = Path(__file__).resolve().parents[2]
CI = CHECKOUT / "docs/ci"


def of_github(text: str) -> tuple[list[str], dict[str, str]]:
    """The commands of the steps, and the variables that they see."""
    (job,) = yaml.safe_load(text)["jobs"].values()
    return [step["run"] for step in job["steps"] if "run" in step], {"GITHUB_ACTIONS": "true"}


def of_gitlab(text: str) -> tuple[list[str], dict[str, str]]:
    (job,) = yaml.safe_load(text).values()
    return job["script"], {"GITLAB_CI": "true", **job["variables"]}


@pytest.mark.parametrize(
    ("name", "read"), [("github-actions.yml", of_github), ("gitlab-ci.yml", of_gitlab)]
)
def test_an_example_starts_tests_and_ends_its_service_and_leaves_what_it_uploads(
    name: str,
    read: "Callable[[str], tuple[list[str], dict[str, str]]]",
    tmp_path: Path,
) -> None:
    """As it stands, but for a free port, and a load that is shorter and denser by variables."""
    text = (CI / name).read_text(encoding="utf-8").replace("8080", str(free_port()))
    scripts, variables = read(text)
    own = [each for each in scripts if each.startswith("canarygate ")]
    assert 1 == len(own)
    (tmp_path / ".canarygate").symlink_to(CHECKOUT)
    (tmp_path / "limits.toml").write_text(LIMITS_ONLY)
    summary = tmp_path / "summary.md"
    mark = f"pipeline-{tmp_path}"
    environ: dict[str, Any] = {
        **{"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "CI": "true", MARK: mark},
        **{key.upper(): value for key, value in ENOUGH.items()},
        **{"POLICY": "limits.toml", "GITHUB_STEP_SUMMARY": str(summary), "HOME": "/nonexistent"},
        **variables,
    }

    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", own[0]],
        cwd=tmp_path,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert 0 == done.returncode, done.stderr
    assert done.stdout.startswith("pass: ")
    assert [] == marked(mark)
    for path in uploads(text):
        assert (tmp_path / path).exists(), path
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert ("0", "0") == (suite.attrib["failures"], suite.attrib["errors"])
    assert summary.exists() is (name == "github-actions.yml")
    assert ("\n::notice " in done.stderr) is (name == "github-actions.yml")


def uploads(text: str) -> list[str]:
    """Every path that an example keeps."""
    found = re.findall(r"^ +(?:- )?(results/|junit\.xml)$", text, re.MULTILINE)
    assert {"results/", "junit.xml"} == set(found)
    return found
