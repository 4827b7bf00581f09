"""What is in jobs/, read as Argo reads it: arguments put in as text, one object per file."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).resolve().parent.parent.parent
JOBS = CHECKOUT / "jobs"
ANALYSIS = JOBS / "analysis"
SUFFIX = ".analysistemplate.yaml"
ARGUMENT = re.compile(r"\{\{\s*args\.([\w-]+)\s*\}\}")

ARGUMENTS = {
    "service": "checkout",
    "namespace": "shop",
    "rollout": "web",
    "canary-hash": "6b8c7",
    "stable-hash": "5d7f4",
    "stage": "s05",
    "canary-host": "http://web-canary.shop.svc:8080",
    "stable-host": "http://web-stable.shop.svc:8080",
    "wanted": "20",
}
"""What a Rollout has to give, in the tests' own world; everything else has a default."""


@dataclass(frozen=True)
class Template:
    """One AnalysisTemplate."""

    name: str
    text: str
    whole: dict[str, Any]

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """Its metrics, arguments not yet put in."""
        found: list[dict[str, Any]] = self.whole["spec"]["metrics"]
        return found

    @property
    def defaults(self) -> dict[str, str | None]:
        """Every argument with its default; None where a Rollout has to give it."""
        return {each["name"]: each.get("value") for each in self.whole["spec"]["args"]}

    def resolved(self, **given: str) -> list[dict[str, Any]]:
        """The metrics with defaults, ARGUMENTS and these put in. A dash is written as `_` here."""
        values = {
            **{name: value for name, value in self.defaults.items() if value is not None},
            **ARGUMENTS,
            **{name.replace("_", "-"): value for name, value in given.items()},
        }

        def put(match: re.Match[str]) -> str:
            assert match[1] in self.defaults, f"{self.name} does not declare {match[1]}"
            return json.dumps(values[match[1]])[1:-1]

        found: list[dict[str, Any]] = json.loads(ARGUMENT.sub(put, json.dumps(self.metrics)))
        return found

    def queries(self, **given: str) -> dict[str, str]:
        """PromQL by the name of its metric."""
        return {
            each["name"]: each["provider"]["prometheus"]["query"]
            for each in self.resolved(**given)
            if "prometheus" in each["provider"]
        }


@cache
def templates() -> dict[str, Template]:
    """Every AnalysisTemplate in jobs/analysis, by the name of its file."""
    found = {}
    for path in sorted(ANALYSIS.glob(f"*{SUFFIX}")):
        text = path.read_text("utf-8")
        name = path.name.removesuffix(SUFFIX)
        found[name] = Template(name, text, yaml.safe_load(text))
    return found


def job_container() -> dict[str, Any]:
    """The gate's container, arguments not yet put in."""
    [metric] = templates()["locust-canary-validation"].metrics
    [container] = metric["provider"]["job"]["spec"]["template"]["spec"]["containers"]
    found: dict[str, Any] = container
    return found


def environment(**given: str) -> dict[str, str]:
    """What the gate's container gets; the run id as Argo and Kubernetes make it."""
    [metric] = templates()["locust-canary-validation"].resolved(**given)
    [container] = metric["provider"]["job"]["spec"]["template"]["spec"]["containers"]
    job = f"0a1b2c3d-0000-1111-2222-333344445555.{metric['name'][:24]}.1"
    return {each["name"]: each.get("value", job) for each in container["env"]}


def files() -> Iterator[Path]:
    """Every YAML file in jobs/."""
    yield from sorted(JOBS.rglob("*.yaml"))


@dataclass(frozen=True)
class Step:
    """One analysis of a Rollout: its templates and its arguments, with ARGUMENTS for what only Argo knows."""

    templates: list[str]
    given: dict[str, str]


def rollout(path: Path) -> dict[str, Any]:
    """A Rollout's whole text."""
    found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return found


def rollouts() -> list[Path]:
    """Every Rollout in jobs/."""
    return sorted(JOBS.glob("*/*.rollout.yaml"))


def analyses(path: Path) -> list[Step]:
    """The analysis steps of a Rollout, in order."""
    return [
        Step(
            [each["templateName"] for each in step["analysis"]["templates"]],
            {
                each["name"]: each["value"] if "value" in each else ARGUMENTS[each["name"]]
                for each in step["analysis"]["args"]
            },
        )
        for step in rollout(path)["spec"]["strategy"]["canary"]["steps"]
        if "analysis" in step
    ]
