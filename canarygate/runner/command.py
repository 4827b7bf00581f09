"""From settings to the exact Locust command and environment of one role; nothing is started here."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from canarygate.settings import RunSettings

RECORDER = Path(__file__).with_name("plugin") / "_canarygate_recorder.py"

# Flags that decide what the run means; a second one after `--` would win over ours without a word.
OWNED = frozenset(
    (
        *("-f", "--locustfile", "-H", "--host", "-u", "--users", "-r", "--spawn-rate"),
        *("-t", "--run-time", "--headless", "--headful", "--autostart", "--autoquit"),
        *("--csv", "--csv-full-history", "--only-summary", "--print-stats", "--reset-stats"),
        *("--html", "--json", "--json-file", "--exit-code-on-error", "-s", "--stop-timeout"),
        *("--processes", "--master", "--worker", "--master-host", "--master-port"),
        *("--master-bind-host", "--master-bind-port", "--expect-workers"),
        *("--expect-workers-max-wait", "--enable-rebalancing", "--config", "--logfile"),
        *("--skip-log-setup", "-l", "--list", "--show-task-ratio", "--show-task-ratio-json"),
        *("--class-picker", "--web-host", "-P", "--web-port", "-V", "--version", "-h", "--help"),
    )
)


@dataclass(frozen=True, kw_only=True)
class RoleFiles:
    """The files that the parent and one role's Locust talk through."""

    work: Path
    """Locust's own working directory: empty, so that no stray configuration file is in it."""
    status: Path
    go: Path
    log: Path
    csv_prefix: Path


def role_files(run: RunSettings, role: str) -> RoleFiles:
    """Where one role's files are."""
    folder = run.folder.resolve()
    work = folder / f".work-{role}"
    return RoleFiles(
        work=work,
        status=work / "status.json",
        go=folder / ".go",
        log=folder / f"{role}_locust.log",
        csv_prefix=folder / role,
    )


def locust_argv(run: RunSettings, role: str, *, master_port: int | None = None) -> list[str]:
    """The command of one role. `master_port` is given when there are several processes."""
    files = role_files(run, role)
    # Locust exits 1 for "a request failed" and for "no such locustfile" alike; with 0 here, any
    # other status means that it broke. In-flight requests get their own deadline to finish.
    argv = [
        *(sys.executable, "-m", "locust", "--headless", "--only-summary"),
        *("-f", f"{RECORDER},{run.locust_file.resolve()}"),
        *("--host", run.hosts[role]),
        *("--users", str(run.users), "--spawn-rate", f"{run.spawn_rate:g}"),
        *("--run-time", f"{run.run_time_seconds}s"),
        *("--stop-timeout", f"{run.request_timeout_seconds + 1:g}"),
        *("--csv", str(files.csv_prefix)),
        *("--exit-code-on-error", "0"),
    ]
    if master_port is not None:
        # Two masters on Locust's default port: the first takes all the workers of both.
        argv += ["--processes", str(run.processes)]
        argv += ["--master-bind-host", "127.0.0.1", "--master-host", "127.0.0.1"]
        argv += ["--master-bind-port", str(master_port), "--master-port", str(master_port)]
    return [*argv, *run.extra_args]


def locust_env(
    run: RunSettings, role: str, environ: Mapping[str, str], *, token: str, parent: int
) -> dict[str, str]:
    """The environment of one role: everything but what would change the run behind our back.

    `parent` is the process that starts it and without which it ends.
    """
    files = role_files(run, role)
    recorder = {
        "role": role,
        "run_id": run.run_id,
        "seed": run.seed,
        "users": run.users,
        "spawn_rate": run.spawn_rate,
        "arrival": run.arrival,
        "rate": run.rate,
        "run_time": run.run_time_seconds,
        "request_timeout": run.request_timeout_seconds,
        "processes": run.processes,
        "token": token,
        "parent": parent,
        "folder": str(run.folder.resolve()),
        "status": str(files.status),
        "go": str(files.go),
    }
    return {
        **{name: value for name, value in environ.items() if not is_unwanted(name)},
        "CANARYGATE_RECORDER": json.dumps(recorder),
        "SEED": run.seed,
        "PYTHONUTF8": "1",  # Locust writes its CSV files in the locale's encoding
        "PYTHONHASHSEED": "0",  # Locust passes user classes through a set
        "PYTHONUNBUFFERED": "1",
    }


def is_unwanted(name: str) -> bool:
    """A variable that changes Locust's settings, or takes the assertions out of locustfiles."""
    return name.startswith("LOCUST_") or name == "PYTHONOPTIMIZE"


def clashing_arguments(extra: tuple[str, ...]) -> list[str]:
    """Which of the arguments after `--` are ours to set.

    Locust's parser takes `--ho=URL` for `--host` and `-HURL` for `-H`.
    """
    names = (argument.split("=", 1)[0] for argument in extra if argument.startswith("-"))
    return [name for name in names if name != "--" and _is_owned(name)]


def _is_owned(name: str) -> bool:
    if not name.startswith("--"):
        return name[:2] in OWNED
    return any(each.startswith(name) for each in OWNED)
