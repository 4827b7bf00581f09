"""Settings and records made from a few numbers, and a gate whose load is only pretended."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import hypothesis
import numpy as np
import pytest

from canarygate import gate
from canarygate.records import OUTCOMES, RECORD_FIELDS, Outcome, Records, encode_record
from canarygate.results import RoleRun, RunFile, RunOutcome, write_run
from canarygate.runner.preflight import Identity
from canarygate.settings import GateSettings, RunSettings

# How long an example takes says more about the machine than about the code: 0.07 s, and 0.5 s where
# it was busy, against Hypothesis' limit of 0.2 s.
hypothesis.settings.register_profile("patient", hypothesis.settings.default, deadline=None)
hypothesis.settings.load_profile("patient")

START = 1_790_000_000.0
SECONDS = 45.0
ENDPOINTS = (("GET", "/api/products/:id"), ("POST", "/api/checkout"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test with real processes that fails is tried twice more, and named as RERUN at the end.

    Machines that tests run on may stand still for a second or two (a whole second without a request
    was seen on an idle one, and on a busy one several in a row), and many of these tests last five.
    One that has to be tried again, run after run, is a fault to be found.
    """
    for item in items:
        if item.get_closest_marker("live") or item.get_closest_marker("smoke"):
            item.add_marker(pytest.mark.flaky(reruns=2, reruns_delay=1))


class MakeSettings(Protocol):
    """Builds the settings of a gate."""

    def __call__(self, **run: Any) -> GateSettings:
        """With these changes to the run's."""


@pytest.fixture
def make_settings(tmp_path: Path) -> MakeSettings:
    def make(**run: Any) -> GateSettings:
        values: dict[str, Any] = {
            "hosts": {"canary": "http://canary:8080", "stable": "http://stable:8080"},
            "locust_file": Path("/flows/checkout_flow.py"),
            "seed": "seed-1",
            "results_dir": tmp_path / "results",
            "run_id": "run-1",
            "service": "checkout",
        }
        return GateSettings(run=RunSettings(**(values | run)))

    return make


class MakeRecords(Protocol):
    """Builds the records of one role."""

    def __call__(
        self, requests: int = 1000, *, failed: int = 0, outcome: Outcome = Outcome.HTTP_5XX
    ) -> Records:
        """Requests of 20 ms after the warm-up, evenly spread; of them, so many failed evenly spread."""


@pytest.fixture
def make_records() -> MakeRecords:
    return records_of


def records_of(
    requests: int = 1000, *, failed: int = 0, outcome: Outcome = Outcome.HTTP_5XX
) -> Records:
    end = START + np.linspace(11.0, SECONDS, requests)
    outcomes = np.full(requests, OUTCOMES.index(Outcome.OK), np.int64)
    outcomes[np.linspace(0, requests - 1, failed).astype(np.int64)] = OUTCOMES.index(outcome)
    nothing = np.zeros(requests, np.int64)
    return Records(
        start=end - 0.02,
        intended_start=end - 0.02,
        end=end,
        user=nothing,
        sequence=np.arange(1, requests + 1),
        endpoint=np.arange(requests) % len(ENDPOINTS),
        duration_ms=np.full(requests, 20.0),
        status=np.full(requests, 200),
        outcome=outcomes,
        bytes=nothing,
        worker=nothing,
        endpoints=ENDPOINTS,
        users=("Shopper/0",),
    )


class MakeRole(Protocol):
    """Builds what one role's Locust counted."""

    def __call__(self, records: Records, **changes: Any) -> RoleRun:
        """A role that had all it needed, and whose counters agree with these records."""


@pytest.fixture
def make_role() -> MakeRole:
    return role_of


def role_of(records: Records, **changes: Any) -> RoleRun:
    count = len(records)
    facts: dict[str, Any] = {
        "host": "http://canary:8080",
        "users": 20,
        "users_at_end": 20,
        "users_wanted": 20,
        "started": count,
        "returned": count,
        "recorded": count,
        "statistics_requests": count,
        "statistics_failures": int((~records.ok).sum()),
        "start": START,
        "end": START + SECONDS,
        "planned_seconds": SECONDS,
        "generator_cpu": 0.2,
        "generator_lag_seconds": 0.005,
        "complete": True,
        "exit_status": 0,
    }
    return RoleRun(**(facts | changes))


@dataclass
class PretendedLoad:
    """What the next gate's load will have been; nothing is started and nothing is sent."""

    canary: Records = field(default_factory=records_of)
    stable: Records | None = None
    """None: as the canary's default."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Changes to what each role's Locust counted."""
    problem: Exception | None = None
    """Raised while the load is watched."""
    while_starting: Callable[[], None] = lambda: None
    was_closed: bool = False


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> PretendedLoad:
    pretended = PretendedLoad()

    class Load:
        was_stopped = False

        def __init__(self, run: RunSettings, *_: object, **__: object) -> None:
            self._hosts = run.hosts

        def start(self) -> None:
            pretended.while_starting()

        def wait_until_ready(self) -> None: ...

        def begin(self) -> None: ...

        def watch(self, _is_decided: Callable[..., bool], near: object = None) -> None:
            del near
            if pretended.problem:
                raise pretended.problem

        def records(self) -> dict[str, Records]:
            given = {"canary": pretended.canary, "stable": pretended.stable or records_of()}
            return {role: given[role] for role in self._hosts}

        def roles(self) -> dict[str, RoleRun]:
            return {role: role_of(each, **pretended.facts) for role, each in self.records().items()}

        def close(self) -> None:
            pretended.was_closed = True

    monkeypatch.setattr(gate, "Load", Load)
    monkeypatch.setattr(
        gate, "probe_all", lambda hosts: dict.fromkeys(hosts, Identity(answered=True))
    )
    return pretended


class MakeFolder(Protocol):
    """Writes a result folder."""

    def __call__(self, records: Records, **run: Any) -> Path:
        """Of a run with these records of the canary, and these changes to its file."""


@pytest.fixture
def make_folder(tmp_path: Path) -> MakeFolder:
    def make(records: Records, **run: Any) -> Path:
        folder = tmp_path / "results" / "run-1"
        folder.mkdir(parents=True)
        file = RunFile(
            run_id="run-1",
            service="checkout",
            outcome=RunOutcome.FINISHED,
            warm_up_seconds=10.0,
            roles={"canary": role_of(records)},
        )
        write_run(folder, replace(file, **run))
        lines = [encode_record(RECORD_FIELDS)]
        lines += (
            encode_record(
                (
                    *(records.start[row], records.intended_start[row], records.end[row]),
                    *("Shopper/0", row + 1, *ENDPOINTS[records.endpoint[row]]),
                    *(float(records.duration_ms[row]), 200, OUTCOMES[records.outcome[row]], 0, 0),
                )
            )
            for row in range(len(records))
        )
        (folder / "canary_requests.csv").write_text("".join(lines), newline="")
        return folder

    return make
