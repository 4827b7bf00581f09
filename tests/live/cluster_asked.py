"""Every PromQL expression of jobs/ and monitoring/, with the arguments of one service in it."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import yaml

from tests.monitoring import expressions
from tests.monitoring.expressions import Asked

JOBS = expressions.MONITORING.parent / "jobs"
NAMESPACE = "shop"
CANARY_HASH = "6b8c7"
STABLE_HASH = "5d7f4"
STAGE = "s05"
WINDOWS = {"window": "1m", "memory-window": "30s", "memory-recent": "20s"}
"""The arguments that make a test short; everything else is a default."""
_ARGUMENT = re.compile(r"\{\{\s*args\.([\w-]+)\s*\}\}")


def arguments(service: str) -> dict[str, str]:
    """What a Rollout of this name would give."""
    return {
        "service": service,
        "namespace": NAMESPACE,
        "rollout": service,
        "canary-hash": CANARY_HASH,
        "stable-hash": STABLE_HASH,
        "stage": STAGE,
        "wanted": "20",
        **WINDOWS,
    }


@cache
def objects() -> tuple[dict[str, Any], ...]:
    """Every object in jobs/, whichever file it is in."""
    return tuple(
        each
        for path in sorted(JOBS.rglob("*.y*ml"))
        for each in yaml.safe_load_all(path.read_text("utf-8"))
        if isinstance(each, dict)
    )


def in_jobs(service: str) -> Iterator[Asked]:
    """Every query of a Prometheus provider, in whatever kind of object."""
    for each in objects():
        # An object refuses what it does not know; a patch may have no arguments of its own.
        defaults = {
            one["name"]: one["value"]
            for one in each.get("spec", {}).get("args", ())
            if "value" in one
        }
        for metric in _metrics(each):
            query = metric["provider"]["prometheus"]["query"]
            text = filled(query, {**defaults, **arguments(service)})
            yield Asked(f"{each['metadata']['name']} {metric['name']}", text)


def filled(text: str, values: Mapping[str, str]) -> str:
    """With these arguments in it."""
    return _ARGUMENT.sub(lambda found: values[found[1]], text)


def in_monitoring(service: str) -> Iterator[Asked]:
    """Rules, alerts and the dashboard's panels."""
    yield from expressions.asked(service, NAMESPACE)


@cache
def everything(service: str) -> dict[str, str]:
    """Text by place; a place is there once."""
    found: dict[str, str] = {}
    for each in (*in_jobs(service), *in_monitoring(service)):
        assert found.setdefault(each.place, each.text) == each.text, f"twice: {each.place}"
    return found


def written_queries() -> int:
    """How often jobs/ says `query:` or has one in JSON; counted in the text, not in the objects."""
    return sum(
        len(re.findall(r"^\s*(?:- )?query:|\"query\":", path.read_text("utf-8"), re.MULTILINE))
        for path in JOBS.rglob("*")
        if path.suffix in {".yaml", ".yml", ".json"}
    )


def named(kind: str, name: str) -> dict[str, Any]:
    """The object in jobs/ of this kind and name that is whole, and no patch of another."""
    [found] = [
        each
        for each in objects()
        if each.get("kind") == kind
        and each["metadata"]["name"] == name
        and {"selector", "args"} & set(each["spec"])
    ]
    return found


def container_of(name: str) -> dict[str, Any]:
    """The container of a Deployment in jobs/, by the Deployment's name."""
    found = named("Deployment", name)
    [container] = found["spec"]["template"]["spec"]["containers"]
    return dict(container)


def gate_environment(**given: str) -> dict[str, str]:
    """The environment of the gate's Job, arguments put in."""
    found = named("AnalysisTemplate", "locust-canary-validation")
    values = {one["name"]: one.get("value", "") for one in found["spec"]["args"]}
    values |= arguments(given["service"])
    values |= {name.replace("_", "-"): value for name, value in given.items()}
    [metric] = found["spec"]["metrics"]
    [container] = metric["provider"]["job"]["spec"]["template"]["spec"]["containers"]
    whole = json.loads(filled(json.dumps(container["env"]), values))
    return {each["name"]: each["value"] for each in whole if "value" in each}


def _metrics(whole: Any) -> Iterator[dict[str, Any]]:
    if isinstance(whole, dict):
        if "prometheus" in (whole.get("provider") or {}):
            yield whole
        else:
            for each in whole.values():
                yield from _metrics(each)
    elif isinstance(whole, list):
        for each in whole:
            yield from _metrics(each)
