"""Open arrival with real servers: freezes show, twins stay in step, and nothing passes by sending less."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from canarygate.judge.arm import read_arm
from canarygate.judge.pace import pace
from canarygate.records import Records
from canarygate.results import CANARY, ROLES, STABLE, Run, read_run
from canarygate.verdict import Check

if TYPE_CHECKING:
    from tests.live.conftest import Gates, StartShop

pytestmark = pytest.mark.live

FLOWS = Path(__file__).with_name("flows")
CHECKOUT = Path(__file__).parents[2] / "locustfiles" / "checkout_flow.py"
OPEN: Any = {"arrival": "open"}


def latency(records: Records) -> NDArray[np.float64]:
    """Seconds from the intended start, of each success."""
    since: NDArray[np.float64] = (records.end - records.intended_start)[records.ok]
    return since


def pace_of(run: Run) -> Check:
    return pace(
        run.file,
        [read_arm(role, facts, run.records[role], 0.0) for role, facts in run.file.roles.items()],
    )


def kept(run: Run, role: str = CANARY) -> float:
    """The share of the schedule that was begun."""
    facts = run.file.roles[role]
    return facts.begun / facts.scheduled


def running(host: str, results: Path, name: str, *more: str) -> "subprocess.Popen[bytes]":
    """`canarygate run` for 20 s with five users."""
    command = [sys.executable, "-m", "canarygate", "run", "--target-host", host, "--users", "5"]
    command += ["--spawn-rate", "50", "--run-time", "20s", "--warm-up", "2s", "--run-id", name]
    return subprocess.Popen(
        [*command, "--results-dir", str(results), *more],
        env={"PATH": os.environ["PATH"], "HOME": str(results.parent)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


FREEZE = "base=2ms; freeze=2s after=10s"
RUNS = {
    "ours, closed": ("--locust-file", str(FLOWS / "quick_flow.py")),
    "foreign, closed": ("--locust-file", str(FLOWS / "foreign_flow.py")),
    "ours, open": ("--locust-file", str(FLOWS / "quick_flow.py"), "--arrival", "open"),
    "foreign, open": ("--locust-file", str(FLOWS / "foreign_flow.py"), "--arrival", "open"),
    "ours, at a rate": ("--locust-file", str(CHECKOUT), "--arrival", "open", "--rate", "50"),
}


def test_a_freeze_of_two_seconds_shows_in_open_arrival_and_hides_in_closed(
    shop: "StartShop", tmp_path: Path
) -> None:
    """Five users, about forty turns a second, twenty seconds; the p99 of a fixed rate is 1.8 s."""
    results = tmp_path / "results"
    results.mkdir()
    shops = {name: shop(FREEZE) for name in RUNS}
    processes = [
        running(shops[name].url, results, name.replace(", ", "-").replace(" ", "-"), *more)
        for name, more in RUNS.items()
    ]
    for process in processes:
        process.wait(60)

    runs = {name: read_run(results / name.replace(", ", "-").replace(" ", "-")) for name in RUNS}
    p99 = {name: np.percentile(latency(run.records[CANARY]), 99) for name, run in runs.items()}
    assert {"ours, closed", "foreign, closed"} == {name for name in RUNS if p99[name] < 0.1}
    assert {"ours, open", "foreign, open", "ours, at a rate"} == {
        name for name in RUNS if 1.5 < p99[name] < 2.05
    }
    for name, run in runs.items():
        records, facts = run.records[CANARY], run.file.roles[CANARY]
        # What Locust itself measures is what it always was, in both.
        assert np.percentile(records.duration_ms, 99) < 100
        assert (records.intended_start <= records.start).all()
        assert (len(records), len(records)) == (facts.statistics_requests, shops[name].started)
        assert "pass" == pace_of(run).state
    at_a_rate = runs["ours, at a rate"].file.roles[CANARY]
    assert 970 <= at_a_rate.begun <= 1000


def step_seconds(run: Run) -> NDArray[np.float64]:
    """How far apart a user's same request was sent on both roles."""
    sent = {role: moments(records) for role, records in run.records.items()}
    both = sent[CANARY].keys() & sent[STABLE].keys()
    return np.abs([sent[CANARY][each][0] - sent[STABLE][each][0] for each in both])


