"""`canarygate serve shop`: the demo shop."""

from typing import Any

import click

from canarygate import console
from canarygate.cli.options import Option, environment, resolve, with_options
from canarygate.cli.weight_options import CACHE, COMMON, LOG_LEVEL
from canarygate.cli.weight_settings import read_weight_settings
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


BIND = Option(name="bind", metavar="HOST", default="127.0.0.1", help="The address to listen on.")
OPTIONS = (
    BIND,
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
WEIGHTS_PORT = Option(
    name="port", metavar="N", default="8090", read=read_port, help="0 picks a free one."
)
WEIGHTS_OPTIONS = (BIND, WEIGHTS_PORT, *COMMON, CACHE, LOG_LEVEL)


@click.group("serve")
def command() -> None:
    """Run one of canarygate's own services.

    \b
    canarygate serve shop --port 8080
    canarygate serve weights --prometheus-url http://prometheus.monitoring:9090
    """


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


@command.command("weights")
@with_options(WEIGHTS_OPTIONS)
@click.pass_context
def weights(context: click.Context, /, **given: Any) -> int:
    """Serve safe weights out of Prometheus until SIGTERM or Ctrl-C. See docs/weights.md.

    GET /weight?service=checkout&canary=v2&stable=v1 answers 200 with {"weight": …, "status":
    "proceed", "hold" or "rollback", "reasons": […], …}; the weight is 0 unless the status is proceed.

    \b
    canarygate serve weights --prometheus-url http://prometheus.monitoring:9090
    PROMETHEUS_URL=http://127.0.0.1:9090 canarygate serve weights --window 2m
    """
    settings = read_weight_settings(resolve(WEIGHTS_OPTIONS, given, context), environment())

    from canarygate.weights.server import serve

    signals = context.obj
    with signals.held():
        serve(
            settings,
            announce=lambda line: console.put(f"{line}\n"),
            write_log=console.say,
            is_asked_to_stop=lambda: signals.number is not None,
        )
    return 0
