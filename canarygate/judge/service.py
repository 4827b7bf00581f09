"""Did the service that was started stay up? One that ends by itself fails, whatever still answers."""

import signal

from canarygate.results import CANARY, RunFile, StartedService
from canarygate.verdict import Check, Verdict

NAME = "canary.service"


def service_check(run: RunFile) -> Check | None:
    """None where no service was started."""
    started = run.started_service
    if started is None:
        return None
    moment = ended_after(run)
    return Check(
        name=NAME,
        state=Verdict.PASS if started.exit_status is None else Verdict.FAIL,
        reason=_reason(started, moment),
        numbers={
            "exit_status": started.exit_status,
            "ended_after_seconds": moment,
            "ready_seconds": started.ready_seconds,
        },
    )


def ended_after(run: RunFile) -> float | None:
    """When it ended by itself, seconds since the load began; None where it did not, or no load did."""
    started, role = run.started_service, run.roles.get(CANARY)
    if started is None or started.ended_at is None or role is None or role.start is None:
        return None
    return started.ended_at - role.start


def _reason(started: StartedService, moment: float | None) -> str:
    if started.exit_status is None:
        ready = started.ready_seconds
        after = "" if ready is None else f", ready after {ready:.1f} s,"
        return f"the started service{after} ran until it was told to stop"
    when = (
        "before the load began" if moment is None or moment < 0 else f"{moment:.1f} s into the load"
    )
    return f"the started service ended by itself {when} ({_status(started.exit_status)})"


def _status(status: int) -> str:
    if status == 0:
        return "exit status 0; a start command has to stay in the foreground"
    if status > 0:
        return f"exit status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"
