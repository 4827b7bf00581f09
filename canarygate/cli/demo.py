"""`canarygate demo`: a healthy canary and a faulty one, on demo shops of our own."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click

import canarygate
from canarygate import console
from canarygate.cli.gate import tell
from canarygate.cli.options import Option, environment, resolve, with_options
from canarygate.cli.run_options import (
    FLOWS_DIR,
    RESULTS_DIR,
    RUN_TIME,
    find_locust_file,
    new_run_id,
)
from canarygate.errors import CanarygateError, ConfigError, ExitCode
from canarygate.gate import run_gate
from canarygate.results import CANARY, STABLE
from canarygate.runner.process import free_port
from canarygate.settings import GateSettings, PushSettings, RunSettings
from canarygate.shop.faults import parse_faults
from canarygate.signals import Signals, die_with_parent

# Enough requests for a 1 % limit within 25 s: 40 users send about 23 a second.
USERS, SPAWN_RATE, WARM_UP_SECONDS = 40, 20.0, 5.0
START_SECONDS = 15.0

FAULTS = Option(
    name="faults",
    metavar="FAULTS",
    default="latency=200-800ms",
    help="How the second canary misbehaves.",
)
LOCUST_FILE = Option(
    name="locust_file", metavar="FILE", default="checkout_flow.py", help="The traffic."
)
OPTIONS = (
    FAULTS,
    LOCUST_FILE,
    FLOWS_DIR,
    RESULTS_DIR,
    Option(**{**vars(RUN_TIME), "default": "25s", "help": "How long each of the two loads lasts."}),
)


@click.command("demo", short_help="Gate two canaries on demo shops: one passes, one fails.")
@with_options(OPTIONS)
@click.pass_context
def command(context: click.Context, /, **given: Any) -> int:
    """Start demo shops on loopback and gate two canaries: a healthy one, then a faulty one.

    Pushes to a real Pushgateway where one is on the PATH; metrics.prom is written in any case. Ends
    with 0 when the first canary passed and the second one failed.

    \b
    canarygate demo
    canarygate demo --faults 'error=503:12%'
    """
    settings = resolve(OPTIONS, given, context)
    _use_own_flows(settings.values)
    locust_file = find_locust_file(settings, settings.problems)
    faults = str(settings["faults"])
    settings.problems += _fault_problems(faults)
    if settings.problems or locust_file is None:
        raise ConfigError(settings.problems)
    with ExitStack() as stack:
        push = _push_settings(stack)
        stable = stack.enter_context(demo_shop("v1"))
        codes = []
        for title, canary_faults in (("a healthy canary", ""), (f"a canary with {faults}", faults)):
            console.say(f"\n== {title}")
            with demo_shop("v2", canary_faults) as canary:
                run = RunSettings(
                    hosts={CANARY: canary, STABLE: stable},
                    locust_file=locust_file,
                    users=USERS,
                    spawn_rate=SPAWN_RATE,
                    run_time_seconds=settings["run_time"],
                    warm_up_seconds=min(WARM_UP_SECONDS, settings["run_time"] / 5),
                    seed="demo",
                    results_dir=Path(settings["results_dir"]),
                    run_id=f"demo-{new_run_id()}",
                    service="demo-shop",
                )
                codes.append(_gate(GateSettings(run=run, push=push), context.obj))
            if context.obj.number is not None:  # Ctrl-C ends the demo, not half of it
                return codes[-1]
    return verdict_on_the_demo(*codes)


def verdict_on_the_demo(healthy: ExitCode, faulty: ExitCode) -> ExitCode:
    """0 when the two answers are the right ones; a demo that shows something else is no success."""
    if (healthy, faulty) == (ExitCode.PASS, ExitCode.FAIL):
        console.say("\nThe healthy canary passed and the faulty one failed: the demo worked.")
        return ExitCode.PASS
    console.say(
        f"\nExpected exit codes {ExitCode.PASS:d} and {ExitCode.FAIL:d}, got {healthy:d} and {faulty:d}."
    )
    return healthy or (ExitCode.BROKEN if faulty is ExitCode.PASS else faulty)


@contextmanager
def demo_shop(version: str, faults: str = "") -> Iterator[str]:
    """A demo shop in a process of its own; gives its base URL.

    Raises:
        CanarygateError: it did not start.
    """
    argv = [sys.executable, "-m", "canarygate", "serve", "shop", "--port", "0"]
    argv += ["--version-label", version, "--faults", faults]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent)
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line.startswith("listening on "):
            raise CanarygateError(
                f"the demo shop did not start: {line.strip() or 'it said nothing'}"
            )
        yield line.removeprefix("listening on ").strip()
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _gate(settings: GateSettings, signals: Signals) -> ExitCode:
    with console.Talk() as talk:
        found = run_gate(settings, environment(), signals=signals, listen=talk.listen)
    tell(found, as_json=False)
    return found.exit_code


def _push_settings(stack: ExitStack) -> PushSettings | None:
    binary = shutil.which("pushgateway") or shutil.which("prometheus-pushgateway")
    if binary is None:
        console.say("No Pushgateway on the PATH: nothing is pushed, metrics.prom is written.")
        return None
    port = free_port()
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    with (folder / "pushgateway.log").open("wb") as log:
        process = subprocess.Popen(
            # Debian's build takes over, and writes to, the file of the machine's own one by default.
            [binary, f"--web.listen-address=127.0.0.1:{port}", "--persistence.file="],
            cwd=folder,
            stdout=log,
            stderr=log,
            preexec_fn=die_with_parent,
        )
    stack.callback(process.wait)
    stack.callback(process.terminate)
    console.say(f"A Pushgateway listens on http://127.0.0.1:{port} while the demo runs.")
    return PushSettings(url=f"http://127.0.0.1:{port}")


def _use_own_flows(values: dict[str, Any]) -> None:
    """From elsewhere than the checkout, its locustfiles are beside the package."""
    beside = Path(canarygate.__file__).parent.parent / "locustfiles"
    if not Path(values["flows_dir"]).is_dir() and beside.is_dir():
        values["flows_dir"] = str(beside)


def _fault_problems(faults: str) -> list[str]:
    try:
        parse_faults(faults)
    except ValueError as error:
        return [f"{FAULTS.label}: {error}"]
    return []
