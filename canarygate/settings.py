"""What canarygate was told, as frozen values filled once at the edge; and how words become values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

DURATION = re.compile(r"(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9}(?:\.\d{1,9})?)s?)?", re.ASCII)
COMPARED_SECONDS = 20.0
"""Of load after the warm-up, which is what it takes to compare two versions at all."""
LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


@dataclass(frozen=True, kw_only=True)
class PushSettings:
    """Where series go. Secrets stay out of `repr`, so that no log or traceback shows them."""

    url: str
    timeout_seconds: float = 20.0
    """For everything that the push does, retries included."""
    prune_after_seconds: float = 86400.0
    required: bool = True
    endpoints: bool = False
    """Push the series per endpoint too."""
    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    """A bearer token."""
    ca_file: Path | None = None


def without_secrets(url: str) -> str:
    """The URL as it may be printed and kept: without a username, a password or a query in it.

    Also of text that is no URL: a password with a `/` or `?` in it ends the host too early for others.
    """
    scheme, mark, rest = url.partition("://")
    if not mark:
        scheme, rest = "", url
    return f"{scheme}{mark}{re.split('[?#]', rest.rpartition('@')[2])[0]}"


def parse_duration(text: str) -> float:
    """`90`, `90s`, `2.5s`, `5m`, `1m30s`, `1h` → seconds.

    Raises:
        ValueError: anything else; the message says what is understood.
    """
    match = DURATION.fullmatch(text.strip())
    if not text.strip() or match is None:
        raise ValueError(f"{text!r} is not a duration; try 90s, 5m or 1m30s")
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds


def parse_labels(text: str) -> Mapping[str, str]:
    """`a=b,c=d` → {"a": "b", "c": "d"}; a value may hold `=`, not `,`.

    Raises:
        ValueError: a part without `=`, a name that Prometheus refuses, or a name given twice.
    """
    labels: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, equals, value = part.partition("=")
        name = name.strip()
        if not equals:
            raise ValueError(f"{part!r} has no '='; write name=value,name=value")
        if not LABEL_NAME.fullmatch(name) or name.startswith("__"):
            raise ValueError(f"{name!r} is not a label name (letters, digits and _, not __ first)")
        if name in labels:
            raise ValueError(f"label {name!r} is given twice")
        labels[name] = value.strip()
    return labels


@dataclass(frozen=True, kw_only=True)
class MemorySettings:
    """Where memory is read from: a metrics endpoint per role, or a Prometheus and pod selectors."""

    metrics_urls: Mapping[str, str] = field(default_factory=dict)
    """By role; any endpoint with `process_resident_memory_bytes`."""
    prometheus_url: str = ""
    pods: Mapping[str, str] = field(default_factory=dict)
    """By role: label matchers that select its pods, such as `namespace="shop",pod=~"web-6b8c-.*"`."""
    limit_bytes: int | None = None
    """Of one instance; None where the source shows it."""

    def printable(self) -> "MemorySettings":
        """As it may be printed and kept."""
        urls = {role: without_secrets(url) for role, url in self.metrics_urls.items()}
        return replace(self, metrics_urls=urls, prometheus_url=without_secrets(self.prometheus_url))


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """One load run: what is sent where, and where it is kept. Durations are seconds."""

    hosts: Mapping[str, str]
    """Base URL by role; the canary's, and stable's where there is one."""
    locust_file: Path
    users: int = 20
    spawn_rate: float = 5.0
    """Users started per second."""
    run_time_seconds: int = 45
    """At most; a certain answer ends the load before."""
    min_run_time_seconds: float = 0.0
    """A certain answer does not end the load before."""
    arrival: str = "closed"
    """`closed`: a user thinks after each answer. `open`: it keeps to a schedule fixed beforehand."""
    rate: float | None = None
    """Tasks per second and role on an open schedule; None: the locustfile's own wait times."""
    memory: MemorySettings | None = None
    warm_up_seconds: float = 10.0
    seed: str
    processes: int = 1
    request_timeout_seconds: float = 5.0
    """For a whole request, from the first byte sent to the last received."""
    extra_args: tuple[str, ...] = ()
    """Locust's own, as given after `--`."""
    results_dir: Path
    run_id: str
    service: str
    stage: str = ""
    push_labels: Mapping[str, str] = field(default_factory=dict)
    allow_same_host: bool = False

    @property
    def folder(self) -> Path:
        """Where this run's files go."""
        return self.results_dir / self.run_id


@dataclass(frozen=True, kw_only=True)
class ServiceSettings:
    """The service that `smoke` starts, or waits for where `command` is empty. Durations are seconds."""

    command: tuple[str, ...] = field(default=(), repr=False)
    """Its arguments may hold secrets."""
    ready_path: str = ""
    """Below each host's base URL, and answered with 2xx or 3xx; empty: any answer below 500 to `/`."""
    ready_timeout_seconds: float = 60.0
    stop_timeout_seconds: float = 10.0
    """From SIGTERM to SIGKILL."""


@dataclass(frozen=True, kw_only=True)
class GateSettings:
    """A run, what it is held against, and who is told."""

    run: RunSettings
    policy: Path | None = None
    """None is the built-in policy."""
    push: PushSettings | None = None
    """None pushes nothing."""
    stop_early: bool = True
    """End the load as soon as the answer is certain."""
    on_inconclusive: str = "fail"
    """`fail` or `pass`: what the exit code makes of an inconclusive verdict."""
    service: ServiceSettings | None = None
    """None starts nothing and waits for nobody."""
