"""The analysis steps of a Rollout in jobs/, with the numbers that decide: read, never copied."""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from canarygate.settings import parse_duration

JOBS = Path(__file__).resolve().parent.parent / "jobs"
ROLLOUT = JOBS / "demo-shop" / "checkout-service.rollout.yaml"
ARGUMENT = re.compile(r"\{\{\s*args\.([\w-]+)\s*\}\}")
CONDITION = re.compile(r"result\[0\] (<=|>=|<|>|==) (-?[\d.]+)$")


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric of an analysis, arguments put in. Times are seconds."""

    name: str
    count: int
    failure_limit: int
    inconclusive_limit: int
    delay: float
    interval: float
    success: tuple[str, float] | None
    failure: tuple[str, float] | None
    is_job: bool

    @property
    def seconds(self) -> float:
        """Until its last look, where every look is answered at once."""
        return self.delay + (self.count - 1) * self.interval


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One analysis step."""

    weight: int
    """Percent of the users that are on the canary by then."""
    templates: tuple[str, ...]
    metrics: tuple[Metric, ...]
    given: dict[str, str]
    """Arguments with a plain value: the step's own before the templates' defaults."""

    @property
    def seconds(self) -> float:
        """How long it takes beside a Job."""
        return max(each.seconds for each in self.metrics)


@cache
def template(name: str) -> dict[str, Any]:
    """The spec of one of jobs/analysis."""
    text = (JOBS / "analysis" / f"{name}.analysistemplate.yaml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text)["spec"]
    return found


def stages(path: Path = ROLLOUT) -> list[Stage]:
    """All analysis steps, in their order."""
    weight, found = 0, []
    canary = yaml.safe_load(path.read_text("utf-8"))["spec"]["strategy"]["canary"]
    for step in canary["steps"]:
        weight = step.get("setWeight", weight)
        if "analysis" in step:
            found.append(_stage(weight, step["analysis"]))
    return found


def _stage(weight: int, analysis: dict[str, Any]) -> Stage:
    names = tuple(each["templateName"] for each in analysis["templates"])
    given = {
        each["name"]: each["value"]
        for source in (*(template(name)["args"] for name in names), analysis.get("args", []))
        for each in source
        if "value" in each
    }
    metrics = tuple(_metric(each, given) for name in names for each in template(name)["metrics"])
    return Stage(weight=weight, templates=names, metrics=metrics, given=given)


def _metric(raw: dict[str, Any], given: dict[str, str]) -> Metric:
    def put(match: re.Match[str]) -> str:
        # What only Argo knows (hashes, names) is in no number.
        return json.dumps(given.get(match[1], "?"))[1:-1]

    metric = json.loads(ARGUMENT.sub(put, json.dumps(raw)))
    return Metric(
        name=metric["name"],
        count=int(metric.get("count", 1)),
        failure_limit=int(metric.get("failureLimit", 0)),
        inconclusive_limit=int(metric.get("inconclusiveLimit", 0)),
        delay=parse_duration(metric.get("initialDelay", "0s")),
        interval=parse_duration(metric.get("interval", "0s")),
        success=_condition(metric.get("successCondition")),
        failure=_condition(metric.get("failureCondition")),
        is_job="job" in metric["provider"],
    )


def _condition(text: str | None) -> tuple[str, float] | None:
    match = CONDITION.match(text or "")
    return (match[1], float(match[2])) if match else None
