"""`canarygate gate`: drive canary and stable together, judge, report, push."""

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from canarygate import console
from canarygate.answer import Answer
from canarygate.cli.memory_options import (
    MEMORY,
    printable,
    read_memory_settings,
    short_run_note,
)
from canarygate.cli.options import Option, Settings, environment, resolve, with_options
from canarygate.cli.push_options import PUSH, PUSHGATEWAY_URL, read_push_settings
from canarygate.cli.run_options import (
    BOTH_HOSTS,
    PUSH_LABELS,
    RUN_TIME,
    STABLE_HOST,
    WARM_UP,
    read_run_settings,
)
from canarygate.errors import ConfigError
from canarygate.gate import run_gate
from canarygate.judge.policy import load_policy
from canarygate.near import did_you_mean
from canarygate.results import CANARY, STABLE
from canarygate.runner.command import locust_argv
from canarygate.settings import COMPARED_SECONDS, GateSettings, RunSettings, without_secrets
from canarygate.signals import Signals

HINT = "canarygate gate --help shows every option; --dry-run what would be done"


def read_on_inconclusive(text: str) -> str:
    """`fail` or `pass`."""
    if text not in ("fail", "pass"):
        near = did_you_mean(text, ["fail", "pass"])
        raise ValueError(f"{text!r} is neither 'fail' nor 'pass'{near}")
    return text


POLICY = Option(
    name="policy", metavar="FILE", help="Limits as TOML.  [default: built in; see docs/policy.md]"
)
ON_INCONCLUSIVE = Option(
    name="on_inconclusive",
    metavar="fail|pass",
    default="fail",
    read=read_on_inconclusive,
    help="The exit code of an inconclusive verdict. 'pass' needs a required push, because a later "
    "step has to read the verdict.",
)
ANSWER = (POLICY, ON_INCONCLUSIVE)
OPTIONS = (*BOTH_HOSTS, *MEMORY, *ANSWER, *PUSH)


@click.command("gate", short_help="Drive canary and stable together, judge, report, push.")
@with_options(OPTIONS)
@click.option("--json", "as_json", is_flag=True, help="Print report.json instead of the table.")
@click.option(
    "--dry-run", is_flag=True, help="Print every setting and the Locust commands; do nothing."
)
@click.argument("locust_args", nargs=-1, type=click.UNPROCESSED, metavar="[-- LOCUST_OPTION...]")
@click.pass_context
def command(
    context: click.Context,
    /,
    as_json: bool,
    dry_run: bool,
    locust_args: tuple[str, ...],
    **given: Any,
) -> int:
    """Drive canary and stable with the same traffic, and answer: pass, fail or inconclusive.

    Every option can be given as the environment variable named beside it. Locust's own options go
    after `--`.

    \b
    canarygate gate --target-host http://canary --stable-host http://stable
    TARGET_HOST=http://127.0.0.1:8080 USERS=40 canarygate gate --run-time 2m
    canarygate gate --target-host http://canary -- --loglevel DEBUG
    """
    settings = resolve(OPTIONS, given, context)
    wanted = read_gate_settings(settings, locust_args)
    if dry_run:
        console.put(dry_run_text(settings, OPTIONS, wanted))
        return 0
    return answer(wanted, context.obj, as_json=as_json)


def read_gate_settings(settings: Settings, locust_args: Sequence[str]) -> GateSettings:
    """The gate that was asked for.

    Raises:
        ConfigError: everything that is wrong with the settings, at once.
    """
    run = read_run_settings(settings, locust_args)
    memory = read_memory_settings(settings)
    push = read_push_settings(settings, environment())
    policy = Path(settings["policy"]) if settings["policy"] else None
    settings.problems += policy_problems(policy)
    if settings["on_inconclusive"] == "pass" and not (push and push.required):
        settings.problems.append(
            f"{ON_INCONCLUSIVE.label} is 'pass' without a required push, so nobody would ever see "
            f"the verdict; give {PUSHGATEWAY_URL.label}, and a verdict step after the gate"
        )
    if run is not None:
        settings.problems += _label_problems(run.service, run.stage, run.push_labels)
        settings.problems += comparison_problems(run, policy)
    if settings.problems or run is None:
        raise ConfigError(settings.problems, hint=HINT)
    return GateSettings(
        run=replace(run, memory=memory),
        policy=policy,
        push=push,
        stop_early=STABLE_HOST.name in settings.values,
        on_inconclusive=settings["on_inconclusive"],
    )


