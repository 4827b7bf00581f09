"""What canarygate prints: the result on stdout, the talk on stderr. Nothing else prints."""

import atexit
import os
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self

from canarygate.errors import CanarygateError, ConfigError
from canarygate.progress import progress_line, progress_lines
from canarygate.runner.events import Ended, Event, Phase, Progress, Started, Stopping
from canarygate.terminal import Screen

if TYPE_CHECKING:
    from rich.console import RenderableType

HEARTBEAT_SECONDS = 15.0
PHASE_SECONDS = 1.0
"""What takes less is not worth a line of a log."""
WIDTH = 80


def say(text: str) -> None:
    """A line of talk. That nobody hears it is no reason to end a run."""
    hush()
    with suppress(OSError, ValueError, AttributeError):  # closed, or never there
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def put(text: str) -> None:
    """The result itself, byte for byte as its file has it, whatever the terminal's encoding."""
    hush()
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8"))
    sys.stdout.buffer.flush()


def give_up_stdout() -> None:
    """Nobody reads any more; the flush at the end of the process shall not complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def show(renderable: "RenderableType") -> None:
    """The result for people: 80 columns, in colour where the terminal has any."""
    from rich.console import Console

    hush()

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
    """Follows a run: lines that are redrawn on a terminal, a line every 15 seconds elsewhere.

    Whatever else is said or put takes them away first, and so does the end of the process.
    """

    def __init__(self) -> None:
        self._last_beat = time.monotonic()
        self._phase: threading.Timer | None = None
        self._screen = _live_screen()
        _talks.append(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def listen(self, event: Event) -> None:
        """Take one event of the run."""
        match event:
            case Phase():
                self._begin_phase(event.text)
            case Started():
                say("load on " + ", ".join(f"{role} {host}" for role, host in event.roles.items()))
                self._last_beat = time.monotonic()
            case Progress():
                self._progress(event)
            case Stopping():
                say("stopping; once more ends at once")
            case Ended():
                self.quiet()

    def close(self) -> None:
        """The run is over, however it ended."""
        self.quiet()
        if self in _talks:
            _talks.remove(self)

    def quiet(self) -> None:
        """Take away what is drawn, and say nothing of what was only begun."""
        if self._phase is not None:
            self._phase.cancel()
            self._phase = None
        if self._screen is not None:
            self._screen.wipe()

    def wipe_at_once(self) -> None:
        """From a signal's handler."""
        if self._screen is not None:
            self._screen.wipe_at_once()

    def _begin_phase(self, text: str) -> None:
        self.quiet()
        if self._screen is not None:
            columns, _ = self._screen.size()
            self._screen.draw([((text[: max(columns - 1, 1)], "dim"),)])
            return
        self._phase = threading.Timer(PHASE_SECONDS, say, [text])
        self._phase.daemon = True
        self._phase.start()

    def _progress(self, event: Progress) -> None:
        if self._screen is not None:
            bars = _can_show("━─")
            self._screen.draw(progress_lines(event, *self._screen.size(), has_bars=bars))
        elif time.monotonic() - self._last_beat >= HEARTBEAT_SECONDS:
            self._last_beat = time.monotonic()
            say(progress_line(event))


_talks: list[Talk] = []


@atexit.register
def hush() -> None:
    """Nothing is drawn any more when this returns."""
    for talk in _talks:
        talk.quiet()


def hush_at_once() -> None:
    """The same from the handler of a signal that ends the process."""
    for talk in _talks:
        talk.wipe_at_once()


def _live_screen() -> Screen | None:
    """The terminal that people look at, if there is one that can be drawn on."""
    if sys.stderr is None or not sys.stderr.isatty():
        return None
    if os.environ.get("TERM", "dumb") in ("", "dumb", "unknown"):
        return None
    return Screen(sys.stderr, has_colour=not os.environ.get("NO_COLOR"))


def _can_show(text: str) -> bool:
    try:
        text.encode(sys.stderr.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def settings_text(values: Mapping[str, tuple[str, str, str]]) -> str:
    """Resolved settings, a line each: flag, variable, value, where it came from."""
    return "".join(
        f"{flag:20} {variable:18} {value:30} {source}\n"
        for flag, (variable, value, source) in values.items()
    )
