"""`canarygate report`."""

import click


@click.command("report")
def command() -> int:
    """Being written."""
    return 1
