"""What one role's run measured, whatever it was read from, and the families that say so."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from canarygate.records import Outcome
from push_metrics import catalogue
from push_metrics.catalogue import Metric
from push_metrics.exposition import Family, Sample
from push_metrics.labels import label_value

MAX_ENDPOINTS = 100
"""Per group. With its histogram an endpoint is about 35 series."""
OTHER_ENDPOINTS = ("", "(other endpoints)")

# No bound above 1 that a selector is likely to name is whole except 1, 5 and 10: Prometheus 2 stores
# those as le="1" where 3 stores le="1.0", so select them with le=~"1|1.0".
BUCKETS = (
    *(0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3),
    *(0.4, 0.5, 0.6, 0.8, 1.0, 1.5, 2.5, 5.0, 10.0),
)


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Response times in seconds: how many, their sum, and what describes them."""

    count: int
    sum: float
    maximum: float
    quantiles: Mapping[float, float]
    buckets: Sequence[int] = ()
    """How many did not exceed each of BUCKETS; empty where nobody knows."""


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """Requests to one endpoint, or to all of them (method and name are then empty).

    `latency` is None where no response time has a meaning.
    """

    method: str = ""
    name: str = ""
    requests: int
    failures: int
    requests_per_second: float | None = None
    latency: Latency | None = None


@dataclass(frozen=True, kw_only=True)
class RoleValues:
    """One role's run. None, or nothing, is what is not known; it becomes no series."""

    info: Mapping[str, str]
    total: Traffic | None = None
    endpoints: Sequence[Traffic] = ()
    failures_by_kind: Mapping[tuple[str, str, Outcome], int] = field(default_factory=dict)
    complete: bool | None = None
    exceptions: int | None = None
    unfinished: int | None = None
    users: int | None = None
    start: float | None = None
    """Seconds since the epoch, as `end`."""
    end: float | None = None

    @property
    def duration(self) -> float | None:
        """Seconds from start to end."""
        return None if self.start is None or self.end is None else self.end - self.start


def families_of(values: RoleValues, *, endpoints: bool) -> list[Family]:
    """The families of one role, in the catalogue's order and without those that have no series."""
    found: dict[Metric, list[Sample]] = {}
    for metric, sample in _samples(values, endpoints=endpoints):
        found.setdefault(metric, []).append(sample)
    return [Family(metric, found[metric]) for metric in catalogue.METRICS if metric in found]


def _samples(values: RoleValues, *, endpoints: bool) -> Iterator[tuple[Metric, Sample]]:
    empty = dict.fromkeys(catalogue.RUN_INFO.labels, "")
    yield catalogue.RUN_INFO, Sample(1, {**empty, **values.info})
    total = values.total
    gauges = {
        catalogue.RUN_COMPLETE: values.complete,
        catalogue.RUN_EXCEPTIONS: values.exceptions,
        catalogue.RUN_UNFINISHED: values.unfinished,
        catalogue.RUN_USERS: values.users,
        catalogue.RUN_DURATION: values.duration,
        catalogue.RUN_START: values.start,
        catalogue.RUN_END: values.end,
    }
    for metric, value in gauges.items():
        if value is not None:
            yield metric, Sample(float(value), {})
    if total is not None:
        yield from _traffic(_RUN, total, {})
        yield from _kinds(values.failures_by_kind)
    if endpoints and total is not None:
        kept = sorted(values.endpoints, key=lambda each: -each.requests)[:MAX_ENDPOINTS]
        omitted = len(values.endpoints) - len(kept)
        yield catalogue.RUN_ENDPOINTS_OMITTED, Sample(omitted, {})
        for each in sorted(kept, key=lambda each: (each.method, each.name)):
            yield from _traffic(_ENDPOINT, each, {"method": each.method, "name": each.name})


@dataclass(frozen=True)
class _Names:
    requests: Metric
    failures: Metric
    failure_ratio: Metric
    requests_per_second: Metric
    response_time: Metric
    response_time_max: Metric
    request_duration: Metric


_RUN = _Names(
    catalogue.RUN_REQUESTS,
    catalogue.RUN_FAILURES,
    catalogue.RUN_FAILURE_RATIO,
    catalogue.RUN_REQUESTS_PER_SECOND,
    catalogue.RUN_RESPONSE_TIME,
    catalogue.RUN_RESPONSE_TIME_MAX,
    catalogue.RUN_REQUEST_DURATION,
)
_ENDPOINT = _Names(
    catalogue.ENDPOINT_REQUESTS,
    catalogue.ENDPOINT_FAILURES,
    catalogue.ENDPOINT_FAILURE_RATIO,
    catalogue.ENDPOINT_REQUESTS_PER_SECOND,
    catalogue.ENDPOINT_RESPONSE_TIME,
    catalogue.ENDPOINT_RESPONSE_TIME_MAX,
    catalogue.ENDPOINT_REQUEST_DURATION,
)


def _traffic(
    names: _Names, traffic: Traffic, labels: Mapping[str, str]
) -> Iterator[tuple[Metric, Sample]]:
    yield names.requests, Sample(traffic.requests, labels)
    yield names.failures, Sample(traffic.failures, labels)
    if traffic.requests:
        yield names.failure_ratio, Sample(traffic.failures / traffic.requests, labels)
    if traffic.requests_per_second is not None:
        yield names.requests_per_second, Sample(traffic.requests_per_second, labels)
    latency = traffic.latency
    if latency is None:
        return
    for quantile, seconds in latency.quantiles.items():
        yield names.response_time, Sample(seconds, {**labels, "quantile": str(quantile)})
    # A gateway that gets a summary without these two invents them, as 0.
    yield names.response_time, Sample(latency.sum, labels, "_sum")
    yield names.response_time, Sample(latency.count, labels, "_count")
    yield names.response_time_max, Sample(latency.maximum, labels)
    if latency.buckets:
        counts = (*latency.buckets, latency.count)
        for bound, count in zip((*map(str, BUCKETS), "+Inf"), counts, strict=True):
            yield names.request_duration, Sample(count, {**labels, "le": bound}, "_bucket")
        yield names.request_duration, Sample(latency.sum, labels, "_sum")
        yield names.request_duration, Sample(latency.count, labels, "_count")


def _kinds(
    failures: Mapping[tuple[str, str, Outcome], int],
) -> Iterator[tuple[Metric, Sample]]:
    by_endpoint: dict[tuple[str, str], int] = {}
    for (method, name, _), count in failures.items():
        by_endpoint[method, name] = by_endpoint.get((method, name), 0) + count
    most = sorted(by_endpoint, key=lambda endpoint: (-by_endpoint[endpoint], endpoint))
    kept = set(most[:MAX_ENDPOINTS])
    folded: dict[tuple[str, str, str], int] = {}
    for (method, name, kind), count in failures.items():
        endpoint = (method, name) if (method, name) in kept else OTHER_ENDPOINTS
        key = (label_value(endpoint[0]), label_value(endpoint[1]), kind.value)
        folded[key] = folded.get(key, 0) + count
    for key, count in sorted(folded.items()):
        labels = dict(zip(catalogue.RUN_FAILURES_BY_KIND.labels, key, strict=True))
        yield catalogue.RUN_FAILURES_BY_KIND, Sample(count, labels)
