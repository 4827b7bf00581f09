"""What Prometheus' functions take and give, and where a query asks for something else."""

from canarygate.lint.promql import COUNTS
from canarygate.lint.trees import (
    ANY,
    COMPARISONS,
    RANGE,
    SCALAR,
    SETS,
    STRING,
    VECTOR,
    WITH_PARAMETER,
    Tree,
)

OF_RANGES = {
    *COUNTS,
    *("holt_winters", "double_exponential_smoothing", "quantile_over_time", "absent_over_time"),
    *("avg_over_time", "min_over_time", "max_over_time", "sum_over_time", "count_over_time"),
    *("stddev_over_time", "stdvar_over_time", "last_over_time", "present_over_time"),
    *("mad_over_time", "first_over_time", "ts_of_min_over_time", "ts_of_max_over_time"),
    *("ts_of_last_over_time", "ts_of_first_over_time"),
}
OF_VECTORS = {
    *("abs", "absent", "ceil", "floor", "round", "exp", "ln", "log2", "log10", "sqrt", "sgn"),
    *("clamp", "clamp_min", "clamp_max", "sort", "sort_desc", "sort_by_label", "timestamp"),
    *("sort_by_label_desc", "scalar", "histogram_quantile", "histogram_count", "histogram_sum"),
    *("histogram_avg", "histogram_fraction", "histogram_stddev", "histogram_stdvar", "info"),
    *("label_replace", "label_join", "acos", "acosh", "asin", "asinh", "atan", "atanh", "cos"),
    *("cosh", "sin", "sinh", "tan", "tanh", "deg", "rad", "histogram_quantiles"),
}
OF_TIMES = {
    *("day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour", "minute", "month"),
    "year",
}
OF_NUMBERS = {"vector", "time", "pi", "start", "end", "range", "step"}
ONE_ARGUMENT = {
    *("abs", "absent", "ceil", "floor", "exp", "ln", "log2", "log10", "sqrt", "sgn", "sort"),
    *("sort_desc", "timestamp", "scalar"),
}
OF_ONE = (1,)
ARGUMENTS = {
    **{"clamp": (3,), "clamp_min": (2,), "clamp_max": (2,), "round": (1, 2)},
    **{"histogram_quantile": (2,), "label_replace": (5,)},
}
"""How many a function takes."""
FUNCTIONS = OF_RANGES | OF_VECTORS | OF_TIMES | OF_NUMBERS


def gives(tree: Tree) -> str:
    """What an expression gives."""
    match tree.kind:
        case "number":
            return SCALAR
        case "string" | "range":
            return STRING if tree.kind == "string" else RANGE
        case "selector" | "aggregate":
            return VECTOR
        case "unary":
            return gives(tree.parts[0])
        case "binary":
            both = {gives(part) for part in tree.parts}
            return VECTOR if VECTOR in both else ANY if ANY in both else SCALAR
        case "call" if tree.name in FUNCTIONS:
            return SCALAR if tree.name in ("scalar", "time", "pi") else VECTOR
    return ANY


def mistake(tree: Tree) -> str:
    """Why Prometheus refuses what can be parsed; "" when nothing speaks against it."""
    return next((text for each in tree.walk() if (text := _mistake(each))), "")


def _mistake(tree: Tree) -> str:
    kinds = [gives(part) for part in tree.parts]
    match tree.kind:
        case "binary":
            return _of_operator(tree, kinds)
        case "aggregate":
            wanted = 2 if tree.name in WITH_PARAMETER else 1
            if len(kinds) != wanted:
                return f"{tree.name} takes {wanted}, and there are {len(kinds)}"
            return _unless(tree.name, kinds[-1], VECTOR)
        case "range" if tree.parts[0].kind != "selector" and ":" not in tree.range_text:
            return "a range stands after something else than a selector"
        case "call":
            return _of_call(tree, kinds)
    return ""


def _of_operator(tree: Tree, kinds: list[str]) -> str:
    if RANGE in kinds or STRING in kinds:
        wrong = RANGE if RANGE in kinds else STRING
        return f"{tree.name} stands beside a {wrong}, and takes vectors and numbers"
    if tree.name in SETS and SCALAR in kinds:
        return f"{tree.name} stands beside a number, and takes vectors: `{tree.name} vector(0)`"
    if tree.labels and SCALAR in kinds:
        return f"{tree.how} (…) goes between two vectors, and a number stands there"
    if tree.name in SETS and tree.is_many:
        return f"group_left and group_right do not go with {tree.name}"
    if tree.name in COMPARISONS and kinds == [SCALAR, SCALAR] and not tree.is_bool:
        return f"{tree.name} compares two numbers, which takes `bool`"
    return ""


def _of_call(tree: Tree, kinds: list[str]) -> str:
    if tree.name not in FUNCTIONS:
        return f"there is no function {tree.name}"
    if tree.name in OF_RANGES:
        if not kinds:
            return f"{tree.name}() takes a range"
        if tree.name == "quantile_over_time":
            return _unless(tree.name, kinds[-1], RANGE)
        return _unless(tree.name, kinds[0], RANGE)
    if tree.name == "vector":
        return "vector() takes a number" if kinds and kinds[0] not in (SCALAR, ANY) else ""
    if tree.name in OF_TIMES:
        return _unless(tree.name, kinds[0], VECTOR) if kinds else ""
    if tree.name in OF_VECTORS:
        if not kinds:
            return f"{tree.name}() takes a vector"
        wanted = OF_ONE if tree.name in ONE_ARGUMENT else ARGUMENTS.get(tree.name, ())
        if wanted and len(kinds) not in wanted:
            return f"{tree.name}() takes {wanted[-1]}, and there are {len(kinds)}"
        late = tree.name in ("histogram_quantile", "histogram_fraction")
        return _unless(tree.name, kinds[-1 if late else 0], VECTOR)
    return ""


def _unless(name: str, kind: str, wanted: str) -> str:
    if kind in (ANY, wanted):
        return ""
    if wanted == RANGE:
        return f"{name}() takes a range, and there is none: `{name}(…[5m])`"
    return f"{name}() takes a vector, and a {kind} stands there"
