"""A real shop in a process of its own, for the tests that have to speak real HTTP."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import requests

PROGRAM = """
import sys
from canarygate.shop.app import ShopSettings, serve
from canarygate.shop.faults import parse_faults
serve(ShopSettings(port=0, version="v7", faults=parse_faults(sys.argv[1])))
"""


@dataclass
class RunningShop:
    """One process and where it listens."""

    process: "subprocess.Popen[str]"
    url: str

    @property
    def port(self) -> int:
        """For a client that brings its own socket."""
        return int(self.url.rpartition(":")[2])

    def series(self) -> dict[str, float]:
        """Everything on /metrics, by its name and labels."""
        text = requests.get(f"{self.url}/metrics", timeout=5).text
        samples = (line.rpartition(" ") for line in text.splitlines() if line[:1] != "#")
        return {name: float(value) for name, _, value in samples}

    def counts(self) -> dict[str, float]:
        """Requests started, answered and aborted, summed over their labels."""
        names = (
            "http_requests_started_total",
            "http_requests_total",
            "shop_requests_aborted_total",
        )
        series = self.series()
        return {
            name: sum(value for key, value in series.items() if key.partition("{")[0] == name)
            for name in names
        }


StartShop = Callable[[str], RunningShop]


@pytest.fixture
def start_shop() -> Iterator[StartShop]:
    """Starts shops with the faults given, and ends them after the test."""
    processes: list[subprocess.Popen[str]] = []

    def start(faults: str) -> RunningShop:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, faults], stdout=subprocess.PIPE, text=True
        )
        processes.append(process)
        assert process.stdout is not None
        return RunningShop(process, process.stdout.readline().removeprefix("listening on ").strip())

    yield start
    for process in processes:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
