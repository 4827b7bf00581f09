"""What the conditions of a metric say of results that nobody wishes for, asked of their engine."""

import math
import re
from collections.abc import Iterator
from functools import lru_cache

from canarygate.lint.arguments import ARGUMENT, Values
from canarygate.lint.conditions import Engine, Refused, Scalar, Vector, assess, problems
from canarygate.lint.manifests import Metric
from canarygate.lint.world import World

STAND_INS = ("0", "1", "1000000")
"""For an arg that only the cluster knows: what all of them agree on holds for any number."""
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])")
USUAL = (
    0.0,
    0.001,
    0.05,
    0.5,
    0.99,
    1.0,
    3.0,
    60.0,
    95.0,
    100.0,
    1000.0,
    1e9,
    -1.0,
    math.inf,
    -math.inf,
)
MAY_BE_SCALAR = re.compile(r"\bscalar\s*\(|\btime\s*\(|^[\s\d.()+*/-]*$")


def _conditions(metric: Metric, values: Values) -> Iterator[tuple[str, str]]:
    """Both conditions, once with each stand-in where an arg is not known."""
    texts = [metric.node[name].text for name in ("successCondition", "failureCondition")]
    unknown = any(values.get(name) is None for text in texts for name in ARGUMENT.findall(text))
    for stand_in in STAND_INS if unknown else STAND_INS[:1]:
        success, failure = (
            ARGUMENT.sub(
                lambda match, default=stand_in: (
                    default  # type: ignore[misc]
                    if values.get(match[1]) is None
                    else str(values[match[1]])
                ),
                text,
            )
            for text in texts
        )
        yield success, failure


@lru_cache(maxsize=10_000)
def _phase(success: str, failure: str, result: Vector | Scalar, engine: Engine) -> str:
    return assess(success, failure, result, engine).value


def _phases(world: World, metric: Metric, values: Values, result: Vector | Scalar) -> set[str]:
    engine = Engine(world.argo_version)
    return {_phase(*texts, result, engine) for texts in _conditions(metric, values)}


def reason(world: World, metric: Metric, values: Values) -> str:
    """Why its conditions do not compile; "" where they do, or that cannot be said."""
    engine = Engine(world.argo_version)
    try:
        return next(
            (
                problem
                for texts in _conditions(metric, values)
                for text in filter(None, texts)
                for problem in problems(text, Vector((1.0,)), engine)
            ),
            "",
        )
    except Refused:
        return ""


def after(world: World, metric: Metric, values: Values, vector: tuple[float, ...]) -> str:
    """The phase that a measurement of these numbers gets; "" where that cannot be said.

    That is a condition which our engine refuses, an arg on which it depends, or a query that may
    give a single number instead of a vector.
    """
    if MAY_BE_SCALAR.search(metric.query.text):
        return ""
    try:
        phases = _phases(world, metric, values, Vector(vector))
    except Refused:
        return ""
    return phases.pop() if len(phases) == 1 else ""


def all_after(world: World, metric: Metric, values: Values) -> set[str]:
    """Every phase that some result could get; empty where that cannot be said."""
    numbers = {*USUAL}
    found: set[str] = set()
    try:
        for success, failure in _conditions(metric, values):
            for text in NUMBER.findall(f"{success} {failure}"):
                near = float(text)
                numbers |= {near, near + 1e-6, near - 1e-6, near * 1.5, near * 0.5}
        kinds: list[Vector | Scalar] = [
            each
            for number in sorted(numbers)
            for each in (Vector((number,)), Vector((number, number)))
        ]
        if MAY_BE_SCALAR.search(metric.query.text):
            kinds += [Scalar(number) for number in sorted(numbers)]
        for result in kinds:
            found |= _phases(world, metric, values, result)
    except Refused:
        return set()
    return found
