"""`canarygate judge RESULTS`: judge a saved run again, under the same policy or another."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from canarygate import console
from canarygate.answer import exit_code
from canarygate.cli.gate import POLICY, policy_problems
from canarygate.cli.options import Settings, resolve, with_options
from canarygate.cli.values import some_time, whole
from canarygate.errors import ConfigError, ExitCode
from canarygate.judge.policy import POLICY_HINT, Policy, load_policy
from canarygate.memory import MemorySamples, read_memory
from canarygate.results import Run, read_run
from canarygate.verdict import Judgement


@click.command("judge", short_help="Judge a saved run again.")
@click.argument("results", type=click.Path(path_type=Path))
@with_options((POLICY,))
@click.option(
    "--json", "as_json", is_flag=True, help="Print the report as JSON instead of the table."
)
@click.option(
    "--power",
    "asks_power",
    is_flag=True,
    help="Do not judge: work out which faults runs with this traffic would detect (half a minute).",
)
@click.option("--users", metavar="N", help="With --power: of the planned run.  [default: as saved]")
@click.option(
    "--run-time",
    metavar="DURATION",
    help="With --power: of the planned run.  [default: 45s, 90s, 3m and 5m]",
)
@click.pass_context
def command(
    context: click.Context,
    /,
    results: Path,
    as_json: bool,
    asks_power: bool,
    users: str | None,
    run_time: str | None,
    **given: Any,
) -> int:
    """Judge the run in the folder RESULTS again; no request is sent and nothing is written.

    \b
    canarygate judge results/20261120-221500-4f1c2a --policy strict.toml
    canarygate judge results/20261120-221500-4f1c2a --power --run-time 10m
    """
    from canarygate.report.document import report_text
    from canarygate.report.table import render_report

    policy = read_policy(resolve((POLICY,), given, context))
    planned = _planned(asks_power, users, run_time)
    run = read_run(results)
    if planned is not None:
        return _power(run, policy, planned, as_json=as_json)
    again = judge_again(run, policy, results)
    if as_json:
        console.put(report_text(again.document))
    else:
        console.show(render_report(again.document, str(results)))
    return exit_code(run.file.outcome, again.judgement.verdict)


@dataclass(frozen=True, kw_only=True)
class JudgedAgain:
    """What a saved run is under a policy."""

    judgement: Judgement
    document: Mapping[str, Any]
    memory: Mapping[str, MemorySamples]


def read_policy(settings: Settings) -> Policy:
    """The policy that was named, or the built-in one.

    Raises:
        ConfigError: everything that is wrong with it.
    """
    path = Path(settings["policy"]) if settings["policy"] else None
    if problems := policy_problems(path):
        raise ConfigError(problems, hint=POLICY_HINT)
    return load_policy(path)


def judge_again(run: Run, policy: Policy, folder: Path) -> JudgedAgain:
    """Judge a run that was read from this folder.

    Raises:
        ConfigError: its memory samples are damaged.
    """
    from canarygate.judge.checks import judge
    from canarygate.report.document import report_document

    memory = read_memory(folder)
    judgement = judge(run.file, run.records, policy, memory)
    document = report_document(run.file, judgement, run.records, asdict(policy))
    return JudgedAgain(judgement=judgement, document=document, memory=memory)


def _planned(asks_power: bool, users: str | None, run_time: str | None) -> dict[str, Any] | None:
    """What `--power` is asked about a planned run; None without it."""
    problems, planned = [], {}
    for flag, text, name, read in (
        ("--users", users, "users", whole),
        ("--run-time", run_time, "run_times", lambda text: [some_time(text)]),
    ):
        if text is None:
            continue
        if not asks_power:
            problems.append(f"{flag}: a saved run has its own; give --power to ask about another")
        try:
            planned[name] = read(text)
        except ValueError as error:
            problems.append(f"{flag}: {error}")
    if problems:
        raise ConfigError(problems, hint="canarygate judge --help shows every option")
    return planned if asks_power else None


def _power(run: Run, policy: Policy, planned: Mapping[str, Any], *, as_json: bool) -> int:
    from canarygate.judge.power import power
    from canarygate.report.document import report_text
    from canarygate.report.power import power_document, render_power

    console.say("simulating runs with this traffic; that takes half a minute")
    document = power_document(run.file, asdict(power(run.file, run.records, policy, **planned)))
    if as_json:
        console.put(report_text(document))
    else:
        console.show(render_power(document))
    return ExitCode.PASS
