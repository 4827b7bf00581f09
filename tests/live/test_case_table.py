"""The table of cases in the documentation of the exit codes, row by row, with what was pushed."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

from canarygate.records import Outcome

if TYPE_CHECKING:
    from tests.live.conftest import Ended, Gates, Gateway, Shop, StartShop

pytestmark = pytest.mark.live

SERVICE = "checkout"


class Table:
    """Runs gates that push to one gateway as one service."""

    def __init__(self, gates: "Gates", gateway: "Gateway") -> None:
        self.gates = gates
        self.gateway = gateway
        self.options: dict[str, Any] = {
            "service": SERVICE,
            "pushgateway_url": gateway.url,
            "push_timeout": "3s",
        }

    def run(self, canary: str, stable: str | None = None, *more: str, **options: str) -> "Ended":
        """One gate from start to end."""
        return self.gates.run(canary, stable, *more, **(self.options | options))

    def assert_pushed(self, ended: "Ended") -> None:
        """The verdict and the counts are this run's, and nobody else's."""
        series = self.gateway.series(SERVICE)
        run_ids = {
            part.removeprefix('run_id="').rstrip('"')
            for name in series
            if name.startswith("canarygate_run_info{")
            for part in name.split(",")
            if part.startswith('run_id="')
        }
        counts = {role: len(records) for role, records in ended.run.records.items() if len(records)}

        assert ended.report["verdict"] == self.gateway.verdict(SERVICE)
        assert {ended.folder.name} == run_ids
        assert counts == {
            role: number for role, number in self.gateway.requests(SERVICE).items() if number
        }


@pytest.fixture
def table(gates: "Gates", gateway: "Gateway") -> Table:
    """Gates with a gateway."""
    return Table(gates, gateway)


@pytest.mark.smoke
def test_every_check_passes(table: Table, canary: "Shop", stable: "Shop") -> None:
    ended = table.run(canary.url, stable.url)

    assert (0, "finished", "pass") == ended.answer
    table.assert_pushed(ended)


def test_a_canary_with_errors_that_stable_has_not(
    table: Table, shop: "StartShop", stable: "Shop"
) -> None:
    ended = table.run(shop("error=503:12%").url, stable.url)

    assert (10, "finished", "fail") == ended.answer
    table.assert_pushed(ended)


def test_a_canary_with_latency_that_stable_has_not(
    table: Table, shop: "StartShop", stable: "Shop"
) -> None:
    ended = table.run(shop("latency=200-800ms").url, stable.url, run_time="6s")

    assert (10, "finished", "fail") == ended.answer
    assert "slower than 0.5 s" in ended.report["sentence"]
    table.assert_pushed(ended)


def test_a_canary_that_refuses_while_stable_answers(
    table: Table, refusing: str, stable: "Shop"
) -> None:
    ended = table.run(refusing, stable.url)

    assert (10, "finished", "fail") == ended.answer
    assert {Outcome.REFUSED} == set(ended.outcomes())
    table.assert_pushed(ended)


def test_a_canary_that_hangs_while_stable_answers(
    table: Table, silent: str, stable: "Shop"
) -> None:
    ended = table.run(silent, stable.url, run_time="5s", request_timeout="1s")

    assert (10, "finished", "fail") == ended.answer
    assert {Outcome.TIMEOUT} == set(ended.outcomes())
    table.assert_pushed(ended)


def test_both_unhealthy(table: Table, shop: "StartShop") -> None:
    ended = table.run(shop("error=503:30%").url, shop("error=503:30%", "v1").url)

    assert (11, "finished", "inconclusive") == ended.answer
    table.assert_pushed(ended)


def test_only_stable_dead(table: Table, canary: "Shop", refusing: str) -> None:
    ended = table.run(canary.url, refusing)

    assert (11, "finished", "inconclusive") == ended.answer
    table.assert_pushed(ended)


@pytest.mark.parametrize(
    ("on_inconclusive", "code"), [("fail", 11), pytest.param("pass", 0, marks=pytest.mark.smoke)]
)
def test_too_little_evidence(
    table: Table, canary: "Shop", stable: "Shop", on_inconclusive: str, code: int
) -> None:
    """With `pass` a verdict step reads what was pushed, and pauses the rollout."""
    ended = table.run(
        canary.url, stable.url, users="2", run_time="3s", on_inconclusive=on_inconclusive
    )

    assert (code, "finished", "inconclusive") == ended.answer
    table.assert_pushed(ended)


@pytest.mark.parametrize("bad", [[], ["--no-require-push"]], ids=["no gateway", "not required"])
def test_an_inconclusive_run_is_no_pass_where_nobody_would_see_it(
    gates: "Gates", shop: "StartShop", bad: list[str]
) -> None:
    host = shop()
    url = ["--pushgateway-url", "http://127.0.0.1:1"] if bad else []

    ended = gates.run(host.url, None, *url, *bad, on_inconclusive="pass")

    assert (2, "none", "none") == ended.answer
    assert 0 == host.started


def test_on_inconclusive_pass_excuses_no_failure_and_no_broken_run(
    table: Table, shop: "StartShop", refusing: str
) -> None:
    failed = table.run(shop("error=503").url, on_inconclusive="pass")
    broken = table.run(refusing, on_inconclusive="pass", run_time="2s")

    assert (10, "finished", "fail") == failed.answer
    assert (3, "broken", "inconclusive") == broken.answer
    table.assert_pushed(broken)


def test_nothing_answered_on_any_host(table: Table, refusing: str, silent: str) -> None:
    ended = table.run(refusing, silent, run_time="3s", request_timeout="1s")

    assert (3, "broken", "inconclusive") == ended.answer
    table.assert_pushed(ended)


@pytest.mark.parametrize(
    ("number", "code"), [pytest.param(15, 143, id="SIGTERM"), pytest.param(2, 130, id="SIGINT")]
)
def test_a_signal(table: Table, canary: "Shop", stable: "Shop", number: int, code: int) -> None:
    gate = table.gates.start(canary.url, stable.url, run_time="30s", **table.options)
    gate.wait_for_requests(400)
    gate.signal(number)

    ended = gate.end(15)

    assert (code, "interrupted", "inconclusive") == ended.answer
    table.assert_pushed(ended)


@pytest.mark.parametrize("gateway_is", ["refusing", "silent", "answering 500"])
def test_the_old_group_cannot_be_deleted(
    gates: "Gates", shop: "StartShop", gateway_is: str, refusing: str, silent: str
) -> None:
    """A query made while the load runs would read the last run's verdict."""
    hosts = [shop(), shop("", "v1")]
    failing = shop("error=500")
    urls = {"refusing": refusing, "silent": silent, "answering 500": failing.url}

    ended = gates.run(
        *(each.url for each in hosts), pushgateway_url=urls[gateway_is], push_timeout="2s"
    )

    assert (4, "not started", "none") == ended.answer
    assert [0, 0] == [each.started for each in hosts]


