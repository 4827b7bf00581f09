"""How fast the demo shop is: requests a second per core, and latency on keep-alive connections.

    python benchmarks/shop_speed.py [--seconds 2] [--connections 20] [--rounds 3]

A raw-socket client in this process asks a shop in another, on loopback, without faults. Throughput
counts the CPU seconds of the shop alone, so that the client's own cost does not matter; latency is
measured on one connection, one request at a time.
"""

import argparse
import json
import selectors
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import urlopen

REQUESTS = (
    b"GET /api/products/42 HTTP/1.1\r\nHost: shop\r\nX-Load-Test: speed\r\n\r\n",
    b"GET /api/products?q=wireless&limit=20 HTTP/1.1\r\nHost: shop\r\nX-Load-Test: speed\r\n\r\n",
)
SERVE = "from canarygate.shop.app import ShopSettings, serve; serve(ShopSettings(port=0))"


def main() -> None:
    """Measure, and say what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=2.0, help="of load per round, at most 10")
    parser.add_argument("--connections", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with running_shop() as port:
        rates = [
            throughput(port, options.connections, min(options.seconds, 10.0))
            for _ in range(options.rounds)
        ]
        samples = latencies_ms(port, 5_000)
    percentiles = statistics.quantiles(samples, n=100)
    report = {
        "rounds": options.rounds,
        "connections": options.connections,
        "requests": sum(rate["requests"] for rate in rates),
        "requests_per_second": [round(rate["per_second"]) for rate in rates],
        "requests_per_cpu_second": [round(rate["per_cpu_second"]) for rate in rates],
        "keep_alive_requests": len(samples),
        "p50_ms": round(percentiles[49], 3),
        "p99_ms": round(percentiles[98], 3),
    }
    sys.stdout.write(json.dumps(report, indent=2) + "\n")


@contextmanager
def running_shop() -> Iterator[int]:
    """A healthy shop in a process of its own; gives its port."""
    process = subprocess.Popen([sys.executable, "-c", SERVE], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline().rpartition(":")[2])
    finally:
        process.terminate()
        process.wait(timeout=5)


def throughput(port: int, connections: int, seconds: float) -> dict[str, float]:
    """Keep every connection busy with one request, and see what the shop answered and spent."""
    selector = selectors.DefaultSelector()
    for number in range(connections):
        client = _connect(port)
        client.sendall(REQUESTS[number % len(REQUESTS)])
        selector.register(client, selectors.EVENT_READ, (client, bytearray(), number))
    cpu_before, began, requests = cpu_seconds(port), time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        for key, _ in selector.select(timeout=1):
            client, buffer, number = key.data
            buffer += client.recv(65_536)
            if _is_whole(buffer):
                buffer.clear()
                requests += 1
                client.sendall(REQUESTS[(number + requests) % len(REQUESTS)])
    elapsed, cpu = time.perf_counter() - began, cpu_seconds(port) - cpu_before
    for key in list(selector.get_map().values()):
        key.data[0].close()
    return {
        "requests": requests,
        "per_second": requests / elapsed,
        "per_cpu_second": requests / cpu,
    }


def latencies_ms(port: int, count: int) -> list[float]:
    """One request after the other on one connection."""
    client, buffer, samples = _connect(port), bytearray(), []
    for number in range(count):
        began = time.perf_counter()
        client.sendall(REQUESTS[number % len(REQUESTS)])
        buffer.clear()
        while not _is_whole(buffer):
            buffer += client.recv(65_536)
        samples.append((time.perf_counter() - began) * 1000)
    client.close()
    return samples


def cpu_seconds(port: int) -> float:
    """What the shop has spent, as it says itself."""
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return next(
        float(line.split()[1]) for line in lines if line.startswith("process_cpu_seconds_total")
    )


def _connect(port: int) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=5)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def _is_whole(buffer: bytearray) -> bool:
    head, end, body = buffer.partition(b"\r\n\r\n")
    if not end:
        return False
    if not head.startswith(b"HTTP/1.1 200 "):
        raise RuntimeError(f"the shop answered {bytes(head[:40])!r}")
    length = head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0]
    return len(body) >= int(length)


if __name__ == "__main__":
    main()