def moments(records: Records) -> dict[tuple[str, int], tuple[float, tuple[str, str]]]:
    """Start and endpoint by user and place in its sequence."""
    return {
        (records.users[user], sequence): (start, records.endpoints[endpoint])
        for user, sequence, start, endpoint in zip(
            records.user.tolist(),
            records.sequence.tolist(),
            records.start.tolist(),
            records.endpoint.tolist(),
            strict=True,
        )
    }


CALM = {
    "ours": f"""
sys.path.insert(0, {str(FLOWS)!r})
import quick_flow

class Shopper(quick_flow.QuickShopper):
    think_seconds = (0.2, 0.4)
""",
    "foreign": f"""
sys.path.insert(0, {str(FLOWS)!r})
import foreign_flow

class Corner(foreign_flow.Corner):
    wait_time = between(0.2, 0.4)

class Visitor(foreign_flow.Visitor):
    wait_time = between(0.2, 0.4)
    tasks = [foreign_flow.Purchase, Corner, foreign_flow.Visitor.search]
""",
}


@pytest.mark.parametrize(("flow", "processes"), [("ours", "2"), ("foreign", "1")])
def test_twins_stay_in_step_however_slow_one_role_is(
    gates: "Gates", shop: "StartShop", flow: str, processes: str
) -> None:
    common: Any = {
        "users": "6",
        "run_time": "15s",
        "locust_file": gates.flow(CALM[flow]),
        "processes": processes,
    }
    canary, stable = shop("base=60ms").url, shop("base=2ms", "v1").url
    closed = gates.start(canary, stable, seed="the same", **common)
    opened = gates.start(canary, stable, seed="the same", **common, **OPEN)
    ended = {"closed": closed.end(), "open": opened.end()}

    steps = {name: step_seconds(each.run) for name, each in ended.items()}
    assert np.percentile(steps["closed"], 95) > 1.5
    assert np.percentile(steps["open"], 95) < 0.5
    assert np.median(steps["open"]) < 0.1
    for each in ended.values():
        sent = {role: moments(records) for role, records in each.run.records.items()}
        both = sent[CANARY].keys() & sent[STABLE].keys()
        assert [] == [key for key in both if sent[CANARY][key][1] != sent[STABLE][key][1]]
    run = ended["open"].run
    assert all(kept(run, role) > 0.95 for role in ROLES)
    assert abs(len(run.records[CANARY]) / len(run.records[STABLE]) - 1) < 0.03


@pytest.mark.parametrize("processes", ["1", "2"])
def test_records_are_exact_in_open_arrival(
    gates: "Gates", shop: "StartShop", processes: str
) -> None:
    """With failures, and with users that are behind when the load ends."""
    host = shop("error=503:5%; drop=2%; freeze=700ms every=1500ms")

    ended = gates.run(host.url, run_time="5s", processes=processes, **OPEN)

    facts, records = ended.run.file.roles[CANARY], ended.run.records[CANARY]
    failed = int((~records.ok).sum())
    assert (host.started, host.failed) == (len(records), failed)
    assert (len(records), failed) == (facts.statistics_requests, facts.statistics_failures)
    assert (facts.started, 0, 0) == (len(records), facts.unfinished, facts.unrecorded)
    assert (records.intended_start < records.start).sum() > 20
    assert np.allclose((records.end - records.start) * 1000, records.duration_ms, atol=60)


