"""Which locustfiles can keep a schedule: asked in a process of its own, because Locust patches sockets."""

import ast
import subprocess
import sys

ASK = """
import time
from time import perf_counter
from canarygate.runner.plugin.arrival import schedule_problems, unpace
unpace()
from locust import *
from locust.user.users import PytestUser

@task
def look(user): ...

def user(name="Visitor", base=HttpUser, **body):
    return type(base)(name, (base,), {"tasks": [look], **body})

class Quick(TaskSet):
    tasks = [look]

class Slow(TaskSet):
    wait_time = between(1, 2)
    tasks = [look]

class Outer(TaskSet):
    tasks = [Slow]

class Round(SequentialTaskSet):
    tasks = [look]

Round.tasks.append(Round)

class Own(TaskSet):
    tasks = [look]
    def wait(self): time.sleep(1)

class Odd(HttpUser):
    tasks = [look]
    def wait_time(self): return 1.5 - perf_counter() % 1

class Drawn(HttpUser):
    tasks = [look]
    def wait_time(self): return self.pause

PLAIN = {
    "between": user(wait_time=between(1, 2)), "constant": user(wait_time=constant(1)),
    "pacing": user(wait_time=constant_pacing(1)),
    "throughput": user(wait_time=constant_throughput(1)),
    "poisson": user(wait_time=poisson(1)), "drawn": Drawn, "default": user(),
    "zero": user(wait_time=constant(0)),
    "a task set's": user(tasks=[Slow]), "a deep task set's": user(tasks=[Outer]),
    "no task set's": user(tasks=[Quick]), "round": user(tasks=[Round]),
    "own wait": user(tasks=[Own], wait_time=constant(1)),
    "clock": Odd, "pytest": user("Tested", PytestUser),
}
def problems(each, **more):
    return list(schedule_problems([each], **{"rate": None, "has_shape": False, **more}))
print({
    "open": {name: problems(each) for name, each in PLAIN.items()},
    "rate": {name: problems(each, rate=5.0) for name, each in PLAIN.items()},
    "both": list(schedule_problems([user("One"), user("Two")], rate=None, has_shape=False)),
    "shape": problems(user(wait_time=constant(1)), has_shape=True),
    "shape and rate": problems(user(), rate=5.0, has_shape=True),
})
"""


def nothing(name: str) -> str:
    return (
        f"--arrival open (ARRIVAL) finds no schedule in {name}: it has no wait_time, or one of 0; "
        "give it one, or say --rate (RATE)"
    )


def own_loop(name: str) -> str:
    return (
        f"{name} overrides Locust's own run or wait, so that nothing can keep it to a schedule; "
        "use --arrival closed (ARRIVAL)"
    )


def test_what_cannot_keep_a_schedule_is_told_before_any_request() -> None:
    """A schedule of nothing would be a closed loop under another name."""
    found = ast.literal_eval(
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", ASK],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
    )

    fine = ("between", "constant", "pacing", "throughput", "poisson", "drawn", "a task set's")
    loops = {"own wait": [own_loop("Own")], "pytest": [own_loop("Tested")]}
    clock = (
        "wait_time of Odd looks at the clock (perf_counter), so that the server's speed would move "
        "its schedule; let it give the interval alone, as constant_throughput does, or say --rate "
        "(RATE)"
    )
    assert {
        **{name: [] for name in (*fine, "a deep task set's")},
        **{name: [nothing("Visitor")] for name in ("default", "zero", "no task set's", "round")},
        **loops,
        "clock": [clock],
    } == found["open"]
    assert {name: [] for name in found["open"]} | loops == found["rate"]
    assert [nothing("One"), nothing("Two")] == found["both"]
    assert [] == found["shape"]
    assert [
        "--rate (RATE) needs a fixed number of users, and the locustfile's LoadTestShape decides on "
        "it; leave one of the two out"
    ] == found["shape and rate"]
