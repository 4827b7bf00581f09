"""The weight service's own series: seconds and ratios; what is not known has none."""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from canarygate.weights.analysis import Status
from canarygate.weights.answer import WeightAnswer
from canarygate.weights.measuring import Asked
from canarygate.weights.prometheus import Failure

MOST_SERVICES = 64
SHOWN_SECONDS = 300.0
"""A weight that nobody asked for since is nobody's any more."""
QUERY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
REQUEST_BUCKETS = (0.001, 0.0025, *QUERY_BUCKETS)


class Latest(Collector):
    """The newest decision of each service."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: OrderedDict[str, WeightAnswer] = OrderedDict()

    def keep(self, answer: WeightAnswer) -> None:
        """This one is the newest of its service."""
        with self._lock:
            service = answer.values.get("service", "")
            self._answers[service] = answer
            self._answers.move_to_end(service)
            while len(self._answers) > MOST_SERVICES:
                self._answers.popitem(last=False)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One sample of each gauge that has a meaning for the service."""
        labels = ["service"]
        weight = GaugeMetricFamily(
            "canarygate_weight_safe_percent",
            "The safe weight of the newest decision; 0 on rollback, absent on hold.",
            labels=labels,
        )
        latency = GaugeMetricFamily(
            "canarygate_weight_latency_delta_ratio",
            "p99 of canary divided by stable's, less 1; absent when not known.",
            labels=labels,
        )
        errors = GaugeMetricFamily(
            "canarygate_weight_error_delta_ratio",
            "Error share of canary less stable's; absent when not known.",
            labels=labels,
        )
        with self._lock:
            oldest = time.monotonic() - SHOWN_SECONDS
            shown = [
                (name, each.decision)
                for name, each in self._answers.items()
                if each.computed_clock >= oldest
            ]
        for service, decision in shown:
            if decision.status is not Status.HOLD:
                weight.add_metric([service], decision.weight)
            if decision.latency_delta is not None:
                latency.add_metric([service], decision.latency_delta)
            if decision.error_delta is not None:
                errors.add_metric([service], decision.error_delta)
        yield from (weight, latency, errors)


class Series:
    """Counts what the service does, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._latest = Latest()
        self.registry.register(self._latest)
        self._decisions = Counter(
            "canarygate_weight_decisions",
            "Decisions computed; answers out of the cache are not among them.",
            ("status",),
            registry=self.registry,
        )
        self._failures = Counter(
            "canarygate_weight_query_failures",
            "Queries to Prometheus that gave no number.",
            ("reason",),
            registry=self.registry,
        )
        self._queries = Histogram(
            "canarygate_weight_query_duration_seconds",
            "Of queries to Prometheus, failed ones included.",
            buckets=QUERY_BUCKETS,
            registry=self.registry,
        )
        self._requests = Histogram(
            "canarygate_weight_request_duration_seconds",
            "Of requests to this service, from the request read to the answer made.",
            ("path", "status_code"),
            buckets=REQUEST_BUCKETS,
            registry=self.registry,
        )
        ProcessCollector(registry=self.registry)
        # Counters that exist from the start: the first failure of all is a step from 0 to 1.
        for status in Status:
            self._decisions.labels(status)
        for failure in Failure:
            self._failures.labels(failure)

    def queries(self, asked: Sequence[Asked]) -> None:
        """Queries that are over."""
        for each in asked:
            self._queries.observe(each.seconds)
            if each.failure is not None:
                self._failures.labels(each.failure).inc()

    def answer(self, answer: WeightAnswer) -> None:
        """A decision was computed."""
        self._decisions.labels(answer.decision.status).inc()
        self._latest.keep(answer)

    def request(self, path: str, status: int, seconds: float) -> None:
        """A request was answered; `path` is one of the service's own, or `other`."""
        self._requests.labels(path, status).observe(seconds)

    def expose(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self.registry)
