"""`canarygate run`: one load run against one host, held against the policy's absolute limits."""

from typing import Any

import click

from canarygate import console
from canarygate.cli.gate import ANSWER, answer, dry_run_text, read_gate_settings
from canarygate.cli.options import resolve, with_options
from canarygate.cli.push_options import PUSH
from canarygate.cli.run_options import ONE_HOST

OPTIONS = (*ONE_HOST, *ANSWER, *PUSH)


@click.command("run", short_help="Drive one host and judge it by absolute limits only.")
@with_options(OPTIONS)
@click.option("--json", "as_json", is_flag=True, help="Print report.json instead of the table.")
@click.option(
    "--dry-run", is_flag=True, help="Print every setting and the Locust command; do nothing."
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
    """Drive one host and keep the records; absolute limits only.

    \b
    canarygate run --target-host http://127.0.0.1:8080 --run-time 1m
    """
    settings = resolve(OPTIONS, given, context)
    wanted = read_gate_settings(settings, locust_args)
    if dry_run:
        console.put(dry_run_text(settings, OPTIONS, wanted))
        return 0
    return answer(wanted, context.obj, as_json=as_json)
