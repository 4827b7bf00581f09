"""What is in an array, an object or a text."""

from collections.abc import Sequence

from canarygate.lint.conditions.arithmetic import equal
from canarygate.lint.conditions.regexps import translated
from canarygate.lint.conditions.values import ConditionError, Engine, Floats, Refused

LONGEST_TEXT = 1_000


def contained(needle: object, held: object, engine: Engine) -> bool:
    """`needle in held`."""
    if held is None:
        return False
    if isinstance(held, dict):
        if needle is not None and not isinstance(needle, str):
            raise ConditionError("an object has texts for keys")
        return (needle or "") in held
    if isinstance(held, list | Floats):
        return any(equal(each, needle, engine) for each in held)
    raise ConditionError("in takes an array or an object")


def in_set(needle: object, held: Sequence[object]) -> bool:
    """`needle in held`, where all that is held is written out and of one type."""
    wanted = int if isinstance(held[0], int) else str
    # reflect looks nil up as the zero of the key's type.
    key = wanted() if needle is None else needle
    if type(key) is not wanted:
        raise ConditionError("in takes what the array holds")
    return key in held


def in_text(operator: str, left: object, right: object, engine: Engine) -> bool:
    """`left contains right` and its like; nothing is in nil for 1.17."""
    if engine is Engine.HEAD and (left is None or right is None):
        return False
    if not isinstance(left, str) or not isinstance(right, str):
        raise ConditionError(f"{operator} takes texts")
    if operator == "contains":
        return right in left
    if operator != "matches":
        return left.startswith(right) if operator == "startsWith" else left.endswith(right)
    if len(left) > LONGEST_TEXT:
        raise Refused("a regular expression on a long text")
    return translated(right).search(left) is not None
