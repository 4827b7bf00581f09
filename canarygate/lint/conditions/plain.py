"""Calls a function on values that are there already."""

import math
from collections.abc import Callable

from canarygate.lint.conditions import aggregates, functions, texts
from canarygate.lint.conditions.values import ConditionError, Engine

Function = Callable[[list[object], Engine], object]


def plain(name: str, values: list[object], engine: Engine) -> object:
    """What a function gives for these values."""
    return FUNCTIONS[name](values, engine)


def _of_float(test: Callable[[float], bool]) -> Function:
    def tested(values: list[object], _: Engine) -> object:
        if not isinstance(values[0], float):
            raise ConditionError("this takes a float64")
        return test(values[0])

    return tested


def _sort(values: list[object], engine: Engine) -> object:
    return aggregates.ordered(values[0], values[1] if len(values) > 1 else "asc", engine)


def _round(name: str) -> Function:
    return lambda values, _: functions.rounded(name, values[0])


def _extreme(name: str) -> Function:
    return lambda values, engine: aggregates.extreme(name, values, engine)


def _texts(name: str) -> Function:
    return lambda values, _: functions.of_texts(name, values)


FUNCTIONS: dict[str, Function] = {
    "isNaN": _of_float(math.isnan),
    "isInf": _of_float(math.isinf),
    **dict.fromkeys(["asInt", "int"], lambda values, _: functions.as_int(values[0])),
    **dict.fromkeys(["asFloat", "float"], lambda values, _: functions.as_float(values[0])),
    "len": lambda values, engine: functions.size(values[0], engine),
    "type": lambda values, _: functions.kind(values[0]),
    "string": lambda values, _: texts.shown(values[0]),
    "abs": lambda values, _: functions.absolute(values[0]),
    **{name: _round(name) for name in ("ceil", "floor", "round")},
    **{name: _extreme(name) for name in ("max", "min")},
    **{name: _texts(name) for name in functions.TEXTS},
    "sum": lambda values, _: aggregates.added(values[0]),
    "mean": aggregates.mean,
    "median": aggregates.median,
    "sort": _sort,
    "first": lambda values, _: functions.end(values[0], 0),
    "last": lambda values, _: functions.end(values[0], -1),
    "get": lambda values, engine: functions.got(values[0], values[1], engine),
    "keys": lambda values, _: functions.listed(values[0], keys=True),
    "values": lambda values, _: functions.listed(values[0], keys=False),
}
