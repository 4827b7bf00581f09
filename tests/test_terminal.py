"""What is drawn over itself leaves nothing behind, whatever happens to the size of the terminal."""

import io
import re

import pytest

from canarygate.progress import Line
from canarygate.terminal import Screen


class Terminal(io.StringIO):
    """As much of a terminal as is needed: rows that fold, a cursor, and the history above."""

    def __init__(self, columns: int) -> None:
        super().__init__()
        self.columns = columns
        self.rows: list[str] = ["$ gate", ""]
        self.row, self.column = 1, 0

    def write(self, text: str) -> int:
        """Take what a program writes."""
        for part in re.findall(r"\x1b\[\d*[A-Za-z]|[\r\n]|[^\x1b\r\n]+", text):
            self._take(part)
        return len(text)

    def _take(self, part: str) -> None:
        if part == "\r":
            self.column = 0
        elif part == "\n":
            self.row, self.column = self.row + 1, 0
            self.rows += [""] * (self.row + 1 - len(self.rows))
        elif part.endswith("A"):
            self.row = max(0, self.row - int(part[2:-1]))
        elif part == "\x1b[K":
            self.rows[self.row] = self.rows[self.row][: self.column]
        elif part.startswith("\x1b"):
            assert part.endswith("m")
        else:
            line = self.rows[self.row].ljust(self.column)
            end = self.column + len(part)
            self.rows[self.row] = line[: self.column] + part + line[end:]
            self.column = end
            assert end <= self.columns

    def narrow(self, columns: int) -> None:
        """Fold every row, as most terminals do; the cursor stays where it was in its text."""
        folded: list[str] = []
        for number, row in enumerate(self.rows):
            parts = [row[at : at + columns] for at in range(0, len(row), columns)] or [""]
            if number == self.row:
                place = len(folded) + max(0, self.column - 1) // columns
            folded += parts
        self.columns, self.rows = columns, folded
        self.row, self.column = place, min(self.column, columns - 1)

    def shown(self) -> list[str]:
        """What a person sees."""
        return [row.rstrip() for row in self.rows if row.strip()]


def lines(*texts: str) -> list[Line]:
    return [((text, "dim"),) for text in texts]


@pytest.fixture
def terminal() -> Terminal:
    return Terminal(80)


@pytest.fixture
def screen(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Screen:
    screen = Screen(terminal, has_colour=True)
    monkeypatch.setattr(screen, "size", lambda: (terminal.columns, 24))
    return screen


def test_lines_are_drawn_over_those_before(screen: Screen, terminal: Terminal) -> None:
    for texts in (("one", "two and more"), ("three", "four", "five"), ("six",)):
        screen.draw(lines(*texts))

        assert ["$ gate", *texts] == terminal.shown()


def test_nothing_is_left_when_they_are_wiped_and_the_next_words_stand_where_they_were(
    screen: Screen, terminal: Terminal
) -> None:
    screen.draw(lines("one", "two", "three"))
    screen.wipe()
    screen.wipe()
    terminal.write("the result\n")

    assert ["$ gate", "the result"] == terminal.shown()
    assert 2 == terminal.row


@pytest.mark.parametrize("columns", [60, 40, 33, 10])
def test_a_terminal_that_is_made_narrower_shows_no_rubbish(
    screen: Screen, terminal: Terminal, columns: int
) -> None:
    screen.draw(lines("a" * 76, "b" * 40, "", "c" * 76))
    terminal.narrow(columns)
    screen.draw(lines("d" * 9, "e"))

    assert ["$ gate", "d" * 9, "e"] == terminal.shown()

    screen.wipe()

    assert ["$ gate"] == terminal.shown()


def test_without_colour_there_is_none() -> None:
    stream = io.StringIO()
    Screen(stream, has_colour=False).draw([(("bold", "bold"), (" red", "red"))])

    assert "\rbold red\x1b[K" == stream.getvalue()


def test_a_terminal_that_went_away_ends_no_run() -> None:
    stream = io.StringIO()
    screen = Screen(stream, has_colour=True)
    screen.draw(lines("one"))
    stream.close()

    screen.draw(lines("two"))
    screen.wipe_at_once()
    screen.wipe()


def test_the_size_is_a_guess_where_nobody_tells_it() -> None:
    assert (80, 24) == Screen(io.StringIO(), has_colour=True).size()
