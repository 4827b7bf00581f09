"""A real Pushgateway, read back through a real Prometheus."""

import contextlib
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import requests

from canarygate.errors import PushFailed
from canarygate.records import Outcome
from canarygate.settings import PushSettings
from canarygate.verdict import Check, Comparison, Judgement, Verdict
from push_metrics import gateway
from push_metrics.catalogue import MEASURES, RUN_REQUESTS
from push_metrics.cli import main
from push_metrics.deadline import Deadline
from push_metrics.exposition import Family, Group, Sample, render_file
from push_metrics.grouping import GroupKey
from push_metrics.series import group_keys, groups_of_run

if TYPE_CHECKING:
    from tests.push_metrics.conftest import Gateway, MakeRun, Prometheus, Seen, Series

DATA = Path(__file__).resolve().parent.parent / "data" / "locust_csv"
OURS = '{__name__=~"canarygate_.*"}'
JUDGED = Judgement(
    verdict=Verdict.FAIL,
    sentence="it may not",
    checks=[Check(name="compare.slower", state=Verdict.FAIL, reason="slow")],
    decided_at_seconds=14.0,
    comparison=Comparison(
        at_seconds=14.0,
        bar="look",
        endpoints=[],
        measures=dict.fromkeys(MEASURES, 1.0) | {"error_share_difference": -0.01},
    ),
    memory_seconds_to_limit={"canary": 2520.0, "stable": 25_200.0},
)
pytestmark = pytest.mark.live


def wait_for(read: "Callable[[], Series]", wanted: "Series") -> "Series":
    """What is there once it is what is wanted, or after 15 s."""
    deadline = time.monotonic() + 15
    while (seen := read()) != wanted and time.monotonic() < deadline:
        time.sleep(0.2)
    return seen


def as_prometheus_2(series: "Series") -> "Series":
    """Its `le="1"` is our `le="1.0"`; version 3 keeps ours."""

    def plain(name: str, value: str) -> tuple[str, str]:
        return (name, f"{float(value):g}" if name == "le" and value != "+Inf" else value)

    return {
        (name, frozenset(plain(*label) for label in labels)): value
        for (name, labels), value in series.items()
    }


def odd_seen() -> "Sequence[Seen]":
    random = np.random.default_rng(3)
    names = ["/", "NA", 'a "b"\\c', "größe/日本語", "x" * 200, "a\rb\u2028", "Aggregated"]
    outcomes = [Outcome.OK, Outcome.OK, Outcome.TIMEOUT, Outcome.HTTP_5XX]
    return [
        ("GET", names[random.integers(7)], float(random.gamma(2, 90)), outcomes[random.integers(4)])
        for _ in range(500)
    ]


@pytest.mark.smoke
def test_every_series_reads_back_through_prometheus_as_the_records_say(
    pushgateway: "Gateway",
    prometheus: "Prometheus",
    a_run: "MakeRun",
    series_of: "Callable[[Sequence[Group]], Series]",
) -> None:
    labels = {"pod_template_hash": "6b8c", "team": "a/b ..", "empty": ""}
    run = a_run(odd_seen(), stable=odd_seen()[:200], stage="5", push_labels=labels)
    groups = groups_of_run(run, JUDGED, endpoints=True)
    gateway.push(pushgateway.settings(), groups)
    expected = as_prometheus_2(series_of(groups))

    assert expected == wait_for(lambda: as_prometheus_2(prometheus.query(OURS)), expected)


