"""The command line: one command per file, each thin; one place that turns errors into exit codes."""

import sys
from collections.abc import Sequence

import click

from canarygate import __version__, console
from canarygate.cli import (
    calibrate,
    demo,
    gate,
    judge,
    lint,
    push,
    report,
    roi,
    run,
    serve,
    smoke,
    weights,
)
from canarygate.errors import CanarygateError, ExitCode, Interrupted
from canarygate.signals import Signals

HELP_OPTIONS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
ISSUES = "This is a bug of canarygate's; please report it with the lines above."


class Commands(click.Group):
    """Says which command was meant when the name is nearly right."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or tell the nearest."""
        import difflib

        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            if not near or "Did you mean" in error.message:
                raise
            message = f"{error.message} Did you mean {near[0]!r}?"
            raise click.UsageError(message, ctx) from None


@click.group(cls=Commands, context_settings=HELP_OPTIONS)
@click.version_option(__version__, message="canarygate %(version)s")
def commands() -> None:
    """May this canary take more traffic? Pass, fail or inconclusive, with the numbers behind it.

    \b
    canarygate demo
    canarygate gate --target-host http://canary --stable-host http://stable

    Exit codes: 0 pass, 2 bad usage, 3 the run broke, 4 the push failed, 10 fail (lint: a trap),
    11 inconclusive.
    """


for module in (gate, run, smoke, judge, report, calibrate, push, demo, serve, weights, roi, lint):
    commands.add_command(module.command)


def run_command_line(arguments: Sequence[str], signals: Signals) -> int:
    """Run one command; gives the exit code of the process."""
    signals.last_look = console.hush_at_once
    try:
        code = commands.main(
            list(arguments), prog_name="canarygate", standalone_mode=False, obj=signals
        )
        return int(code or 0)
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except (Interrupted, click.Abort, KeyboardInterrupt) as error:
        number = getattr(error, "signal_number", 2)
        console.say(f"canarygate: {Interrupted(number)}")
        return Interrupted(number).exit_code
    except CanarygateError as error:
        console.complain(error)
        return error.exit_code
    except BrokenPipeError:
        # Whoever read our output went away; the answer is in the report all the same.
        sys.stderr.close()
        return ExitCode.BUG
    except Exception:
        import traceback

        console.say(traceback.format_exc())
        console.say(ISSUES)
        return ExitCode.BUG
