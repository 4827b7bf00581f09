"""`canarygate weights`."""

import click


@click.command("weights")
def command() -> int:
    """Being written."""
    return 1
