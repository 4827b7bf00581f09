"""`canarygate judge RESULTS`: judge a saved run again, under the same policy or another."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from canarygate import console
from canarygate.answer import exit_code
from canarygate.cli.gate import POLICY, policy_problems
from canarygate.cli.options import resolve, with_options
from canarygate.errors import ConfigError
from canarygate.judge.policy import POLICY_HINT, load_policy
from canarygate.results import read_run


@click.command("judge", short_help="Judge a saved run again.")
@click.argument("results", type=click.Path(path_type=Path))
@with_options((POLICY,))
@click.option(
    "--json", "as_json", is_flag=True, help="Print the report as JSON instead of the table."
)
@click.pass_context
def command(context: click.Context, /, results: Path, as_json: bool, **given: Any) -> int:
    """Judge the run in the folder RESULTS again; no request is sent and nothing is written.

    \b
    canarygate judge results/20261120-221500-4f1c2a --policy strict.toml
    """
    from canarygate.judge.checks import judge
    from canarygate.report.document import report_document, report_text
    from canarygate.report.table import render_report

    settings = resolve((POLICY,), given, context)
    policy_file = Path(settings["policy"]) if settings["policy"] else None
    if problems := policy_problems(policy_file):
        raise ConfigError(problems, hint=POLICY_HINT)
    policy = load_policy(policy_file)
    run = read_run(results)
    judgement = judge(run.file, run.records, policy)
    document = report_document(run.file, judgement, run.records, asdict(policy))
    if as_json:
        console.put(report_text(document))
    else:
        console.show(render_report(document, str(results)))
    return exit_code(run.file.outcome, judgement.verdict)