def comparison_problems(run: RunSettings, policy: Path | None) -> list[str]:
    """A run that is too short to be compared would always end inconclusive."""
    needed = run.warm_up_seconds + COMPARED_SECONDS
    if STABLE not in run.hosts or run.run_time_seconds >= needed:
        return []
    try:
        is_compared = load_policy(policy).compare.enabled
    except ConfigError:  # told by itself
        return []
    if not is_compared:
        return []
    return [
        f"{RUN_TIME.label} is {run.run_time_seconds} s, and to compare the canary with stable takes "
        f"{needed:g} s ({WARM_UP.label} and {COMPARED_SECONDS:g} s more); give more, or a "
        f"{POLICY.label} with `[compare] enabled = false` to judge by limits only"
    ]


def answer(settings: GateSettings, signals: Signals, *, as_json: bool) -> int:
    """Run the gate and tell what came of it."""
    if note := short_run_note(settings.run, load_policy(settings.policy).memory):
        console.say(f"canarygate: {note}")
    with console.Talk() as talk:
        found = run_gate(settings, environment(), signals=signals, listen=talk.listen)
    try:
        tell(found, as_json=as_json)
    except BrokenPipeError:  # `| head`: whoever read us left, and the answer is what it was
        console.give_up_stdout()
    return found.exit_code


def tell(found: Answer, *, as_json: bool) -> None:
    """The result on stdout; what went wrong beside it on stderr."""
    from canarygate.report.document import report_text
    from canarygate.report.table import render_report

    if as_json:
        console.put(report_text(found.document))
    else:
        console.show(render_report(found.document, str(found.page or found.folder / "report.json")))
    for note in found.notes:
        console.say(f"canarygate: {note}")
    for problem in found.problems:
        console.complain(problem)


def dry_run_text(settings: Settings, options: Sequence[Option], wanted: GateSettings) -> str:
    """Every setting with its source, and the exact commands; only secrets are left out of them."""
    run = replace(
        wanted.run, hosts={role: without_secrets(url) for role, url in wanted.run.hosts.items()}
    )
    shown = settings.texts | {
        "target_host": run.hosts[CANARY],
        "stable_host": run.hosts.get(STABLE),
        "locust_file": str(run.locust_file),
        "seed": run.seed,
        "run_id": run.run_id,
        "service": run.service,
        "pushgateway_url": without_secrets(wanted.push.url) if wanted.push else None,
        "require_push": _on(wanted.push and wanted.push.required),
        "push_endpoints": _on(settings["push_endpoints"]),
        "allow_same_host": _on(run.allow_same_host),
        **printable(settings),
    }
    lines = {
        option.flag: (option.variable, shown[option.name] or "-", settings.sources[option.name])
        for option in options
    }
    # With workers, a free port is looked for at the start.
    port = 0 if run.processes > 1 else None
    commands = "".join(
        f"\n{role}:\n  {shlex.join(locust_argv(run, role, master_port=port))}\n"
        for role in run.hosts
    )
    return console.settings_text(lines) + commands


def _on(switch: object) -> str:
    return "on" if switch else "off"


def policy_problems(policy: Path | None) -> list[str]:
    """What is wrong with a policy file, each with the option that named it."""
    try:
        load_policy(policy)
    except ConfigError as error:
        return [f"{POLICY.label}: {problem}" for problem in error.problems]
    return []


def _label_problems(service: str, stage: str, labels: dict[str, str] | Any) -> list[str]:
    from push_metrics.grouping import label_problems

    return [
        f"{PUSH_LABELS.label}: {each}" for each in label_problems(service, "canary", stage, labels)
    ]
