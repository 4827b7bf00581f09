"""What monitoring/ asks Prometheus, and which series there are to ask for."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from canarygate.shop.metrics import Meter
from canarygate.weights.series import Series
from push_metrics.catalogue import METRICS, Kind

MONITORING = Path(__file__).resolve().parent.parent.parent / "monitoring"
RULES = MONITORING / "rules"
UNIT_TESTS = MONITORING / "tests"
OF_OTHERS = {
    "push_time_seconds": "the Pushgateway",
    "push_failure_time_seconds": "the Pushgateway",
    "up": "Prometheus",
    "ALERTS": "Prometheus",
    "container_memory_working_set_bytes": "cAdvisor",
    "kube_pod_container_resource_limits": "kube-state-metrics",
}
"""Series that are nobody's here; docs/monitoring.md names each."""
VARIABLES = {
    "${datasource}": "x",
    "$namespace": ".*",
    "$service": "checkout",
    "$objective": "0.99",
}
"""Of the dashboard, each with a value."""
_KEYWORDS = {"and", "or", "unless", "bool", "offset", "by", "without", "on", "ignoring"}
_MATCHED = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")


class Asked(NamedTuple):
    """One expression and where it stands."""

    place: str
    text: str


def read(path: Path) -> Any:
    """A YAML file."""
    return yaml.safe_load(path.read_text("utf-8"))


def rules(name: str) -> list[dict[str, Any]]:
    """Every rule of a file, in order."""
    return [rule for group in read(RULES / name)["groups"] for rule in group["rules"]]


def dashboard() -> Any:
    """The dashboard."""
    return json.loads((MONITORING / "dashboard.json").read_text("utf-8"))


@cache
def asked(service: str = "checkout", namespace: str = ".*") -> tuple[Asked, ...]:
    """Every expression of rules, alerts and dashboard; the dashboard's with values in it."""
    return tuple(_asked({**VARIABLES, "$service": service, "$namespace": namespace}))


def _asked(values: Mapping[str, str]) -> Iterator[Asked]:
    for file in ("recording.yaml", "alerts.yaml"):
        for rule in rules(file):
            yield Asked(f"{file} {rule.get('record') or rule['alert']}", rule["expr"])
    found = dashboard()
    for panel in found["panels"]:
        for target in panel["targets"]:
            place = f"dashboard {panel['title']} {target['refId']}"
            yield Asked(place, filled(target["expr"], values))
    for variable in found["templating"]["list"]:
        if variable["type"] == "query":
            inner = re.fullmatch(r"label_values\((.+), \w+\)", variable["definition"])
            assert inner, variable["name"]
            yield Asked(f"dashboard variable {variable['name']}", inner[1])


def filled(text: str, values: Mapping[str, str]) -> str:
    """With a value for each of the dashboard's variables."""
    for name, value in values.items():
        text = text.replace(name, value)
    return text


def series_of(text: str) -> set[str]:
    """The names of all series that an expression selects."""
    by_matcher = re.findall(r'__name__\s*=~?\s*"([^"]*)"', text)
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", text)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", bare)
    bare = _MATCHED.sub(" ", bare)
    names = re.findall(r"(?<![\w:.$])[a-zA-Z_:][\w:]*(?!\w)(?!\s*\()", bare)
    return {name for name in names if name not in _KEYWORDS} | {
        name for each in by_matcher for name in each.split("|")
    }


@cache
def known() -> frozenset[str]:
    """The names of all series that there are."""
    found = set(OF_OTHERS) | {rule["record"] for rule in rules("recording.yaml")}
    for metric in METRICS:
        found |= _parts(metric.name, metric.kind)
    for text in (Meter("v1").expose(), Series().expose()):
        for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text.decode(), re.MULTILINE):
            found |= _parts(name, kind)
    return frozenset(found)


def _parts(name: str, kind: str) -> set[str]:
    if kind == Kind.HISTOGRAM:
        return {f"{name}_{each}" for each in ("bucket", "sum", "count")}
    return {name, f"{name}_sum", f"{name}_count"} if kind == Kind.SUMMARY else {name}
