"""One client's connection: requests in, answers out, and every way in which none may come."""

import asyncio
import logging
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from canarygate.shop import routes
from canarygate.shop.api import refuse
from canarygate.shop.messages import (
    BODY_LIMIT,
    CONTINUE,
    HEAD_END,
    HEAD_LIMIT,
    Answer,
    BadRequest,
    Request,
    encode_answer,
    parse_head,
)
from canarygate.shop.metrics import METHODS, Meter
from canarygate.shop.plan import NOTHING, Fate, Plan

BUFFER_LIMIT = 2 * (HEAD_LIMIT + BODY_LIMIT)
logger = logging.getLogger(__name__)


class Service(Protocol):
    """What a connection needs from the server."""

    meter: Meter
    connections: "set[Connection]"
    version: str
    is_draining: bool

    def plan(self, route: str) -> Plan:
        """What will happen to a request of the route."""

    def answer(self, request: Request, route: str, key: str, plan: Plan) -> Answer:
        """The answer itself."""

    def traffic(self, request: Request) -> str:
        """Whose request it is."""


@dataclass(slots=True)
class Exchange:
    """One request on its way to an answer."""

    request: Request
    method: str
    route: str
    key: str
    traffic: str
    began: float
    plan: Plan = NOTHING
    status: int = 0
    abort_reason: str = "client"

    @property
    def is_counted(self) -> bool:
        """Whether it belongs in the series."""
        return self.route not in routes.OPERATION_ROUTES


class Connection(asyncio.Protocol):
    """Serves one request after the other, as they come on the wire."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._buffer = bytearray()
        self._head: Request | None = None
        self._exchange: Exchange | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_pumping = False

    @property
    def is_answering(self) -> bool:
        """Whether an answer is still to come from here; one that hangs never will."""
        return self._exchange is not None and self._exchange.abort_reason == "client"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came. asyncio sets TCP_NODELAY itself."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        # With no buffer allowed, resume_writing tells when the last byte went to the socket.
        transport.set_write_buffer_limits(high=0)
        self._service.connections.add(self)

    def data_received(self, data: bytes) -> None:
        """More bytes; they wait while a request is being answered."""
        self._buffer += data
        self._pump()
        if len(self._buffer) > BUFFER_LIMIT:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """A large answer is all in the socket now."""
        if self._exchange is not None and self._exchange.status:
            self._complete(self._exchange)
            self._pump()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - either way it is over
        """The end, theirs or ours. A client that only closes its sending half counts as gone."""
        if self._timer is not None:
            self._timer.cancel()
        if self._exchange is not None and self._exchange.is_counted:
            self._service.meter.abort(self._exchange.route, self._exchange.abort_reason)
        self._exchange = None
        self._service.connections.discard(self)

    def close_if_idle(self) -> None:
        """The server is going: nobody waits here."""
        if self._exchange is None:
            self._transport.close()

    def cut(self, reason: str) -> None:
        """End at once, with whatever is under way."""
        if self._exchange is not None and self._exchange.abort_reason == "client":
            self._exchange.abort_reason = reason
        self._transport.abort()

    def _pump(self) -> None:
        """Begin requests until one has to wait; a loop, because pipelined answers would recurse."""
        if self._is_pumping:
            return
        self._is_pumping = True
        try:
            while self._exchange is None and not self._transport.is_closing():
                request = self._read_request()
                if request is None:
                    break
                self._begin(request)
        except BadRequest as error:
            self._begin_refusal(error)
        finally:
            self._is_pumping = False

    def _read_request(self) -> Request | None:
        if self._head is None:
            end = self._buffer.find(HEAD_END)
            if max(end, len(self._buffer) if end < 0 else 0) > HEAD_LIMIT:
                raise BadRequest(
                    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the headers are too long"
                )
            if end < 0:
                return None
            self._head = parse_head(bytes(self._buffer[:end]))
            del self._buffer[: end + len(HEAD_END)]
            expects = self._head.headers.get("expect", "").lower() == "100-continue"
            if expects and len(self._buffer) < self._head.length:
                self._transport.write(CONTINUE)
        request = self._head
        if len(self._buffer) < request.length:
            return None
        request.body = bytes(self._buffer[: request.length])
        del self._buffer[: request.length]
        self._head = None
        return request

    def _begin(self, request: Request) -> None:
        route, key = routes.match_route(request.path)
        method = request.method if request.method in METHODS else "other"
        traffic = self._service.traffic(request)
        exchange = Exchange(request, method, route, key, traffic, time.perf_counter())
        self._exchange = exchange
        if exchange.is_counted:
            self._service.meter.start(method, route, traffic)
            exchange.plan = self._service.plan(route)
        if exchange.plan.delay_s > 0:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(exchange.plan.delay_s, self._act, exchange)
        else:
            self._act(exchange)

    def _act(self, exchange: Exchange) -> None:
        self._timer = None
        match exchange.plan.fate:
            case Fate.DROP:
                exchange.abort_reason = "drop"
                self._transport.abort()
            case Fate.HANG:
                exchange.abort_reason = "hang"
            case Fate.ANSWER:
                self._send(exchange, self._answer(exchange))

    def _answer(self, exchange: Exchange) -> Answer:
        try:
            return self._service.answer(
                exchange.request, exchange.route, exchange.key, exchange.plan
            )
        except Exception:
            logger.exception("a request for %s could not be answered", exchange.route)
            return refuse(HTTPStatus.INTERNAL_SERVER_ERROR, "the shop made a mistake")

    def _begin_refusal(self, error: BadRequest) -> None:
        """What is no request counts as one of no route; the bytes after it cannot be trusted."""
        request = Request("other", "", keeps_alive=False)
        self._exchange = Exchange(request, "other", routes.OTHER, "", "user", time.perf_counter())
        self._service.meter.start("other", routes.OTHER, self._exchange.traffic)
        self._buffer.clear()
        self._send(self._exchange, refuse(error.status, str(error)))

    def _send(self, exchange: Exchange, answer: Answer) -> None:
        exchange.status = answer.status
        if self._service.is_draining:
            exchange.request.keeps_alive = False
        self._transport.write(
            encode_answer(
                answer,
                self._service.version,
                keeps_alive=exchange.request.keeps_alive,
                has_body=exchange.request.method != "HEAD",
            )
        )
        # A failed write closes the transport, and connection_lost counts the request as aborted.
        if not self._transport.is_closing() and not self._transport.get_write_buffer_size():
            self._complete(exchange)
            self._pump()

    def _complete(self, exchange: Exchange) -> None:
        self._exchange = None
        if exchange.is_counted:
            self._service.meter.complete(
                exchange.method,
                exchange.route,
                exchange.traffic,
                exchange.status,
                time.perf_counter() - exchange.began,
            )
        if not exchange.request.keeps_alive:
            self._transport.close()
        elif len(self._buffer) <= BUFFER_LIMIT:
            self._transport.resume_reading()
