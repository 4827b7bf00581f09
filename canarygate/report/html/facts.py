"""What each role counted, and what the run was told, as plain texts, which the template escapes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from canarygate.report import wording
from canarygate.results import CANARY, STABLE

LONGEST = 300
"""Characters of a setting's value; run.json has all of it."""
FACTS: Sequence[tuple[str, str]] = (
    ("requests started", "started"),
    ("came back", "returned"),
    ("recorded", "recorded"),
    ("never came back", "unfinished"),
    ("came back unrecorded", "unrecorded"),
    ("requests per second", "requests_per_second"),
    ("users at most", "users"),
    ("users wanted", "users_wanted"),
    ("users at the end", "users_at_end"),
    ("task exceptions", "exceptions"),
    ("requests to other hosts", "elsewhere"),
    ("recorder errors", "listener_errors"),
    ("workers lost", "workers_lost"),
    ("Locust's exit status", "exit_status"),
)


def facts(document: Mapping[str, Any]) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """The roles, and of each fact a row."""
    roles = [role for role in (STABLE, CANARY) if role in document["roles"]]
    each = [document["roles"][role] for role in roles]
    rows = [(name, [_number(one[key]) for one in each]) for name, key in FACTS]
    rows.insert(5, ("failed", [_failures(one["total"]) for one in each]))
    rows += [
        ("waiting for answers (share of the users' time)", [_busy(one) for one in each]),
        ("generator's CPU (1 is one core)", [_number(one["generator_cpu"]) for one in each]),
        ("generator's lag", [wording.duration(one["generator_lag_seconds"]) for one in each]),
        ("recorder's final report", ["there" if one["complete"] else "missing" for one in each]),
        ("what broke it", [one["problem"] or wording.NOTHING for one in each]),
    ]
    if any(one["scheduled"] for one in each):
        rows.append(
            (
                "turns begun of those due",
                [f"{one['begun']:,} of {one['scheduled']:,}" for one in each],
            )
        )
        rows.append(("turns late by", [wording.duration(one["lateness_seconds"]) for one in each]))
    return roles, [
        (name, [each.replace(" %", "\u00a0%") for each in values]) for name, values in rows
    ]


def _number(value: float | None) -> str:
    if value is None:
        return wording.NOTHING
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3g}"


def _failures(total: Mapping[str, Any] | None) -> str:
    if total is None:
        return wording.NOTHING
    failures = total["failures"]
    kinds = ", ".join(f"{kind} {number:,}" for kind, number in failures.items())
    return f"{sum(failures.values()):,}" + (f" ({kinds})" if kinds else "")


def _busy(facts_of_role: Mapping[str, Any]) -> str:
    of = facts_of_role["user_seconds"]
    return wording.share(facts_of_role["busy_seconds"] / of) if of else wording.NOTHING


def listed(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Nested settings as lines of a name and a value."""
    return list(_flat("", values))


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for name, each in value.items():
            yield from _flat(f"{prefix}.{name}" if prefix else str(name), each)
    elif isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
        for number, each in enumerate(value, 1):
            yield from _flat(f"{prefix}.{number}", each)
    else:
        yield prefix, _said(value)


def _said(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return wording.NOTHING
    if isinstance(value, bool):
        return "on" if value else "off"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}{wording.ELLIPSIS}"
