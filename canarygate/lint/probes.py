"""What the conditions of a metric say of results that nobody wishes for, asked of their engine."""

import math
import re
from collections.abc import Iterable, Iterator, Set
from functools import lru_cache

from canarygate.lint.answers import phase_without, phases_of
from canarygate.lint.arguments import ARGUMENT, Values
from canarygate.lint.conditions import Engine, Refused, Scalar, Vector, assess, problems
from canarygate.lint.manifests import Metric
from canarygate.lint.promql_types import gives
from canarygate.lint.shapes import is_single
from canarygate.lint.trees import RANGE, SCALAR, VECTOR, tree_of
from canarygate.lint.world import World

STAND_INS = ("0", "1", "1000000")
"""For an arg that only the cluster knows: what all of them agree on holds for any number."""
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])")
FINE = (
    1.0,
    1.15,
    1.33,
    1.54,
    1.78,
    2.05,
    2.37,
    2.74,
    3.16,
    3.65,
    4.22,
    4.87,
    5.62,
    6.49,
    7.5,
    8.66,
)
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
GRID = {mantissa * 10.0**exponent for exponent in range(-6, 13) for mantissa in FINE}
"""Steps of a sixth of their size: what a condition with arithmetic may ask for."""
LONGEST = 64
CONDITIONS = ("successCondition", "failureCondition")
CLOCK = re.compile(r"\b(now|date|duration|timezone)\s*\(")
COMPARED = re.compile(
    r"(?:[<>]=?|[=!]=)\s*" + ARGUMENT.pattern + r"|" + ARGUMENT.pattern + r"\s*(?:[<>]=?|[=!]=)"
)
MAY_BE_SCALAR = re.compile(r"\bscalar\s*\(|\btime\s*\(|^[\s\d.()+*/-]*$")


def _conditions(metric: Metric, values: Values) -> Iterator[tuple[str, str]]:
    """Both conditions, once with each stand-in where an arg is not known."""
    texts = [metric.node[name].text for name in CONDITIONS]
    for stand_in in STAND_INS if _unknown(texts, values) else STAND_INS[:1]:
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


def _unknown(texts: Iterable[str], values: Values) -> bool:
    return any(values.get(name) is None for text in texts for name in ARGUMENT.findall(text))


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


def query_text(metric: Metric, values: Values) -> str:
    """Its query, with the args that are known in place."""
    return ARGUMENT.sub(lambda match: str(values.get(match[1]) or match[0]), metric.query.text)


def result_kind(metric: Metric, values: Values) -> str:
    """`VECTOR` or `SCALAR`; "" where the query hangs on an arg, or is not understood."""
    if metric.provider == "datadog":
        return SCALAR
    text = query_text(metric, values)
    tree = tree_of(text)
    if metric.asked["rangeQuery"]:
        return VECTOR
    if tree is None:
        return "" if MAY_BE_SCALAR.search(text) else VECTOR
    found = gives(tree)
    return VECTOR if found == RANGE else found if found in (SCALAR, VECTOR) else ""


def after(world: World, metric: Metric, values: Values, vector: tuple[float, ...]) -> str:
    """The phase that a measurement of these numbers gets; "" where that cannot be said.

    That is a condition which our engine refuses, an arg that is not known and need not be a number,
    or a query that may give a single number instead of a vector.
    """
    # An arg beside a comparison is a number; one that stands for more may be anything.
    more = [COMPARED.sub("", metric.node[name].text) for name in CONDITIONS]
    kind = result_kind(metric, values)
    if not kind or _unknown(more, values) or (kind == SCALAR and len(vector) != 1):
        return ""
    result = Scalar(vector[0]) if kind == SCALAR else Vector(vector)
    try:
        phases = _phases(world, metric, values, result)
    except Refused:
        return ""
    return phases.pop() if len(phases) == 1 else ""


def all_after(world: World, metric: Metric, values: Values) -> set[str]:
    """Every phase that some result could get; empty where that cannot be said."""
    texts = [metric.node[name].text for name in CONDITIONS]
    if _unknown(texts, values) or any(CLOCK.search(text) for text in texts):
        return set()
    [filled] = _conditions(metric, values)
    if metric.provider == "web":
        return set(phases_of(*filled, Engine(world.argo_version)))
    kind = result_kind(metric, values)
    tree = tree_of(query_text(metric, values))
    single = tree is not None and is_single(tree) and not metric.asked["rangeQuery"]
    try:
        return set(_all_phases(*filled, kind, single, Engine(world.argo_version)))
    except Refused:
        return set()


def without_keys(world: World, metric: Metric, values: Values) -> tuple[str, str]:
    """The phase of a web answer that lacks what the conditions look for, and what that is."""
    texts = [metric.node[name].text for name in CONDITIONS]
    if metric.provider != "web" or _unknown(texts, values):
        return "", ""
    [filled] = _conditions(metric, values)
    return phase_without(*filled, Engine(world.argo_version))


def overlap(world: World, metric: Metric, values: Values) -> list[float]:
    """Numbers that both conditions hold for."""
    texts = [metric.node[name].text for name in CONDITIONS]
    kind = result_kind(metric, values)
    if not all(texts) or not kind or _unknown(texts, values) or any(map(CLOCK.search, texts)):
        return []
    [(success, failure)] = _conditions(metric, values)
    engine = Engine(world.argo_version)
    found: list[float] = []
    try:
        for each in _results(f"{success} {failure}", {*USUAL}, kind, single=True):
            is_good = assess(success, "", each, engine).value == "Successful"
            if is_good and assess("", failure, each, engine).value == "Failed":
                found.append(each.samples[0] if isinstance(each, Vector) else each.value)
    except Refused:
        return []
    return found


@lru_cache(maxsize=1000)
def _all_phases(
    success: str, failure: str, kind: str, single: bool, engine: Engine
) -> frozenset[str]:
    def phases(numbers: Set[float]) -> set[str]:
        results = _results(f"{success} {failure}", numbers, kind, single)
        return {assess(success, failure, each, engine).value for each in results}

    found = phases({*USUAL})
    if "Successful" not in found or len(found) == 1:
        found |= phases(GRID)
    return frozenset(found)


def _results(texts: str, numbers: Set[float], kind: str, single: bool) -> Iterator[Vector | Scalar]:
    """What the query may give: these numbers, and those around what the conditions name."""
    named = [float(text) for text in NUMBER.findall(texts)]
    around = {
        each for near in named for each in (near, near + 1e-6, near - 1e-6, near * 1.5, near / 2)
    }
    lengths = {1, 2} | {
        int(near) + more for near in named for more in (-1, 0, 1, 2) if 0 < near + more <= LONGEST
    }
    lengths = {1} if single else lengths - {0}
    for number in sorted(numbers | around):
        if kind != SCALAR:
            yield from (Vector((number,) * length) for length in sorted(lengths))
        if kind != VECTOR:
            yield Scalar(number)
    for length in sorted(lengths) if kind != SCALAR else []:
        rising = tuple(float(each) for each in range(length))
        yield from (Vector(rising), Vector(rising[::-1]))
