"""Which A/A runs may be calibrated from together: finished, with both roles, of the same settings."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from canarygate.results import CANARY, ROLES, STABLE, RunFile, RunOutcome

COUNTED = frozenset({RunOutcome.FINISHED, RunOutcome.DECIDED})
FEW = 3
"""So many folders are named, more are counted."""


def void_reason(run: RunFile) -> str:
    """Why a run holds nothing to calibrate from, in words; empty where it does.

    The verdict is no reason: to leave out the A/A runs that failed is to leave out the noise.
    """
    if run.outcome in COUNTED:
        return ""
    return f"the run is {run.outcome}" + (f": {run.reason}" if run.reason else "")


def missing_role(run: RunFile) -> str:
    """Which role an A/A run lacks, empty where it has both."""
    return next((role for role in ROLES if role not in run.roles), "")


def differences(runs: Mapping[str, RunFile]) -> Iterator[str]:
    """What differs between runs (by the name of their folder), a line per setting."""
    for label, read in SETTINGS:
        folders: dict[str, list[str]] = {}
        for name, run in runs.items():
            folders.setdefault(read(run), []).append(name)
        if len(folders) > 1:
            parts = (f"{value} in {_named(names)}" for value, names in sorted(folders.items()))
            yield f"{label}: {', '.join(parts)}"


def shared_settings(run: RunFile) -> Mapping[str, str]:
    """The settings that all compared runs share, by what `differences` calls them."""
    return {label: read(run) for label, read in SETTINGS}


def drives_one_host(run: RunFile) -> bool:
    """Both roles sent to the same process: what sets two pods apart is not in such a run."""
    return run.roles[CANARY].host == run.roles[STABLE].host or bool(run.same_identity)


def _setting(name: str, default: str = "-", unit: str = "") -> Callable[[RunFile], str]:
    def read(run: RunFile) -> str:
        value = run.settings.get(name)
        return default if value is None else f"{_text(value)}{unit}"

    return read


def _locust_file(run: RunFile) -> str:
    # The folder differs from machine to machine; the flow is known by its name.
    return PurePath(str(run.settings.get("locust_file", "-"))).name or "-"


def _hosts(run: RunFile) -> str:
    return "one for both" if drives_one_host(run) else "two"


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return (
            " ".join(map(str, value)) or "none" if isinstance(value, list | tuple) else str(value)
        )
    return f"{value:g}"


# Hosts, seeds, names and results do not matter; what moves the ratios, or their chance, does. A
# setting that an older run did not have yet is read as its default.
SETTINGS: Sequence[tuple[str, Callable[[RunFile], str]]] = (
    ("--locust-file", _locust_file),
    ("--users", _setting("users")),
    ("--spawn-rate", _setting("spawn_rate", unit="/s")),
    ("--run-time", _setting("run_time_seconds", unit="s")),
    ("--warm-up", _setting("warm_up_seconds", unit="s")),
    ("--arrival", _setting("arrival", "closed")),
    ("--rate", _setting("rate", "none", "/s")),
    ("--processes", _setting("processes", "1")),
    ("--request-timeout", _setting("request_timeout_seconds", unit="s")),
    ("Locust's own options", _setting("extra_args", "none")),
    ("the roles' hosts", _hosts),
)


def _named(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= FEW else f"{len(names)} runs"
