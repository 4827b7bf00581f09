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
    return {path.name.removesuffix(SUFFIX): _template(path) for path in _template_files(ANALYSIS)}


@cache
def all_templates() -> dict[str, Template]:
    """Those and the ones that live beside what uses them."""
    return {path.name.removesuffix(SUFFIX): _template(path) for path in _template_files(JOBS)}


def _template_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob(f"*{SUFFIX}"))


def _template(path: Path) -> Template:
    text = path.read_text("utf-8")
    return Template(path.name.removesuffix(SUFFIX), text, yaml.safe_load(text))


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
    is_background: bool = False
    is_experiment: bool = False


def rollout(path: Path) -> dict[str, Any]:
    """A Rollout's whole text."""
    found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return found


def canary(path: Path) -> dict[str, Any]:
    """A Rollout's strategy."""
    found: dict[str, Any] = rollout(path)["spec"]["strategy"]["canary"]
    return found


def step_names(path: Path) -> list[str]:
    """Every step in a word: `5 %`, `analysis`, `pause` …"""
    return [
        f"{step['setWeight']} %" if "setWeight" in step else next(iter(step))
        for step in canary(path)["steps"]
    ]


def default(template: str, name: str) -> str:
    """What a template takes where a Rollout gives nothing."""
    found = all_templates()[template].defaults[name]
    assert found is not None
    return found


def rollouts() -> list[Path]:
    """Every Rollout in jobs/."""
    return sorted(JOBS.rglob("*.rollout.yaml"))


def analyses(path: Path) -> list[Step]:
    """The analysis steps of a Rollout in order, an Experiment's analyses among them."""
    found = []
    for step in rollout(path)["spec"]["strategy"]["canary"]["steps"]:
        if "analysis" in step:
            found.append(
                Step(_names(step["analysis"]["templates"]), _values(step["analysis"]["args"]))
            )
        for each in step.get("experiment", {}).get("analyses", ()):
            found.append(Step(_names([each]), _values(each["args"]), is_experiment=True))
    return found


def background(path: Path) -> list[Step]:
    """The background analysis of a Rollout, where it has one."""
    found = rollout(path)["spec"]["strategy"]["canary"].get("analysis")
    if found is None:
        return []
    return [Step(_names(found["templates"]), _values(found["args"]), is_background=True)]


def _names(templates_: list[dict[str, str]]) -> list[str]:
    return [each["templateName"] for each in templates_]


def _values(args: list[dict[str, Any]]) -> dict[str, str]:
    return {
        each["name"]: each["value"] if "value" in each else ARGUMENTS[each["name"]] for each in args
    }


@dataclass(frozen=True)
class Pod:
    """A pod that an object makes, and the Job that makes it, if one does."""

    file: Path
    kind: str
    template: dict[str, Any]
    defaults: dict[str, str]
    """Of the arguments, in an AnalysisTemplate."""
    job: dict[str, Any] | None = None

    @property
    def spec(self) -> dict[str, Any]:
        """The pod's own spec."""
        found: dict[str, Any] = self.template["spec"]
        return found

    @property
    def container(self) -> dict[str, Any]:
        """The only container."""
        [found] = self.spec["containers"]
        return dict(found)

    @property
    def labels(self) -> dict[str, str]:
        """What policies and Services select it by."""
        found: dict[str, str] = self.template["metadata"]["labels"]
        return found

    def put_in(self, text: str) -> str:
        """Arguments in a value, from ARGUMENTS and the defaults."""
        return ARGUMENT.sub(lambda found: {**self.defaults, **ARGUMENTS}[found[1]], text)


def pods() -> list[Pod]:
    """Every pod template in jobs/, in whatever kind of object."""
    return [pod for path in files() for pod in _pods_of(path)]


def _pods_of(path: Path) -> Iterator[Pod]:
    whole = yaml.safe_load(path.read_text("utf-8"))
    kind, spec = whole["kind"], whole.get("spec", {})
    if kind in ("Deployment", "Rollout"):
        yield Pod(path, kind, spec["template"], {})
    if kind == "Job":
        yield Pod(path, kind, spec["template"], {}, spec)
    if kind == "AnalysisTemplate":
        defaults = {each["name"]: each["value"] for each in spec["args"] if "value" in each}
        for metric in spec["metrics"]:
            if "job" in metric["provider"]:
                job = metric["provider"]["job"]["spec"]
                yield Pod(path, kind, job["template"], defaults, job)
