from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from canarygate.records import Outcome
from push_metrics.catalogue import (
    METRICS,
    RUN_FAILURES_BY_KIND,
    RUN_INFO,
    RUN_REQUESTS,
)
from push_metrics.exposition import Family, Group, Sample, render, render_file
from push_metrics.grouping import GroupKey
from push_metrics.labels import label_value
from push_metrics.series import groups_of_run

if TYPE_CHECKING:
    from tests.push_metrics.conftest import MakeRun, Series

CANARY = GroupKey.of("checkout", "canary", "", {})
STABLE = GroupKey.of("checkout", "stable", "", {})


def read_back(text: str) -> "Series":
    return {
        (sample.name, frozenset(item for item in sample.labels.items() if item[1])): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_body_of_a_push_leaves_the_grouping_labels_to_the_url() -> None:
    kinds = Family(
        RUN_FAILURES_BY_KIND,
        [Sample(2, {"method": "GET", "name": 'a "b"\\c\r', "kind": "timeout"})],
    )
    requests = Family(RUN_REQUESTS, [Sample(329, {})])

    assert (
        "# HELP canarygate_run_failures_by_kind Failed requests by endpoint and kind of failure; "
        "only kinds that happened. Beyond the endpoints with the most failures, the rest is one "
        "entry named (other endpoints).\n"
        "# TYPE canarygate_run_failures_by_kind gauge\n"
        'canarygate_run_failures_by_kind{kind="timeout",method="GET",'
        'name="a \\"b\\"\\\\c\\\\x0d…ea945dc4"} 2.0\n'
        "# HELP canarygate_run_requests Requests that finished, warm-up included.\n"
        "# TYPE canarygate_run_requests gauge\n"
        "canarygate_run_requests 329.0\n"
    ) == render(Group(CANARY, [kinds, requests])).decode()


def test_a_file_has_every_group_under_its_labels_and_each_name_once() -> None:
    groups = [
        Group(STABLE, [Family(RUN_REQUESTS, [Sample(1, {})])]),
        Group(CANARY, [Family(RUN_REQUESTS, [Sample(2, {})])]),
    ]

    assert (
        "# HELP canarygate_run_requests Requests that finished, warm-up included.\n"
        "# TYPE canarygate_run_requests gauge\n"
        'canarygate_run_requests{job="canarygate",role="stable",service="checkout"} 1.0\n'
        'canarygate_run_requests{job="canarygate",role="canary",service="checkout"} 2.0\n'
    ) == render_file(groups)


def test_every_series_of_a_run_reads_back_as_it_was(
    a_run: "MakeRun", series_of: Callable[[Sequence[Group]], "Series"]
) -> None:
    seen = [("GET", "/", 12.5, Outcome.OK), ("GET", "größe", 1.0, Outcome.TLS)]
    groups = groups_of_run(a_run(seen, stable=[]), None, endpoints=True)

    assert series_of(groups) == read_back(render_file(groups))
    assert {
        metric.name
        for metric in METRICS
        if metric.name.startswith(("canarygate_run_", "canarygate_endpoint_"))
    } == {family.metric.name for group in groups for family in group.families}


@given(
    st.dictionaries(st.text(max_size=40), st.floats(allow_nan=False), max_size=5),
)
def test_any_label_and_any_value_reads_back(values: dict[str, float]) -> None:
    samples = [
        Sample(value, {**dict.fromkeys(RUN_INFO.labels, ""), "run_id": text})
        for text, value in values.items()
    ]
    labels = frozenset(CANARY.labels)

    assert {
        (
            "canarygate_run_info",
            labels | ({("run_id", label_value(text))} if text else set()),
        ): value
        for text, value in values.items()
    } == read_back(render_file([Group(CANARY, [Family(RUN_INFO, samples)])]))
