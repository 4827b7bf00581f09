"""`canarygate serve shop`: the demo shop."""

from typing import Any

import click

from canarygate.cli.options import Option, resolve, with_options
from canarygate.errors import ConfigError
from canarygate.shop.faults import parse_faults


def read_port(text: str) -> int:
    """0 to 65535; 0 picks a free one."""
    if not text.isdigit() or int(text) > 65535:
        raise ValueError(f"{text!r} is not a port; give 0 to 65535, 0 for a free one")
    return int(text)


def read_seed(text: str) -> int:
    """A whole number."""
    if not text.isdigit():
        raise ValueError(f"{text!r} is not a whole number of 0 or more")
    return int(text)


OPTIONS = (
    Option(name="bind", metavar="HOST", default="127.0.0.1", help="The address to listen on."),
    Option(name="port", metavar="N", default="8080", read=read_port, help="0 picks a free one."),
    Option(
        name="version_label",
        metavar="NAME",
        default="v1",
        help="Said in X-Version and in the metrics.",
    ),
    Option(
        name="faults",
        metavar="FAULTS",
        default="",
        read=parse_faults,
        help="How it misbehaves, such as 'latency=200-800ms; error=503:12%'. See docs/demo-shop.md.",
    ),
    Option(
        name="fault_seed", metavar="N", default="0", read=read_seed, help="Of the faults' draws."
    ),
)


@click.group("serve")
def command() -> None:
    """Run one of canarygate's own services."""


@command.command("shop")
@with_options(OPTIONS)
@click.pass_context
def shop(context: click.Context, /, **given: Any) -> int:
    """Serve the demo shop until SIGTERM or Ctrl-C.

    \b
    canarygate serve shop --port 8080
    canarygate serve shop --port 0 --faults 'latency=200-800ms'
    """
    from canarygate.shop.app import ShopSettings, serve

    settings = resolve(OPTIONS, given, context)
    if settings.problems:
        raise ConfigError(settings.problems)
    serve(
        ShopSettings(
            host=settings["bind"],
            port=settings["port"],
            version=settings["version_label"],
            faults=settings["faults"],
            seed=settings["fault_seed"],
        )
    )
    return 0