PACES = """
from locust import SequentialTaskSet, TaskSet, constant_pacing, constant_throughput

def look(user):
    user.client.get("/api/products/1")

class Constant(FastHttpUser):
    fixed_count = 1
    tasks = [look]
    wait_time = constant(0.5)

class Pacing(HttpUser):
    fixed_count = 1
    tasks = [look]
    wait_time = constant_pacing(0.5)

class Throughput(FastHttpUser):
    fixed_count = 1
    tasks = [look]
    wait_time = constant_throughput(2)

class Between(FastHttpUser):
    fixed_count = 1
    tasks = [look]
    wait_time = between(0.4999, 0.5001)

class Sleeper(HttpUser):
    fixed_count = 1
    wait_time = constant(0.3)

    @task
    def look(self):
        time.sleep(0.1)
        self.client.get("/api/products/1")
        gevent.sleep(0.1)

class Waiter(FastHttpUser):
    fixed_count = 1
    wait_time = constant(0.5)

    @task
    def look(self):
        self.client.get("/api/products/1")
        self.wait()
        self.client.get("/api/products/1")

class Raiser(FastHttpUser):
    fixed_count = 1
    wait_time = constant(0.5)

    @task
    def look(self):
        self.client.get("/api/products/1")
        raise ValueError("a bug of the locustfile's own")

class Inner(TaskSet):
    wait_time = constant(0.5)

    @task
    def look(self):
        self.client.get("/api/products/1")

    @task
    def leave(self):
        self.interrupt(random.random() < 0.5)

class Steps(SequentialTaskSet):
    @task
    def one(self):
        self.client.get("/api/products/1")

    @task
    def out(self):
        self.interrupt()

class Nested(HttpUser):
    fixed_count = 1
    wait_time = constant(0.5)
    tasks = [Inner, Steps]
"""
IN_STEP = ("Constant", "Pacing", "Throughput", "Between", "Sleeper", "Waiter", "Raiser")


def test_every_kind_of_wait_keeps_its_schedule_against_a_slow_server(
    gates: "Gates", shop: "StartShop"
) -> None:
    """Each is meant to send one request in half a second, and each answer takes 0.2 s."""
    ended = gates.run(
        shop("base=200ms").url,
        users="8",
        run_time="8s",
        locust_file=gates.flow(PACES),
        **OPEN,
    )

    run = ended.run
    records = run.records[CANARY]
    for name in (*IN_STEP, "Nested"):
        mine = records.users.index(f"{name}/0")
        starts = np.sort(records.start[records.user == mine])
        steps = np.diff(starts) / 0.5
        # Nested tasks without a request in them leave out a beat, never shift it. One start may be
        # late, which two steps show: machines stand still for a moment, and the schedule goes on.
        assert np.sort(np.abs(steps - np.rint(steps)))[:-2].max() < 0.15, name
        lasted = (starts[-2] - starts[1]) / 0.5
        assert abs(lasted - np.rint(lasted)) < 0.15, name
        if name in IN_STEP:
            assert len(starts) - 3 == np.rint(lasted), name
            assert 15 <= len(starts) <= 16, name
    assert (records.start - records.intended_start < 0.03).all()
    assert "pass" == pace_of(run).state


LACKS = {
    "users that leave": """
class Leaver(FastHttpUser):
    wait_time = constant(0.1)

    def on_start(self):
        self.left = 8

    @task
    def look(self):
        self.client.get("/api/products/1")
        self.left -= 1
        if not self.left:
            raise StopUser
""",
    "users that hang in code of their own": """
from gevent.event import Event

class Dreamer(FastHttpUser):
    wait_time = constant(0.1)

    def on_start(self):
        self.left = 8

    @task
    def look(self):
        self.client.get("/api/products/1")
        self.left -= 1
        if not self.left:
            Event().wait(3)
""",
    "waits that turn out to be none": """
class Hasty(FastHttpUser):
    @task
    def look(self):
        self.client.get("/api/products/1")

    def wait_time(self):
        return 0
""",
    "users that fail to start": """
class Stillborn(FastHttpUser):
    wait_time = constant(0.1)

    def on_start(self):
        if self.canarygate_index % 3 == 0:
            raise ValueError("no")

    @task
    def look(self):
        self.client.get("/api/products/1")
""",
    "more than the users can send": """
class Busy(FastHttpUser):
    wait_time = constant(0.05)

    @task
    def look(self):
        for _ in range(10):
            self.client.get("/api/products/1")
""",
}


