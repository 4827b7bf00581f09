"""Every way canarygate stops, each with its exit code and its remedy."""

from collections.abc import Sequence
from enum import IntEnum


class ExitCode(IntEnum):
    """What a process of ours can end with: the contract with shells, CI and Kubernetes Jobs."""

    PASS = 0
    """Every check passes (or is inconclusive where ON_INCONCLUSIVE=pass leaves that to Argo)."""
    BUG = 1
    """A bug of ours; never chosen, so that a crash is never an answer."""
    USAGE = 2
    """Bad usage, configuration or input; nothing was sent to any host."""
    BROKEN = 3
    """The run broke: nothing answered on any host, or Locust died, was killed, or lost workers."""
    PUSH = 4
    """The Pushgateway did not take what it had to take, and the verdict was not fail."""
    FAIL = 10
    """The verdict is fail, or `lint` found a trap."""
    INCONCLUSIVE = 11
    """Too little evidence for either answer."""
    SIGINT = 130
    """Interrupted by Ctrl-C."""
    SIGTERM = 143
    """Terminated: a Job's deadline, an aborted rollout, a deleted pod."""


class CanarygateError(Exception):
    """Something went wrong that we foresaw. The command line prints it without a traceback."""

    exit_code: ExitCode = ExitCode.BUG
    hint: str = ""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint or self.hint


class ConfigError(CanarygateError):
    """Settings, a policy, a locustfile or an input that cannot be used; holds every problem found."""

    exit_code = ExitCode.USAGE

    def __init__(self, problems: str | Sequence[str], *, hint: str = "") -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems), hint=hint)


class RunBroken(CanarygateError):
    """The load did not run as it was meant to; its records answer nothing."""

    exit_code = ExitCode.BROKEN


class PushFailed(CanarygateError):
    """The Pushgateway did not take our series, or did not delete our groups."""

    exit_code = ExitCode.PUSH


class Interrupted(CanarygateError):
    """A signal ended the work before it was done."""

    def __init__(self, signal_number: int) -> None:
        self.signal_number = signal_number
        self.exit_code = ExitCode.SIGINT if signal_number == 2 else ExitCode.SIGTERM
        super().__init__(f"ended by {'Ctrl-C' if signal_number == 2 else 'SIGTERM'}")
