"""What the benchmarks share: the server process, CPU seconds, pinning, medians and tables."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

CHECKOUT = Path(__file__).resolve().parent.parent
SERVER = Path(__file__).with_name("_server.py")
CPUS = sorted(os.sched_getaffinity(0))
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")

_direct = build_opener(ProxyHandler({}))


def put(text: str = "") -> None:
    """A line of the result."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def get(url: str) -> bytes:
    """A body from loopback."""
    with _direct.open(url, timeout=5) as answer:
        body: bytes = answer.read()
    return body


def tally(port: int) -> dict[str, Any]:
    """What the server says that this port has served."""
    found: dict[str, Any] = json.loads(get(f"http://127.0.0.1:{port}/tally"))
    return found


@contextmanager
def ended(process: subprocess.Popen[Any], seconds: float = 10.0) -> Iterator[None]:
    """Leave no process behind."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


@contextmanager
def running_server(ports: int = 1, cpu: int | None = None) -> Iterator[list[int]]:
    """The static shop in a process of its own; gives its ports."""
    process = subprocess.Popen(
        [sys.executable, SERVER, str(ports)], stdout=subprocess.PIPE, text=True
    )
    with ended(process):
        pin(process.pid, cpu)
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())


def pin(pid: int, cpu: int | None) -> None:
    """Keep a process that has only just started on one CPU."""
    if cpu is not None:
        os.sched_setaffinity(pid, {cpu})


def cpu_seconds(pid: int) -> float:
    """User and system time that a process has spent (Linux; in steps of 10 ms)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def middle(values: Sequence[float], form: str = ".2f") -> str:
    """The median, and the range in brackets."""
    return f"{statistics.median(values):{form}} [{min(values):{form}} to {max(values):{form}}]"


def table(header: Sequence[str], rows: Mapping[str, Sequence[str]]) -> None:
    """Columns as wide as their widest cell."""
    lines = [("", *header), *((name, *cells) for name, cells in rows.items())]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        put("  ".join(cells).rstrip())
