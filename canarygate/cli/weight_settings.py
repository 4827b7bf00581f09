"""The weight service that its options ask for."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from canarygate.cli.options import Settings
from canarygate.cli.weight_options import (
    CANARY_MATCHERS,
    DEADLINE,
    FLOOR,
    FORMULA,
    MAX_WEIGHT,
    PARAMETERS,
    PROMETHEUS_URL,
    QUERIES,
    QUERY_TIMEOUT,
    SCRAPE_INTERVAL,
    SCRAPES_IN_A_WINDOW,
    STABLE_MATCHERS,
    WINDOW,
)
from canarygate.errors import ConfigError
from canarygate.weights.analysis import Rules
from canarygate.weights.queries import TEMPLATES, Selection
from canarygate.weights.settings import PrometheusSettings, WeightSettings

ARGO_SECONDS = 10.0
"""After which Argo's web provider gives up unless its template says otherwise."""
HINT = "every option is explained in docs/weights.md"


def read_weight_settings(settings: Settings, environment: Mapping[str, str]) -> WeightSettings:
    """The weight service that was asked for.

    Raises:
        ConfigError: everything that is wrong with the settings, at once.
    """
    from push_metrics.credentials import read_credentials

    credentials = read_credentials(environment, "PROMETHEUS")
    settings.problems += credentials.problems
    settings.problems += _problems(settings)
    if credentials.token and (credentials.username or credentials.password):
        settings.problems.append(
            "PROMETHEUS_TOKEN and PROMETHEUS_USERNAME or _PASSWORD are both set; set one"
        )
    if settings.problems:
        raise ConfigError(settings.problems, hint=HINT)
    given = settings.values
    return WeightSettings(
        prometheus=PrometheusSettings(
            url=given["prometheus_url"],
            query_timeout_seconds=given["query_timeout"],
            username=credentials.username,
            password=credentials.password,
            token=credentials.token,
            token_file=credentials.token_file,
            ca_file=credentials.ca_file,
        ),
        selection=_selection(settings),
        rules=_rules(settings),
        parameters={
            option.name: given[option.name]
            for option in PARAMETERS
            if given[option.name] is not None
        },
        deadline_seconds=given["deadline"],
        **{
            field: given[name]
            for field, name in {
                "cache_seconds": "cache",
                "host": "bind",
                "port": "port",
                "log_level": "log_level",
            }.items()
            if name in given
        },
    )


def _selection(settings: Settings) -> Selection:
    own = {measure: settings[option.name] for measure, option in QUERIES.items()}
    return Selection(
        metric=settings["metric"],
        matchers=settings["matchers"],
        canary=settings["canary_matchers"],
        stable=settings["stable_matchers"],
        error=settings["error_matcher"],
        templates={**TEMPLATES, **{measure: text for measure, text in own.items() if text}},
        window_seconds=settings["window"],
    )


def _rules(settings: Settings) -> Rules:
    return Rules(
        min_requests=settings["min_requests"],
        latency_slack_seconds=settings["latency_slack"],
        max_age_seconds=settings["scrape_interval"] * SCRAPES_IN_A_WINDOW,
        **{option.name: settings[option.name] for option in FORMULA},
    )


def _problems(settings: Settings) -> Iterator[str]:
    """What the values, each good in itself, do not make together."""
    if not settings.texts["prometheus_url"]:
        yield f"{PROMETHEUS_URL.label} is required, such as http://prometheus.monitoring:9090"
    given = settings.values
    if given["window"] and given["scrape_interval"]:
        least = given["scrape_interval"] * SCRAPES_IN_A_WINDOW
        if given["window"] < least:
            yield (
                f"{WINDOW.label} is {given['window']:g} s, and with {SCRAPE_INTERVAL.label} of "
                f"{given['scrape_interval']:g} s a rate takes {least:g} s at least; a window of one "
                "scrape is empty in Prometheus 3"
            )
    if given["deadline"] and given["deadline"] >= ARGO_SECONDS:
        yield (
            f"{DEADLINE.label} is {given['deadline']:g} s, and Argo's web provider gives up after "
            f"{ARGO_SECONDS:g} s; give less"
        )
    if given["query_timeout"] and given["deadline"] and given["query_timeout"] > given["deadline"]:
        yield f"{QUERY_TIMEOUT.label} is longer than {DEADLINE.label}, which ends every query"
    if given["floor"] and given["max_weight"] and given["floor"] > given["max_weight"]:
        yield f"{FLOOR.label} is above {MAX_WEIGHT.label}"
    if settings.texts["canary_matchers"] == settings.texts["stable_matchers"]:
        yield (
            f"{CANARY_MATCHERS.label} and {STABLE_MATCHERS.label} are the same; two different "
            "selections are compared"
        )
    if given["prometheus_url"] and urlsplit(given["prometheus_url"]).path.endswith("/api/v1"):
        yield f"{PROMETHEUS_URL.label}: give the base URL, without /api/v1"
