"""The options of the memory check, and the settings that they add up to."""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from canarygate.cli import values
from canarygate.cli.options import Option, Settings
from canarygate.cli.run_options import RUN_TIME, STABLE_HOST
from canarygate.judge.policy import MemoryRules
from canarygate.memory import INTERVAL_SECONDS
from canarygate.results import CANARY, STABLE
from canarygate.settings import MemorySettings, RunSettings, without_secrets

MATCHER = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\\n]|\\.)*")\s*')
EXAMPLE = 'namespace="shop",pod=~"web-6b8c-.*"'
SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)\s*(k|[KMGT]i?)?B?", re.ASCII)
FACTORS = {"": 1, "k": 1000, "K": 1000} | {
    f"{letter}{binary}": (1024 if binary else 1000) ** power
    for power, letter in enumerate("KMGT", 1)
    for binary in ("", "i")
}


def metrics_url(text: str) -> str:
    """Any URL of a metrics endpoint; without a path, `/metrics`."""
    text = text.strip()
    shown = without_secrets(text)
    try:
        parts = urlsplit(text)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not text.startswith(("http://", "https://")) or not usable or re.search(r"\s", text):
        raise ValueError(f"{shown!r} is no URL; try http://checkout-canary:8080/metrics")
    if "@" in parts.path:
        raise ValueError(f"{shown!r} has an @ in its path; in a password write / as %2F")
    return text if parts.path.strip("/") else parts._replace(path="/metrics").geturl()


def size(text: str) -> int:
    """`512Mi`, `512MiB`, `1G` or bytes."""
    match = SIZE.fullmatch(text.strip())
    if match is None or float(match[1]) <= 0:
        raise ValueError(f"{text!r} is not an amount of memory; try 512Mi, 1G or 536870912")
    number, unit = match.groups()
    return int(float(number) * FACTORS[unit or ""])


def read_selector(text: str) -> str:
    """Label matchers, each whole and quoted, as they go between the braces of a query.

    What does not parse is refused: so nothing that is given here can become another query.
    """
    inner = text.strip()
    if inner.startswith("{") != inner.endswith("}"):
        raise ValueError(f"{text!r} has a brace without its other; try {EXAMPLE}")
    inner = inner.removeprefix("{").removesuffix("}").strip().removesuffix(",")
    matchers, position = [], 0
    while position < len(inner):
        match = MATCHER.match(inner, position)
        if match is None:
            raise ValueError(
                f"{inner[position:].strip()!r} is no label matcher (values in double quotes); "
                f"try {EXAMPLE}"
            )
        if match[1] == "__name__":
            raise ValueError("__name__ cannot be chosen; the names of the series are ours")
        matchers.append("".join(match.groups()))
        position = match.end()
        if position < len(inner) and inner[position] != ",":
            raise ValueError(f"there is a comma missing before {inner[position:]!r}")
        position += 1
    if not matchers:
        raise ValueError(f"the selector is empty and would take every pod; try {EXAMPLE}")
    return ",".join(sorted(matchers))


CANARY_METRICS_URL = Option(
    name="canary_metrics_url",
    metavar="URL",
    read=metrics_url,
    help="Judge memory: the canary's metrics, with process_resident_memory_bytes. Of one pod; needs "
    "--memory-limit.",
)
STABLE_METRICS_URL = Option(
    name="stable_metrics_url",
    metavar="URL",
    read=metrics_url,
    help="Stable's. Without it, growth alone never fails the canary.",
)
MEMORY_LIMIT = Option(
    name="memory_limit",
    metavar="SIZE",
    read=size,
    help="The memory limit of one instance, such as 512Mi. With --prometheus-url only for pods "
    "whose limit it does not know.",
)
PROMETHEUS_URL = Option(
    name="prometheus_url",
    metavar="URL",
    read=values.base_url,
    help="Judge memory by the series of cAdvisor and kube-state-metrics in this Prometheus instead.",
)
CANARY_PODS = Option(
    name="canary_pods",
    metavar="MATCHERS",
    read=read_selector,
    help=f"With --prometheus-url: the canary's pods, such as {EXAMPLE}.",
)
STABLE_PODS = Option(
    name="stable_pods", metavar="MATCHERS", read=read_selector, help="The same for stable's pods."
)
ENDPOINTS = (CANARY_METRICS_URL, STABLE_METRICS_URL)
PODS = (CANARY_PODS, STABLE_PODS)
MEMORY = (*ENDPOINTS, MEMORY_LIMIT, PROMETHEUS_URL, *PODS)


