"""The records and the weight service are two tellings of one rule."""

import random
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from canarygate.weights.analysis import CANARY, DEFAULT_RULES, STABLE, Reading, Status, decide
from canarygate.weights.matchers import parse_matchers
from canarygate.weights.queries import Measure, Selection, build_queries
from tests.monitoring.expressions import RULES, UNIT_TESTS, read
from tests.push_metrics.conftest import find_program

CASES = 160
RECORDS = {
    "requests": "service_role:http_requests:increase5m",
    "error_share": "service_role:http_errors:ratio5m",
    "latency_seconds": "service_role:http_latency_seconds:p99_5m",
    "beyond_share": "service_role:http_beyond_buckets:ratio5m",
    "age_seconds": "service_role:http_newest_sample:age_seconds",
    "resets": "service_role:http_counters:resets5m",
}
OF_MEASURE = {
    Measure.REQUESTS: "requests",
    Measure.ERRORS: "error_share",
    Measure.LATENCY: "latency_seconds",
    Measure.BEYOND: "beyond_share",
    Measure.AGE: "age_seconds",
    Measure.RESETS: "resets",
}
VALUES: dict[str, tuple[float | None, ...]] = {
    "requests": (500.0, 700.0, 9000.0, 9000.0, 9000.0, 9000.0, 499.0, None),
    "error_share": (0.0, 0.0, 0.0, 0.01, 0.03, 0.045, 0.06, 1.0, None),
    "latency_seconds": (0.2, 0.203, 0.204, 0.21, 0.22, 0.25, 0.28, 0.4, 0.0, None),
    "beyond_share": (0.0, 0.0, 0.0, 0.0, 0.0, 0.005, 0.02, None),
    "age_seconds": (0.0, 1.0, 7.0, 15.0, 60.0, 60.0, 61.0, None),
    "resets": (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0),
}
HEALTHY = {"requests": 9000.0, "beyond_share": 0.0, "age_seconds": 1.0, "resets": 0.0}


def run_unit_test(folder: Path, test: dict[str, Any]) -> None:
    file = folder / "test.yaml"
    whole = {
        "rule_files": [str(RULES / "recording.yaml")],
        "evaluation_interval": "15s",
        "tests": [{"interval": "15s", **test}],
    }
    file.write_text(yaml.safe_dump(whole, width=10_000))
    done = subprocess.run(
        [find_program("promtool"), "test", "rules", file],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert 0 == done.returncode, done.stdout + done.stderr


def readings() -> list[tuple[Reading, Reading]]:
    """Some with anything anywhere, the rest with all that it takes to be weighed."""
    chance = random.Random("weights")
    found = []
    for number in range(CASES):
        pair = []
        for _ in (CANARY, STABLE):
            values: dict[str, Any] = {name: chance.choice(each) for name, each in VALUES.items()}
            pair.append(Reading(**(values | (HEALTHY if number % 2 else {}))))
        found.append((pair[0], pair[1]))
    return found


def test_the_records_say_what_the_weight_service_says(tmp_path: Path) -> None:
    """Weight and both differences, absent where the service holds, 0 where it rolls back."""
    given: list[dict[str, str]] = []
    expected: dict[str, list[dict[str, Any]]] = {
        "canary_safe_weight_percent": [],
        "canary_latency_delta": [],
        "canary_error_delta": [],
    }
    statuses = []
    for number, (canary, stable) in enumerate(readings()):
        for role, reading in ((CANARY, canary), (STABLE, stable)):
            for name, record in RECORDS.items():
                value = getattr(reading, name)
                if value is not None:
                    series = f'{record}{{service="s{number}",role="{role}"}}'
                    given.append({"series": series, "values": repr(value)})
        decision = decide(canary, stable, DEFAULT_RULES)
        statuses.append(decision.status)
        for record, value in (
            ("canary_safe_weight_percent", decision.weight),
            ("canary_latency_delta", decision.latency_delta),
            ("canary_error_delta", decision.error_delta),
        ):
            is_held = record == "canary_safe_weight_percent" and decision.status is Status.HOLD
            if value is not None and not is_held:
                labels = f'{record}{{service="s{number}"}}'
                expected[record].append({"labels": labels, "value": value})

    assert 15 < min(statuses.count(each) for each in Status)
    run_unit_test(
        tmp_path,
        {
            "input_series": given,
            "promql_expr_test": [
                {"expr": record, "eval_time": "0s", "exp_samples": samples}
                for record, samples in expected.items()
            ],
        },
    )


# A promoted pod keeps its counters and changes its role, which the service's queries, made for a label
# such as version, do not expect; and NaN equals nothing.
UNLIKE = {"promoted", "not-a-number"}


@pytest.mark.parametrize("name", ["recording_values.yaml", "recording_traps.yaml"])
def test_the_records_read_what_the_weight_service_asks(tmp_path: Path, name: str) -> None:
    """Its own queries beside each record, over every series of the unit tests."""
    selection = Selection(
        matchers=parse_matchers('namespace="shop",job="<service>",traffic!="synthetic"'),
        canary=parse_matchers('role="canary"'),
        stable=parse_matchers('role="stable"'),
    )
    given = read(UNIT_TESTS / name)["tests"][0]["input_series"]
    jobs = sorted({each["series"].split('job="')[1].split('"')[0] for each in given} - UNLIKE)
    checks = []
    for job in jobs:
        values = {"service": job, "canary": "", "stable": ""}
        for query in build_queries(selection, values):
            record = RECORDS[OF_MEASURE[query.measure]]
            told = f'sum({record}{{namespace="shop",job="{job}",role="{query.role}"}})'
            checks.append(
                f"(abs({told} - ({query.text})) < bool 1e-9)"
                f" or (absent({told}) and absent({query.text}))"
            )

    assert 48 <= len(checks)
    run_unit_test(
        tmp_path,
        {
            "input_series": given,
            "promql_expr_test": [
                {
                    "expr": text,
                    "eval_time": "15m",
                    "exp_samples": [{"labels": "{}", "value": 1}],
                }
                for text in checks
            ],
        },
    )
