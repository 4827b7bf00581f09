"""Durations, sizes, shares and factors as a person writes them, and back to the same text.

Numbers go through Decimal, so that what is written is what is meant, and the way back is exact.
"""

import re
from decimal import Decimal

_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_RANGE = re.compile(rf"({_NUMBER})(ms|s|m)?-({_NUMBER})(ms|s|m)")
_DURATION = re.compile(rf"({_NUMBER})(ms|s|m)")
_SIZE = re.compile(rf"({_NUMBER})(B|KB|MB|GB|KiB|MiB|GiB)")
_PERCENT = re.compile(rf"({_NUMBER})%")
_FACTOR = re.compile(rf"({_NUMBER})x")

MILLISECONDS = {"ms": 1, "s": 1_000, "m": 60_000}
BYTES = {
    "GiB": 2**30,
    "GB": 10**9,
    "MiB": 2**20,
    "MB": 10**6,
    "KiB": 2**10,
    "KB": 10**3,
    "B": 1,
}
DAY_MS = 24 * 60 * MILLISECONDS["m"]


def write_number(value: float) -> str:
    """Without an exponent and without a needless `.0`; reads back as the same float."""
    return str(int(value)) if float(value).is_integer() else format(Decimal(repr(value)), "f")


def read_ms(text: str) -> float:
    """`200ms`, `1.5s`, `2m` → milliseconds; a unit is required and a day is the most."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a duration; try 200ms, 1.5s or 2m")
    return _milliseconds(*match.groups())


def read_seconds(text: str) -> float:
    """`200ms`, `1.5s`, `2m` → seconds."""
    return float(Decimal(repr(read_ms(text))) / 1000)


def write_seconds(seconds: float) -> str:
    """The canonical text of a number of seconds."""
    return f"{write_number(seconds)}s"


def read_ms_range(text: str) -> tuple[float, float]:
    """`200-800ms`, `200ms-1s` or a single `150ms` → the lowest and the highest."""
    match = _RANGE.fullmatch(text)
    if match is None:
        try:
            return (read_ms(text),) * 2
        except ValueError as error:
            raise ValueError(
                f"{text!r} is not a range of durations; try 200-800ms, or 150ms"
            ) from error
    low_number, low_unit, high_number, high_unit = match.groups()
    low = _milliseconds(low_number, low_unit or high_unit)
    high = _milliseconds(high_number, high_unit)
    if low > high:
        raise ValueError(f"{text!r} goes from more to less; write the lower end first")
    return low, high


def write_ms_range(low: float, high: float) -> str:
    """The canonical text of a range of milliseconds."""
    return (
        f"{write_number(low)}ms" if low == high else f"{write_number(low)}-{write_number(high)}ms"
    )


def read_bytes(text: str) -> int:
    """`1MB`, `64KiB`, `100B` → bytes; whole bytes only."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a size; try 100B, 64KB, 1MB or 1MiB")
    number, unit = match.groups()
    size = Decimal(number) * BYTES[unit]
    if size != int(size) or size > BYTES["GiB"]:
        raise ValueError(f"{text!r} is not a whole number of bytes up to 1GiB")
    return int(size)


def write_bytes(size: int) -> str:
    """In the largest unit that holds a whole number of them."""
    unit = next(unit for unit, scale in BYTES.items() if (size and size % scale == 0) or scale == 1)
    return f"{size // BYTES[unit]}{unit}"


def read_percent(text: str) -> float:
    """`12%` → 12.0."""
    match = _PERCENT.fullmatch(text)
    if match is None or float(match[1]) > 100:
        raise ValueError(f"{text!r} is not a share; try 12%, at most 100%")
    return float(match[1])


def write_percent(percent: float) -> str:
    """The canonical text of a share."""
    return f"{write_number(percent)}%"


def read_factor(text: str) -> float:
    """`2.5x` → 2.5."""
    match = _FACTOR.fullmatch(text)
    if match is None or not 1 <= float(match[1]) <= 1000:
        raise ValueError(f"{text!r} is not a factor; try 2x or 1.5x, at most 1000x")
    return float(match[1])


def write_factor(factor: float) -> str:
    """The canonical text of a factor."""
    return f"{write_number(factor)}x"


def _milliseconds(number: str, unit: str) -> float:
    value = float(Decimal(number) * MILLISECONDS[unit])
    if value > DAY_MS:
        raise ValueError(f"{number + unit!r} is more than a day")
    return value
