"""What the weight service was told, as frozen values filled by the command line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from canarygate.settings import without_secrets
from canarygate.weights.analysis import DEFAULT_RULES, Rules
from canarygate.weights.queries import DEFAULT_SELECTION, Selection

LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, kw_only=True)
class PrometheusSettings:
    """Which Prometheus, and how long it may take. Secrets stay out of `repr`."""

    url: str = field(repr=False)
    """With a username and a password in it or not."""
    query_timeout_seconds: float = 5.0
    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    token_file: Path | None = None
    """Read for every query: a cluster replaces the tokens that it mounts."""
    ca_file: Path | None = None

    @property
    def shown(self) -> str:
        """The URL as it may be printed."""
        return without_secrets(self.url)


@dataclass(frozen=True, kw_only=True)
class WeightSettings:
    """One weight service."""

    prometheus: PrometheusSettings
    selection: Selection = DEFAULT_SELECTION
    rules: Rules = DEFAULT_RULES
    parameters: Mapping[str, str] = field(default_factory=dict)
    """What is meant where a request does not say."""
    deadline_seconds: float = 8.0
    """For one answer, waiting included; Argo's web provider gives up after 10 s."""
    cache_seconds: float = 5.0
    host: str = "127.0.0.1"
    port: int = 8090
    """0 picks a free one."""
    log_level: str = "info"