@pytest.mark.parametrize("lack", LACKS)
def test_a_schedule_that_was_not_begun_is_no_pass(
    gates: "Gates", shop: "StartShop", lack: str
) -> None:
    host = shop("base=10ms")

    ended = gates.run(host.url, locust_file=gates.flow(LACKS[lack]), **OPEN)

    assert kept(ended.run) < 0.9
    assert "inconclusive" == pace_of(ended.run).state
    assert ended.code != 0


def test_a_wait_that_is_no_number_ends_no_user_in_silence(
    gates: "Gates", shop: "StartShop"
) -> None:
    flow = """
class Endless(FastHttpUser):
    @task
    def look(self):
        self.client.get("/api/products/1")

    def wait_time(self):
        return float("inf")
"""
    ended = gates.run(shop().url, locust_file=gates.flow(flow), **OPEN)

    assert ended.code != 0
    assert ended.run.file.roles[CANARY].exceptions >= 20


def test_without_a_schedule_nothing_is_sent(gates: "Gates", shop: "StartShop") -> None:
    host = shop()
    flow = gates.flow(
        "class Hurried(FastHttpUser):\n    @task\n    def look(self):\n        self.client.get('/')\n"
    )

    refused = gates.run(host.url, locust_file=flow, **OPEN)
    at_a_rate = gates.run(host.url, locust_file=flow, rate="30", **OPEN)

    assert 2 == refused.code
    assert (
        "--arrival open (ARRIVAL) finds no schedule in Hurried: it has no wait_time, or one of 0; "
        "give it one, or say --rate (RATE)"
    ) in " ".join(refused.err.split())
    facts = at_a_rate.run.file.roles[CANARY]
    assert len(at_a_rate.run.records[CANARY]) == host.started
    assert 100 <= facts.begun <= 120


def test_users_that_a_shape_lets_go_are_missed_by_nobody(gates: "Gates", shop: "StartShop") -> None:
    host = shop("base=5ms")
    flow = """
class Visitor(FastHttpUser):
    wait_time = constant(0.2)

    @task
    def look(self):
        self.client.get("/api/products/1")

class Hill(LoadTestShape):
    def tick(self):
        second = self.get_run_time()
        return None if second > 6 else (12 if second < 3 else 4, 20)
"""
    ended = gates.run(host.url, run_time="6s", locust_file=gates.flow(flow), **OPEN)

    facts = ended.run.file.roles[CANARY]
    assert kept(ended.run) > 0.95
    # Locust may end a user that it lets go in the middle of a request.
    assert facts.begun == facts.started >= host.started >= len(ended.run.records[CANARY]) > 200


def test_turns_at_a_rate_lie_evenly(gates: "Gates", shop: "StartShop") -> None:
    """Two workers, a hundred turns a second on twenty users."""
    ended = gates.run(
        shop("base=5ms").url,
        run_time="6s",
        processes="2",
        rate="100",
        locust_file=gates.flow(
            "class Visitor(FastHttpUser):\n    @task\n    def look(self):\n"
            "        self.client.get('/api/products/1')\n"
        ),
        **OPEN,
    )

    records = ended.run.records[CANARY]
    starts = np.sort(records.start)
    per_tenth = Counter(((starts - starts[0]) * 10).astype(int)[starts > starts[0] + 1].tolist())
    middle = [number for _, number in sorted(per_tenth.items())][1:-1]
    # A machine that stands still for 50 ms empties one tenth and fills the next; users in step with
    # each other (20 users, five turns a second each) would leave every other tenth empty.
    even = sum(7 <= number <= 13 for number in middle)
    assert even >= 0.8 * len(middle), middle
    assert kept(ended.run) > 0.99
