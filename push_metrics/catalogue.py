"""Every series that canarygate pushes, declared once; docs/metrics.md is written from here."""

from dataclasses import dataclass
from enum import StrEnum

JOB = "canarygate"
GROUPING_LABELS = ("job", "service", "role", "stage")
"""What canarygate itself puts into a grouping key; push labels come on top."""


class Kind(StrEnum):
    """A Prometheus type."""

    GAUGE = "gauge"
    SUMMARY = "summary"
    HISTOGRAM = "histogram"


@dataclass(frozen=True)
class Metric:
    """One name with its type, its meaning and the labels it has besides the grouping key."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()


def _gauge(name: str, text: str, *labels: str) -> Metric:
    return Metric(name, Kind.GAUGE, text, labels)


_OF_SUCCESSES = "of successful requests in seconds; from bare Locust CSV files, of all requests"
_ENDPOINT = ("method", "name")

RUN_INFO = _gauge(
    "canarygate_run_info",
    "Always 1; says which run this is, and whether its numbers come from exact records or from "
    "Locust's own CSV files.",
    "run_id",
    "outcome",
    "target_host",
    "source",
    "canarygate_version",
    "locust_version",
)
RUN_COMPLETE = _gauge(
    "canarygate_run_complete",
    "1 when the run ended as planned or was decided early, and this role's last report arrived; "
    "else 0.",
)
RUN_REQUESTS = _gauge("canarygate_run_requests", "Requests that finished, warm-up included.")
RUN_FAILURES = _gauge("canarygate_run_failures", "Requests that failed.")
RUN_FAILURE_RATIO = _gauge(
    "canarygate_run_failure_ratio", "Failed requests per request; absent without requests."
)
RUN_FAILURES_BY_KIND = _gauge(
    "canarygate_run_failures_by_kind",
    "Failed requests by endpoint and kind of failure; only kinds that happened. Beyond the "
    "endpoints with the most failures, the rest is one entry named (other endpoints).",
    *_ENDPOINT,
    "kind",
)
RUN_EXCEPTIONS = _gauge(
    "canarygate_run_exceptions", "Exceptions that tasks of the locustfile raised."
)
RUN_UNFINISHED = _gauge("canarygate_run_unfinished", "Requests that were sent and never came back.")
RUN_REQUESTS_PER_SECOND = _gauge(
    "canarygate_run_requests_per_second", "Finished requests per second of the run."
)
RUN_USERS = _gauge("canarygate_run_users", "Most simulated users that ran at once.")
RUN_DURATION = _gauge(
    "canarygate_run_duration_seconds",
    "From the first user's start to the moment the load was told to stop.",
)
RUN_START = _gauge(
    "canarygate_run_start_timestamp_seconds", "When the first user started, since the epoch."
)
RUN_END = _gauge(
    "canarygate_run_end_timestamp_seconds", "When the load was told to stop, since the epoch."
)
RUN_RESPONSE_TIME = Metric(
    "canarygate_run_response_time_seconds",
    Kind.SUMMARY,
    f"Response time {_OF_SUCCESSES}.",
    ("quantile",),
)
RUN_RESPONSE_TIME_MAX = _gauge(
    "canarygate_run_response_time_max_seconds", f"Longest response time {_OF_SUCCESSES}."
)
RUN_REQUEST_DURATION = Metric(
    "canarygate_run_request_duration_seconds",
    Kind.HISTOGRAM,
    "Response time of successful requests in seconds, from the exact records.",
    ("le",),
)
RUN_ENDPOINTS_OMITTED = _gauge(
    "canarygate_run_endpoints_omitted",
    "Endpoints left out of canarygate_endpoint_* because there were too many of them.",
)

ENDPOINT_REQUESTS = _gauge(
    "canarygate_endpoint_requests", "Requests to one endpoint that finished.", *_ENDPOINT
)
ENDPOINT_FAILURES = _gauge(
    "canarygate_endpoint_failures", "Requests to one endpoint that failed.", *_ENDPOINT
)
ENDPOINT_FAILURE_RATIO = _gauge(
    "canarygate_endpoint_failure_ratio",
    "Failed requests per request to one endpoint; absent without requests.",
    *_ENDPOINT,
)
ENDPOINT_REQUESTS_PER_SECOND = _gauge(
    "canarygate_endpoint_requests_per_second",
    "Finished requests to one endpoint per second of the run.",
    *_ENDPOINT,
)
ENDPOINT_RESPONSE_TIME = Metric(
    "canarygate_endpoint_response_time_seconds",
    Kind.SUMMARY,
    f"Response time of one endpoint, {_OF_SUCCESSES}.",
    (*_ENDPOINT, "quantile"),
)
ENDPOINT_RESPONSE_TIME_MAX = _gauge(
    "canarygate_endpoint_response_time_max_seconds",
    f"Longest response time of one endpoint, {_OF_SUCCESSES}.",
    *_ENDPOINT,
)
ENDPOINT_REQUEST_DURATION = Metric(
    "canarygate_endpoint_request_duration_seconds",
    Kind.HISTOGRAM,
    "Response time of one endpoint's successful requests in seconds, from the exact records.",
    (*_ENDPOINT, "le"),
)

COMPARISON_RATIO = _gauge(
    "canarygate_comparison_ratio",
    "The canary beside stable, by measure: a ratio of the two (1.38 is 38 % slower), or a "
    "difference of two shares. Absent without a comparison, and a measure is where there was too "
    "little to tell. Role canary only.",
    "measure",
)
MEASURES = {
    "latency_typical": "Typical change of the response time (Hodges-Lehmann ratio), all endpoints "
    "together, canary to stable.",
    "latency_p50": "Median response time of all compared successes, canary to stable.",
    "latency_p95": "95th percentile of the response time of all compared successes, canary to stable.",
    "latency_worst_endpoint": "Typical change at the endpoint where it is largest, of those with "
    "enough successes to compare, canary to stable.",
    "error_share_difference": "Share of requests that failed, canary minus stable; below 0 where "
    "the canary fails less.",
}
"""Every value of the label `measure`; the judge gives no others."""
MEMORY_SECONDS_TO_LIMIT = _gauge(
    "canarygate_memory_seconds_to_limit",
    "At the growth seen in this run, the role's memory reaches its limit in so many seconds from "
    "the run's last sample on. Absent where memory was not judged, does not grow or has no known "
    "limit.",
)
DECIDED_SECONDS = _gauge(
    "canarygate_decided_seconds",
    "When the answer became certain, in seconds since the load began. Absent when it did not "
    "before the end of the run. Role canary only.",
)
VERDICT = _gauge(
    "canarygate_verdict",
    "The answer as a state set: 1 for the verdict given, 0 for the others. Role canary only.",
    "verdict",
)
CHECK_STATE = _gauge(
    "canarygate_check_state",
    "Each check as a state set: 1 for the state it is in, 0 for the others. Role canary only.",
    "check",
    "state",
)

METRICS = (
    RUN_INFO,
    RUN_COMPLETE,
    RUN_REQUESTS,
    RUN_FAILURES,
    RUN_FAILURE_RATIO,
    RUN_FAILURES_BY_KIND,
    RUN_EXCEPTIONS,
    RUN_UNFINISHED,
    RUN_REQUESTS_PER_SECOND,
    RUN_USERS,
    RUN_DURATION,
    RUN_START,
    RUN_END,
    RUN_RESPONSE_TIME,
    RUN_RESPONSE_TIME_MAX,
    RUN_REQUEST_DURATION,
    RUN_ENDPOINTS_OMITTED,
    ENDPOINT_REQUESTS,
    ENDPOINT_FAILURES,
    ENDPOINT_FAILURE_RATIO,
    ENDPOINT_REQUESTS_PER_SECOND,
    ENDPOINT_RESPONSE_TIME,
    ENDPOINT_RESPONSE_TIME_MAX,
    ENDPOINT_REQUEST_DURATION,
    COMPARISON_RATIO,
    MEMORY_SECONDS_TO_LIMIT,
    DECIDED_SECONDS,
    VERDICT,
    CHECK_STATE,
)
BODY_LABELS = frozenset(label for metric in METRICS for label in metric.labels)
"""No grouping key may use these: the gateway would overwrite them in every series of the group."""
