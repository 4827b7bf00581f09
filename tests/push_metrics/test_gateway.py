"""Gateways that misbehave: stand-ins, as a real one does none of this on demand."""

import base64
import json
import socket
import threading
import time
from collections.abc import Sequence
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from canarygate.errors import ConfigError, ExitCode, PushFailed
from canarygate.settings import PushSettings
from push_metrics import gateway
from push_metrics.catalogue import RUN_REQUESTS
from push_metrics.deadline import Deadline
from push_metrics.exposition import Family, Group, Sample, render
from push_metrics.grouping import GroupKey
from push_metrics.series import group_keys

if TYPE_CHECKING:
    from tests.push_metrics.conftest import Act, MakeStandIn

KEYS = group_keys("checkout", "", {})
GROUP = Group(KEYS[0], [Family(RUN_REQUESTS, [Sample(329, {})])])
PATH = "/metrics/job/canarygate/service/checkout/role/canary"


def answer(status: str, body: str = "", *headers: str) -> "Act":
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body.encode())}", *headers)
    return lambda connection: connection.sendall(
        ("\r\n".join((*lines, "Connection: close", "", "")) + body).encode()
    )


def hang(connection: socket.socket) -> None:
    connection.settimeout(10)
    while connection.recv(65536):
        pass


def drip(connection: socket.socket) -> None:
    """A byte now and then, so that no socket ever times out."""
    for _ in range(100):
        connection.sendall(b"H")
        time.sleep(0.05)