@pytest.mark.smoke
def test_promtool_finds_nothing_to_say(promtool: str, a_run: "MakeRun", tmp_path: Path) -> None:
    groups = groups_of_run(a_run(odd_seen(), stable=odd_seen()[:200]), JUDGED, endpoints=True)
    bare = tmp_path / "bare.prom"
    main([f"--csv={DATA / 'odd'}", "--labels=service=x", "--push-endpoints", f"--output={bare}"])

    for text in (render_file(groups), bare.read_text(encoding="utf-8")):
        done = subprocess.run(
            [promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False
        )
        assert (0, "", "") == (done.returncode, done.stdout, done.stderr)


def test_the_gateway_shows_what_the_file_shows(pushgateway: "Gateway", a_run: "MakeRun") -> None:
    """`metrics.prom` stands for the push where there is no gateway."""
    groups = groups_of_run(a_run(odd_seen()), JUDGED, endpoints=True)
    gateway.push(pushgateway.settings(), groups)
    scraped = requests.get(f"{pushgateway.url}/metrics", timeout=5).text.splitlines()
    ours = [line for line in scraped if line.startswith("canarygate_")]
    file = [line for line in render_file(groups).splitlines() if line.startswith("canarygate_")]

    assert len(file) == len(ours)


@pytest.mark.smoke
def test_a_second_run_replaces_the_first_whole(
    pushgateway: "Gateway", prometheus: "Prometheus"
) -> None:
    key = GroupKey.of("checkout", "canary", "", {})
    old = Group(key, [Family(RUN_REQUESTS, [Sample(7, {})])])
    gateway.push(pushgateway.settings(), [old])
    labels = frozenset(key.labels)
    seen = wait_for(lambda: prometheus.query(OURS), {("canarygate_run_requests", labels): 7.0})
    gateway.delete(pushgateway.settings(), group_keys("checkout", "", {}))
    gone = wait_for(lambda: prometheus.query(OURS), {})

    assert {("canarygate_run_requests", labels): 7.0} == seen
    assert {} == gone
    assert [] == pushgateway.groups()


def test_a_delete_does_not_touch_what_has_more_or_other_labels(pushgateway: "Gateway") -> None:
    body = "canarygate_run_requests 1\n"
    others = [
        "job/canarygate/service/checkout/role/canary/stage/5",
        "job/canarygate/service/cart/role/canary",
        "job/canarygate",
        "job/canarygate/service/checkout/role@base64/Li4=",
    ]
    for path in others:
        pushgateway.put(path, body)
    before = pushgateway.groups()
    gateway.delete(pushgateway.settings(), group_keys("checkout", "", {"team": ".."}))
    gateway.delete(pushgateway.settings(), group_keys("checkout", "", {}))

    assert before == pushgateway.groups()


@pytest.mark.smoke
def test_pruning_takes_our_old_groups_and_nobody_elses(pushgateway: "Gateway") -> None:
    body = "something 1\n"
    ours = [
        "job/canarygate/service/checkout/role/canary/stage/5",
        "job/canarygate/service/checkout",
    ]
    others = [
        "job/canarygate/service/cart/role/canary",
        "job/other/service/checkout",
        "job/canarygate",
    ]
    for path in (*ours, *others):
        pushgateway.put(path, body)
    settings = pushgateway.settings(prune_after_seconds=60.0)
    too_young = gateway.prune(settings, "checkout", time.time() + 30)
    after_30_seconds = len(pushgateway.groups())
    old_enough = gateway.prune(settings, "checkout", time.time() + 90)

    assert ([], 5, []) == (too_young, after_30_seconds, old_enough)
    assert [
        {"job": "canarygate"},
        {"job": "canarygate", "role": "canary", "service": "cart"},
        {"job": "other", "service": "checkout"},
    ] == pushgateway.groups()


@pytest.mark.smoke
def test_a_type_conflict_names_the_group_that_is_in_the_way(pushgateway: "Gateway") -> None:
    """Somebody's `echo … | curl` is untyped, and blocks every typed push of that name."""
    pushgateway.put("job/stray/by/hand", "canarygate_run_requests 1\n")
    group = Group(
        GroupKey.of("checkout", "canary", "", {}), [Family(RUN_REQUESTS, [Sample(329, {})])]
    )
    with pytest.raises(PushFailed) as raised:
        gateway.push(pushgateway.settings(), [group])

    assert "400 Bad Request: pushed metrics are invalid or inconsistent" in str(raised.value)
    assert (
        "another group holds canarygate_run_requests as untyped; if nobody needs it: "
        f"curl -X DELETE {pushgateway.url}/metrics/job/stray/by/hand"
    ) == raised.value.hint


@pytest.mark.smoke
def test_a_gateway_with_a_private_authority_and_a_password_takes_the_push(
    guarded_pushgateway: PushSettings, a_run: "MakeRun"
) -> None:
    groups = groups_of_run(a_run(), JUDGED, endpoints=False)
    gateway.push(guarded_pushgateway, groups)
    gateway.delete(guarded_pushgateway, group_keys("checkout", "", {}))

    assert [] == gateway.prune(guarded_pushgateway, "checkout", time.time())


@pytest.mark.parametrize(
    ("changes", "said", "hint"),
    [
        (
            {"password": "hunter3"},
            " was answered 401 Unauthorized: Unauthorized",
            "give PUSH_USERNAME and PUSH_PASSWORD_FILE, or PUSH_TOKEN_FILE",
        ),
        (
            {"ca_file": None},
            "certificate verify failed",
            "PUSH_CA_FILE names the file with the certificate authority that signed it",
        ),
        (
            {"url": "http"},
            # Its words may be lost, as it resets the connection right behind them.
            "400 Bad Request",
            "give its URL as https:",
        ),
    ],
)
def test_a_guarded_gateway_says_no_once_and_no_secret_is_shown(
    guarded_pushgateway: PushSettings,
    a_run: "MakeRun",
    changes: dict[str, Any],
    said: str,
    hint: str,
) -> None:
    if changes.get("url"):
        changes = {"url": guarded_pushgateway.url.replace("https", "http")}
    settings = replace(guarded_pushgateway, **changes)
    began = time.monotonic()
    with pytest.raises(PushFailed) as raised:
        gateway.push(settings, groups_of_run(a_run(), JUDGED, endpoints=False))

    assert time.monotonic() - began < 3
    assert said in str(raised.value)
    assert hint in raised.value.hint
    assert "hunter" not in f"{raised.value} {raised.value.hint}"


@pytest.mark.smoke
def test_a_wiped_gateway_holds_nothing_and_takes_the_next_push(
    pushgateway: "Gateway", a_run: "MakeRun"
) -> None:
    groups = groups_of_run(a_run(), JUDGED, endpoints=False)
    gateway.push(pushgateway.settings(), groups)
    wiped = requests.put(f"{pushgateway.url}/api/v1/admin/wipe", timeout=5).status_code
    empty = pushgateway.groups()
    gateway.delete(pushgateway.settings(), group_keys("checkout", "", {}))
    gateway.push(pushgateway.settings(), groups)

    assert (202, []) == (wiped, empty)
    assert [dict(groups[0].key.mapping)] == pushgateway.groups()


@pytest.mark.smoke
def test_a_gateway_that_comes_back_in_time_gets_the_push(
    a_free_port: int,
    another_pushgateway: Callable[[int], contextlib.AbstractContextManager[None]],
    a_run: "MakeRun",
) -> None:
    """Its pod is moved while a run ends; nobody should have to push again by hand."""
    settings = PushSettings(url=f"http://127.0.0.1:{a_free_port}", timeout_seconds=20.0)
    groups = groups_of_run(a_run(), JUDGED, endpoints=False)
    deadline = Deadline.after(20.0)
    thread = threading.Thread(
        target=lambda: gateway.push(settings, groups, deadline=deadline), daemon=True
    )
    thread.start()
    time.sleep(0.5)
    with another_pushgateway(a_free_port):
        thread.join()
        listed = requests.get(f"{settings.url}/api/v1/metrics", timeout=5).json()["data"]

    assert [dict(groups[0].key.mapping)] == [group["labels"] for group in listed]


@pytest.mark.smoke
def test_the_command_pushes_the_files_of_a_bare_run(
    pushgateway: "Gateway", prometheus: "Prometheus", capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(
        [
            f"--csv={DATA / 'odd'}",
            f"--pushgateway={pushgateway.url}/",
            "--labels=service=checkout,type=canary",
        ]
    )
    labels = {"job": "canarygate", "service": "checkout", "role": "canary", "type": "canary"}
    expected = {
        ("canarygate_run_requests", frozenset(labels.items())): 365.0,
        ("canarygate_run_exceptions", frozenset(labels.items())): 46.0,
    }
    query = '{__name__=~"canarygate_run_(requests|exceptions)"}'

    assert 0 == code
    assert [labels] == pushgateway.groups()
    assert expected == wait_for(lambda: prometheus.query(query), expected)
    assert f"canarygate: 25 series to {pushgateway.url}/\n" == capsys.readouterr().err


def test_the_command_ends_with_4_when_the_gateway_is_down(
    tmp_path: Path, a_free_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file is written first: it is what can be pushed later."""
    output = tmp_path / "metrics.prom"
    code = main(
        [
            f"--csv={DATA / 'odd'}",
            f"--pushgateway=http://127.0.0.1:{a_free_port}",
            "--labels=service=checkout,type=canary",
            "--push-timeout=1s",
            f"--output={output}",
        ]
    )
    error, hint = capsys.readouterr().err.splitlines()

    assert 4 == code
    assert "did not take it within 1 s" in error
    assert hint.startswith("hint: see that it runs")
    assert output.exists()
