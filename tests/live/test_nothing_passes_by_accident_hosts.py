"""Hosts that are no hosts, that do not answer, or that answer nonsense: none of them passes."""

import contextlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from canarygate.records import Outcome
from tests.live.conftest import LIMITS_ONLY

if TYPE_CHECKING:
    from tests.live.conftest import Gates, Shop, StartShop

pytestmark = pytest.mark.live

NOWHERE = ["", " ", "127.0.0.1:8080", "localhost", "ftp://127.0.0.1:8080", "http://", "http://:80"]


@pytest.mark.parametrize("host", NOWHERE)
def test_a_host_that_is_empty_or_without_scheme_is_refused(gates: "Gates", host: str) -> None:
    ended = gates.run(host)

    assert (2, "none", "none") == ended.answer
    assert "--target-host (TARGET_HOST)" in ended.err


@pytest.mark.parametrize("environ", [{}, {"TARGET_HOST": ""}, {"TARGET_HOST": "shop:80"}])
def test_a_host_from_the_environment_is_held_to_the_same(
    gates: "Gates", environ: dict[str, str]
) -> None:
    ended = gates.run(None, environ=environ)

    assert (2, "none", "none") == ended.answer
    assert "--target-host (TARGET_HOST)" in ended.err


def test_an_empty_stable_host_is_not_silently_left_out(gates: "Gates", canary: "Shop") -> None:
    """`--stable-host "$STABLE"` with an unset variable would compare with nothing."""
    ended = gates.run(canary.url, "")

    assert (2, "none", "none") == ended.answer
    assert "--stable-host (STABLE_HOST)" in ended.err


@pytest.mark.smoke
def test_a_host_that_refuses_breaks_the_run(gates: "Gates", refusing: str) -> None:
    ended = gates.run(refusing)

    assert (3, "broken", "inconclusive") == ended.answer
    assert {Outcome.REFUSED} == set(ended.outcomes())
    assert "nothing answered on any host" in ended.err


def test_a_host_name_that_nobody_knows_breaks_the_run(gates: "Gates") -> None:
    ended = gates.run("http://canary.invalid", run_time="3s", request_timeout="1s")

    assert (3, "broken", "inconclusive") == ended.answer


def test_a_host_that_accepts_and_never_answers_breaks_the_run(gates: "Gates", silent: str) -> None:
    """Locust alone: 0 requests, 0 failures, exit code 0."""
    ended = gates.run(silent, run_time="3s", request_timeout="1s", processes="2")

    assert (3, "broken", "inconclusive") == ended.answer
    assert {Outcome.TIMEOUT} == set(ended.outcomes())


def test_a_host_that_reads_and_never_answers_a_requests_user_breaks_the_run(
    gates: "Gates", shop: "StartShop"
) -> None:
    """Locust's own HttpUser waits for ever."""
    hanging = shop("hang=100%")

    ended = gates.run(
        hanging.url, run_time="3s", request_timeout="1s", locust_file=gates.flow(REQUESTS_USER)
    )

    assert (3, "broken", "inconclusive") == ended.answer
    assert {Outcome.TIMEOUT: hanging.started} == ended.outcomes()


@pytest.mark.parametrize("client", ["FastHttpUser", "HttpUser"])
def test_a_host_that_trickles_its_answers_has_not_answered_in_time(
    gates: "Gates", trickling: str, client: str
) -> None:
    """Both clients' own time limits are per read, and each read here is short."""
    flow = gates.flow(REQUESTS_USER.replace("HttpUser", client))

    ended = gates.run(trickling, run_time="4s", request_timeout="1s", locust_file=flow)

    assert ended.code in (3, 10)
    assert {Outcome.TIMEOUT} == set(ended.outcomes())


@pytest.mark.parametrize("client", ["FastHttpUser", "HttpUser"])
def test_a_streamed_body_that_stops_coming_passes_nothing(gates: "Gates", client: str) -> None:
    """It is read after the request has returned, where no deadline stands over it."""
    flow = gates.flow(STREAMING_USER.replace("HttpUser", client))
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as listening:
        host = f"http://127.0.0.1:{listening.getsockname()[1]}"
        threading.Thread(target=stop_half_way, args=(listening,), daemon=True).start()

        ended = gates.run(host, run_time="6s", request_timeout="1s", locust_file=flow)

    assert (3, "broken", "inconclusive") == ended.answer