@pytest.mark.parametrize(
    ("faults", "answer"),
    [
        ("", (4, "finished", "pass")),
        pytest.param("error=503:20%", (10, "finished", "fail"), marks=pytest.mark.smoke),
    ],
    ids=["pass", "fail"],
)
def test_a_gateway_that_dies_during_the_load(
    table: Table, shop: "StartShop", stable: "Shop", faults: str, answer: tuple[int, str, str]
) -> None:
    gate = table.gates.start(shop(faults).url, stable.url, **table.options)
    gate.wait_for_requests(50)
    table.gateway.kill()

    ended = gate.end()

    assert answer == ended.answer
    assert f"canarygate push {ended.folder}" in ended.err


def test_a_push_that_is_not_required_changes_nothing_but_a_warning(
    gates: "Gates", canary: "Shop", stable: "Shop", refusing: str
) -> None:
    ended = gates.run(
        canary.url,
        stable.url,
        "--no-require-push",
        pushgateway_url=refusing,
        push_timeout="1s",
    )

    assert (0, "finished", "pass") == ended.answer
    assert "not pushed" in ended.err
    assert "old groups were not deleted" in ended.err


def test_bad_usage_sends_nothing_and_tells_every_problem(table: Table, shop: "StartShop") -> None:
    host = shop()

    ended = table.run(host.url, host.url, users="0", run_time="0s", locust_file="no.py")

    assert (2, "none", "none") == ended.answer
    assert {"STABLE_HOST", "USERS", "RUN_TIME", "LOCUST_FILE"} <= set(
        re.findall(r"\((\w+)\)", ended.err)
    )
    assert 0 == host.started
    assert {} == table.gateway.series(SERVICE)