def drip_an_answer(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 9999\r\n\r\n")
    drip(connection)


def accept_late(connection: socket.socket) -> None:
    """A sound answer, byte by byte: it is complete after about a second and a half."""
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n":
        connection.sendall(bytes([byte]))
        time.sleep(0.025)


def drop(connection: socket.socket) -> None:
    connection.close()


def fails(settings: PushSettings, **how: Any) -> PushFailed:
    with pytest.raises(PushFailed) as raised:
        gateway.push(settings, [GROUP], **how)
    assert ExitCode.PUSH == raised.value.exit_code
    return raised.value


# --- what is tried again ---


def test_a_push_is_one_put_with_the_series_as_text(a_stand_in: "MakeStandIn") -> None:
    """A name and a type are enough for the gateway; it reads nothing else of the head."""
    stand_in = a_stand_in(answer("200 OK"))
    gateway.push(stand_in.settings(), [GROUP])
    (head,) = stand_in.heard
    first, *rest = head.decode().split("\r\n")
    headers = {line.partition(": ")[0]: line.partition(": ")[2] for line in rest}

    assert f"PUT {PATH} HTTP/1.1" == first
    assert "text/plain; version=0.0.4; charset=utf-8" == headers["Content-Type"]
    assert str(len(render(GROUP))) == headers["Content-Length"]
    assert "Authorization" not in headers


@pytest.mark.parametrize(
    "passing",
    [
        answer("503 Service Unavailable", "warming up"),
        answer("502 Bad Gateway"),
        answer("408 Request Timeout"),
        answer("425 Too Early"),
        answer("429 Too Many Requests"),
        drop,
    ],
)
def test_what_passes_by_itself_is_tried_again(a_stand_in: "MakeStandIn", passing: "Act") -> None:
    stand_in = a_stand_in(passing, passing, answer("200 OK"))
    gateway.push(stand_in.settings(), [GROUP])

    assert 3 == len(stand_in.heard)


def test_accepted_without_a_check_is_accepted(a_stand_in: "MakeStandIn") -> None:
    stand_in = a_stand_in(answer("202 Accepted"))
    gateway.push(stand_in.settings(), [GROUP])

    assert 1 == len(stand_in.heard)


def test_nothing_more_goes_out_once_a_push_has_been_given_up(a_stand_in: "MakeStandIn") -> None:
    """The canary's group comes last: its verdict must not appear behind a gate that has ended."""
    stand_in = a_stand_in(accept_late, answer("200 OK"))
    groups = [GROUP, Group(KEYS[1], GROUP.families)]
    with pytest.raises(PushFailed):
        gateway.push(stand_in.settings(), groups, deadline=Deadline.after(0.5))
    time.sleep(2.5)

    assert 1 == len(stand_in.heard)


def test_the_gateway_says_how_long_to_wait(a_stand_in: "MakeStandIn") -> None:
    stand_in = a_stand_in(answer("503 Busy", "", "Retry-After: 1"), answer("200 OK"))
    began = time.monotonic()
    gateway.push(stand_in.settings(), [GROUP])

    assert 1.0 <= time.monotonic() - began < 2.5


@pytest.mark.parametrize("is_date", [False, True])
def test_a_wait_beyond_the_deadline_is_not_waited(a_stand_in: "MakeStandIn", is_date: bool) -> None:
    wait = formatdate(time.time() + 120, usegmt=True) if is_date else "120"
    stand_in = a_stand_in(answer("429 Too Many Requests", "slow down", f"Retry-After: {wait}"))
    began = time.monotonic()
    failure = fails(stand_in.settings())

    assert time.monotonic() - began < 2.5
    assert str(failure).startswith(
        f"the Pushgateway at {stand_in.url} did not take it within 3 s (1 try; last: "
        "429 Too Many Requests, asks for 1"
    )
    assert str(failure).endswith(" s: slow down)")


# --- what is not ---


@pytest.mark.parametrize(
    ("acts", "said", "hint"),
    [
        (
            answer("400 Bad Request", "text format parsing error in line 1\n"),
            "400 Bad Request: text format parsing error in line 1",
            "the gateway's own words say what it did not like",
        ),
        (
            answer("400 Bad Request", "Client sent an HTTP request to an HTTPS server."),
            "400 Bad Request: Client sent an HTTP request to an HTTPS server.",
            "give its URL as https://127.0.0.1:PORT",
        ),
        (
            answer("404 Not Found"),
            "404 Not Found",
            "--pushgateway-url (PUSHGATEWAY_URL) takes the base URL, such as http://pushgateway:9091",
        ),
        (
            answer("413 Content Too Large"),
            "413 Content Too Large",
            "what stands before the gateway limits the size of a push; push without endpoints",
        ),
        (
            answer("308 Permanent Redirect", "", f"Location: https://u:p@gw/base{PATH}"),
            "308 Permanent Redirect",
            "it redirects; give the base URL https://gw/base itself",
        ),
        (answer("204 No Content"), "204 No Content", None),
    ],
)
def test_an_answer_that_will_not_change_is_asked_for_once(
    a_stand_in: "MakeStandIn", acts: "Act", said: str, hint: str | None
) -> None:
    stand_in = a_stand_in(acts)
    failure = fails(stand_in.settings())

    assert f"PUT {stand_in.url}{PATH} was answered {said}" == str(failure)
    assert hint in (None, failure.hint.replace(str(stand_in.port), "PORT"))
    assert 1 == len(stand_in.heard)


def test_only_the_beginning_of_an_error_page_is_shown(a_stand_in: "MakeStandIn") -> None:
    stand_in = a_stand_in(answer("400 Bad Request", "<p>\r\n\x1b[31m" + "x" * 100_000))
    said = str(fails(stand_in.settings())).partition("Bad Request: ")[2]

    assert "<p> [31m" + "x" * 491 + "…" == said


def test_what_does_not_speak_http_is_asked_once(a_stand_in: "MakeStandIn") -> None:
    stand_in = a_stand_in(lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n"))
    failure = fails(stand_in.settings())

    assert f"PUT {stand_in.url}{PATH}: SSH-2.0-OpenSSH_9.2" == str(failure)
    assert failure.hint.startswith("what answers there is not a Pushgateway; ")
    assert 1 == len(stand_in.heard)


def test_a_port_without_tls_is_asked_once(a_stand_in: "MakeStandIn") -> None:
    stand_in = a_stand_in(answer("400 Bad Request"))
    settings = stand_in.settings(url=stand_in.url.replace("http:", "https:"))
    began = time.monotonic()
    failure = fails(settings)

    assert time.monotonic() - began < 2
    assert "SSL" in str(failure)
    assert "give its URL with http://" in failure.hint


# --- the deadline ---


@pytest.mark.parametrize("act", [hang, drip, drip_an_answer])
def test_a_gateway_that_never_ends_is_left_behind(a_stand_in: "MakeStandIn", act: "Act") -> None:
    stand_in = a_stand_in(act)
    began = time.monotonic()
    failure = fails(stand_in.settings(timeout_seconds=1.0))

    assert 0.6 < time.monotonic() - began < 1.2
    assert str(failure).startswith(
        f"the Pushgateway at {stand_in.url} did not take it within 1 s ("
    )


def test_a_gateway_that_is_down_is_tried_until_the_deadline() -> None:
    settings = PushSettings(url="http://127.0.0.1:1", timeout_seconds=1.0)
    began = time.monotonic()
    failure = fails(settings)

    assert 0.2 < time.monotonic() - began < 1.2
    assert " tries; last: [Errno 111] Connection refused)" in str(failure)


def test_a_host_that_no_name_server_knows_is_tried_until_the_deadline() -> None:
    failure = fails(PushSettings(url="http://no-such-host.invalid:9091", timeout_seconds=1.0))

    assert "the Pushgateway at http://no-such-host.invalid:9091 did not take it" in str(failure)


def test_an_earlier_deadline_may_be_shared_by_all_that_is_left_to_do(
    a_stand_in: "MakeStandIn",
) -> None:
    settings = a_stand_in(hang).settings(timeout_seconds=20.0)
    began = time.monotonic()
    deadline = Deadline.after(0.5)
    failure = fails(settings, deadline=deadline)
    with pytest.raises(PushFailed):
        gateway.delete(settings, KEYS, deadline=deadline)
    warnings = gateway.prune(settings, "checkout", time.time(), deadline=deadline)

    assert time.monotonic() - began < 1
    assert "within 0.5 s" in str(failure)
    assert 1 == len(warnings)


def test_after_the_deadline_nothing_more_is_sent(a_stand_in: "MakeStandIn") -> None:
    """A push that was given up must not overwrite what comes later."""
    stand_in = a_stand_in(answer("503 Busy"))
    before = set(threading.enumerate())
    fails(stand_in.settings(timeout_seconds=0.6))
    sent = len(stand_in.heard)
    time.sleep(0.8)
    new = set(threading.enumerate()) - before

    assert sent == len(stand_in.heard)
    assert "push" not in {thread.name for thread in new}


# --- credentials ---

SECRET = "hünter2 & more"


def echo(connection: socket.socket) -> None:
    """A proxy that shows in its error page what it was sent."""
    encoded = base64.b64encode(f"ann:{SECRET}".encode()).decode()
    answer("401 Unauthorized", f"bad: {SECRET} / Basic {encoded} / Bearer tok-123")(connection)


BASIC = "Authorization: Basic YW5uOmjDvG50ZXIyICYgbW9yZQ=="


@pytest.mark.parametrize(
    ("userinfo", "changes", "header", "shown"),
    [
        (
            "",
            {"username": "ann", "password": SECRET},
            BASIC,
            "bad: *** / Basic *** / Bearer tok-123",
        ),
        ("ann:h%C3%BCnter2%20%26%20more@", {}, BASIC, "bad: *** / Basic *** / Bearer tok-123"),
        (
            "",
            {"token": "tok-123"},
            "Authorization: Bearer tok-123",
            f"bad: {SECRET} / Basic YW5uOmjDvG50ZXIyICYgbW9yZQ== / Bearer ***",
        ),
    ],
)
def test_credentials_are_sent_and_never_shown(
    a_stand_in: "MakeStandIn", userinfo: str, changes: dict[str, str], header: str, shown: str
) -> None:
    """The page that comes back also shows what was not ours; only ours is a secret we know."""
    stand_in = a_stand_in(echo)
    url = stand_in.url.replace("//", f"//{userinfo}")
    failure = fails(stand_in.settings(url=url, **changes))

    assert header in stand_in.heard[0].decode().split("\r\n")
    assert f"PUT {stand_in.url}{PATH} was answered 401 Unauthorized: {shown}" == str(failure)
    assert "give PUSH_USERNAME and PUSH_PASSWORD_FILE, or PUSH_TOKEN_FILE" == failure.hint
    assert None is failure.__cause__


def test_settings_do_not_show_their_secrets() -> None:
    settings = PushSettings(url="http://gw", username="ann", password=SECRET, token="tok-123")

    assert not [secret for secret in (SECRET, "tok-123") if secret in repr(settings)]


def test_a_netrc_does_not_replace_the_credentials(
    a_stand_in: "MakeStandIn", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login root password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    stand_in = a_stand_in(answer("200 OK"))
    gateway.push(stand_in.settings(token="tok-123"), [GROUP])
    gateway.push(stand_in.settings(), [GROUP])
    sent = [b"Authorization: Bearer tok-123" in head for head in stand_in.heard]

    assert [True, False] == sent
    assert b"Authorization" not in stand_in.heard[1]


def test_a_proxy_of_the_environment_is_used_and_named(
    a_stand_in: "MakeStandIn", monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in = a_stand_in(answer("403 Forbidden", "not you"))
    monkeypatch.setenv("HTTP_PROXY", stand_in.url.replace("//", "//ann:hunter2@"))
    monkeypatch.setenv("http_proxy", stand_in.url.replace("//", "//ann:hunter2@"))
    failure = fails(stand_in.settings(url="http://pushgateway:9091"))

    assert stand_in.heard[0].startswith(f"PUT http://pushgateway:9091{PATH} ".encode())
    assert str(failure).endswith(
        f"403 Forbidden: not you (through the environment's proxy {stand_in.url}; NO_PROXY goes "
        "round it)"
    )
    assert "hunter2" not in str(failure)


def test_a_base_url_may_have_a_path_and_a_slash_at_its_end(a_stand_in: "MakeStandIn") -> None:
    stand_in = a_stand_in(answer("202 Accepted"))
    gateway.delete(stand_in.settings(url=f"{stand_in.url}/push/gw/"), KEYS)

    assert [
        f"DELETE /push/gw/metrics/job/canarygate/service/checkout/role/{role} HTTP/1.1"
        for role in ("canary", "stable")
    ] == [head.decode().partition("\r\n")[0] for head in stand_in.heard]


def test_settings_that_name_no_gateway_are_refused() -> None:
    with pytest.raises(ConfigError, match="does not start with http"):
        gateway.push(PushSettings(url="gw:9091"), [GROUP])


def test_a_file_without_a_certificate_is_no_authority(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("not a certificate")
    settings = PushSettings(url="https://gw:9091", ca_file=file)

    with pytest.raises(ConfigError, match="PUSH_CA_FILE: no certificate to be read in "):
        gateway.push(settings, [GROUP])


# --- pruning ---


def listed(service: str, push: float | None, failure: float = 0.0, **labels: str) -> dict[str, Any]:
    times = {"push_time_seconds": push, "push_failure_time_seconds": failure}
    return {
        "labels": {"job": "canarygate", "service": service, **labels},
        **{
            name: {"type": "GAUGE", "metrics": [{"labels": {}, "value": str(value)}]}
            for name, value in times.items()
            if value is not None
        },
    }


def pruned(a_stand_in: "MakeStandIn", groups: Sequence[object], **how: Any) -> Sequence[str]:
    body = json.dumps({"status": "success", "data": groups})
    stand_in = a_stand_in(answer("200 OK", body), answer("202 Accepted"))
    settings = stand_in.settings(prune_after_seconds=100.0)
    assert [] == gateway.prune(settings, "checkout", 1_000.0, **how)
    return [head.decode().partition(" HTTP")[0] for head in stand_in.heard[1:]]


def test_old_groups_of_the_service_are_deleted_and_no_others(a_stand_in: "MakeStandIn") -> None:
    base = "DELETE /metrics/job/canarygate/service/checkout"
    groups = [
        listed("checkout", 899.0, role="canary"),
        listed("checkout", 901.0, role="stable"),
        listed("checkout", 0.0, 950.0, role="refused-lately"),
        listed("checkout", 0.0, 850.0, role="refused-long-ago"),
        listed("checkout", 10.0, team="a/b"),
        listed("checkout", None, None or 0.0, team="unknown"),
        listed("cart", 10.0, role="canary"),
        {**listed("checkout", 10.0), "labels": {"job": "other", "service": "checkout"}},
        {**listed("checkout", 10.0), "labels": {"job": "canarygate"}},
        {"labels": {"job": "canarygate", "service": "checkout", "role": "no-times"}},
    ]

    assert [
        f"{base}/role/canary",
        f"{base}/role/refused-long-ago",
        f"{base}/team@base64/YS9i",
        f"{base}/team/unknown",
    ] == pruned(a_stand_in, groups)


def test_what_is_to_be_kept_is_kept_however_old(a_stand_in: "MakeStandIn") -> None:
    kept = listed("checkout", 1.0, role="canary")

    assert [] == pruned(a_stand_in, [kept], keep=[GroupKey.of("checkout", "canary", "", {})])


@pytest.mark.parametrize(
    ("act", "warning"),
    [
        (answer("404 Not Found"), "was answered 404 Not Found"),
        (answer("200 OK", "<html>"), "/api/v1/metrics holds no list of groups"),
        (answer("200 OK", '{"data": [1]}'), "/api/v1/metrics holds no list of groups"),
        (
            answer(
                "200 OK",
                '{"data": [{"labels": {"job": "canarygate", "service": "checkout"}, '
                '"push_time_seconds": {"metrics": [{"value": "soon"}]}}]}',
            ),
            "/api/v1/metrics holds no list of groups",
        ),
    ],
)
def test_pruning_that_fails_is_a_warning(
    a_stand_in: "MakeStandIn", act: "Act", warning: str
) -> None:
    (said,) = gateway.prune(a_stand_in(act).settings(), "checkout", time.time())

    assert said.startswith("old groups of checkout were not pruned: ")
    assert said.endswith(warning)
