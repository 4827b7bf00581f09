"""The shop as a process, asked over real connections."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from statistics import median

import pytest
import requests

from tests.shop.conftest import RunningShop, StartShop

pytestmark = pytest.mark.live


def connect(shop: RunningShop, timeout: float = 5) -> closing[http.client.HTTPConnection]:
    return closing(http.client.HTTPConnection("127.0.0.1", shop.port, timeout=timeout))


def get_once(shop: RunningShop, path: str = "/api/products/42") -> int:
    with connect(shop) as connection:
        return get(connection, path)


def get(connection: http.client.HTTPConnection, path: str = "/api/products/42") -> int:
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def buy(shop: RunningShop) -> list[int]:
    """A whole purchase, as one customer with cookies."""
    with requests.Session() as session:
        session.headers["X-Load-Test"] = "canarygate/test"
        cart = session.post(f"{shop.url}/api/cart/items", json={"productId": 42, "quantity": 1})
        order = session.post(f"{shop.url}/api/checkout", json={"paymentMethod": "card_test"})
        seen = session.get(f"{shop.url}/api/orders/{order.json()['orderId']}")
        return [cart.status_code, order.status_code, seen.status_code]


def stop(shop: RunningShop, number: int = signal.SIGTERM) -> tuple[int, float]:
    """How the process ended, and after how many seconds."""
    began = time.monotonic()
    shop.process.send_signal(number)
    status = shop.process.wait(timeout=10)
    return status, time.monotonic() - began


@pytest.mark.smoke
def test_a_shop_starts_sells_tells_and_stops(start_shop: StartShop) -> None:
    shop = start_shop("")
    bought = buy(shop)
    answer = requests.get(f"{shop.url}/readyz", timeout=5)
    series = shop.series()
    sold = (
        'http_requests_total{method="POST",route="/api/checkout",status_code="201",'
        'traffic="synthetic",version="v7"}'
    )
    status, seconds = stop(shop)

    assert [201, 201, 200] == bought
    assert (200, "v7") == (answer.status_code, answer.headers["X-Version"])
    assert 1 == series[sold]
    assert 10_000_000 < series["process_resident_memory_bytes"] < 200_000_000
    assert abs(time.time() - series["process_start_time_seconds"]) < 60
    assert (0, True) == (status, seconds < 3)


def test_a_shop_says_one_line_and_no_more(start_shop: StartShop) -> None:
    shop = start_shop("")
    buy(shop)
    stop(shop, signal.SIGINT)
    assert shop.process.stdout is not None

    assert "" == shop.process.stdout.read()
    assert f"http://127.0.0.1:{shop.port}" == shop.url


def test_a_keep_alive_connection_has_no_latency_of_its_own(start_shop: StartShop) -> None:
    """Without TCP_NODELAY every answer would take the 40 ms of a delayed acknowledgement."""
    durations = []
    with connect(start_shop("")) as connection:
        for _ in range(300):
            began = time.perf_counter()
            get(connection)
            durations.append(time.perf_counter() - began)

    assert median(durations) < 0.005


def test_what_was_served_is_counted_exactly_under_concurrency(start_shop: StartShop) -> None:
    shop = start_shop("base=0-5ms; error=503:10%; drop=10%")

    def ask(_: int) -> int:
        try:
            return get_once(shop)
        except http.client.RemoteDisconnected:
            return 0

    with ThreadPoolExecutor(16) as pool:
        seen = list(pool.map(ask, range(800)))
    counted = shop.counts()
    dropped = seen.count(0)

    assert {0, 200, 503} == set(seen)
    assert {
        "http_requests_started_total": 800,
        "http_requests_total": 800 - dropped,
        "shop_requests_aborted_total": dropped,
    } == counted


def test_a_dropped_request_ends_without_a_word(start_shop: StartShop) -> None:
    shop = start_shop("drop=100% route=/api/checkout")

    with pytest.raises(http.client.RemoteDisconnected):
        get_once(shop, "/api/checkout")
    assert 200 == get_once(shop)


def test_a_request_that_hangs_is_given_up_by_its_client_and_then_counted(
    start_shop: StartShop,
) -> None:
    shop = start_shop("hang=100%")
    with connect(shop, timeout=0.3) as connection:
        with pytest.raises(TimeoutError):
            get(connection)
        hanging = shop.counts()
    time.sleep(0.1)
    started = {"http_requests_started_total": 1.0, "http_requests_total": 0.0}

    assert {**started, "shop_requests_aborted_total": 0.0} == hanging
    assert {**started, "shop_requests_aborted_total": 1.0} == shop.counts()


def test_a_freeze_stops_everything_and_then_everything_goes_on(start_shop: StartShop) -> None:
    shop = start_shop("freeze=600ms after=500ms")
    slowest = 0.0
    ends = time.monotonic() + 1.5
    with connect(shop) as connection:
        while time.monotonic() < ends:
            began = time.monotonic()
            get(connection, "/healthz")
            slowest = max(slowest, time.monotonic() - began)
            time.sleep(0.01)

    assert 0.55 < slowest < 2.5


def test_latency_is_what_was_asked_for(start_shop: StartShop) -> None:
    shop = start_shop("latency=100-150ms")

    def measure(_: int) -> float:
        began = time.perf_counter()
        get_once(shop)
        return time.perf_counter() - began

    with ThreadPoolExecutor(8) as pool:
        durations = sorted(pool.map(measure, range(64)))

    assert 0.1 <= durations[0]
    assert durations[48] < 0.2


def test_a_wrong_body_comes_with_a_good_status(start_shop: StartShop) -> None:
    wrong = requests.get(f"{start_shop('body=wrong').url}/api/products/42", timeout=5)
    broken = requests.get(f"{start_shop('body=broken').url}/api/products/42", timeout=5)

    assert (200, -1) == (wrong.status_code, wrong.json()["id"])
    assert (200, "<html>It works!</html>") == (broken.status_code, broken.text)


def test_a_leak_is_real_memory(start_shop: StartShop) -> None:
    shop = start_shop("leak=1MB; leak=10MB/s for=500ms")
    before = shop.series()
    with connect(shop) as connection:
        for _ in range(40):
            get(connection)
    time.sleep(0.8)
    after = shop.series()
    grown, leaked = (
        after[name] - before[name]
        for name in ("process_resident_memory_bytes", "shop_leaked_bytes")
    )

    assert 40_000_000 < leaked < 46_000_000
    assert leaked * 0.9 < grown < leaked * 1.3


def test_a_healthy_shop_does_not_grow(start_shop: StartShop) -> None:
    """Else the projection of memory would call a leak where there is none."""
    shop = start_shop("")
    for _ in range(30):
        buy(shop)
    before = shop.series()["process_resident_memory_bytes"]
    with connect(shop) as connection:
        for number in range(3_000):
            get(connection, f"/api/products?q=wireless&limit={number % 20 + 1}")
    for _ in range(100):
        buy(shop)

    assert shop.series()["process_resident_memory_bytes"] - before < 2_000_000


@pytest.mark.parametrize("faults", ["hang=100%", "latency=1m", "freeze=30s after=10ms"])
def test_a_shop_stops_at_once_whatever_it_is_doing(start_shop: StartShop, faults: str) -> None:
    shop = start_shop(faults)
    with socket.create_connection(("127.0.0.1", shop.port)) as client:
        client.sendall(b"GET /api/products/42 HTTP/1.1\r\n\r\n")
        time.sleep(0.2)
        status, seconds = stop(shop)

    assert (0, True) == (status, seconds < 3)


def test_a_stop_lets_the_answers_under_way_go_out_and_is_not_ready(start_shop: StartShop) -> None:
    shop = start_shop("latency=300ms")
    ending: list[tuple[int, float]] = []
    stopper = threading.Thread(target=lambda: ending.append(stop(shop)))
    with connect(shop) as connection:
        connection.request("GET", "/api/products/42")
        time.sleep(0.1)
        stopper.start()
        time.sleep(0.05)
        ready = get_once(shop, "/readyz")
        answer = connection.getresponse()
        body = answer.read()
    stopper.join()

    assert 503 == ready
    assert (200, "close") == (answer.status, answer.headers["Connection"])
    assert 42 == json.loads(body)["id"]
    assert (0, True) == (ending[0][0], ending[0][1] < 3)


def test_a_taken_port_is_said_with_the_way_out(start_shop: StartShop) -> None:
    port = start_shop("").port
    program = f"""
from canarygate.errors import ConfigError
from canarygate.shop.app import ShopSettings, serve
try:
    serve(ShopSettings(port={port}))
except ConfigError as error:
    print(error, error.hint, sep="\\n", end="")
"""
    second = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True
    )

    assert [
        f"127.0.0.1:{port} is taken by another process",
        "choose another port with --port (PORT); 0 picks a free one",
    ] == second.stdout.splitlines()
    assert "" == second.stderr
