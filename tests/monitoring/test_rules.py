import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.monitoring.expressions import MONITORING, RULES, UNIT_TESTS, read, rules
from tests.push_metrics.conftest import find_program

ALERTS = rules("alerts.yaml")
PAGE = (MONITORING.parent / "docs" / "monitoring.md").read_text("utf-8")


def promtool(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [find_program("promtool"), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_rules_are_rules() -> None:
    done = promtool("check", "rules", "--lint-fatal", *RULES.glob("*.yaml"))

    assert 0 == done.returncode, done.stdout + done.stderr


def test_the_rules_do_what_their_unit_tests_say() -> None:
    done = promtool("test", "rules", *UNIT_TESTS.glob("*.yaml"))

    assert 0 == done.returncode, done.stdout + done.stderr
    assert 3 == done.stdout.count("SUCCESS")


@pytest.mark.parametrize(
    ("file", "right", "wrong"),
    [
        ("tests/alerts.yaml", "run_id: r2, outcome: decided}", "run_id: r1, outcome: decided}"),
        ("rules/alerts.yaml", "canary_safe_weight_percent < 15", "canary_safe_weight_percent < 5"),
    ],
    ids=["expectation", "rule"],
)
def test_a_wrong_expectation_or_a_wrong_rule_fails(
    tmp_path: Path, file: str, right: str, wrong: str
) -> None:
    """Or the tests above would prove nothing."""
    for folder in (RULES, UNIT_TESTS):
        shutil.copytree(folder, tmp_path / folder.name)
    text = (tmp_path / file).read_text("utf-8")
    assert 1 == text.count(right)
    (tmp_path / file).write_text(text.replace(right, wrong), "utf-8")
    # The first two cases: the weight, and the verdicts.
    whole = read(tmp_path / "tests" / "alerts.yaml")
    short = tmp_path / "tests" / "short.yaml"
    short.write_text(yaml.safe_dump({**whole, "tests": whole["tests"][:2]}, width=10_000), "utf-8")

    done = promtool("test", "rules", short)

    assert 1 == done.returncode
    assert "FAILED" in done.stdout + done.stderr


@pytest.mark.parametrize("alert", ALERTS, ids=lambda each: str(each["alert"]))
def test_an_alert_says_what_is_wrong_and_what_to_do_and_is_tested(alert: dict[str, object]) -> None:
    name = str(alert["alert"])
    unit_tests = (UNIT_TESTS / "alerts.yaml").read_text("utf-8")

    assert {"page", "notice"} >= {alert["labels"]["severity"]}  # type: ignore[index]
    assert {"summary", "description", "runbook"} == set(alert["annotations"])  # type: ignore[call-overload]
    assert name in unit_tests
    assert f"`{name}`" in PAGE


def test_only_what_hurts_users_now_pages() -> None:
    pages = [each["alert"] for each in ALERTS if each["labels"]["severity"] == "page"]

    assert ["CanaryWeightExceeded"] == pages


def test_every_record_is_read_or_documented() -> None:
    """`service_role:` and `service:` are steps on the way; the others are what people ask for."""
    records = [each["record"] for each in rules("recording.yaml")]
    texts = "".join(each["expr"] for each in [*rules("recording.yaml"), *ALERTS])

    assert [] == [name for name in records if f"`{name}`" not in PAGE]
    assert [] == [name for name in records if ":" in name and name not in texts]
    assert len(set(records)) == len(records)


def test_no_range_is_shorter_than_four_scrapes() -> None:
    """A range of one scrape is always empty in Prometheus 3."""
    text = (RULES / "recording.yaml").read_text("utf-8") + (RULES / "alerts.yaml").read_text(
        "utf-8"
    )

    assert {"5m", "15m"} == set(re.findall(r"\[(\w+)\]", text))
