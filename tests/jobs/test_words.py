"""What comments and pages tell of exit codes and versions is what the code has."""

import re

import canarygate
from canarygate.errors import ExitCode
from tests.jobs.manifests import CHECKOUT, JOBS

LOAD = JOBS / "base" / "load" / "canarygate-load.job.yaml"
WORDS = {
    "fail": ExitCode.FAIL,
    "inconclusive": ExitCode.INCONCLUSIVE,
    "broken": ExitCode.BROKEN,
    "not pushed": ExitCode.PUSH,
    "misconfigured": ExitCode.USAGE,
}


def test_the_load_job_s_comment_tells_every_code_that_it_may_end_with() -> None:
    text = LOAD.read_text("utf-8").replace("\n# ", " ")
    told = re.findall(r"(\d+) (fail|inconclusive|broken|not pushed|misconfigured)\b", text)

    assert {word: int(code) for word, code in WORDS.items()} == {
        word: int(code) for code, word in told
    }
    assert f"passes ({ExitCode.PASS.value})" in text


def test_the_page_s_table_of_a_gate_has_the_codes_of_the_gate() -> None:
    page = (CHECKOUT / "docs" / "analysis.md").read_text("utf-8")
    table = page.partition("| the gate | exit | the rollout |")[2].partition("\n\n")[0]
    rows = dict(
        re.findall(r"^\| (pass|fail|inconclusive|broken)[^|]*\| ([\d, ]+) \|", table, re.MULTILINE)
    )
    [default] = re.findall(r"inconclusive, `on-inconclusive: fail`.*?\| (\d+) \|", table)

    assert str(ExitCode.PASS.value) == rows["pass"]
    assert str(ExitCode.FAIL.value) == rows["fail"]
    assert str(ExitCode.INCONCLUSIVE.value) == default
    assert [ExitCode.BROKEN, ExitCode.PUSH, ExitCode.USAGE, ExitCode.SIGTERM] == [
        int(code) for code in rows["broken"].split(", ")
    ]


def test_the_page_names_everything_that_can_be_applied() -> None:
    page = (CHECKOUT / "docs" / "analysis.md").read_text("utf-8")
    folders = {f"jobs/{path.parent.relative_to(JOBS)}" for path in JOBS.rglob("kustomization.yaml")}
    parts = {"jobs/base/weights", "jobs/demo-shop/services"}

    assert set() == {
        each for each in folders - parts if f"{each}`" not in page and each + " " not in page
    }


def test_the_image_that_a_laptop_loads_is_this_version_s() -> None:
    text = (JOBS / "overlays" / "kind" / "kustomization.yaml").read_text("utf-8")

    assert [canarygate.__version__] == re.findall(r"kind load docker-image canarygate:(\S+)", text)
