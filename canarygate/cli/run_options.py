"""The options of a load run, and the settings that they add up to."""

import ast
import difflib
import secrets
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from canarygate.cli import values
from canarygate.cli.options import Option, Settings
from canarygate.results import CANARY, STABLE
from canarygate.runner.command import clashing_arguments
from canarygate.runner.preflight import place
from canarygate.settings import RunSettings, parse_labels

TARGET_HOST = Option(
    name="target_host", metavar="URL", read=values.base_url, help="The canary's base URL."
)
STABLE_HOST = Option(
    name="stable_host",
    metavar="URL",
    read=values.base_url,
    help="The stable version's base URL. Without it only the policy's absolute limits are judged.",
)
ALLOW_SAME_HOST = Option(
    name="allow_same_host",
    is_switch=True,
    help="Let both hosts be the same one, as calibration needs.",
)
USERS = Option(
    name="users", metavar="N", default="20", read=values.whole, help="Simulated users per role."
)
SPAWN_RATE = Option(
    name="spawn_rate", metavar="N", default="5", read=values.rate, help="Users started per second."
)
RUN_TIME = Option(
    name="run_time",
    metavar="TIME",
    default="45s",
    read=values.whole_seconds,
    help="How long the load lasts, such as 45s or 3m; a gate that is certain ends before.",
)
MAX_RUN_TIME = Option(
    name="max_run_time",
    metavar="TIME",
    read=values.whole_seconds,
    help="Another name for --run-time: that long at most.",
)
MIN_RUN_TIME = Option(
    name="min_run_time",
    metavar="TIME",
    default="0s",
    read=values.duration,
    help="The load lasts that long even where the answer is certain before.",
)
WARM_UP = Option(
    name="warm_up",
    metavar="TIME",
    default="10s",
    read=values.duration,
    help="The first seconds, which are not judged for latency.",
)
ARRIVAL = Option(
    name="arrival",
    metavar="KIND",
    default="closed",
    read=values.arrival,
    help="closed: users think after each answer. open: they keep to a schedule fixed beforehand, so "
    "that a slow server hides nothing.",
)
RATE = Option(
    name="rate",
    metavar="N",
    read=values.rate,
    help="Tasks per second and role, with --arrival open.  [default: the locustfile's wait times]",
)
LOCUST_FILE = Option(
    name="locust_file",
    metavar="FILE",
    default="checkout_flow.py",
    help="The locustfile: as given from here, else in --flows-dir.",
)
FLOWS_DIR = Option(
    name="flows_dir", metavar="DIR", default="locustfiles", help="Where locustfiles are looked for."
)
SEED = Option(
    name="seed",
    metavar="TEXT",
    help="Of the traffic: the same seed sends the same requests.  [default: the run id]",
)
PROCESSES = Option(
    name="processes",
    metavar="N",
    default="1",
    read=values.whole,
    help="Locust worker processes per role; 1 is enough for some hundred requests a second.",
)
REQUEST_TIMEOUT = Option(
    name="request_timeout",
    metavar="TIME",
    default="5s",
    read=values.some_time,
    help="How long a whole request may take before it has failed.",
)
RESULTS_DIR = Option(
    name="results_dir", metavar="DIR", default="results", help="Each run gets a folder in it."
)
RUN_ID = Option(
    name="run_id",
    metavar="NAME",
    read=values.name,
    help="The run's name.  [default: time and chance]",
)
SERVICE = Option(
    name="service",
    metavar="NAME",
    help="The service's name in the series.  [default: the first part of the canary's host name]",
)
STAGE = Option(
    name="stage", metavar="NAME", help="Which step of the rollout this is, as a grouping label."
)
PUSH_LABELS = Option(
    name="push_labels",
    metavar="A=B,C=D",
    read=parse_labels,
    help="More grouping labels, such as pod_template_hash=6b8c.",
)

ONE_HOST = (
    TARGET_HOST,
    *(USERS, SPAWN_RATE, RUN_TIME, WARM_UP, ARRIVAL, RATE, LOCUST_FILE, FLOWS_DIR),
    *(SEED, PROCESSES, REQUEST_TIMEOUT, RESULTS_DIR, RUN_ID, SERVICE, STAGE, PUSH_LABELS),
)
BOTH_HOSTS = (
    *(TARGET_HOST, STABLE_HOST, ALLOW_SAME_HOST, USERS, SPAWN_RATE),
    *(RUN_TIME, MIN_RUN_TIME, MAX_RUN_TIME, *ONE_HOST[4:]),
)


def read_run_settings(settings: Settings, extra: Sequence[str]) -> RunSettings | None:
    """The run that was asked for; None when `settings.problems` says why there is none."""
    problems = settings.problems
    problems += settle_run_time(settings)
    locust_file = find_locust_file(settings, problems)
    problems += run_problems(settings, extra)
    if problems or locust_file is None:
        return None
    run_id = settings["run_id"] or new_run_id()
    stable = settings.values.get("stable_host")
    return RunSettings(
        hosts={CANARY: settings["target_host"]} | ({STABLE: stable} if stable else {}),
        locust_file=locust_file,
        users=settings["users"],
        spawn_rate=settings["spawn_rate"],
        run_time_seconds=settings["run_time"],
        min_run_time_seconds=settings.values.get("min_run_time") or 0.0,
        warm_up_seconds=settings["warm_up"],
        arrival=settings["arrival"],
        rate=settings["rate"],
        seed=settings["seed"] or run_id,
        processes=settings["processes"],
        request_timeout_seconds=settings["request_timeout"],
        extra_args=tuple(extra),
        results_dir=Path(settings["results_dir"]),
        run_id=run_id,
        service=settings["service"] or service_of(settings["target_host"]),
        stage=settings["stage"] or "",
        push_labels=settings["push_labels"] or {},
        allow_same_host=bool(settings.values.get("allow_same_host")),
    )


