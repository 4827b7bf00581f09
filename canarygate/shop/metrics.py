"""The shop's own series.

A request of the shop's API or of an unknown path is counted in `http_requests_started_total` when
it was read in full, and ends in exactly one of two places:

- `http_requests_total`, with its duration and its status, when the whole answer was handed to the
  socket; `http_errors_total` too when the status is 400 or more;
- `shop_requests_aborted_total`, when it was not: the fault is `drop`, `hang`, `client` (who left
  before the answer) or `shutdown`.

started = total + aborted + those in flight. /metrics, /healthz and /readyz are in none of them.
"""

from dataclasses import dataclass

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1, 2, 3, 5, 10)
LABELS = ("method", "route", "status_code", "version", "traffic")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SYNTHETIC, USER = "synthetic", "user"


@dataclass(frozen=True, slots=True)
class _Completed:
    requests: Counter
    duration: Histogram
    errors: Counter | None


class Meter:
    """Counts requests. Children are looked up once: resolving labels costs more than counting."""

    def __init__(self, version: str) -> None:
        self.registry = CollectorRegistry()
        self._version = version
        self._requests = self._counter("http_requests", "Requests answered.", LABELS)
        self._errors = self._counter("http_errors", "Requests answered with 400 or more.", LABELS)
        self._duration = Histogram(
            "http_request_duration_seconds",
            "From the whole request read to the whole answer handed to the socket.",
            LABELS,
            buckets=BUCKETS_S,
            registry=self.registry,
        )
        self._started = self._counter(
            "http_requests_started", "Requests read.", ("method", "route", "version", "traffic")
        )
        self._aborted = self._counter(
            "shop_requests_aborted", "Requests that got no whole answer.", ("route", "fault")
        )
        self._leaked = Gauge(
            "shop_leaked_bytes", "Memory held by the fault leak.", registry=self.registry
        )
        ProcessCollector(registry=self.registry)
        self._started_children: dict[tuple[str, str, str], Counter] = {}
        self._completed_children: dict[tuple[str, str, int, str], _Completed] = {}

    def start(self, method: str, route: str, traffic: str) -> None:
        """A request was read."""
        key = (method, route, traffic)
        if key not in self._started_children:
            self._started_children[key] = self._started.labels(
                method, route, self._version, traffic
            )
        self._started_children[key].inc()

    def complete(self, method: str, route: str, traffic: str, status: int, seconds: float) -> None:
        """A request's whole answer went to the socket."""
        key = (method, route, status, traffic)
        if key not in self._completed_children:
            self._completed_children[key] = self._children(*key)
        children = self._completed_children[key]
        children.requests.inc()
        children.duration.observe(seconds)
        if children.errors is not None:
            children.errors.inc()

    def abort(self, route: str, fault: str) -> None:
        """A request ended without one."""
        self._aborted.labels(route, fault).inc()

    def leak(self, total_bytes: int) -> None:
        """So much is held now."""
        self._leaked.set(total_bytes)

    def expose(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self.registry)

    def _counter(self, name: str, text: str, labels: tuple[str, ...]) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _children(self, method: str, route: str, status: int, traffic: str) -> _Completed:
        labels = (method, route, str(status), self._version, traffic)
        return _Completed(
            self._requests.labels(*labels),
            self._duration.labels(*labels),
            self._errors.labels(*labels) if status >= 400 else None,
        )
