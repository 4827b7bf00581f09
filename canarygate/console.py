"""What canarygate prints: the result on stdout, the talk on stderr. Nothing else prints."""

import os
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from canarygate.errors import CanarygateError, ConfigError
from canarygate.runner.events import Ended, Event, Progress, Started

if TYPE_CHECKING:
    from rich.console import RenderableType

HEARTBEAT_SECONDS = 15.0
WIDTH = 80


def say(text: str) -> None:
    """A line of talk."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def put(text: str) -> None:
    """The result itself, byte for byte as its file has it, whatever the terminal's encoding."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8"))
    sys.stdout.buffer.flush()


def give_up_stdout() -> None:
    """Nobody reads any more; the flush at the end of the process shall not complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def show(renderable: "RenderableType") -> None:
    """The result for people: 80 columns, in colour where the terminal has any."""
    from rich.console import Console

    class Teller(Console):
        """Rich would end the process with 1 when nobody reads; the exit code is the verdict's."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    is_terminal = sys.stdout.isatty()
    Teller(
        width=WIDTH if not is_terminal else None,
        force_terminal=is_terminal,
        no_color=bool(os.environ.get("NO_COLOR")) or not is_terminal,
        highlight=False,
        soft_wrap=False,
    ).print(renderable)


def complain(error: CanarygateError) -> None:
    """Say what is wrong, and what would mend it."""
    lines = error.problems if isinstance(error, ConfigError) else [str(error)]
    for line in lines:
        say(f"canarygate: {line}")
    if error.hint:
        say(f"  hint: {error.hint}")


class Talk:
    """Follows a run: a live line on a terminal, a line every 15 seconds elsewhere."""

    def __init__(self) -> None:
        self._is_live = sys.stderr.isatty()
        self._last_beat = 0.0
        self._live_width = 0

    def listen(self, event: Event) -> None:
        """Take one event of the run."""
        match event:
            case Started():
                say("load on " + ", ".join(f"{role} {host}" for role, host in event.roles.items()))
                self._last_beat = time.monotonic()
            case Progress():
                self._progress(event)
            case Ended():
                self._clear()

    def _progress(self, event: Progress) -> None:
        if self._is_live:
            line = progress_line(event)[: _terminal_width() - 1]
            sys.stderr.write("\r" + line.ljust(self._live_width))
            sys.stderr.flush()
            self._live_width = len(line)
        elif time.monotonic() - self._last_beat >= HEARTBEAT_SECONDS:
            self._last_beat = time.monotonic()
            say(progress_line(event))

    def _clear(self) -> None:
        if self._live_width:
            sys.stderr.write("\r" + " " * self._live_width + "\r")
            self._live_width = 0


def progress_line(event: Progress) -> str:
    """Where a run is: seconds, then users, rate, median and failures of each role."""
    parts = [
        f"{min(event.elapsed_seconds, event.planned_seconds):.0f}/{event.planned_seconds:.0f} s"
    ]
    for role, each in event.roles.items():
        median = "-" if each.median_seconds is None else f"{each.median_seconds * 1000:.0f} ms"
        parts.append(
            f"{role} {each.users} users {each.requests_per_second:.1f}/s p50 {median} "
            f"{each.failures} failed"
        )
    return " | ".join(parts)


def _terminal_width() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns
    except OSError:
        return WIDTH


def settings_text(values: Mapping[str, tuple[str, str, str]]) -> str:
    """Resolved settings, a line each: flag, variable, value, where it came from."""
    return "".join(
        f"{flag:20} {variable:18} {value:30} {source}\n"
        for flag, (variable, value, source) in values.items()
    )
