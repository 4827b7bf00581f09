"""Canary against stable with real Locust: the answer, the moment it comes, and that it stays the same."""

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from canarygate.records import records_path
from canarygate.results import ROLES
from tests.live.conftest import BUSY, Ended, Gates

if TYPE_CHECKING:
    from tests.live.conftest import RunningGate, StartShop

pytestmark = pytest.mark.live

BASE = "base=10-30ms; base=40-90ms route=/api/checkout"
OPTIONS = {
    "users": "20",
    "spawn_rate": "10",
    "run_time": "180s",
    "min_run_time": "0s",
    "warm_up": "10s",
    "request_timeout": "5s",
    "locust_file": str(Path(__file__).parents[2] / "locustfiles" / "checkout_flow.py"),
    "seed": "comparison",
}


@dataclass(frozen=True)
class Case:
    """How both shops behave, and what a gate over them must answer."""

    canary: str
    stable: str
    answer: tuple[int, str, str]
    between: tuple[float, float] | None
    """Seconds at which the answer was certain; None: not before the end."""
    options: Mapping[str, str] = field(default_factory=dict)


PASS, FAIL, OPEN = (0, "decided", "pass"), (10, "decided", "fail"), (11, "finished", "inconclusive")
CASES = {
    "healthy": Case("", "", PASS, (45, 90)),
    "200-800 ms slower": Case("latency=200-800ms", "", FAIL, (12, 25)),
    "12 % fail": Case("error=503:12%", "", FAIL, (3, 30)),
    "hangs just before the look": Case("hang=100% after=44s", "", FAIL, (36, 60)),
    "slow while it starts": Case("cold=5x for=8s", "", PASS, (45, 180)),
    "both fail": Case("error=503:30%", "error=503:30%", OPEN, None, {"run_time": "40s"}),
}


@pytest.fixture(scope="module")
def ended(
    shop_starter: "StartShop", tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Ended]]:
    """All at once: a gate mostly waits for its users to think."""
    gates = Gates(tmp_path_factory.mktemp("gates"))
    policy = gates.folder / "busy.toml"
    policy.write_text(BUSY)
    running: dict[str, RunningGate] = {}
    for name, case in CASES.items():
        canary, stable = (
            shop_starter("; ".join(filter(None, (BASE, faults))))
            for faults in (case.canary, case.stable)
        )
        options: dict[str, Any] = {**OPTIONS, "policy": str(policy), **case.options}
        running[name] = gates.start(canary.url, stable.url, **options)
    try:
        yield {name: gate.end(240) for name, gate in running.items()}
    finally:
        for gate in gates.started:
            gate.process.kill()


@pytest.mark.parametrize("name", CASES)
def test_the_answer_comes_as_soon_as_it_is_certain(ended: dict[str, Ended], name: str) -> None:
    case, found = CASES[name], ended[name]
    moment = found.report["decided_at_seconds"]

    assert (case.answer, found.out) == (found.answer, found.out)
    if case.between is None:
        assert moment is None
    else:
        assert case.between[0] <= moment <= case.between[1], found.report["sentence"]
        load = [each["end"] - each["start"] for each in found.run_file["roles"].values()]
        assert moment <= max(load) <= moment + 5  # seconds until the watcher has seen it


@pytest.mark.parametrize("name", CASES)
def test_it_is_the_same_from_the_saved_run_and_in_any_order(
    ended: dict[str, Ended], name: str, tmp_path: Path
) -> None:
    found = ended[name]
    shuffled = tmp_path / "shuffled"
    shutil.copytree(found.folder, shuffled)
    for role in ROLES:
        header, *rows = records_path(shuffled, role).read_bytes().splitlines(keepends=True)
        random.Random(1).shuffle(rows)
        records_path(shuffled, role).write_bytes(b"".join([header, *rows]))

    policy = tmp_path / "busy.toml"
    policy.write_text(BUSY)

    again = [judged_again(folder, policy) for folder in (found.folder, shuffled)]

    assert [answer_of(found.report)] * 2 == again


def judged_again(folder: Path, policy: Path) -> tuple[Any, ...]:
    """What `canarygate judge` says of it."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "canarygate", "judge", str(folder)),
            *("--policy", str(policy), "--json"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "" == done.stderr
    return answer_of(json.loads(done.stdout))


def answer_of(report: Mapping[str, Any]) -> tuple[Any, ...]:
    """All of it that the judge says."""
    names = ("verdict", "sentence", "decided_at_seconds", "checks", "comparison")
    return tuple(report[name] for name in names)
