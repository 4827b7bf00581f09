"""What a measurement brought, and what a condition makes of it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

INT_BITS = 64


class Engine(StrEnum):
    """The release of Argo Rollouts whose expression engine is meant."""

    V1_9 = "1.9"  # and earlier: antonmedv/expr v1.15.5
    HEAD = "1.10"  # and later: expr-lang/expr v1.17


class Phase(StrEnum):
    """What Argo Rollouts calls one measurement."""

    SUCCESSFUL = "Successful"
    FAILED = "Failed"
    INCONCLUSIVE = "Inconclusive"
    ERROR = "Error"


class Refused(Exception):
    """The condition uses something that is not evaluated here; the text names it."""


class ConditionError(Exception):
    """The condition does not compile, or its evaluation fails: the phase is Error."""


@dataclass(frozen=True)
class Vector:
    """The samples of a Prometheus vector or matrix: labels are lost, the order is the server's."""

    samples: tuple[float, ...]


@dataclass(frozen=True)
class Scalar:
    """A Prometheus scalar."""

    value: float


@dataclass(frozen=True)
class Json:
    """What the web provider took from a JSON body: None, bool, number, text, list or dict."""

    value: object


Value = Vector | Scalar | Json


class Floats(tuple[float, ...]):
    """A Go []float64; a Python list stands for []any."""

    __slots__ = ()


def given(value: Value) -> object:
    """The measurement as the evaluation handles it: numbers are floats, nothing else is odd."""
    match value:
        case Vector(samples):
            return Floats(_number(sample) for sample in samples)
        case Scalar(number):
            return _number(number)
        case Json(document):
            return _json(document)


def wrapped(number: int) -> int:
    """An integer as 64 bits hold it, without an error when it does not fit."""
    half = 1 << (INT_BITS - 1)
    return (number + half) % (2 * half) - half


def truncated(number: float) -> int:
    """A float as an integer; what Go does with one that does not fit depends on the processor."""
    if math.isnan(number) or abs(number) >= 2.0 ** (INT_BITS - 1):
        raise Refused("the integer of a number that is not one, or that is too large")
    return int(number)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(f"a number that is a {type(value).__name__}")
    try:
        return float(value)
    except OverflowError:
        raise Refused("a number that is no float") from None


def _json(value: object) -> object:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise Refused("an object whose keys are no texts")
        return {_text(key): _json(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_json(each) for each in value]
    return _number(value)


def _text(value: str) -> str:
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise Refused("a text that is no UTF-8")
    return value
