"""`canarygate weights --once`: one answer of the weight service, for a script."""

from typing import Any

import click

from canarygate import console
from canarygate.cli.options import environment, resolve, with_options
from canarygate.cli.weight_options import COMMON
from canarygate.cli.weight_settings import read_weight_settings
from canarygate.errors import ConfigError, ExitCode
from canarygate.weights.analysis import Status

EXIT_CODES = {
    Status.PROCEED: ExitCode.PASS,
    Status.ROLLBACK: ExitCode.FAIL,
    Status.HOLD: ExitCode.INCONCLUSIVE,
}


@click.command("weights", short_help="Ask Prometheus once for the canary's safe weight.")
@click.option("--once", is_flag=True, help="Ask now, print the answer as JSON, and end.")
@with_options(COMMON)
@click.pass_context
def command(context: click.Context, /, once: bool, **given: Any) -> int:
    """Print what `serve weights` would answer. See docs/weights.md.

    Exit codes: 0 proceed, 10 rollback, 11 hold, 2 bad usage.

    \b
    canarygate weights --once --prometheus-url http://prometheus.monitoring:9090 \\
      --service checkout --canary v2 --stable v1
    """
    if not once:
        raise ConfigError(
            "weights answers once; give --once", hint="`canarygate serve weights` keeps answering"
        )
    settings = read_weight_settings(resolve(COMMON, given, context), environment())

    import time

    from canarygate.weights.answer import to_text, weight_document
    from canarygate.weights.weigher import BadRequest, Weigher

    try:
        answer = Weigher(settings).answer({})
    except BadRequest as bad:
        raise ConfigError(
            bad.problems, hint="give --service, --canary and --stable ('' where there is none)"
        ) from None
    console.put(to_text(weight_document(answer, settings, time.monotonic())))
    return EXIT_CODES[answer.decision.status]
