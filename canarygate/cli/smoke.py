"""`canarygate smoke`."""

import click


@click.command("smoke")
def command() -> int:
    """Being written."""
    return 1
