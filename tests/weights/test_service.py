"""What the weight service says on each path, and what it tells of itself."""

import json
import math
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from canarygate.weights import service as service_module
from canarygate.weights.answer import to_text
from canarygate.weights.log import Log
from canarygate.weights.series import Latest, Series
from canarygate.weights.service import Service
from canarygate.weights.settings import WeightSettings
from tests.push_metrics.conftest import find_program
from tests.weights.stand_in import StandIn, always, healthy, http, slowly

ASK = "/weight?service=checkout&canary=v2&stable=v1"
MakeService = Callable[..., WeightSettings]


class Asking:
    """A service, its client, and what it logged."""

    def __init__(self, settings: WeightSettings, level: str = "info") -> None:
        self.lines: list[str] = []
        self.service = Service(settings, Log(self.lines.append, level))
        self.client = Client(self.service)

    def get(self, path: str) -> TestResponse:
        """GET."""
        return self.client.get(path)

    def metrics(self) -> dict[str, float]:
        """Every sample, by its name with labels."""
        lines = self.get("/metrics").text.splitlines()
        pairs = (line.rpartition(" ") for line in lines if line[:1] != "#")
        return {name: float(value) for name, _, value in pairs}

    @property
    def events(self) -> list[dict[str, Any]]:
        """The lines of its log."""
        return [json.loads(line) for line in self.lines]


@pytest.fixture
def asking(a_service: MakeService) -> Iterator[Asking]:
    made = Asking(a_service())
    yield made
    made.service.readiness.stop()


def test_the_whole_document(asking: Asking, stand_in: StandIn) -> None:
    stand_in.act = healthy(canary_latency="0.11", canary_errors="0.01")
    before = time.time()
    response = asking.get(ASK)
    document = response.json
    assert document is not None

    assert (200, "application/json") == (response.status_code, response.content_type)
    assert before - 0.001 <= document.pop("computed_at") <= time.time() + 0.001
    assert 0 <= document.pop("age_seconds") < 1
    assert 0.1 == pytest.approx(document["latency"].pop("delta"))
    assert {
        "version": 1,
        "weight": 33.0,
        "status": "proceed",
        "reasons": [
            "p99 is 10.0% above stable's (0.11 s against 0.1 s), 1.00% errors against 0.00%: "
            "safe at 33 %"
        ],
        "service": "checkout",
        "parameters": {"service": "checkout", "canary": "v2", "stable": "v1"},
        "window_seconds": 300.0,
        "latency": {"canary_seconds": 0.11, "stable_seconds": 0.1},
        "errors": {"canary_ratio": 0.01, "stable_ratio": 0.0, "delta": 0.01},
        "requests": {"canary": 1000.0, "stable": 1000.0},
    } == document


def test_a_kept_answer_tells_its_age(asking: Asking) -> None:
    first = asking.get(ASK).json
    time.sleep(0.05)
    second = asking.get(ASK).json
    assert first is not None
    assert second is not None

    assert first["computed_at"] == second["computed_at"]
    assert first["age_seconds"] + 0.05 <= second["age_seconds"]


def test_the_older_path_says_the_same(asking: Asking) -> None:
    assert asking.get(ASK.replace("weight", "analyze")).json == {
        **(asking.get(ASK).json or {}),
        "age_seconds": pytest.approx(0, abs=0.5),
    }


def test_a_hold_is_a_200_with_a_number(asking: Asking, stand_in: StandIn) -> None:
    """Anything but 2xx is an Error to Argo, and so is a condition on what is not there."""
    stand_in.act = always(http("", "500 Oh"))
    response = asking.get(ASK)
    document = response.json
    assert document is not None

    assert 200 == response.status_code
    assert (0.0, "hold", ["Prometheus answered 500"]) == (
        document["weight"],
        document["status"],
        document["reasons"],
    )
    assert {"canary_seconds": None, "stable_seconds": None, "delta": None} == document["latency"]


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        (
            "/",
            404,
            "there is no such path; there are /weight, /analyze, /healthz, /readyz, /metrics",
        ),
        ("/weight/", 404, "there is no such path"),
        ("/weight", 400, "parameter 'service' is missing"),
        (ASK + "&canary=v3", 400, "parameter 'canary' is given twice"),
        (ASK + "&canry=v3", 400, "unknown parameter 'canry'; did you mean 'canary'?"),
        ("/weight?service=a%22b&canary=v2&stable=v1", 400, "service: 'a\"b' has to be letters"),
        ("/weight?service=a%ff&canary=v2&stable=v1", 400, "service: "),
        ("/weight?service=checkout&canary=v2%0a&stable=v1", 400, "canary: 'v2\\n' has to be"),
    ],
)
def test_what_can_never_be_right_is_refused_and_still_a_number(
    asking: Asking, path: str, status: int, reason: str
) -> None:
    response = asking.get(path)
    document = response.json
    assert document is not None

    assert status == response.status_code
    assert (1, 0.0, "hold") == (document["version"], document["weight"], document["status"])
    assert document["reasons"][0].startswith(reason)


