"""What is made of the words of a metrics endpoint and of a Prometheus."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from canarygate.memory import Sample
from canarygate.runner.fetch import Unreadable
from canarygate.runner.memory_sources import (
    PodReader,
    Reading,
    queries,
    read_answer,
    read_exposition,
)

GOOD = (
    "# HELP process_resident_memory_bytes Resident memory size in bytes.\n"
    "# TYPE process_resident_memory_bytes gauge\n"
    "process_resident_memory_bytes 4.2e+07\n"
    "process_resident_memory_bytes_total 7\n"
    "process_start_time_seconds 1.79e+09\n"
    "other{x=\n"
)


def test_memory_and_start_are_read_and_the_rest_is_not_even_parsed() -> None:
    assert Reading(4.2e7, 1.79e9) == read_exposition(GOOD)


@pytest.mark.parametrize("start", ["", "process_start_time_seconds NaN\n"])
def test_a_start_that_is_not_told_is_not_known(start: str) -> None:
    assert Reading(5.0, None) == read_exposition(f"process_resident_memory_bytes 5\n{start}")


def test_one_series_may_have_labels() -> None:
    assert 5.0 == read_exposition('process_resident_memory_bytes{app="x"} 5\n').bytes


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "there is no process_resident_memory_bytes"),
        ("<html><body>process_resident_memory_bytes</body></html>", "there is no"),
        (
            'process_resident_memory_bytes{p="1"} 5\nprocess_resident_memory_bytes{p="2"} 5\n',
            "2 series of process_resident_memory_bytes",
        ),
        (
            "process_resident_memory_bytes 5\n"
            'process_start_time_seconds{p="1"} 5\nprocess_start_time_seconds{p="2"} 5\n',
            "2 series of process_start_time_seconds",
        ),
        ("process_resident_memory_bytes NaN\n", "is nan"),
        ("process_resident_memory_bytes -1\n", "is -1"),
        ("process_resident_memory_bytes 0\n", "is 0"),
        ("process_resident_memory_bytes many\n", "cannot be read"),
        ("process_resident_memory_bytes 52", "there is no"),
        ("process_resident_memory_bytes{ 5\n", "cannot be read"),
    ],
)
def test_what_is_no_memory_of_one_process_says_why(text: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read_exposition(text)


def test_the_queries_hold_the_selector_whole() -> None:
    used, rest = queries("http://prom:9090/prefix/", 'namespace="a&b",pod=~"web-.*"')

    told = [parse_qs(urlsplit(url).query, strict_parsing=True)["query"] for url in (used, rest)]
    assert {"http://prom:9090/prefix/api/v1/query"} == {
        url.partition("?")[0] for url in (used, rest)
    }
    assert [
        [
            'container_memory_working_set_bytes{namespace="a&b",pod=~"web-.*",container!="",'
            'container!="POD"}[2m]'
        ],
        [
            'kube_pod_container_resource_limits{namespace="a&b",pod=~"web-.*",resource="memory"}'
            ' or kube_pod_container_status_restarts_total{namespace="a&b",pod=~"web-.*"}'
            ' or kube_pod_container_status_last_terminated_reason{namespace="a&b",pod=~"web-.*",'
            'reason="OOMKilled"}'
        ],
    ] == told


def answer(*result: dict[str, Any], kind: str = "vector") -> bytes:
    return json.dumps(
        {"status": "success", "data": {"resultType": kind, "result": result}}
    ).encode()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html>", "no answer of a Prometheus"),
        (b"[]", "no answer of a Prometheus"),
        (b'{"status": "error", "error": "parse error"}', "the query failed: parse error"),
        (b'{"status": "success", "data": {"resultType": "scalar", "result": [1, "2"]}}', "scalar"),
        (answer({"metric": {}, "value": [1, "x"]}), "no answer of a Prometheus"),
        (answer({"metric": {}}), "no answer of a Prometheus"),
        (b"[" * 100_000, "no answer of a Prometheus"),
    ],
)
def test_what_is_no_answer_says_so(body: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read_answer(body)


WEB = {"namespace": "shop", "pod": "web-1", "container": "web"}
SIDECAR = {**WEB, "container": "proxy"}
LIMIT = "kube_pod_container_resource_limits"
RESTARTS = "kube_pod_container_status_restarts_total"
OOM = "kube_pod_container_status_last_terminated_reason"
Made = Callable[..., list[Sample]]


def read(
    reader: PodReader,
    at: float,
    used: list[tuple[dict[str, str], list[list[Any]]]],
    rest: list[tuple[str, dict[str, str], str]] = [],  # noqa: B006 (never changed)
) -> list[Sample]:
    matrix = answer(*({"metric": m, "values": v} for m, v in used), kind="matrix")
    vector = answer(*({"metric": m | {"__name__": n}, "value": [at, v]} for n, m, v in rest))
    return reader.samples(at, read_answer(matrix), read_answer(vector))


def test_a_pod_with_all_that_is_known_of_it() -> None:
    found = read(
        PodReader("canary", None),
        100.0,
        [(WEB, [[80, "1000"], [95, "1200"]])],
        [(LIMIT, WEB, "5000"), (RESTARTS, WEB, "3"), (OOM, WEB, "1")],
    )

    assert [
        Sample(
            time=100.0,
            role="canary",
            pod="shop/web-1",
            bytes=1200.0,
            limit_bytes=5000.0,
            restarts=3.0,
            oom_kills=1.0,
        )
    ] == found


def test_one_scrape_is_one_reading_however_often_it_is_shown() -> None:
    """Counted three times it would weigh three times, and chance would look like a trend."""
    reader = PodReader("canary", 9000.0)
    found = [
        read(reader, at, [(WEB, [[scraped, "1000"]])])[0].bytes
        for at, scraped in ((100.0, 95), (105.0, 95), (110.0, 95), (115.0, 110))
    ]

    assert [1000.0, None, None, 1000.0] == found


def test_a_limit_that_prometheus_does_not_know_is_the_one_given() -> None:
    found = read(
        PodReader("canary", 9000.0), 100.0, [(WEB, [[95, "1000"]])], [(RESTARTS, WEB, "0")]
    )

    assert [(9000.0, 0.0, 0.0)] == [(s.limit_bytes, s.restarts, s.oom_kills) for s in found]


def test_without_kube_state_metrics_restarts_are_not_known() -> None:
    """Zero would be a claim."""
    (found,) = read(PodReader("canary", None), 100.0, [(WEB, [[95, "1000"]])])

    assert (None, None, None) == (found.limit_bytes, found.restarts, found.oom_kills)


def test_each_container_of_a_pod_is_judged_by_its_own_limit() -> None:
    found = read(
        PodReader("canary", None),
        100.0,
        [(WEB, [[95, "1000"]]), (SIDECAR, [[95, "50"]])],
        [(LIMIT, WEB, "5000"), (LIMIT, SIDECAR, "100")],
    )

    assert [("shop/web-1/proxy", 50.0, 100.0), ("shop/web-1/web", 1000.0, 5000.0)] == [
        (each.pod, each.bytes, each.limit_bytes) for each in found
    ]


def test_a_container_that_was_started_again_is_read_by_its_newer_series() -> None:
    found = read(
        PodReader("canary", None),
        100.0,
        [({**WEB, "id": "/new"}, [[98, "70"]]), ({**WEB, "id": "/old"}, [[85, "900"]])],
    )

    assert [70.0] == [each.bytes for each in found]


def test_a_container_that_waits_to_be_started_again_is_still_told_of() -> None:
    """In CrashLoopBackOff it uses no memory, and its restarts are all there is to see."""
    found = read(PodReader("canary", None), 100.0, [], [(RESTARTS, WEB, "1"), (OOM, WEB, "1")])

    assert [(None, 1.0, 1.0)] == [(each.bytes, each.restarts, each.oom_kills) for each in found]


def test_a_value_that_is_no_number_is_no_reading() -> None:
    found = read(PodReader("canary", None), 100.0, [(WEB, [[90, "800"], [95, "NaN"]])])

    assert [800.0] == [each.bytes for each in found]


def test_a_selector_that_matches_nothing_says_so() -> None:
    with pytest.raises(Unreadable, match="matches no container"):
        read(PodReader("canary", None), 100.0, [], [(LIMIT, WEB, "5000")])
