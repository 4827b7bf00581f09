"""The options of the weight service."""

from canarygate.cli import values
from canarygate.cli.options import Option
from canarygate.cli.weight_values import (
    log_level,
    metric_name,
    number,
    parameter,
    query,
    required_matchers,
    short_duration,
)
from canarygate.weights.matchers import parse_matcher, parse_matchers
from canarygate.weights.queries import Measure

SCRAPES_IN_A_WINDOW = 4

PROMETHEUS_URL = Option(
    name="prometheus_url",
    metavar="URL",
    read=values.base_url,
    help="The Prometheus to ask; required. PROMETHEUS_TOKEN, or PROMETHEUS_USERNAME and "
    "PROMETHEUS_PASSWORD (each also as …_FILE but the name), and PROMETHEUS_CA_FILE say who we are.",
)
SERVICE = Option(
    name="service",
    metavar="NAME",
    read=parameter("service"),
    help="What `<service>` is; a request may say another.",
)
NAMESPACE = Option(
    name="namespace", metavar="NAME", read=parameter("namespace"), help="What `<namespace>` is."
)
CANARY = Option(
    name="canary",
    metavar="NAME",
    read=parameter("canary"),
    help="What `<canary>` is, such as a version or a pod template hash.",
)
STABLE = Option(
    name="stable",
    metavar="NAME",
    read=parameter("stable"),
    help="What `<stable>` is; '' says that there is none, which holds.",
)
PARAMETERS = (SERVICE, NAMESPACE, CANARY, STABLE)
WINDOW = Option(
    name="window",
    metavar="DURATION",
    default="5m",
    read=values.some_time,
    help="Over which time requests, errors and p99 are taken.",
)
SCRAPE_INTERVAL = Option(
    name="scrape_interval",
    metavar="DURATION",
    default="15s",
    read=values.some_time,
    help=f"Of the service's metrics. The window has to be {SCRAPES_IN_A_WINDOW} times as long; "
    "samples that are older than that hold.",
)
MIN_REQUESTS = Option(
    name="min_requests",
    metavar="N",
    default="500",
    read=values.whole,
    help="Of each role in the window; fewer hold.",
)
METRIC = Option(
    name="metric",
    metavar="NAME",
    default="http_request_duration_seconds",
    read=metric_name,
    help="The histogram of the service's requests.",
)
MATCHERS = Option(
    name="matchers",
    metavar="MATCHERS",
    default='job="<service>",traffic!="synthetic"',
    read=parse_matchers,
    help="Label matchers of both roles. Here and below, `<service>`, `<namespace>`, `<canary>` and "
    "`<stable>` are what the request names.",
)
CANARY_MATCHERS = Option(
    name="canary_matchers",
    metavar="MATCHERS",
    default='version="<canary>"',
    read=required_matchers,
    help="What selects the canary's series beside those.",
)
STABLE_MATCHERS = Option(
    name="stable_matchers",
    metavar="MATCHERS",
    default='version="<stable>"',
    read=required_matchers,
    help="What selects stable's.",
)
ERROR_MATCHER = Option(
    name="error_matcher",
    metavar="MATCHER",
    default='status_code=~"5.."',
    read=parse_matcher,
    help="What tells a failed request; series without this label have no error share.",
)
LATENCY_QUERY = Option(
    name="latency_query",
    metavar="PROMQL",
    read=query,
    help="Instead of p99 out of the histogram: seconds, with `<matchers>`, `<window>`, `<metric>`, "
    "`<success>`, `<error>` or `<told>` in it.",
)
ERROR_QUERY = Option(
    name="error_query",
    metavar="PROMQL",
    read=query,
    help="Instead of the error share: a ratio, 0 without errors and nothing without traffic.",
)
REQUESTS_QUERY = Option(
    name="requests_query",
    metavar="PROMQL",
    read=query,
    help="Instead of the number of requests in the window.",
)
QUERIES = {
    Measure.LATENCY: LATENCY_QUERY,
    Measure.ERRORS: ERROR_QUERY,
    Measure.REQUESTS: REQUESTS_QUERY,
}
SELECTION = (
    *(WINDOW, SCRAPE_INTERVAL, MIN_REQUESTS, METRIC, MATCHERS, CANARY_MATCHERS, STABLE_MATCHERS),
    *(ERROR_MATCHER, LATENCY_QUERY, ERROR_QUERY, REQUESTS_QUERY),
)
FLOOR = Option(
    name="floor",
    metavar="PERCENT",
    default="5",
    read=number(0, 100, above=True),
    help="The least weight of a canary that may proceed.",
)
MAX_WEIGHT = Option(
    name="max_weight",
    metavar="PERCENT",
    default="100",
    read=number(0, 100, above=True),
    help="The most.",
)
LATENCY_THRESHOLD = Option(
    name="latency_threshold",
    metavar="RATIO",
    default="0.5",
    read=number(0, 1000, above=True),
    help="Roll back when the canary's p99 is this much above stable's: 0.5 is half as much again.",
)
ERROR_THRESHOLD = Option(
    name="error_threshold",
    metavar="RATIO",
    default="0.05",
    read=number(0, 1, above=True),
    help="Roll back when the canary's error share is this much above stable's.",
)
LATENCY_SLACK = Option(
    name="latency_slack",
    metavar="DURATION",
    default="5ms",
    read=short_duration,
    help="A p99 that is above stable's by no more than this counts as equal.",
)
LATENCY_STEEPNESS = Option(
    name="latency_steepness",
    metavar="K",
    default="10",
    read=number(0, 1000),
    help="Of exp(-K * delta), which slowness leaves of the weight.",
)
ERROR_STEEPNESS = Option(
    name="error_steepness",
    metavar="K",
    default="20",
    read=number(0, 10000),
    help="Of 1 - K * delta, which errors leave of it.",
)
SAFETY_FLOOR = Option(
    name="safety_floor",
    metavar="RATIO",
    default="0.1",
    read=number(0, 1),
    help="The least that is left of the weight above --floor.",
)
ERROR_FLOOR = Option(
    name="error_floor",
    metavar="RATIO",
    default="0.2",
    read=number(0, 1),
    help="The least that errors alone leave of it.",
)
FORMULA = (
    *(FLOOR, MAX_WEIGHT, LATENCY_THRESHOLD, ERROR_THRESHOLD),
    *(LATENCY_STEEPNESS, ERROR_STEEPNESS, SAFETY_FLOOR, ERROR_FLOOR),
)
QUERY_TIMEOUT = Option(
    name="query_timeout",
    metavar="DURATION",
    default="5s",
    read=values.some_time,
    help="For each query.",
)
DEADLINE = Option(
    name="deadline",
    metavar="DURATION",
    default="8s",
    read=values.some_time,
    help="For the whole answer. Argo's web provider gives up after 10 s.",
)
BOUNDS = (QUERY_TIMEOUT, DEADLINE)
CACHE = Option(
    name="cache",
    metavar="DURATION",
    default="5s",
    read=values.duration,
    help="For how long an answer is given again; 0 never.",
)
LOG_LEVEL = Option(
    name="log_level",
    metavar="LEVEL",
    default="info",
    read=log_level,
    help="The least that is written to stderr: debug (every query), info (every decision), "
    "warning (holds, rollbacks and failures) or error.",
)
COMMON = (PROMETHEUS_URL, *PARAMETERS, *SELECTION, *FORMULA, LATENCY_SLACK, *BOUNDS)
