"""Numbers as Go reads them from a text and writes them into one."""

import math
import re
from decimal import Decimal

from canarygate.lint.conditions.values import ConditionError, Refused

DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
SPECIAL = re.compile(r"[+-]?inf(?:inity)?|nan", re.IGNORECASE)
WHOLE = re.compile(r"[+-]?[0-9]+")
LARGEST = 2**63
LONGEST = 400


def to_int(text: str) -> int:
    """An integer of 64 bits."""
    if WHOLE.fullmatch(text) and len(text) <= LONGEST and -LARGEST <= int(text) < LARGEST:
        return int(text)
    if len(text) > LONGEST:
        raise Refused("the integer of a very long text")
    raise ConditionError(f"{text!r} is no integer")


def to_float(text: str) -> float:
    """A float."""
    if len(text) > LONGEST or re.match(r"[+-]?0[xX]|.*_", text):
        raise Refused("the float of a text that is long, hexadecimal or has an underscore")
    if not DECIMAL.fullmatch(text) and not SPECIAL.fullmatch(text):
        raise ConditionError(f"{text!r} is no float")
    number = float(text)
    if math.isinf(number) and not SPECIAL.fullmatch(text):
        raise ConditionError(f"{text!r} is too large")
    return number


def shown(value: object) -> str:
    """What `string()` makes of a value."""
    match value:
        case None:
            return "<nil>"
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int():
            return str(value)
        case float():
            return _shown_float(value)
        case _:
            raise Refused("the text of an array or object")


def _shown_float(number: float) -> str:
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else f"{number:+f}".replace("inf", "Inf")
    exact = Decimal(repr(abs(number)))
    minus = "-" if math.copysign(1.0, number) < 0 else ""
    power = exact.adjusted() if number else 0
    if -4 <= power < 6:
        return minus + format(exact.normalize(), "f")
    figures = "".join(map(str, exact.normalize().as_tuple().digits))
    rest = f".{figures[1:]}" if len(figures) > 1 else ""
    return f"{minus}{figures[0]}{rest}e{power:+03d}"
