"""The functions of a condition that look at many numbers."""

import math
from collections.abc import Iterator

from canarygate.lint.conditions.arithmetic import computed, is_number, less
from canarygate.lint.conditions.values import ConditionError, Engine, Floats, Refused

# One array can be in another many times, and that again.
MOST_ITEMS = 10_000


def extreme(name: str, values: list[object], engine: Engine) -> object:
    """`max` or `min`; 1.17 looks into arrays."""
    best: object = None
    for value in values:
        for each in _candidates(name, value, len(values) == 1, engine):
            if best is None or (less(best, each) if name == "max" else less(each, best)):
                best = each
    return best


def _candidates(name: str, value: object, alone: bool, engine: Engine) -> Iterator[object]:
    if engine is Engine.V1_9 or is_number(value):
        yield value
    elif isinstance(value, Floats):
        if value:
            yield extreme(name, list(value), engine)
    elif isinstance(value, list):
        for each in value:
            if not is_number(each) and not isinstance(each, list | Floats):
                raise ConditionError(f"{name} takes numbers")
            found = extreme(name, [each], engine)
            if found is not None:
                yield found
    elif alone:
        yield value
    else:
        raise ConditionError(f"{name} takes numbers")


def added(values: object) -> object:
    """`sum(values)`."""
    total: object = 0
    for value in array(values):
        total = computed("+", value, total)
    return total


def mean(values: list[object], engine: Engine) -> float:
    """`mean(values…)`, of nothing 0."""
    count, total = _totalled(values, engine, 0)
    return total / count if count else 0.0


def _totalled(values: list[object], engine: Engine, depth: int) -> tuple[int, float]:
    count, total = 0, 0.0
    for value in values:
        if isinstance(value, list | Floats) and (engine is Engine.HEAD or not depth):
            more, part = _totalled(list(value), engine, depth + 1)
            count, total = count + more, total + part
        elif (
            isinstance(value, int | float) and is_number(value) and (depth or engine is Engine.HEAD)
        ):
            count, total = count + 1, total + float(value)
        else:
            raise ConditionError("mean takes numbers")
    return count, total


def median(values: list[object], engine: Engine) -> float:
    """`median(values…)`, of nothing 0; NaN is the least."""
    found = sorted(_flat(values, engine, 0), key=lambda each: (not math.isnan(each), each))
    if not found:
        return 0.0
    middle = len(found) // 2
    return found[middle] if len(found) % 2 else (found[middle - 1] + found[middle]) / 2


def _flat(values: list[object], engine: Engine, depth: int) -> Iterator[float]:
    for value in values:
        if isinstance(value, list | Floats) and (engine is Engine.HEAD or not depth):
            yield from _flat(list(value), engine, depth + 1)
        elif (
            isinstance(value, int | float) and is_number(value) and (depth or engine is Engine.HEAD)
        ):
            yield float(value)
        else:
            raise ConditionError("median takes numbers")


def made(items: list[object]) -> list[object]:
    """An array that the condition makes; Refused when arrays in it hold too much altogether."""
    if _weight(items) > MOST_ITEMS:
        raise Refused("an array of very many items")
    return items


def _weight(value: object) -> int:
    return sum(map(_weight, value)) + 1 if isinstance(value, list | Floats) else 1


def array(value: object) -> list[object]:
    """What a predicate goes through."""
    if isinstance(value, list | Floats):
        return list(value)
    if isinstance(value, str | dict):
        if value:
            raise Refused("a predicate over a text or an object")
        return []
    raise ConditionError("this is no array")


def ordered(values: object, order: object, engine: Engine) -> list[object]:
    """`sort(values, order)`."""
    if order not in ("asc", "desc"):
        raise ConditionError("the order is asc or desc")
    if not isinstance(values, list | Floats):
        if engine is Engine.HEAD:
            # What comes out there is an array that is nil.
            raise Refused("sort of what is no array")
        raise ConditionError("sort takes an array")
    found: list[object] = list(values)
    if any(isinstance(each, list | Floats | dict) for each in found):
        raise Refused("sort of arrays or objects")
    if len(found) < 2:
        if engine is Engine.V1_9 and found == [None]:
            raise Refused("sort of nil")
        return found
    numbers = [each for each in found if isinstance(each, float) and each == each]
    words = [each for each in found if isinstance(each, str)]
    if len(numbers) == len(found):
        return [*sorted(numbers, reverse=order == "desc")]
    if len(words) == len(found):
        return [*sorted(words, reverse=order == "desc")]
    raise Refused("sort of NaN or of several types")