def test_the_same_process_behind_both_hosts(table: Table, shop: "StartShop") -> None:
    """Two Services may select the same pods: a comparison with itself always looks fine."""
    both = shop("", "v1", "0.0.0.0")

    ended = table.run(both.url, f"http://127.0.0.2:{both.port}")

    assert (11, "finished", "inconclusive") == ended.answer
    assert {"run.identity"} == set(ended.open_checks)
    table.assert_pushed(ended)


def test_a_query_made_while_the_load_runs_finds_nothing(
    table: Table, canary: "Shop", stable: "Shop", shop: "StartShop"
) -> None:
    first = table.run(canary.url, stable.url)
    assert "pass" == table.gateway.verdict(SERVICE)

    gate = table.gates.start(shop("error=503:20%").url, stable.url, **table.options)
    gate.wait_for_requests(20)
    found_meanwhile = table.gateway.series(SERVICE)
    second = gate.end()

    assert {} == found_meanwhile
    assert (0, 10) == (first.code, second.code)
    table.assert_pushed(second)


def test_another_services_groups_stay(table: Table, canary: "Shop") -> None:
    table.run(canary.url, run_time="2s", service="search")
    before = table.gateway.series("search")

    table.run(canary.url, run_time="2s")

    assert before
    assert before == table.gateway.series("search")


class Stalling:
    """A gateway that can be made to hang: it accepts, forwards or falls silent."""

    def __init__(self, target: str) -> None:
        self._target = int(target.rpartition(":")[2])
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.is_silent = False
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Nobody waits for it any more."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self._open.append(client)
                if self.is_silent:
                    continue
                server = socket.create_connection(("127.0.0.1", self._target))
                self._open.append(server)
                for one, other in ((client, server), (server, client)):
                    threading.Thread(target=_pump, args=(one, other), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


@contextmanager
def stalling(target: str) -> Iterator[Stalling]:
    """One in front of a real gateway."""
    proxy = Stalling(target)
    try:
        yield proxy
    finally:
        proxy.close()


def test_sigterm_ends_everything_in_time_though_the_gateway_hangs_and_requests_are_slow(
    gates: "Gates", gateway: "Gateway", shop: "StartShop"
) -> None:
    """15 s: within a pod's grace period, whatever else goes wrong."""
    with stalling(gateway.url) as proxy:
        gate = gates.start(
            shop("latency=5s").url,
            shop("latency=5s", "v1").url,
            run_time="30s",
            request_timeout="8s",
            pushgateway_url=proxy.url,
        )
        gate.wait_for_requests(1)
        proxy.is_silent = True
        seconds = seconds_to_end(lambda: gate.signal(15), lambda: gate.process.wait(30))
        ended = gate.end()

    assert (143, "interrupted", "inconclusive") == ended.answer
    assert seconds < 15


def test_sigterm_ends_the_wait_for_a_hanging_gateway_before_the_load(
    gates: "Gates", shop: "StartShop", silent: str
) -> None:
    host = shop()
    gate = gates.start(host.url, pushgateway_url=silent, push_timeout="60s")
    gate.wait_for_locust()
    time.sleep(1)

    seconds = seconds_to_end(lambda: gate.signal(15), lambda: gate.process.wait(30))
    ended = gate.end()

    assert (143, "interrupted", "inconclusive") == ended.answer
    assert seconds < 15
    assert 0 == host.started


def test_sigterm_ends_the_wait_for_a_hanging_gateway_after_the_load(
    gates: "Gates", gateway: "Gateway", canary: "Shop", stable: "Shop"
) -> None:
    with stalling(gateway.url) as proxy:
        gate = gates.start(
            canary.url, stable.url, pushgateway_url=proxy.url, push_timeout="60s", run_time="3s"
        )
        gate.wait_for_requests(10)
        proxy.is_silent = True
        gate.until((gate.folder / "metrics.prom").exists, "the push begins")
        time.sleep(0.5)
        seconds = seconds_to_end(lambda: gate.signal(15), lambda: gate.process.wait(30))
        ended = gate.end()

    assert (143, "interrupted", "inconclusive") == ended.answer
    assert seconds < 15


def seconds_to_end(start: Callable[[], object], end: Callable[[], object]) -> float:
    """How long from the one to the other."""
    began = time.monotonic()
    start()
    end()
    return time.monotonic() - began
