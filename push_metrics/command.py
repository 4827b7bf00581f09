"""The push of what lies in files: a result folder of ours, or the CSV files of a bare Locust run."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, TypeVar

from canarygate.errors import ConfigError
from canarygate.results import CANARY, ROLES, read_run, write_atomically
from canarygate.settings import PushSettings
from push_metrics import judgements, series
from push_metrics.exposition import Group, render_file
from push_metrics.grouping import GroupKey
from push_metrics.values import families_of

T = TypeVar("T")
STDOUT = Path("-")
NO_ROLE = "write type=canary or type=stable in --labels (PUSH_LABELS)"


@dataclass(frozen=True, kw_only=True)
class PushRequest:
    """What to push, under which labels, and where to."""

    source: str
    """A result folder, or the prefix that Locust was given as --csv."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """May name service, stage, and role or type; the rest are push labels."""
    service: str = ""
    stage: str = ""
    endpoints: bool = False
    settings: PushSettings | None = None
    output: Path | None = None
    """Where the same series are written as text; `-` is stdout."""


@dataclass(frozen=True, kw_only=True)
class Pushed:
    """What went out, and what a person should know about it."""

    groups: list[Group]
    notes: list[str]


def push_source(request: PushRequest) -> Pushed:
    """Read, write the output file, push, prune: each only if what stands before it worked.

    Raises:
        ConfigError: the source or the labels cannot be used; nothing was written or pushed.
        PushFailed: the gateway did not take it; the output file is written all the same.
    """
    groups, notes = groups_of_source(request)
    if request.output is not None:
        _write(request.output, groups)
    if request.settings is not None:
        notes = notes + _push(request.settings, groups)
    return Pushed(groups=groups, notes=notes)


def groups_of_source(request: PushRequest) -> tuple[list[Group], list[str]]:
    """The groups, and notes on what stays unknown.

    Raises:
        ConfigError: the source or the labels cannot be used.
    """
    folder = find_folder(request.source)
    return (_of_folder(request, folder), []) if folder else _of_csv(request)


def find_folder(source: str) -> Path | None:
    """The result folder that the source is, or that it is a role's prefix in."""
    path = Path(source)
    if (path / "run.json").is_file():
        return path
    if path.name in ROLES and (path.parent / "run.json").is_file():
        return path.parent
    return None


def _of_folder(request: PushRequest, folder: Path) -> list[Group]:
    run = read_run(folder)
    rest = _push_labels(request.labels)
    kind = request.labels.get("type", "")
    if kind and kind not in ROLES:
        rest = {**rest, "type": kind}
    file = replace(
        run.file,
        service=_named(request, "service") or run.file.service,
        stage=_named(request, "stage") or run.file.stage,
        push_labels={**run.file.push_labels, **rest},
    )
    groups = series.groups_of_run(
        replace(run, file=file), judgements.read_judgement(folder), endpoints=request.endpoints
    )
    # A folder holds both roles, so that `type=canary` can only ask for the label.
    return [_with_type(group) for group in groups] if kind in ROLES else groups


def _with_type(group: Group) -> Group:
    role = group.key.mapping["role"]
    return replace(group, key=GroupKey((*group.key.labels, ("type", role))))


def _of_csv(request: PushRequest) -> tuple[list[Group], list[str]]:
    from push_metrics.locust_csv import read_locust_csv

    problems: list[ConfigError] = []
    key = _attempt(lambda: _csv_key(request), problems)
    found = _attempt(lambda: read_locust_csv(request.source.removesuffix("_stats.csv")), problems)
    if key is None or found is None:
        raise together(problems)
    values, notes = found
    return [Group(key, families_of(values, endpoints=request.endpoints))], notes


def _csv_key(request: PushRequest) -> GroupKey:
    service = _named(request, "service")
    if not service:
        raise ConfigError(
            "--labels (PUSH_LABELS) names no service",
            hint="write --labels=service=NAME,type=canary",
        )
    labels = _push_labels(request.labels)
    if "type" in request.labels:
        labels["type"] = request.labels["type"]
    return GroupKey.of(service, role_of(request.labels), _named(request, "stage"), labels)


def role_of(labels: Mapping[str, str]) -> str:
    """The role that `role` or `type` names; canary where neither is given.

    Raises:
        ConfigError: they name no role, or two.
    """
    given = {name: labels[name] for name in ("role", "type") if name in labels}
    roles = {name: value for name, value in given.items() if value in ROLES}
    if ("role" in given and "role" not in roles) or (given and not roles):
        told = ", ".join(f"{name}={value}" for name, value in given.items())
        raise ConfigError(f"--labels (PUSH_LABELS) has {told}, which is no role", hint=NO_ROLE)
    if len(set(roles.values())) > 1:
        raise ConfigError("--labels (PUSH_LABELS) names two roles, as role and type", hint=NO_ROLE)
    return next(iter(roles.values()), CANARY)


def together(problems: Sequence[ConfigError]) -> ConfigError:
    """All of them as one, with every hint once."""
    hints = dict.fromkeys(each.hint for each in problems if each.hint)
    return ConfigError(
        [problem for each in problems for problem in each.problems], hint="; ".join(hints)
    )


def _attempt(work: Callable[[], T], problems: list[ConfigError]) -> T | None:
    try:
        return work()
    except ConfigError as problem:
        problems.append(problem)
        return None


def _push_labels(labels: Mapping[str, str]) -> dict[str, str]:
    ours = ("service", "stage", "role", "type")
    return {name: value for name, value in labels.items() if name not in ours}


def _named(request: PushRequest, name: Literal["service", "stage"]) -> str:
    return request.labels.get(name) or (request.service if name == "service" else request.stage)


def _write(path: Path, groups: list[Group]) -> None:
    if path == STDOUT:
        sys.stdout.write(render_file(groups))
        return
    try:
        write_atomically(path, render_file(groups))
    except OSError as error:
        raise ConfigError(f"--output {path}: {error.strerror}") from error


def _push(settings: PushSettings, groups: list[Group]) -> list[str]:
    from push_metrics import gateway
    from push_metrics.deadline import Deadline

    deadline = Deadline.after(settings.timeout_seconds)
    keys = [group.key for group in groups]
    gateway.push(settings, groups, deadline=deadline)
    service = keys[0].mapping["service"]
    return gateway.prune(settings, service, time.time(), keep=keys, deadline=deadline)
