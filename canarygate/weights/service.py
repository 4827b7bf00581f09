"""The weight service as a WSGI application: which path says what."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from prometheus_client import CONTENT_TYPE_LATEST
from werkzeug.wrappers import Request, Response

from canarygate.weights.answer import WeightAnswer, refusal_document, to_text, weight_document
from canarygate.weights.log import Log
from canarygate.weights.measuring import Asked
from canarygate.weights.readiness import Readiness
from canarygate.weights.series import Series
from canarygate.weights.settings import WeightSettings
from canarygate.weights.weigher import BUSY, BadRequest, Weigher

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MOST_WAITING = 24
"""Requests for a weight at the same time; the threads beyond them answer probes and scrapes."""
THREADS = MOST_WAITING + 4
METHODS = ("GET", "HEAD")


class Service:
    """Answers /weight (and /analyze, the same), /healthz, /readyz and /metrics."""

    def __init__(self, settings: WeightSettings, log: Log) -> None:
        self._settings = settings
        self._log = log
        self._series = Series()
        self.readiness = Readiness(
            settings.prometheus, lambda reason: log.line("warning", "not_ready", text=reason)
        )
        self._weigher = Weigher(settings, on_queries=self._on_queries, on_answer=self._on_answer)
        self._places = threading.Semaphore(MOST_WAITING)
        self._paths: Mapping[str, Callable[[Request], Response]] = {
            "/weight": self._weight,
            "/analyze": self._weight,
            "/healthz": lambda _request: _plain("ok\n"),
            "/readyz": self._ready,
            "/metrics": lambda _request: Response(
                self._series.expose(), content_type=CONTENT_TYPE_LATEST
            ),
        }

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """WSGI."""
        began = time.perf_counter()
        request = Request(environ)
        path = request.path if request.path in self._paths else "other"
        try:
            response = self._route(request)
        except Exception as error:
            self._log.line("error", "bug", path=path, text=f"{type(error).__name__}: {error}")
            response = _refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "a bug of the weight service's")
        self._series.request(path, response.status_code, time.perf_counter() - began)
        return response(environ, start_response)

    def _route(self, request: Request) -> Response:
        answer = self._paths.get(request.path)
        if answer is None:
            known = ", ".join(self._paths)
            return _refusal(HTTPStatus.NOT_FOUND, f"there is no such path; there are {known}")
        if request.method not in METHODS:
            refusal = _refusal(HTTPStatus.METHOD_NOT_ALLOWED, "GET it")
            refusal.headers["Allow"] = ", ".join(METHODS)
            return refusal
        return answer(request)

    def _weight(self, request: Request) -> Response:
        try:
            given = _parameters(request)
            if not self._places.acquire(blocking=False):
                return _json(refusal_document(BUSY))
            try:
                answer = self._weigher.answer(given)
            finally:
                self._places.release()
        except BadRequest as bad:
            self._log.line("warning", "bad_request", path=request.path, reasons=bad.problems)
            return _refusal(HTTPStatus.BAD_REQUEST, *bad.problems)
        return _json(weight_document(answer, self._settings, time.monotonic()))

    def _ready(self, _request: Request) -> Response:
        if problem := self.readiness.problem:
            return _plain(f"{problem}\n", HTTPStatus.SERVICE_UNAVAILABLE)
        return _plain("ok\n")

    def _on_queries(self, asked: Sequence[Asked]) -> None:
        self._series.queries(asked)
        self._log.queries(asked)

    def _on_answer(self, answer: WeightAnswer) -> None:
        self._series.answer(answer)
        self._log.answer(answer)


def _parameters(request: Request) -> dict[str, str]:
    """Each once: of two values, nobody knows which one is meant."""
    twice = [name for name, values in request.args.lists() if len(values) > 1]
    if twice:
        raise BadRequest([f"parameter {name[:80]!r} is given twice" for name in twice])
    return dict(request.args.items())


def _json(document: Mapping[str, Any], status: int = HTTPStatus.OK) -> Response:
    response = Response(to_text(document), status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def _refusal(status: int, *reasons: str) -> Response:
    return _json(refusal_document(*reasons), status)


def _plain(text: str, status: int = HTTPStatus.OK) -> Response:
    return Response(text, status, content_type="text/plain; charset=utf-8")
