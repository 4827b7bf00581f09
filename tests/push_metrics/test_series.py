from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf, nan
from typing import TYPE_CHECKING

import numpy as np
import pytest

from canarygate.errors import ConfigError
from canarygate.records import Outcome
from canarygate.results import Run, RunOutcome
from canarygate.verdict import Check, Comparison, Judgement, Verdict
from push_metrics.catalogue import MEASURES
from push_metrics.exposition import Group
from push_metrics.series import groups_of_run
from push_metrics.values import BUCKETS, MAX_ENDPOINTS

if TYPE_CHECKING:
    from tests.push_metrics.conftest import MakeRun, Series

SeriesOf = Callable[[Sequence[Group]], "Series"]
START = 1_795_217_000.0
PASSED = Judgement(
    verdict=Verdict.PASS,
    sentence="it may",
    checks=[Check(name="failure_ratio", state=Verdict.PASS, reason="low")],
)


def named(series: "Series", *drop: str) -> dict[str, float]:
    """As `name{labels}`, without the grouping labels."""
    drop = ("job", "service", "role", *drop)
    short = {}
    for (name, labels), value in series.items():
        rest = sorted(item for item in labels if item[0] not in drop)
        text = ",".join(f"{label}={shown}" for label, shown in rest)
        short[name.removeprefix("canarygate_") + (f"{{{text}}}" if text else "")] = value
    return short


def test_a_run_is_these_series(a_run: "MakeRun", series_of: SeriesOf) -> None:
    """Latency is of the three successes; counts are of all five requests."""
    series = named(series_of(groups_of_run(a_run(), PASSED, endpoints=False)))
    buckets = {name: series.pop(name) for name in list(series) if "_bucket" in name}

    assert {
        "run_info{canarygate_version=0.1.0,locust_version=2.47.0,outcome=finished,run_id=run-1,"
        "source=records,target_host=http://canary:8080}": 1,
        "run_complete": 1,
        "run_requests": 5,
        "run_failures": 2,
        "run_failure_ratio": 0.4,
        "run_failures_by_kind{kind=http_5xx,method=GET,name=/products/:id}": 1,
        "run_failures_by_kind{kind=timeout,method=POST,name=/checkout}": 1,
        "run_exceptions": 1,
        "run_unfinished": 2,
        "run_requests_per_second": 0.5,
        "run_users": 4,
        "run_duration_seconds": 10,
        "run_start_timestamp_seconds": START,
        "run_end_timestamp_seconds": START + 10,
        "run_response_time_seconds{quantile=0.5}": 0.02,
        "run_response_time_seconds{quantile=0.95}": 0.25,
        "run_response_time_seconds{quantile=0.99}": 0.25,
        "run_response_time_seconds_sum": 0.28,
        "run_response_time_seconds_count": 3,
        "run_response_time_max_seconds": 0.25,
        "run_request_duration_seconds_sum": 0.28,
        "run_request_duration_seconds_count": 3,
        "verdict{verdict=pass}": 1,
        "verdict{verdict=fail}": 0,
        "verdict{verdict=inconclusive}": 0,
        "check_state{check=failure_ratio,state=pass}": 1,
        "check_state{check=failure_ratio,state=fail}": 0,
        "check_state{check=failure_ratio,state=inconclusive}": 0,
    } == pytest.approx(series)
    assert {
        f"run_request_duration_seconds_bucket{{le={bound}}}": sum(
            each <= bound for each in (0.01, 0.02, 0.25)
        )
        for bound in BUCKETS
    } | {"run_request_duration_seconds_bucket{le=+Inf}": 3} == buckets


def test_endpoints_have_names_of_their_own(a_run: "MakeRun", series_of: SeriesOf) -> None:
    """One name for both would make every sum count each request twice."""
    series = named(series_of(groups_of_run(a_run(), None, endpoints=True)))
    mine = {
        name: value
        for name, value in series.items()
        if name.startswith("endpoint_") and "/checkout" in name and "_bucket" not in name
    }

    labels = "method=POST,name=/checkout"
    assert {
        f"endpoint_requests{{{labels}}}": 2,
        f"endpoint_failures{{{labels}}}": 1,
        f"endpoint_failure_ratio{{{labels}}}": 0.5,
        f"endpoint_requests_per_second{{{labels}}}": 0.2,
        f"endpoint_response_time_seconds{{{labels},quantile=0.5}}": 0.25,
        f"endpoint_response_time_seconds{{{labels},quantile=0.95}}": 0.25,
        f"endpoint_response_time_seconds{{{labels},quantile=0.99}}": 0.25,
        f"endpoint_response_time_seconds_sum{{{labels}}}": 0.25,
        f"endpoint_response_time_seconds_count{{{labels}}}": 1,
        f"endpoint_response_time_max_seconds{{{labels}}}": 0.25,
        f"endpoint_request_duration_seconds_sum{{{labels}}}": 0.25,
        f"endpoint_request_duration_seconds_count{{{labels}}}": 1,
    } == pytest.approx(mine)
    assert 0 == series["run_endpoints_omitted"]
    assert 23 == sum("_bucket" in name and "/checkout" in name for name in series)


