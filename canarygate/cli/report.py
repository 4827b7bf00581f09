"""`canarygate report RESULTS`: draw report.html of a saved run again."""

from pathlib import Path
from typing import Any

import click

from canarygate import console
from canarygate.cli.gate import POLICY
from canarygate.cli.judge import judge_again, read_policy
from canarygate.cli.options import Option, resolve, with_options
from canarygate.errors import ConfigError, ExitCode
from canarygate.results import read_run, write_atomically

OUTPUT = Option(
    name="output",
    metavar="FILE",
    default=None,
    help="Where to write it; - is stdout.  [default: RESULTS/report.html]",
)


@click.command("report", short_help="Draw the HTML report of a saved run again.")
@click.argument("results", type=click.Path(path_type=Path))
@with_options((POLICY, OUTPUT))
@click.pass_context
def command(context: click.Context, /, results: Path, **given: Any) -> int:
    """Judge the run in the folder RESULTS again and draw report.html; prints where it is.

    Ends with 0 when it is written, whatever the verdict in it is: `canarygate judge` gives an exit
    code for that. Links to the run's files are relative to where the page is written.

    \b
    canarygate report results/20261120-221500-4f1c2a
    canarygate report results/run-7 --policy strict.toml --output strict.html
    """
    from canarygate.draw import PAGE, page_of

    settings = resolve((POLICY, OUTPUT), given, context)
    policy = read_policy(settings)
    run = read_run(results)
    again = judge_again(run, policy, results)
    output = settings["output"] or str(results / PAGE)
    beside = results if output == "-" else Path(output).parent
    page = page_of(run, again.document, again.memory, policy, folder=results, beside=beside)
    if output == "-":
        console.put(page)
        return ExitCode.PASS
    try:
        write_atomically(Path(output), page)
    except OSError as error:
        raise ConfigError(
            f"{OUTPUT.label}: {output} cannot be written ({error.strerror})",
            hint="name a file in a folder that may be written to",
        ) from error
    console.put(f"{output}\n")
    return ExitCode.PASS
