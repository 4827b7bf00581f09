"""Go's arithmetic and comparisons on what a condition handles."""

import math

from canarygate.lint.conditions.values import (
    ConditionError,
    Engine,
    Floats,
    Refused,
    wrapped,
)

Number = int | float
LONGEST_TEXT = 100_000


def is_number(value: object) -> bool:
    """Whether Go would call it a number: a bool is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def computed(operator: str, left: object, right: object) -> Number | str:
    """The result of an arithmetic operator."""
    if operator == "+" and isinstance(left, str) and isinstance(right, str):
        if len(left) + len(right) > LONGEST_TEXT:
            raise Refused("a very long text")
        return left + right
    if not isinstance(left, int | float) or not isinstance(right, int | float):
        raise ConditionError(f"{operator} does not go with these values")
    if not is_number(left) or not is_number(right):
        raise ConditionError(f"{operator} does not go with truth values")
    if operator == "%":
        return _remainder(left, right)
    if operator == "/":
        return _divided(float(left), float(right))
    if operator in ("**", "^"):
        return _power(float(left), float(right))
    return _simple(operator, left, right)


def _simple(operator: str, left: Number, right: Number) -> Number:
    if isinstance(left, int) and isinstance(right, int):
        whole = {"+": left + right, "-": left - right, "*": left * right}
        return wrapped(whole[operator])
    one, other = float(left), float(right)
    return {"+": one + other, "-": one - other, "*": one * other}[operator]


def negated(value: object) -> Number:
    """`-value`."""
    if not isinstance(value, int | float) or not is_number(value):
        raise ConditionError("- does not go with this value")
    return -value if isinstance(value, float) else wrapped(-value)


def _remainder(left: Number, right: Number) -> int:
    if not isinstance(left, int) or not isinstance(right, int):
        raise ConditionError("% takes integers")
    if right == 0:
        raise ConditionError("a division by zero")
    # Go's has the sign of the dividend, Python's that of the divisor.
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


def _divided(left: float, right: float) -> float:
    if right:
        return left / right
    if not left or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def _power(base: float, exponent: float) -> float:
    # Go computes others by a way of its own, which may differ in the last bit.
    if exponent == 0:
        return 1.0
    if exponent == 1:
        return base
    if exponent == 2:
        square = base * base
        if not base or not square <= 1e-290:
            return square
    raise Refused("a power but the second")


def less(left: object, right: object) -> bool:
    """`left < right`."""
    if isinstance(left, str) and isinstance(right, str):
        return left < right
    if not isinstance(left, int | float) or not isinstance(right, int | float):
        raise ConditionError("these cannot be compared")
    if not is_number(left) or not is_number(right):
        raise ConditionError("truth values cannot be compared")
    if isinstance(left, int) and isinstance(right, int):
        return left < right
    return float(left) < float(right)


def at_most(left: object, right: object) -> bool:
    """`left <= right`: NaN is neither less nor more nor equal."""
    return less(left, right) or (equal(left, right, Engine.HEAD) and left == left)


def equal(left: object, right: object, engine: Engine) -> bool:
    """`left == right`."""
    if isinstance(left, list | Floats | dict) or isinstance(right, list | Floats | dict):
        return _same_containers(left, right, engine)
    if isinstance(left, bool) or isinstance(right, bool) or left is None or right is None:
        return left is right
    if isinstance(left, str) or isinstance(right, str):
        return left == right and isinstance(left, str) and isinstance(right, str)
    if isinstance(left, int) and isinstance(right, int):
        return left == right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return float(left) == float(right)
    raise Refused("a comparison of something odd")


def _same_containers(left: object, right: object, engine: Engine) -> bool:
    arrays = [each for each in (left, right) if isinstance(each, list | Floats)]
    if len(arrays) < 2:
        if isinstance(left, dict) and isinstance(right, dict):
            if left and right and len(left) == len(right):
                raise Refused("a comparison of two objects")
            return len(left) == len(right)
        return False
    one, other = arrays
    old = engine is Engine.V1_9
    if len(one) != len(other) or (old and isinstance(one, list) != isinstance(other, list)):
        return False
    if old and one:
        raise Refused("a comparison of two arrays")
    return all(equal(a, b, engine) for a, b in zip(one, other, strict=True))
