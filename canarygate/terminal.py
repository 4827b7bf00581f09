"""Lines that are drawn over themselves on a terminal, and leave nothing behind."""

import os
from collections.abc import Sequence
from contextlib import suppress
from typing import TextIO

from canarygate.progress import Line

SIZE = (80, 24)
"""Where a terminal does not tell."""
STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32"}
REST_OF_LINE = "\x1b[K"
"""Line by line: terminals that keep a history put what is cleared as a whole screen into it."""


class Screen:
    """The last few lines of a terminal. The cursor is never hidden: a process that is killed cannot
    show it again."""

    def __init__(self, stream: TextIO, *, has_colour: bool) -> None:
        self._stream = stream
        self._has_colour = has_colour
        self._lengths: Sequence[int] = ()
        """Of the lines that are there."""

    def size(self) -> tuple[int, int]:
        """Columns and rows, as they are now."""
        try:
            columns, rows = os.get_terminal_size(self._stream.fileno())
        except (OSError, ValueError):
            return SIZE
        return columns or SIZE[0], rows or SIZE[1]

    def draw(self, lines: Sequence[Line]) -> None:
        """These lines instead of those that are there; none of them may be wider than the terminal."""
        height = self._rows()
        text = "\n".join(self._styled(line) + REST_OF_LINE for line in lines)
        left = height - len(lines)
        if left > 0:
            text += f"\n{REST_OF_LINE}" * left + f"\x1b[{left}A"
        self._write(_up(height) + text)
        self._lengths = [sum(len(text) for text, _ in line) for line in lines]

    def wipe(self) -> None:
        """Take away what is there."""
        if self._lengths:
            self._write(self._nothing())
            self._lengths = ()

    def wipe_at_once(self) -> None:
        """The same from a signal's handler, which may have come in the middle of a write."""
        if self._lengths:
            with suppress(OSError, ValueError):
                os.write(self._stream.fileno(), self._nothing().encode("ascii"))
            self._lengths = ()

    def _nothing(self) -> str:
        rows = self._rows()
        return _up(rows) + "\n".join([REST_OF_LINE] * rows) + _up(rows)

    def _rows(self) -> int:
        """How many there are of ours: a terminal made narrower has folded its lines."""
        columns, _ = self.size()
        return sum(max(1, -(-length // columns)) for length in self._lengths)

    def _styled(self, line: Line) -> str:
        if not self._has_colour:
            return "".join(text for text, _ in line)
        return "".join(
            f"\x1b[{STYLES[style]}m{text}\x1b[0m" if style else text for text, style in line
        )

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):  # nobody looks any more; the run goes on
            self._stream.write(text)
            self._stream.flush()


def _up(rows: int) -> str:
    """From the last of so many rows to the first column of the first."""
    return f"\r\x1b[{rows - 1}A" if rows > 1 else "\r"