def settle_run_time(settings: Settings) -> Iterator[str]:
    """Make one of the longest time's two names, and hold the shortest against it."""
    longest, shortest = settings.values.get("max_run_time"), settings.values.get("min_run_time")
    if longest is not None:
        if settings.sources["run_time"] != "default" and settings["run_time"] != longest:
            yield (
                f"{RUN_TIME.label} and {MAX_RUN_TIME.label} are two names of one thing and differ; "
                "give one of them"
            )
        settings.values["run_time"] = longest
        settings.texts["run_time"] = settings.texts["max_run_time"]
        settings.sources["run_time"] = settings.sources["max_run_time"]
    if settings["run_time"] is not None and shortest and shortest > settings["run_time"]:
        yield (
            f"{MIN_RUN_TIME.label} is {shortest:g} s, longer than the whole run of "
            f"{settings['run_time']} s; give a longer {RUN_TIME.flag}"
        )


def run_problems(settings: Settings, extra: Sequence[str]) -> Iterator[str]:
    """What the values, each good in itself, do not make together."""
    target, stable = settings["target_host"], settings.values.get("stable_host")
    if target is None and not any(TARGET_HOST.label in each for each in settings.problems):
        yield f"{TARGET_HOST.label} is not set; give the canary's base URL, such as http://canary:8080"
    if target and stable and place(target) == place(stable) and not settings["allow_same_host"]:
        yield (
            f"{STABLE_HOST.label} is the canary's own host; two different ones are compared "
            f"(or, to calibrate, {ALLOW_SAME_HOST.flag})"
        )
    users, processes = settings["users"], settings["processes"]
    if users and processes and processes > users:
        yield f"{PROCESSES.label} is {processes}, but {USERS.label} only {users}; give no more than that"
    run_time, warm_up, spawn_rate = (
        settings[name] for name in ("run_time", "warm_up", "spawn_rate")
    )
    if run_time and warm_up is not None and warm_up >= run_time:
        yield (
            f"{WARM_UP.label} is {warm_up:g} s of a {RUN_TIME.label} of {run_time} s, which leaves "
            f"nothing to judge; try --warm-up {max(0, run_time // 5)}s or a longer run"
        )
    if users and spawn_rate and run_time and users / spawn_rate > run_time:
        yield (
            f"{SPAWN_RATE.label} {spawn_rate:g} needs {users / spawn_rate:.0f} s for {users} users, "
            f"longer than the run of {run_time} s; try --spawn-rate {-(-users // run_time) * 2}"
        )
    yield from arrival_problems(settings)
    for argument in extra:
        if "://" in argument and not argument.startswith("-"):
            yield f"{argument!r} stands alone; give the canary's host as {TARGET_HOST.label}"
    for name in clashing_arguments(tuple(extra)):
        yield f"{name} after `--` is canarygate's own to set; leave it out"


def arrival_problems(settings: Settings) -> Iterator[str]:
    """A rate that would go unheard, or ask for nothing."""
    rate, run_time = settings["rate"], settings["run_time"]
    if rate and settings["arrival"] == "closed":
        yield (
            f"{RATE.label} is {rate:g}, but closed arrival has no rate: users wait for answers; "
            f"give {ARRIVAL.flag} open ({ARRIVAL.variable}) with it"
        )
    if rate and run_time and rate * run_time < 1:
        yield (
            f"{RATE.label} {rate:g} is no task at all in a {RUN_TIME.label} of {run_time} s; "
            f"try {RATE.flag} {max(1, round(20 / run_time))}"
        )


def find_locust_file(settings: Settings, problems: list[str]) -> Path | None:
    """The locustfile that is meant, if Locust could load it at all."""
    given, flows = Path(settings["locust_file"]), Path(settings["flows_dir"])
    found = next((path for path in (given, flows / given) if path.is_file()), None)
    if found is None:
        problems.append(
            f"{LOCUST_FILE.label}: no file {given}, here or in {flows}{_near(given, flows)}"
        )
        return None
    if found.suffix != ".py" or "," in str(found.resolve()):
        problems.append(
            f"{LOCUST_FILE.label}: {found} must end in .py and have no comma in its path"
        )
        return None
    try:
        ast.parse(found.read_text(encoding="utf-8"), str(found))
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{LOCUST_FILE.label}: {found} cannot be read ({error})")
    except SyntaxError as error:
        problems.append(f"{LOCUST_FILE.label}: {found} line {error.lineno}: {error.msg}")
    return found


def service_of(host: str) -> str:
    """`http://checkout-canary.shop.svc` → `checkout-canary`; an IP address stays whole."""
    name = urlsplit(host).hostname or ""
    first = name.partition(".")[0]
    return name if first.isdigit() or ":" in name else first


def new_run_id() -> str:
    """Sorts by time, and two gates of one second differ."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(3)}"


def _near(given: Path, flows: Path) -> str:
    names = {
        path.name
        for folder in (given.parent, flows)
        if folder.is_dir()
        for path in folder.glob("*.py")
        if not path.name.startswith("_")
    }
    near = difflib.get_close_matches(given.name, names, n=1, cutoff=0.75)
    if near:
        return f"; did you mean {near[0]}?"
    if not flows.is_dir():
        return "; --flows-dir (FLOWS_DIR) says where locustfiles are"
    return f"; there are {', '.join(sorted(names))}" if names else ""
