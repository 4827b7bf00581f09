"""The demo shop as a process: listen, answer, misbehave as told, stop when asked.

One thread and one event loop, without gevent: the shop must have no latency of its own, or it would
hide the faults that it is there to show.
"""

import asyncio
import errno
import gc
import re
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from prometheus_client import CONTENT_TYPE_LATEST, disable_created_metrics

from canarygate.errors import ConfigError
from canarygate.shop import routes
from canarygate.shop.api import Shop, refuse
from canarygate.shop.bodies import spoil
from canarygate.shop.clock import Memory, StopSignal, Timekeeper
from canarygate.shop.connection import Connection
from canarygate.shop.faults import Faults
from canarygate.shop.messages import Answer, Request
from canarygate.shop.metrics import SYNTHETIC, USER, Meter
from canarygate.shop.plan import Plan, Planner

HEADER_VALUE = re.compile(r"[!-~]{1,128}")
BACKLOG = 1024
DRAIN_STEP_S = 0.01


@dataclass(frozen=True, kw_only=True)
class ShopSettings:
    """Where the shop listens, what it says it is, and how it misbehaves."""

    host: str = "127.0.0.1"
    port: int = 8080
    """0 picks a free one."""
    version: str = "v1"
    """Said in X-Version on every answer, and in the label `version`."""
    faults: Faults = field(default_factory=Faults)
    seed: int = 0
    """Of every draw that a fault makes."""
    load_test_header: str = "X-Load-Test"
    """Requests that carry it are counted as traffic="synthetic"."""
    grace_seconds: float = 0.5
    """How long a stop waits for the answers under way."""


class ShopServer:
    """The service behind every connection: the API, its faults and its counts."""

    def __init__(self, settings: ShopSettings, freeze: Callable[[float], None]) -> None:
        self.version = settings.version
        self.meter = Meter(settings.version)
        self.connections: set[Connection] = set()
        self.is_draining = False
        self.memory = Memory()
        self.time = Timekeeper(settings.faults, self.memory, freeze=freeze)
        self._shop = Shop()
        self._planner = Planner(settings.faults, settings.seed)
        self._load_test_header = settings.load_test_header.lower()

    def plan(self, route: str) -> Plan:
        """What will happen to a request of the route that arrives now."""
        plan = self._planner.plan(route, self.time.age_s)
        if plan.leak_bytes:
            self.memory.leak(plan.leak_bytes)
        return plan

    def answer(self, request: Request, route: str, key: str, plan: Plan) -> Answer:
        """The answer, true or as the plan has it."""
        if route in routes.OPERATION_ROUTES:
            return self._operate(route)
        if plan.error_status is not None:
            return refuse(plan.error_status, "the shop was told to fail")
        answer = self._shop.answer(request, route, key)
        return answer if plan.body is None else spoil(answer, plan.body)

    def traffic(self, request: Request) -> str:
        """`synthetic` for a load test's requests, `user` for everybody else's."""
        return SYNTHETIC if self._load_test_header in request.headers else USER

    async def drain(self, grace_seconds: float) -> None:
        """Let the answers under way go out, then cut what is left."""
        self.is_draining = True
        for connection in list(self.connections):
            connection.close_if_idle()
        for _ in range(int(grace_seconds / DRAIN_STEP_S)):
            if not any(connection.is_answering for connection in self.connections):
                break
            await asyncio.sleep(DRAIN_STEP_S)
        for connection in list(self.connections):
            connection.cut("shutdown")
        await asyncio.sleep(0)

    def _operate(self, route: str) -> Answer:
        if route == routes.METRICS:
            self.meter.leak(self.memory.total_bytes)
            return Answer(HTTPStatus.OK, self.meter.expose(), content_type=CONTENT_TYPE_LATEST)
        if route == routes.READY and (self.is_draining or not self.time.is_ready):
            return refuse(HTTPStatus.SERVICE_UNAVAILABLE, "not ready")
        return Answer(HTTPStatus.OK, b'{"status": "ok"}')


def serve(settings: ShopSettings, announce: Callable[[str], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; only in the main thread of a process of its own.

    `announce` gets the one line that says where the shop listens; stdout is the default.

    Raises:
        ConfigError: it cannot listen there, or the settings cannot be sent on the wire.
    """
    for text in (settings.version, settings.load_test_header):
        if not HEADER_VALUE.fullmatch(text):
            raise ConfigError(f"{text!r} cannot be sent in an HTTP header", hint="use plain ASCII")
    disable_created_metrics()  # type: ignore[no-untyped-call]
    stop = StopSignal()
    with stop.installed():
        asyncio.run(_serve(settings, stop, announce or _say))


async def _serve(settings: ShopSettings, stop: StopSignal, announce: Callable[[str], None]) -> None:
    service = ShopServer(settings, freeze=stop.wait)
    loop = asyncio.get_running_loop()
    try:
        listener = await loop.create_server(
            lambda: Connection(service), settings.host, settings.port, backlog=BACKLOG
        )
    except (OSError, OverflowError) as error:
        raise _cannot_listen(settings, error) from error
    asked = asyncio.Event()
    loop.add_reader(stop.reader, asked.set)
    # What lives for ever need not be looked at by every later collection.
    gc.freeze()
    tasks = service.time.begin()
    announce(f"listening on {_address(listener.sockets[0])}")
    try:
        await asked.wait()
        await service.drain(settings.grace_seconds)
    finally:
        loop.remove_reader(stop.reader)
        listener.close()
        for task in tasks:
            task.cancel()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _cannot_listen(settings: ShopSettings, error: Exception) -> ConfigError:
    where = f"{settings.host}:{settings.port}"
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return ConfigError(
            f"{where} is taken by another process",
            hint="choose another port with --port (PORT); 0 picks a free one",
        )
    return ConfigError(
        f"cannot listen on {where}: {error}", hint="check --bind (BIND) and --port (PORT)"
    )
