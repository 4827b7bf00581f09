"""`canarygate push RESULTS`: the same push as `python -m push_metrics`."""

from pathlib import Path
from typing import Any

import click

from canarygate import console
from canarygate.cli.options import Option, environment, resolve, with_options
from canarygate.cli.push_options import PUSH, PUSHGATEWAY_URL, read_push_settings
from canarygate.cli.run_options import PUSH_LABELS
from canarygate.errors import ConfigError

OUTPUT = Option(name="output", metavar="FILE", help="Write the same series as text; - is stdout.")
OPTIONS = (*PUSH, PUSH_LABELS, OUTPUT)


@click.command("push", short_help="Push a saved run's series to a Pushgateway.")
@click.argument("results")
@with_options(OPTIONS)
@click.pass_context
def command(context: click.Context, /, results: str, **given: Any) -> int:
    """Push the series of the run in the folder RESULTS, or of Locust CSV files with that prefix.

    \b
    canarygate push results/run-7 --pushgateway-url http://pushgateway:9091
    canarygate push results/run-7 --output metrics.prom
    """
    from push_metrics.command import PushRequest, push_source

    settings = resolve(OPTIONS, given, context)
    push = read_push_settings(settings, environment())
    if push is None and not settings["output"] and not settings.problems:
        settings.problems.append(
            f"neither {PUSHGATEWAY_URL.label} nor {OUTPUT.label} is given; nothing would be done"
        )
    if settings.problems:
        raise ConfigError(settings.problems)
    pushed = push_source(
        PushRequest(
            source=results,
            labels=settings["push_labels"] or {},
            endpoints=bool(settings["push_endpoints"]),
            settings=push,
            output=Path(settings["output"]) if settings["output"] else None,
        )
    )
    for note in pushed.notes:
        console.say(f"canarygate: {note}")
    for group in pushed.groups:
        console.say(f"{group.series} series in {group.key}")
    return 0
