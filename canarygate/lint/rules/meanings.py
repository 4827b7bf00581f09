"""Answers that mean something else than the condition takes them for."""

import operator
import re
from collections.abc import Iterator
from dataclasses import replace

from canarygate.lint.findings import Rule
from canarygate.lint.probes import after
from canarygate.lint.promql_types import gives
from canarygate.lint.rules.queries import Asked, asked, once
from canarygate.lint.shapes import is_single, labels
from canarygate.lint.trees import COMPARISONS, SCALAR, Tree
from canarygate.lint.world import World

CALLS = {"rate", "increase", "irate"}
BREAKS = {
    *("pod", "instance", "container", "path", "route", "uri", "handler", "method", "endpoint"),
    *("code", "status", "status_code", "node", "host", "version", "pod_name", "operation"),
}
"""Labels that a service has several of."""
PER_POD = re.compile(r"_(total|count|sum|bucket)$|^(container|kube_pod)_")
ONE = re.compile(r"result\s*\[\s*0\s*\]|first\s*\(\s*result")
SHARES = tuple(step / 200 for step in range(201))
OPERATIONS = {
    **{"<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge},
    **{"==": operator.eq, "!=": operator.ne},
}
NUMBERS = (0.0, 0.001, 0.01, 0.1, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 100.0, 1000.0)


def _phase(world: World, each: Asked, *numbers: float) -> str:
    return after(world, each.metric, each.values, numbers)


def _healthy_is_empty(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        if each.tree is None or not _filters(each.tree):
            continue
        if _phase(world, each) not in ("Error", "Failed"):
            continue
        if "Successful" in {_phase(world, each, number) for number in _kept(each.tree)}:
            continue
        then = _phase(world, each)
        why = "an Error: the fifth aborts a healthy release" if then == "Error" else then
        yield (
            each,
            "the query keeps only what is wrong, so it is empty while all is well, and an empty result is "
            f"{why}",
        )


def _kept(tree: Tree) -> set[float]:
    """Some of what it gives when it gives anything."""
    if tree.kind == "aggregate" and tree.name == "count":
        return {1.0, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0}
    if tree.kind == "call":
        # absent() is 1 when something is wrong, whatever the condition makes of 1.
        return set()
    if tree.kind == "aggregate":
        return _kept(tree.parts[-1])
    bounds = [float(x.name) for x in tree.walk() if x.kind == "number" and _is_plain(x)]
    found = {*NUMBERS, *(x * y for x in bounds for y in (0.5, 0.99, 1.0, 1.01, 2.0))}
    if tree.parts[1].kind == "number" and _is_plain(tree.parts[1]):
        bound = float(tree.parts[1].name)
        found = {x for x in found if OPERATIONS[tree.name](x, bound)}
    return found


def _is_plain(tree: Tree) -> bool:
    return bool(re.fullmatch(r"\d+(\.\d+)?", tree.name))


def _filters(tree: Tree) -> bool:
    """Empty as a rule: a comparison that filters, maybe counted, or absent()."""
    if tree.kind == "call" and tree.name in ("absent", "absent_over_time"):
        return True
    if tree.kind == "aggregate" and tree.parts:
        return _filters(tree.parts[-1])
    return tree.kind == "binary" and tree.name in COMPARISONS and not tree.is_bool


def _first(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        tree = each.tree
        if tree is None or each.metric.asked["rangeQuery"]:
            continue
        if is_single(tree) or not (of := _many(tree)):
            continue
        texts = [each.metric.node[x].text for x in ("successCondition", "failureCondition")]
        if not any(map(ONE.search, texts)):
            continue
        one, other = _phase(world, each, 0.0, 1e9), _phase(world, each, 1e9, 0.0)
        if one and other and one != other:
            yield (
                each,
                f"the result has one value for each {of}, in any order, and the condition looks at the "
                "first alone",
            )


def _many(tree: Tree) -> str:
    """What an answer surely has several values of; "" where it may have one."""
    if tree.selector is not None:
        pinned = {label for label, op, _ in tree.selector.matchers if op == "="}
        series = PER_POD.search(tree.selector.name) and not pinned & {"pod", "instance"}
        return "series" if series else ""
    if tree.kind == "aggregate" and tree.name not in ("topk", "bottomk"):
        found = labels(tree)
        free = [x for x in tree.labels if x in BREAKS and x not in (found.known if found else {})]
        return " and ".join(free) if tree.how == "by" else ""
    if tree.kind in ("range", "unary"):
        return _many(tree.parts[0])
    if tree.kind == "call" and tree.name not in ("sort", "sort_desc", "absent", "scalar"):
        return next((of for part in tree.parts if (of := _many(part))), "")
    if tree.kind == "binary" and tree.name in ("and", "unless"):
        return _many(tree.parts[0])
    if tree.kind == "binary" and tree.name != "or":
        vectors = [part for part in tree.parts if gives(part) != SCALAR]
        return _many(vectors[0]) if vectors and all(map(_many, vectors)) else ""
    return ""


def _units(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        if each.tree is None:
            continue
        scale = _share(each.tree)
        if scale and (happens := _of_share(world, each, scale)):
            yield each, happens
        elif unit := _time(each.tree):
            most, least = _phase(world, each, 90.0), _phase(world, each, 0.002)
            if unit == "s" and most == least == "Successful":
                yield each, "the answer is in seconds, and one of 90 is Successful"
            least, more = _phase(world, each, 0.0002), _phase(world, each, 2.0)
            if unit == "ms" and least == "Successful" and more in ("Failed", "Inconclusive"):
                yield each, "the answer is in milliseconds, and one of 2 is not Successful"


def _of_share(world: World, each: Asked, scale: float) -> str:
    phases = [_phase(world, each, share * scale) for share in SHARES]
    beyond = {_phase(world, each, scale * number) for number in (95, 99, 99.9, 100, 1000)}
    if "" in phases:
        return ""
    # `< 1` of a share is all but one of them.
    if phases.count("Successful") >= len(SHARES) - 1 and beyond != {"Successful"}:
        return f"the answer is a share from 0 to {scale:g}, and each of them is Successful"
    if "Successful" not in phases and "Successful" in beyond:
        return f"the answer is a share from 0 to {scale:g}, and none of them is Successful"
    good = _phase(world, each, scale) == "Successful" != _phase(world, each, 0.0)
    if scale == 100 and good and _phase(world, each, 2.0) == "Successful":
        return "the answer is in percent, and 2 % is enough to succeed"
    return ""


def _share(tree: Tree) -> float | None:
    """The largest value of a share of the same series; None where it is none."""
    if tree.kind != "binary":
        return None
    left, right = tree.parts
    if tree.name in ("and", "or"):
        return _share(left)
    if tree.name in ("*", "/") and "number" in (left.kind, right.kind):
        number, other = (left, right) if left.kind == "number" else (right, left)
        scale = _share(other)
        if scale is None or not _is_plain(number):
            return None
        return scale * float(number.name) if tree.name == "*" else scale / float(number.name)
    if tree.name == "-" and left.kind == "number":
        scale = _share(right)
        return scale if _is_plain(left) and scale == float(left.name) else None
    if tree.name == "/" and left.kind == "binary" and left.name == "*":
        # `100 * a / b` is `(100 * a) / b`.
        factors = [x for x in left.parts if x.kind == "number" and _is_plain(x)]
        rest = [x for x in left.parts if x.kind != "number"]
        if len(factors) == len(rest) == 1:
            scale = _share(replace(tree, parts=(rest[0], right)))
            return None if scale is None else scale * float(factors[0].name)
    if tree.name != "/" or len({each.name for each in tree.selectors}) != 1:
        return None
    above, below = left.selectors, right.selectors
    if len(above) != 1 or len(below) != 1 or not {*below[0].matchers} < {*above[0].matchers}:
        return None
    names = {x.name for x in tree.walk() if x.kind == "call"}
    return 1.0 if names & CALLS and names <= {*CALLS, "vector", "clamp_min"} else None


def _time(tree: Tree) -> str:
    """`s` or `ms` of a quantile or a mean of times."""
    names = {each.name for each in tree.selectors}
    is_quantile = tree.kind == "call" and tree.name == "histogram_quantile"
    is_mean = tree.kind == "binary" and tree.name == "/" and len(names) == 2
    if is_quantile and all(re.search(r"_seconds_bucket$", name) for name in names):
        return "s"
    if is_quantile and all(re.search(r"_(milliseconds|ms)_bucket$", name) for name in names):
        return "ms"
    if is_mean and all(re.search(r"_seconds_(sum|count)$", name) for name in names):
        return "s"
    return ""


RULES = (
    Rule(
        name="healthy-is-empty",
        remedy="compare in the condition, not in the query",
        find=lambda world: once(_healthy_is_empty(world)),
    ),
    Rule(
        name="first-of-many",
        remedy="take the worst in the query (`max(…)`, `min(…)`), or `len(result) > 0 && all(result, …)`",
        find=lambda world: once(_first(world)),
    ),
    Rule(
        name="other-unit",
        remedy="bring query and condition to one unit: a share from 0 to 1, seconds",
        find=lambda world: once(_units(world)),
    ),
)