@pytest.mark.parametrize("path", [ASK, "/healthz", "/metrics"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_a_wrong_method(asking: Asking, path: str, method: str) -> None:
    response = asking.client.open(path, method=method)

    assert (405, "GET, HEAD") == (response.status_code, response.headers["Allow"])


def test_head_has_no_body(asking: Asking) -> None:
    response = asking.client.head(ASK)

    assert (200, b"") == (response.status_code, response.data)


def test_health_never_asks_prometheus(asking: Asking, stand_in: StandIn) -> None:
    stand_in.act = slowly(10)

    assert (200, "ok\n") == (asking.get("/healthz").status_code, asking.get("/healthz").text)
    assert [] == stand_in.queries


def test_ready_is_who_has_heard_of_prometheus_lately(
    asking: Asking, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    readiness = asking.service.readiness

    assert (503, "Prometheus was not asked yet\n") == said(asking.get("/readyz"))
    readiness.ask_once()
    assert (200, "ok\n") == said(asking.get("/readyz"))
    stand_in.act = always(http("", "500 Oh"))
    readiness.ask_once()
    readiness.ask_once()
    assert (200, "ok\n") == said(asking.get("/readyz"))
    monkeypatch.setattr("canarygate.weights.readiness.LATELY_SECONDS", 0.0)
    assert (503, "Prometheus answered 500\n") == said(asking.get("/readyz"))
    assert ["not_ready"] == [each["event"] for each in asking.events]


def said(response: TestResponse) -> tuple[int, str]:
    return response.status_code, response.text


def test_probes_are_answered_while_everybody_waits_for_prometheus(
    a_service: MakeService, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_module, "MOST_WAITING", 2)
    stand_in.act = slowly(0.4)
    asking = Asking(a_service())
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(asking.get, ASK) for _ in range(2)]
        while not stand_in.queries:
            time.sleep(0.005)
        time.sleep(0.05)
        third = asking.get(ASK).json
        began = time.monotonic()
        healthy_answer = asking.get("/healthz")

    assert third is not None
    assert ("hold", ["too many other questions are being answered"]) == (
        third["status"],
        third["reasons"],
    )
    assert 200 == healthy_answer.status_code
    assert time.monotonic() - began < 5
    assert ["proceed"] * 2 == [(each.result().json or {})["status"] for each in waiting]


def test_what_it_tells_of_itself(asking: Asking, stand_in: StandIn) -> None:
    stand_in.act = healthy(canary_latency="0.11", canary_errors="0.01")
    asking.get(ASK)
    asking.get(ASK)
    asking.get("/nowhere")
    asking.get("/weight")
    found = asking.metrics()

    assert 33.0 == found['canarygate_weight_safe_percent{service="checkout"}']
    assert 0.1 == pytest.approx(found['canarygate_weight_latency_delta_ratio{service="checkout"}'])
    assert 0.01 == found['canarygate_weight_error_delta_ratio{service="checkout"}']
    assert 1 == found['canarygate_weight_decisions_total{status="proceed"}']
    assert 0 == found['canarygate_weight_decisions_total{status="hold"}']
    assert 12 == found["canarygate_weight_query_duration_seconds_count"]
    name = "canarygate_weight_request_duration_seconds_count"
    assert 2 == found[f'{name}{{path="/weight",status_code="200"}}']
    assert 1 == found[f'{name}{{path="/weight",status_code="400"}}']
    assert 1 == found[f'{name}{{path="other",status_code="404"}}']


def test_what_is_not_known_has_no_series(asking: Asking, stand_in: StandIn) -> None:
    asking.get(ASK)
    stand_in.act = always(http("", "500 Oh"))
    asking.get("/weight?service=checkout&canary=v3&stable=v1")
    found = asking.metrics()

    assert [] == [
        name
        for name in found
        if name.startswith(("canarygate_weight_safe", "canarygate_weight_l", "canarygate_weight_e"))
    ]
    assert not any(math.isnan(value) for value in found.values())
    assert 12 == found['canarygate_weight_query_failures_total{reason="status"}']
    assert 1 == found['canarygate_weight_decisions_total{status="hold"}']


def test_a_rollback_is_a_weight_of_0(asking: Asking, stand_in: StandIn) -> None:
    stand_in.act = healthy(canary_errors="0.5")
    asking.get(ASK)

    assert 0 == asking.metrics()['canarygate_weight_safe_percent{service="checkout"}']


def test_the_number_of_series_is_bounded(asking: Asking) -> None:
    for number in range(80):
        asking.get(f"/weight?service=s{number}&canary=v2&stable=")
        asking.get(f"/{number}")
    latest = Latest()
    answer = asking.service._weigher.answer({"service": "a", "canary": "v2", "stable": "v1"})
    for number in range(200):
        latest.keep(replace(answer, values={"service": str(number)}))

    assert 64 == len(latest._answers)
    assert len(asking.metrics()) < 150


def test_promtool_has_nothing_to_say_against_the_names(asking: Asking) -> None:
    asking.get(ASK)
    text = asking.get("/metrics").data
    done = subprocess.run(
        [find_program("promtool"), "check", "metrics"],
        input=text,
        capture_output=True,
        timeout=30,
        check=False,
    )

    assert (0, b"", b"") == (done.returncode, done.stdout, done.stderr)


def test_two_services_of_one_process_count_apart(asking: Asking) -> None:
    asking.get(ASK)

    assert 'canarygate_weight_decisions_total{status="proceed"} 0.0' in Series().expose().decode()


def test_a_line_for_each_computation(asking: Asking) -> None:
    asking.get(ASK)
    asking.get(ASK)
    [event] = asking.events

    assert {
        "level": "info",
        "event": "decision",
        "parameters": {"service": "checkout", "canary": "v2", "stable": "v1"},
        "status": "proceed",
        "weight": 100.0,
        "latency_delta": 0.0,
        "error_delta": 0.0,
    } == {name: event[name] for name in event if name not in ("time", "seconds", "reasons")}


def test_a_failure_is_one_line_with_what_it_left_unanswered(
    a_service: MakeService, stand_in: StandIn
) -> None:
    secret = {"username": "ann", "password": "hunter2"}
    asking = Asking(a_service(prometheus={**secret, "url": stand_in.url.replace("//", "//b:xyz@")}))
    stand_in.act = always(http("", "500 Oh"))
    asking.get(ASK)

    assert [("warning", "query_failed"), ("warning", "decision")] == [
        (each["level"], each["event"]) for each in asking.events
    ]
    assert 12 == len(asking.events[0]["questions"])
    assert not any(word in line for line in asking.lines for word in ("hunter2", "xyz"))


def test_a_bug_is_a_500_and_still_a_number(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_given: object) -> None:
        raise RuntimeError("oh")

    monkeypatch.setattr(asking.service._weigher, "answer", broken)
    response = asking.get(ASK)

    assert 500 == response.status_code
    assert 0.0 == (response.json or {})["weight"]
    assert [("error", "bug", "RuntimeError: oh")] == [
        (each["level"], each["event"], each["text"]) for each in asking.events
    ]


def test_levels(a_service: MakeService, stand_in: StandIn) -> None:
    asking = Asking(a_service(cache_seconds=0.0), "debug")
    asking.get(ASK)

    assert ["query"] * 12 + ["decision"] == [each["event"] for each in asking.events]
    quiet = Asking(a_service(), "warning")
    quiet.get(ASK)
    assert [] == quiet.lines
    stand_in.act = healthy(canary_errors="0.5")
    Asking.get(quiet, ASK.replace("v2", "v3"))
    assert ["decision"] == [each["event"] for each in quiet.events]


def test_no_document_holds_what_json_cannot() -> None:
    with pytest.raises(ValueError, match=r"not JSON compliant|Out of range"):
        to_text({"weight": math.nan})


def test_readiness_asks_in_the_background(asking: Asking, stand_in: StandIn) -> None:
    asking.service.readiness.start()
    deadline = time.monotonic() + 10
    while asking.get("/readyz").status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.01)

    assert ["vector(1)"] == stand_in.queries
    assert "readiness" in {each.name for each in threading.enumerate()}
