"""Every request the server saw is in the records, once; and both roles are asked the same."""

import csv
import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from canarygate.records import Outcome, Records
from canarygate.results import CANARY, ROLES, STABLE

if TYPE_CHECKING:
    from tests.live.conftest import Gates, Shop, StartShop

pytestmark = pytest.mark.live

FLOWS = Path(__file__).with_name("flows")
Asked = tuple[str, str, str]


def rows(path: Path) -> list[dict[str, str]]:
    """A CSV file of Locust's."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def per_endpoint(records: Records, *, failed: bool = False) -> dict[tuple[str, str], int]:
    """Number of (failed) requests by method and name."""
    chosen = records.endpoint[~records.ok] if failed else records.endpoint
    return dict(Counter(records.endpoints[each] for each in chosen.tolist()))


def assert_csv_files_agree(folder: Path, role: str, records: Records, exceptions: int) -> None:
    """Locust alone lacks up to its last second in each of them."""
    failures = per_endpoint(records, failed=True)
    *endpoints, total = rows(folder / f"{role}_stats.csv")
    history = rows(folder / f"{role}_stats_history.csv")[-1]
    occurrences: Counter[tuple[str, str]] = Counter()
    for row in rows(folder / f"{role}_failures.csv"):
        occurrences[row["Method"], row["Name"]] += int(row["Occurrences"])
    raised = sum(int(row["Count"]) for row in rows(folder / f"{role}_exceptions.csv"))

    assert per_endpoint(records) == {
        (row["Type"], row["Name"]): int(row["Request Count"]) for row in endpoints
    }
    assert failures == {
        (row["Type"], row["Name"]): int(row["Failure Count"])
        for row in endpoints
        if row["Failure Count"] != "0"
    }
    assert failures == occurrences
    assert exceptions == raised
    everything = (len(records), sum(failures.values()))
    assert everything == (int(total["Request Count"]), int(total["Failure Count"]))
    assert everything == (
        int(history["Total Request Count"]),
        int(history["Total Failure Count"]),
    )


SOMETIMES_RAISING = f"""
sys.path.insert(0, {str(FLOWS)!r})
import quick_flow

class Stumbling(quick_flow.QuickShopper):
    @task
    def stumble(self):
        self.view_product(1)
        raise ValueError("a bug of the locustfile's own")
"""
MIXED = [
    ("error=503:12%", "error=500:1%; latency=1-30ms"),
    ("drop=10%; error=429:5%", "latency=100-900ms:30%"),
    ("hang=1%; body=wrong:5%", "drop=5%; body=empty:3%"),
    ("latency=200-800ms", "error=503:100% route=/api/checkout"),
    ("hang=100% after=4s; error=503:5%", "body=broken:20%; latency=4s:1%"),
]


@pytest.mark.parametrize("processes", ["1", "2"])
@pytest.mark.parametrize(
    "faults",
    [pytest.param(MIXED[0], marks=pytest.mark.smoke), *MIXED[1:]],
    ids=[" | ".join(each) for each in MIXED],
)
def test_records_equal_what_the_shops_served(
    gates: "Gates", shop: "StartShop", faults: tuple[str, str], processes: str
) -> None:
    """Two runs each: a canary and a stable version, misbehaving in different ways."""
    shops = {role: shop(fault) for role, fault in zip(ROLES, faults, strict=True)}

    ended = gates.run(
        shops[CANARY].url,
        shops[STABLE].url,
        run_time="5s",
        # Longer than three slow answers in a row: a checkout is not ended half way.
        request_timeout="2s",
        processes=processes,
        locust_file=gates.flow(SOMETIMES_RAISING),
    )

    for role, host in shops.items():
        facts, records = ended.run.file.roles[role], ended.run.records[role]
        settle(host)
        assert (facts.started, 0) == (len(records), facts.unfinished)
        assert host.started == len(records)
        assert host.failed + wrong_bodies(records) == int((~records.ok).sum())
        assert (len(records), int((~records.ok).sum())) == (
            facts.statistics_requests,
            facts.statistics_failures,
        )
        assert facts.exceptions > 0
        assert_csv_files_agree(ended.folder, role, records, facts.exceptions)
        assert sequences_are_whole(records)


def settle(shop: "Shop") -> None:
    """A shop notices within moments that its last clients have left."""
    deadline = time.monotonic() + 5
    while shop.started != shop.total("http_requests_total") + shop.total(
        "shop_requests_aborted_total"
    ):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def wrong_bodies(records: Records) -> int:
    """Failures that the shop calls successes: its status was fine."""
    answered = (records.status >= 200) & (records.status < 400)
    return int((answered & ~records.ok).sum())


def sequences_are_whole(records: Records) -> bool:
    """Each user's requests are numbered 1, 2, 3… without a gap and without a second one."""
    return all(
        sorted(records.sequence[records.user == index].tolist())
        == list(range(1, int((records.user == index).sum()) + 1))
        for index in range(len(records.users))
    )


