"""A shop that costs next to nothing: prepared answers, and the times of its first and last request.

    python benchmarks/_server.py [PORTS]

Binds as many free loopback ports as asked for and prints them on one line of JSON. On every port
`GET /tally` tells what that port has served so far and `GET /reset` forgets it; times are of the
monotonic clock, which all processes of a machine share.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable

from canarygate.signals import die_with_parent

PAD = "A plain description, about as long as one that a shop would really show. " * 2
HITS = [{"id": number, "name": f"Product {number}", "price": 1999} for number in range(1, 21)]


def http(status: str, body: str) -> bytes:
    """A whole answer."""
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


SEARCH = http("200 OK", json.dumps({"products": HITS, "total": len(HITS)}))
ORDERED = http("201 Created", json.dumps({"orderId": "order-1", "status": "confirmed"}))
NOT_FOUND = http("404 Not Found", "{}")


class Tally:
    """What one port has served."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start afresh."""
        self.requests = 0
        self.first: float | None = None
        self.last: float | None = None

    def count(self) -> None:
        """One more request of the load arrived."""
        self.last = time.monotonic()
        self.first = self.first or self.last
        self.requests += 1

    def text(self) -> str:
        """As JSON."""
        return json.dumps({**vars(self), "now": time.monotonic()})


class Shop(asyncio.Protocol):
    """One connection."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._buffer = b""
        self._write: Callable[[bytes], None] = lambda _data: None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Answers go here."""
        assert isinstance(transport, asyncio.Transport)
        self._write = transport.write

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        self._buffer += data
        while True:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            length = 0
            if head.startswith(b"POST"):
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            if len(rest) < length:
                return
            self._buffer = rest[length:]
            path = head.split(b" ", 2)[1].decode("latin-1")
            self._write(self._answer(path, rest[:length]))

    def _answer(self, path: str, body: bytes) -> bytes:
        if path.startswith("/api/"):
            self._tally.count()
            return api_answer(path, body)
        if path == "/reset":
            self._tally.reset()
        elif path != "/tally":
            return NOT_FOUND
        return http("200 OK", self._tally.text())


def api_answer(path: str, body: bytes) -> bytes:
    """What the checkout flow takes for a right answer."""
    if path.startswith("/api/products/"):
        number = int(path[14:])
        return http("200 OK", f'{{"id": {number}, "name": "Product {number}", "about": "{PAD}"}}')
    if path.startswith("/api/products?"):
        return SEARCH
    if path == "/api/cart/items":
        return http("201 Created", body.decode())
    if path == "/api/checkout":
        return ORDERED
    if path.startswith("/api/orders/"):
        return http("200 OK", f'{{"orderId": "{path[12:]}", "status": "confirmed"}}')
    return NOT_FOUND


async def serve(ports: int) -> None:
    """Until killed."""
    loop = asyncio.get_running_loop()
    servers = []
    for _ in range(ports):
        tally = Tally()
        # The tally is bound now: a later round of the loop has another one.
        make = (lambda mine: lambda: Shop(mine))(tally)
        servers.append(await loop.create_server(make, "127.0.0.1", 0))
    sys.stdout.write(json.dumps([each.sockets[0].getsockname()[1] for each in servers]) + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    die_with_parent()
    asyncio.run(serve(int(sys.argv[1]) if len(sys.argv) > 1 else 1))
