"""`canarygate roi`."""

import click


@click.command("roi")
def command() -> int:
    """Being written."""
    return 1