def test_without_requests_there_is_no_ratio_and_no_latency(
    a_run: "MakeRun", series_of: SeriesOf
) -> None:
    names = set(named(series_of(groups_of_run(a_run([]), None, endpoints=True))))

    assert {"run_requests", "run_failures", "run_requests_per_second"} <= names
    assert not {name for name in names if "failure_ratio" in name or "time_seconds" in name}
    assert not {name for name in names if "request_duration" in name or "max" in name}


def test_failures_alone_have_no_latency(a_run: "MakeRun", series_of: SeriesOf) -> None:
    seen = [("GET", "/", 1.0, Outcome.HTTP_5XX)] * 3
    series = named(series_of(groups_of_run(a_run(seen), None, endpoints=False)))

    assert 1.0 == series["run_failure_ratio"]
    assert not {name for name in series if "time_seconds" in name or "duration_seconds_b" in name}


def test_a_load_that_never_started_measured_nothing(a_run: "MakeRun", series_of: SeriesOf) -> None:
    role = {"start": None, "end": None, "complete": False, "users": 0}
    run = a_run([], role=role, outcome=RunOutcome.BROKEN)
    series = named(series_of(groups_of_run(run, None, endpoints=True)), "run_id", "outcome")

    assert {
        "run_info{canarygate_version=0.1.0,locust_version=2.47.0,source=records,"
        "target_host=http://canary:8080}": 1,
        "run_complete": 0,
        "run_users": 0,
    } == series


@pytest.mark.parametrize("outcome", [RunOutcome.BROKEN, RunOutcome.INTERRUPTED])
def test_a_run_that_did_not_end_well_never_says_pass(
    a_run: "MakeRun", series_of: SeriesOf, outcome: RunOutcome
) -> None:
    run = a_run(outcome=outcome)
    series = named(series_of(groups_of_run(run, PASSED, endpoints=False)))

    assert 0 == series["run_complete"]
    assert {
        "verdict{verdict=pass}": 0,
        "verdict{verdict=fail}": 0,
        "verdict{verdict=inconclusive}": 1,
    } == {name: value for name, value in series.items() if name.startswith("verdict")}


def test_a_role_without_its_final_report_is_not_complete_and_hides_what_it_cannot_know(
    a_run: "MakeRun", series_of: SeriesOf
) -> None:
    series = named(series_of(groups_of_run(a_run(role={"complete": False}), None, endpoints=False)))

    assert 0 == series["run_complete"]
    assert not {"run_unfinished", "run_exceptions"} & set(series)


DECIDED = replace(
    PASSED,
    verdict=Verdict.FAIL,
    decided_at_seconds=14.0,
    comparison=Comparison(
        at_seconds=14.0,
        bar="look",
        endpoints=[],
        measures={"error_share_difference": -0.01, "latency_typical": 1.38, "latency_p50": nan},
    ),
    memory_seconds_to_limit={"canary": 2520.0, "stable": 25_200.0},
)
ANSWER = ("comparison", "decided", "memory")


def answer_of(run: Run, judgement: Judgement, series_of: SeriesOf) -> list[dict[str, float]]:
    """By group, stable's first: what there is besides the run, the verdict and the checks."""
    return [
        {
            name: value
            for name, value in named(series_of([group])).items()
            if name.startswith(ANSWER)
        }
        for group in groups_of_run(run, judgement, endpoints=False)
    ]


def test_a_comparison_is_the_canarys_and_memory_each_roles_own(
    a_run: "MakeRun", series_of: SeriesOf
) -> None:
    """A difference of shares may be below 0; a number that is none is no series."""
    run = a_run(stable=[("GET", "/", 1.0, Outcome.OK)], outcome=RunOutcome.DECIDED)

    assert [
        {"memory_seconds_to_limit": 25_200.0},
        {
            "comparison_ratio{measure=latency_typical}": 1.38,
            "comparison_ratio{measure=error_share_difference}": -0.01,
            "decided_seconds": 14.0,
            "memory_seconds_to_limit": 2520.0,
        },
    ] == answer_of(run, DECIDED, series_of)