def read_memory_settings(settings: Settings) -> MemorySettings | None:
    """Where memory is read from; None when nobody asked, or `settings.problems` says why not."""
    if not any(settings.texts.get(option.name) for option in MEMORY):
        return None
    problems = list(_problems(settings))
    settings.problems += problems
    return MemorySettings(
        metrics_urls=_by_role(settings, ENDPOINTS),
        prometheus_url=settings["prometheus_url"] or "",
        pods=_by_role(settings, PODS),
        limit_bytes=settings["memory_limit"],
    )


def short_run_note(run: RunSettings, rules: MemoryRules) -> str:
    """Said before the load: memory is asked for, and the run is too short for any answer."""
    seen = max(rules.span_seconds, rules.samples * INTERVAL_SECONDS)
    needed = rules.warm_up_seconds + seen
    if run.memory is None or run.run_time_seconds >= needed:
        return ""
    return (
        f"memory takes {needed:g} s to judge ({rules.samples} samples after "
        f"{rules.warm_up_seconds:g} s), and {RUN_TIME.label} is {run.run_time_seconds} s: this run "
        "cannot pass"
    )


def printable(settings: Settings) -> Mapping[str, str | None]:
    """The texts of these options as they may be shown."""
    shown = dict(settings.texts)
    for option in (*ENDPOINTS, PROMETHEUS_URL):
        shown[option.name] = without_secrets(shown.get(option.name) or "") or None
    return {option.name: shown.get(option.name) for option in MEMORY}


def _by_role(settings: Settings, options: tuple[Option, Option]) -> dict[str, str]:
    roles = zip((CANARY, STABLE), options, strict=True)
    return {role: settings[option.name] for role, option in roles if settings[option.name]}


def _problems(settings: Settings) -> Iterator[str]:
    """What the values, each good in itself, do not make together."""

    def given(*options: Option) -> list[Option]:
        # As text: one that could not be read was meant all the same, and is told already.
        return [option for option in options if settings.texts[option.name]]

    canary, prometheus = given(CANARY_METRICS_URL), given(PROMETHEUS_URL)
    if (ends := given(*ENDPOINTS)) and (others := given(PROMETHEUS_URL, *PODS)):
        yield (
            f"{ends[0].label} and {others[0].label} are two sources of memory; give metrics URLs, "
            "or a Prometheus and pods"
        )
        return
    if given(STABLE_METRICS_URL) and not canary:
        yield f"{STABLE_METRICS_URL.label} is given without {CANARY_METRICS_URL.label}; give both"
    if canary and not given(MEMORY_LIMIT):
        yield (
            f"{CANARY_METRICS_URL.label} needs {MEMORY_LIMIT.label}, such as 512Mi: growth is held "
            "against the limit"
        )
    if given(MEMORY_LIMIT) and not ends and not given(PROMETHEUS_URL, *PODS):
        yield (
            f"{MEMORY_LIMIT.label} is given without a source of memory; give "
            f"{CANARY_METRICS_URL.label} or {PROMETHEUS_URL.label}"
        )
    if (pods := given(*PODS)) and not prometheus:
        yield f"{pods[0].label} is given without {PROMETHEUS_URL.label}; give both"
    if prometheus and not given(CANARY_PODS):
        yield f"{PROMETHEUS_URL.label} needs {CANARY_PODS.label}, such as {EXAMPLE}"
    if (stable := given(STABLE_METRICS_URL, STABLE_PODS)) and not settings.values.get(
        "stable_host"
    ):
        yield (
            f"{stable[0].label} is given without {STABLE_HOST.label}: stable gets no load, so its "
            "memory says nothing of the canary's"
        )
    yield from _same_on_both(settings)


def _same_on_both(settings: Settings) -> Iterator[str]:
    one, other = (settings[option.name] for option in PODS)
    if one and one == other:
        yield f"{STABLE_PODS.label} are the canary's own pods; two different selectors are compared"
    one, other = (settings[option.name] for option in ENDPOINTS)
    if one and one == other and not settings.values.get("allow_same_host"):
        yield (
            f"{STABLE_METRICS_URL.label} is the canary's own; two different ones are compared "
            "(or, to calibrate, --allow-same-host)"
        )
