"""A CSV file of Locust's as rows of text by column name, or a clear reason why it cannot be."""

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from canarygate.errors import ConfigError

WHOLE = re.compile(r"[0-9]+")
NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
HINT = "name the prefix that Locust was given as --csv, and push after Locust has ended"

Row = Mapping[str, str]


def read_table(path: Path, columns: Iterable[str], *, appended: bool = False) -> list[Row]:
    """Every row, by header; more columns, and columns in another order, are fine.

    An appended file may end inside a row, as its writer was killed; that row is left out.

    Raises:
        ConfigError: the file is missing, not a table, cut, or lacks one of these columns.
    """
    text = _read_text(path)
    if appended:
        text = without_cut_row(text)
    elif not text.endswith("\n"):
        raise _unusable(path, "is cut: its last line does not end")
    header, *rows = _split(path, text)
    for column in columns:
        if header.count(column) != 1:
            raise _unusable(path, f"has {header.count(column)} columns {column!r}, not 1")
    return [dict(zip(header, row, strict=True)) for row in rows]


def whole(path: Path, row: Row, column: str) -> int:
    """A count.

    Raises:
        ConfigError: the cell holds none.
    """
    if not WHOLE.fullmatch(row[column]):
        raise _unusable(path, f"has {row[column]!r} as {column!r}, not a count")
    return int(row[column])


def number(path: Path, row: Row, column: str) -> float:
    """A decimal number.

    Raises:
        ConfigError: the cell holds none; `nan`, `1_000` and blanks are none.
    """
    if not NUMBER.fullmatch(row[column]):
        raise _unusable(path, f"has {row[column]!r} as {column!r}, not a number")
    return float(row[column])


def without_cut_row(text: str) -> str:
    """The text up to the end of its last whole row."""
    text = text[: text.rfind("\n") + 1]
    # Quotes come in pairs in a whole row, and line breaks inside a name only between the two.
    while text.count('"') % 2:
        text = text[: text.rfind("\n", 0, -1) + 1]
    return text


def _read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file", hint=HINT) from None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}", hint=HINT) from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path}: not UTF-8 at byte {error.start}",
            hint="Locust writes in the locale's encoding; run it with PYTHONUTF8=1",
        ) from error


def _split(path: Path, text: str) -> Sequence[list[str]]:
    import pandas as pd

    try:
        # Without names for the columns, pandas cannot take a first column for an index, as it
        # does where a row is longer than the header; it says so instead.
        frame = pd.read_csv(
            io.StringIO(text, newline=""),
            header=None,
            dtype=str,
            keep_default_na=False,
            na_filter=False,
        )
    except pd.errors.EmptyDataError:
        raise _unusable(path, "is empty") from None
    except pd.errors.ParserError as error:
        raise _unusable(path, f"is no table: {str(error).strip()}") from error
    rows: list[list[str]] = frame.to_numpy().tolist()
    return rows


def _unusable(path: Path, what: str) -> ConfigError:
    return ConfigError(f"{path}: the file {what}", hint=HINT)