def test_what_has_no_meaning_is_absent(a_run: "MakeRun", series_of: SeriesOf) -> None:
    """No stable host, not decided early, and a memory that does not grow."""
    judgement = replace(PASSED, memory_seconds_to_limit={"canary": inf})

    assert [{}] == answer_of(a_run(), judgement, series_of)


@pytest.mark.parametrize("outcome", [RunOutcome.BROKEN, RunOutcome.INTERRUPTED])
def test_a_run_that_did_not_end_well_decided_nothing(
    a_run: "MakeRun", series_of: SeriesOf, outcome: RunOutcome
) -> None:
    (series,) = answer_of(a_run(outcome=outcome), DECIDED, series_of)

    assert not [name for name in series if name.startswith("decided")]


def test_only_measures_that_are_documented_are_pushed(
    a_run: "MakeRun", series_of: SeriesOf
) -> None:
    """A label's values are a closed set, also of a report.json that somebody edited."""
    assert DECIDED.comparison
    comparison = replace(DECIDED.comparison, measures=dict.fromkeys([*MEASURES, "mine"], 1.0))
    (series,) = answer_of(a_run(), replace(DECIDED, comparison=comparison), series_of)

    assert [f"comparison_ratio{{measure={name}}}" for name in MEASURES] == [
        name for name in series if name.startswith("comparison")
    ]


def test_the_stable_group_has_no_verdict_and_comes_first(a_run: "MakeRun") -> None:
    run = a_run(stable=[("GET", "/", 1.0, Outcome.OK)], stage="5", push_labels={"hash": "6b8c"})
    groups = groups_of_run(run, PASSED, endpoints=False)

    assert [
        {"job": "canarygate", "service": "checkout", "role": role, "stage": "5", "hash": "6b8c"}
        for role in ("stable", "canary")
    ] == [dict(group.key.mapping) for group in groups]
    assert [False, True] == [
        any(family.metric.name == "canarygate_verdict" for family in group.families)
        for group in groups
    ]


def test_too_many_endpoints_are_left_out_visibly_and_their_failures_are_not(
    a_run: "MakeRun", series_of: SeriesOf
) -> None:
    seen = [("GET", f"/{index}", 1.0, Outcome.DROPPED) for index in range(MAX_ENDPOINTS + 7)]
    seen += [("GET", "/0", 1.0, Outcome.OK), ("GET", "/106", 1.0, Outcome.TIMEOUT)]
    series = named(series_of(groups_of_run(a_run(seen), None, endpoints=True)))

    assert 7 == series["run_endpoints_omitted"]
    assert MAX_ENDPOINTS == sum(name.startswith("endpoint_requests{") for name in series)
    assert {1.0, 2.0} == {
        value for name, value in series.items() if name.startswith("endpoint_requests{")
    }
    assert 7 == series["run_failures_by_kind{kind=dropped,name=(other endpoints)}"]
    assert series["run_failures"] == sum(
        value for name, value in series.items() if name.startswith("run_failures_by_kind")
    )


def test_credentials_in_the_host_are_no_label(a_run: "MakeRun") -> None:
    run = a_run(role={"host": "https://user:secret@shop:8443/base?token=secret"})
    (group,) = groups_of_run(run, None, endpoints=False)

    assert "https://shop:8443/base" == group.families[0].samples[0].labels["target_host"]


def test_a_label_that_the_series_use_is_refused(a_run: "MakeRun") -> None:
    with pytest.raises(ConfigError, match="'kind' would overwrite the label"):
        groups_of_run(a_run(push_labels={"kind": "x"}), None, endpoints=False)


def test_every_number_agrees_with_the_records(a_run: "MakeRun", series_of: SeriesOf) -> None:
    random = np.random.default_rng(7)
    outcomes = [Outcome.OK, Outcome.OK, Outcome.OK, Outcome.BODY]
    seen = [
        (
            "GET",
            f"/{random.integers(5)}",
            float(random.gamma(2, 40)),
            outcomes[random.integers(4)],
        )
        for _ in range(997)
    ]
    run: Run = a_run(seen)
    series = named(series_of(groups_of_run(run, None, endpoints=False)))
    ok = sorted(each[2] / 1000 for each in seen if each[3] is Outcome.OK)

    assert len(seen) - len(ok) == series["run_failures"]
    assert ok[-(-len(ok) * 95 // 100) - 1] == series["run_response_time_seconds{quantile=0.95}"]
    assert (
        sum(each <= 0.1 for each in ok) == (series["run_request_duration_seconds_bucket{le=0.1}"])
    )