@pytest.mark.parametrize("processes", ["1", "2"])
def test_requests_under_way_at_an_early_end_are_counted_as_unfinished(
    gates: "Gates", shop: "StartShop", processes: str
) -> None:
    host = shop("latency=1s:20%")
    gate = gates.start(host.url, run_time="30s", processes=processes)
    gate.wait_for_requests(300)
    gate.signal(15)

    ended = gate.end()

    facts, records = ended.run.file.roles[CANARY], ended.run.records[CANARY]
    settle(host)
    # A request may be ended between its count and its first byte.
    assert 0 <= len(records) + facts.unfinished - host.started <= 1
    assert facts.unfinished > 1
    assert_csv_files_agree(ended.folder, CANARY, records, facts.exceptions)


@pytest.mark.parametrize("processes", ["1", "2"])
@pytest.mark.parametrize("flow", ["quick_flow.py", "foreign_flow.py"])
def test_both_roles_are_asked_the_same_however_slow_one_is(
    gates: "Gates", flow: str, processes: str
) -> None:
    with recording(low=0.2, high=0.8) as slow, recording() as fast:
        ended = gates.run(
            slow.url,
            fast.url,
            run_time="5s",
            processes=processes,
            locust_file=str(FLOWS / flow),
            seed="the same",
        )

    assert [{Outcome.OK}, {Outcome.OK}] == [set(ended.outcomes(role)) for role in ROLES]
    recorded = {role: by_user(records) for role, records in ended.run.records.items()}
    for canary, stable in (
        (recorded[CANARY], recorded[STABLE]),
        (slow.asked, fast.asked),
    ):
        assert 20 == len(canary)
        assert canary.keys() == stable.keys()
        assert [] == [user for user in canary if not is_prefix(canary[user], stable[user])]
        assert min(len(asked) for asked in canary.values()) >= 4
        assert sum(map(len, stable.values())) > 1.5 * sum(map(len, canary.values()))
    assert 20 == len({tuple(asked[:6]) for asked in fast.asked.values()})


def by_user(records: Records) -> dict[str, list[Asked]]:
    """What the records say that each user did, in order."""
    sequences: dict[str, list[tuple[int, Asked]]] = defaultdict(list)
    for user, sequence, endpoint in zip(
        records.user.tolist(), records.sequence.tolist(), records.endpoint.tolist(), strict=True
    ):
        asked = (*records.endpoints[endpoint], "")
        sequences[records.users[user]].append((sequence, asked))
    return {user: [asked for _, asked in sorted(found)] for user, found in sequences.items()}


def is_prefix(one: list[Asked], other: list[Asked]) -> bool:
    """The slow role comes less far; as far as it comes, it is asked the same."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


class Recording:
    """A stand-in for a shop that writes down who asked for what."""

    def __init__(self, delay: Callable[[], float]) -> None:
        self.delay = delay
        self.asked: dict[str, list[Asked]] = defaultdict(list)
        self.url = ""

    def answer(self, user: str, method: str, path: str, body: str) -> tuple[int, object]:
        """The same for the same user's same request, so that an order has the same number."""
        self.asked[user].append((method, path, body))
        if path.startswith("/api/checkout"):
            return 201, {"orderId": f"{len(self.asked[user])}"}
        if path.startswith("/api/orders/"):
            return 200, {"orderId": path.rpartition("/")[2], "status": "confirmed"}
        if path.startswith("/api/cart/items"):
            return 201, {"items": [json.loads(body)]}
        if path.startswith("/api/products?"):
            return 200, {"products": []}
        return 200, {"id": int(path.rpartition("/")[2]), "name": "a thing"}


@contextmanager
def recording(low: float = 0.0, high: float = 0.0) -> Iterator[Recording]:
    """One on loopback, with so much latency."""
    random = Random(1)
    shop = Recording(lambda: random.uniform(low, high))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            user = self.headers.get("X-User")
            status, answer = (
                (404, {}) if user is None else shop.answer(user, self.command, self.path, body)
            )
            time.sleep(shop.delay() if user else 0)
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None: ...

    class Server(ThreadingHTTPServer):
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    shop.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield shop
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