@pytest.mark.parametrize("client", ["FastHttpUser", "HttpUser"])
def test_a_host_that_leads_everybody_to_another_one_does_not_pass(
    gates: "Gates", canary: "Shop", client: str
) -> None:
    """Both clients follow, and a login page answers 200 to everything."""
    flow = gates.flow(REQUESTS_USER.replace("HttpUser", client))
    with ThreadingHTTPServer(("127.0.0.1", 0), leading_to(canary.url)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()

        # Two answers for each request: on a busy machine some are slow, which is not the question.
        policy = gates.folder / "patient.toml"
        policy.write_text(LIMITS_ONLY + "[[slow]]\nslower_than_seconds = 30.0\nshare = 0.5\n")

        ended = gates.run(
            f"http://127.0.0.1:{server.server_port}",
            locust_file=flow,
            policy=str(policy),
        )
        server.shutdown()

    assert (11, "finished", "inconclusive") == ended.answer
    assert {"run.target"} == set(ended.open_checks)


def leading_to(host: str) -> type[BaseHTTPRequestHandler]:
    """A handler that sends everybody to another host."""

    class Leader(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", f"{host}{self.path}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    return Leader


def stop_half_way(listening: socket.socket) -> None:
    """Answer with the beginning of a body, and keep the connection."""
    kept = []
    with contextlib.suppress(OSError):
        while True:
            connection = listening.accept()[0]
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegin")
            kept.append(connection)


def test_a_host_that_hangs_after_its_first_answers_does_not_pass(
    gates: "Gates", shop: "StartShop", stable: "Shop"
) -> None:
    freezing = shop("hang=100% after=4s")

    ended = gates.run(freezing.url, stable.url, run_time="6s", request_timeout="1s")

    assert ended.answer in [(10, "finished", "fail"), (11, "finished", "inconclusive")]
    assert ended.outcomes()[Outcome.TIMEOUT] >= 20


def test_a_host_that_answers_500_fails(gates: "Gates", shop: "StartShop") -> None:
    ended = gates.run(shop("error=500").url)

    assert (10, "finished", "fail") == ended.answer
    assert {Outcome.HTTP_5XX} == set(ended.outcomes())


def test_a_host_that_answers_200_with_a_wrong_body_fails(gates: "Gates", shop: "StartShop") -> None:
    ended = gates.run(shop("body=wrong").url)

    assert (10, "finished", "fail") == ended.answer
    assert {Outcome.BODY} == set(ended.outcomes())


@pytest.mark.parametrize("client", ["FastHttpUser", "HttpUser"])
def test_dropped_connections_are_failures_and_not_retried(
    gates: "Gates", shop: "StartShop", client: str
) -> None:
    """FastHttpUser sends a dropped GET up to 12 times: 30 % of drops showed as 0 % failures."""
    dropping = shop("drop=30%")

    ended = gates.run(
        dropping.url, locust_file=gates.flow(REQUESTS_USER.replace("HttpUser", client))
    )

    assert (10, "finished", "fail") == ended.answer
    assert dropping.started == ended.records()
    assert dropping.total("shop_requests_aborted_total") == ended.outcomes()[Outcome.DROPPED]
    assert 0.2 < ended.outcomes()[Outcome.DROPPED] / ended.records() < 0.4


@pytest.mark.parametrize("client", ["Fast", "Requests"])
def test_a_client_that_is_told_to_try_again_tries_once(
    gates: "Gates", shop: "StartShop", client: str
) -> None:
    """Six tries at a server that fails three times in ten would look like 0.07 % of failures."""
    failing = shop("error=503:30%")

    ended = gates.run(failing.url, locust_file=gates.flow(RETRYING_USERS[client]))

    assert (10, "finished", "fail") == ended.answer
    assert failing.started == ended.records()
    assert 0.2 < ended.outcomes()[Outcome.HTTP_5XX] / ended.records() < 0.4


def test_a_results_folder_that_cannot_be_written_sends_nothing(
    gates: "Gates", shop: "StartShop", tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    host = shop()

    ended = gates.run(host.url, results_dir=str(tmp_path / "file"))

    assert 2 == ended.code
    assert 0 == host.started


RETRYING_USERS = {
    "Fast": """
class Shopper(FastHttpUser):
    wait_time = between(0.05, 0.2)
    max_retries = 5

    @task
    def look(self):
        self.client.get("/api/products/7", name="/api/products/:id")
""",
    "Requests": """
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry


class Shopper(HttpUser):
    wait_time = between(0.05, 0.2)

    def on_start(self):
        again = Retry(5, status_forcelist=[503])
        self.client.mount("http://", HTTPAdapter(max_retries=again))

    @task
    def look(self):
        self.client.get("/api/products/7", name="/api/products/:id")
""",
}
STREAMING_USER = """
class Shopper(HttpUser):
    wait_time = between(0.05, 0.2)

    @task
    def look(self):
        with self.client.get("/", stream=True, catch_response=True) as answer:
            answer.content
"""
REQUESTS_USER = """
class Shopper(HttpUser):
    wait_time = between(0.05, 0.2)

    @task
    def look(self):
        self.client.get("/api/products/7", name="/api/products/:id")
"""
