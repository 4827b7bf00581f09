"""The Pushgateway: replace our groups, delete them, and prune what earlier runs left behind."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from canarygate.errors import ConfigError, PushFailed
from canarygate.settings import PushSettings
from push_metrics.catalogue import JOB, METRICS
from push_metrics.deadline import Deadline, run_until
from push_metrics.exposition import Group, render
from push_metrics.grouping import GroupKey
from push_metrics.transport import Refused, Transport

T = TypeVar("T")
Listing = list[Mapping[str, Any]]
LISTING = "api/v1/metrics"


def push(
    settings: PushSettings, groups: Iterable[Group], *, deadline: Deadline | None = None
) -> None:
    """Replace each group, in the order given. 200 and 202 are success.

    Args:
        settings: where, with which credentials, and the seconds for all of it.
        groups: what to push.
        deadline: an earlier end than the settings' own, or one shared by several calls.

    Raises:
        PushFailed: a group was not taken; the message holds the gateway's own reason.
        ConfigError: the settings name no gateway.
    """
    bodies = [(group, render(group)) for group in groups]

    def work(transport: Transport) -> None:
        for group, body in bodies:
            try:
                transport.send("PUT", f"metrics/{group.key.path}", body)
            except Refused as refusal:
                raise _with_culprit(refusal, transport) from None

    _within(settings, deadline, work)


def delete(
    settings: PushSettings, keys: Iterable[GroupKey], *, deadline: Deadline | None = None
) -> None:
    """Delete these groups; a group that is not there counts as deleted.

    Raises:
        PushFailed: one was not deleted.
        ConfigError: the settings name no gateway.
    """
    paths = [f"metrics/{key.path}" for key in keys]

    def work(transport: Transport) -> None:
        for path in paths:
            transport.send("DELETE", path)

    _within(settings, deadline, work)


def prune(
    settings: PushSettings,
    service: str,
    now: float,
    *,
    keep: Iterable[GroupKey] = (),
    deadline: Deadline | None = None,
) -> list[str]:
    """Delete canarygate's groups of this service that nobody pushed to for `prune_after_seconds`.

    Args:
        settings: where, and how old is old.
        service: no other service's groups are touched.
        now: seconds since the epoch, held against the gateway's own push times.
        keep: groups that stay however old they are.
        deadline: an earlier end than the settings' own, or one shared by several calls.

    Returns:
        A warning if it did not work. Old groups are a nuisance; no run should fail for them.

    Raises:
        ConfigError: the settings name no gateway.
    """
    oldest = now - settings.prune_after_seconds
    kept = [dict(key.labels) for key in keep]

    def work(transport: Transport) -> None:
        for key in _old_groups(transport, service, oldest):
            if dict(key.labels) not in kept:
                transport.send("DELETE", f"metrics/{key.path}")

    try:
        _within(settings, deadline, work)
    except PushFailed as failure:
        return [f"old groups of {service} were not pruned: {failure}"]
    return []


def _within(settings: PushSettings, deadline: Deadline | None, work: Callable[[Transport], T]) -> T:
    own = Deadline.after(settings.timeout_seconds)
    limit = own if deadline is None or own.at < deadline.at else deadline
    transport = Transport(settings, limit)
    try:
        return run_until(limit, lambda: _and_close(transport, work))
    except TimeoutError:
        raise transport.gave_up() from None
    finally:
        transport.abandon()


def _and_close(transport: Transport, work: Callable[[Transport], T]) -> T:
    try:
        return work(transport)
    finally:
        transport.close()


def _listing(transport: Transport) -> Listing:
    """Every group that the gateway holds."""
    try:
        groups = json.loads(transport.send("GET", LISTING))["data"]
        return [{**group, "labels": dict(group["labels"])} for group in groups]
    except (ValueError, KeyError, TypeError):
        raise _unreadable(transport) from None


def _unreadable(transport: Transport) -> PushFailed:
    return PushFailed(f"{transport.base}/{LISTING} holds no list of groups")


def _old_groups(transport: Transport, service: str, oldest: float) -> list[GroupKey]:
    ours = {"job": JOB, "service": service}
    groups = [group for group in _listing(transport) if ours.items() <= group["labels"].items()]
    try:
        return [GroupKey.listed(group["labels"]) for group in groups if _is_old(group, oldest)]
    except (AttributeError, ValueError, KeyError, TypeError):
        raise _unreadable(transport) from None


def _is_old(group: Mapping[str, Any], oldest: float) -> bool:
    # A push that was refused leaves push_time_seconds at 0 and is a sign of life all the same.
    touched = [
        float(metric["value"])
        for name in ("push_time_seconds", "push_failure_time_seconds")
        for metric in group.get(name, {}).get("metrics", [])
    ]
    return bool(touched) and max(touched) < oldest


def _with_culprit(refusal: Refused, transport: Transport) -> Refused:
    """Name the group that holds one of our names under another type, when that is the reason."""
    kinds = {metric.name: metric.kind.value.upper() for metric in METRICS}
    named = [name for name in re.findall(r"\w+", refusal.reason) if name in kinds]
    if refusal.status != 400 or not named or "is not a " not in refusal.reason:
        return refusal
    try:
        listing = _listing(transport)
    except (PushFailed, ConfigError):
        return refusal
    for group in listing:
        if group.get(named[0], {}).get("type") not in (None, kinds[named[0]]):
            path = GroupKey.listed(group["labels"]).path
            refusal.hint = (
                f"another group holds {named[0]} as {group[named[0]]['type'].lower()}; if nobody "
                f"needs it: curl -X DELETE {transport.base}/metrics/{path}"
            )
    return refusal
