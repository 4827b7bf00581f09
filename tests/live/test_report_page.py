"""report.html of a real gate: drawn in a second or two, without a home, from nothing but the folder."""

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.report.pages import pictures, seen

if TYPE_CHECKING:
    from tests.live.conftest import Ended, Gates, Shop

pytestmark = pytest.mark.live
METRICS = "/metrics"


@pytest.fixture
def ended(gates: "Gates", canary: "Shop", stable: "Shop") -> "Ended":
    """With memory asked for, and where no home can be written to."""
    return gates.run(
        canary.url,
        stable.url,
        environ={"HOME": "/proc/nowhere"},
        canary_metrics_url=canary.url + METRICS,
        stable_metrics_url=stable.url + METRICS,
        memory_limit="512Mi",
    )


@pytest.mark.smoke
def test_a_gate_leaves_a_page_that_its_folder_can_draw_again(ended: "Ended") -> None:
    page = (ended.folder / "report.html").read_text("utf-8")

    found = seen(page)
    assert ended.out.replace("\n", "").rstrip().endswith(f"report: {ended.folder}/report.html")
    assert "matplotlib" not in ended.err.lower()
    assert "Traceback" not in ended.err
    assert [] == found.unbalanced
    verdict = ended.report["verdict"]
    assert f'<header class="{verdict}">' in page
    assert ended.report["sentence"].removeprefix(verdict).lstrip(": ")[:60] in found.text
    assert {"memory", "time-p50", "time-rate", "evidence-limits", "latency-1"} <= {
        each.attrib["aria-labelledby"].split()[0].removesuffix("-title") for each in pictures(page)
    }
    links = re.findall('href="([^#"]+)"', page)
    assert {"./canary_requests.csv", "./stable_locust.log", "./memory.csv"} <= set(links)
    assert [] == [link for link in links if not (ended.folder / link).is_file()]

    policy = ended.folder.parent.parent / "limits_only.toml"
    words = ["report", str(ended.folder), "--output", "-", "--policy", str(policy)]
    again = subprocess.run(
        [sys.executable, "-m", "canarygate", *words], capture_output=True, check=True, timeout=60
    )
    assert (page, b"") == (again.stdout.decode(), again.stderr)
