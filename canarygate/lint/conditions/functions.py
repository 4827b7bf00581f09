"""The functions of a condition that need no predicate, on values."""

import math
from collections.abc import Callable

from canarygate.lint.conditions import texts
from canarygate.lint.conditions.arithmetic import is_number
from canarygate.lint.conditions.values import (
    ConditionError,
    Engine,
    Floats,
    Refused,
    truncated,
    wrapped,
)

SPACES = " \t\n\v\f\r"
KINDS = {bool: "bool", int: "int", float: "float", str: "string", dict: "map"}


def fetched(base: object, key: object) -> object:
    """`base[key]`; a missing key of an object is nil, a missing index is an error."""
    if isinstance(base, dict):
        if key is not None and not isinstance(key, str):
            raise ConditionError("an object has texts for keys")
        return base.get(key or "")
    length = len(base.encode()) if isinstance(base, str) else None
    if isinstance(base, list | Floats):
        length = len(base)
    if length is None:
        raise ConditionError("this has no elements")
    index = whole(key)
    index += length if index < 0 else 0
    if not 0 <= index < length:
        raise ConditionError("index out of range")
    if not isinstance(base, list | Floats):
        raise Refused("a byte of a text")
    return base[index]


def whole(value: object) -> int:
    """An index, which may be a float."""
    if not isinstance(value, int | float) or not is_number(value):
        raise ConditionError("an index has to be a number")
    return truncated(value) if isinstance(value, float) else value


def got(base: object, key: object, engine: Engine) -> object:
    """`get(base, key)`: nil where `base[key]` is an error, in 1.17 not for a key of a wrong type."""
    if engine is Engine.HEAD:
        text = key is None or isinstance(key, str)
        array = isinstance(base, str | list | Floats)
        if (isinstance(base, dict) and not text) or (array and not is_number(key)):
            raise ConditionError("get takes a key that fits")
    return end(base, key)


def end(base: object, key: object) -> object:
    """`first(base)` and `last(base)`, which swallow every error."""
    try:
        return fetched(base, key)
    except ConditionError:
        return None


def size(value: object, engine: Engine) -> int:
    """`len(value)`: of a text, bytes in 1.15 and characters in 1.17."""
    if isinstance(value, str) and engine is Engine.V1_9:
        return len(value.encode())
    if not isinstance(value, str | list | Floats | dict):
        raise ConditionError("this has no length")
    return len(value)


def sliced(base: object, first: object, last: object) -> object:
    """`base[first:last]`, which never is out of range."""
    if isinstance(base, str) and not base.isascii():
        raise Refused("a slice of a text beyond ASCII")
    if not isinstance(base, str | list | Floats):
        raise ConditionError("this cannot be sliced")
    length = len(base)
    begin, end = whole(first), whole(last)
    begin = max(begin + length, 0) if begin < 0 else begin
    end = max(end + length, 0) if end < 0 else min(end, length)
    part = slice(min(begin, end), end)
    return Floats(base[part]) if isinstance(base, Floats) else base[part]


def as_int(value: object) -> int:
    """`asInt(value)` and `int(value)`."""
    if isinstance(value, str):
        return texts.to_int(value)
    return whole(value)


def as_float(value: object) -> float:
    """`asFloat(value)` and `float(value)`."""
    if isinstance(value, str):
        return texts.to_float(value)
    if not isinstance(value, int | float) or not is_number(value):
        raise ConditionError("this is no number")
    return float(value)


def absolute(value: object) -> int | float:
    """`abs(value)`."""
    if not isinstance(value, int | float) or not is_number(value):
        raise ConditionError("this is no number")
    return value if not value < 0 else wrapped(-value) if isinstance(value, int) else -value


def rounded(name: str, value: object) -> float:
    """`ceil`, `floor`, or `round`, which rounds a half away from zero."""
    if not isinstance(value, int | float) or not is_number(value):
        raise ConditionError("this is no number")
    number = float(value)
    if not math.isfinite(number) or isinstance(value, int):
        return number
    if name != "round":
        return math.copysign(math.ceil(number) if name == "ceil" else math.floor(number), number)
    near = math.trunc(number)
    return math.copysign(abs(near) + (abs(number - near) >= 0.5), number)


def kind(value: object) -> str:
    """`type(value)`."""
    if isinstance(value, list | Floats):
        return "array"
    return "nil" if value is None else KINDS[type(value)]


def of_texts(name: str, values: list[object]) -> object:
    """The functions of texts."""
    words = [value for value in values if isinstance(value, str)]
    if len(words) != len(values):
        raise ConditionError(f"{name} takes texts")
    if not all(word.isascii() for word in words):
        raise Refused(f"{name} of a text beyond ASCII")
    return TEXTS[name](words)


TEXTS: dict[str, Callable[[list[str]], object]] = {
    "trim": lambda words: words[0].strip(*(words[1:] or [SPACES])),
    "upper": lambda words: words[0].upper(),
    "lower": lambda words: words[0].lower(),
    "hasPrefix": lambda words: words[0].startswith(words[1]),
    "hasSuffix": lambda words: words[0].endswith(words[1]),
}


def entries(value: object) -> int:
    """How many keys an object has."""
    if not isinstance(value, dict):
        raise ConditionError("this has no keys")
    return len(value)


def listed(value: object, *, keys: bool) -> list[object]:
    """The keys or values of an object, whose order Go makes up anew each time."""
    if entries(value) > 1 or not isinstance(value, dict):
        raise Refused("the order of an object's keys")
    return list(value if keys else value.values())
