"""`canarygate …` and `python -m canarygate …`: signals first, then the command, then one exit code."""

import io
import sys

from canarygate.errors import Interrupted
from canarygate.signals import Signals

SIGNALS = Signals()


def main() -> None:
    """Run the command line and exit with what it gives."""
    SIGNALS.install()
    if isinstance(sys.stdout, io.TextIOWrapper):  # a letter that the terminal lacks is no crash
        sys.stdout.reconfigure(errors="replace")
    try:
        from canarygate.cli import run_command_line

        sys.exit(run_command_line(sys.argv[1:], SIGNALS))
    except Interrupted as interruption:  # while the imports ran
        sys.exit(interruption.exit_code)


if __name__ == "__main__":
    main()
