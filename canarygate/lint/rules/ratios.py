"""Quotients that are empty, NaN or of two different things."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from canarygate.lint.findings import Rule
from canarygate.lint.probes import CONDITIONS, after
from canarygate.lint.promql import Selector
from canarygate.lint.promql_types import gives
from canarygate.lint.rules.queries import Asked, asked, is_pushed, once
from canarygate.lint.trees import COMPARISONS, SCALAR, Tree
from canarygate.lint.world import World

ERRORS = re.compile(r"(^|_)(errors?|failures?|failed)(_|$)")
STATUS = ("code", "status", "status_code", "http_status_code", "response_code", "http_status")
PER_POD = ("container_", "kube_pod_", "process_", "jvm_", "go_")
GUARDS = ("or", "and", "unless", "bool", "clamp_min", "absent", "vector", "count_over_time")


@dataclass(frozen=True)
class Side:
    """What stands above or below the line."""

    tree: Tree

    @property
    def selectors(self) -> list[Selector]:
        """Its series, each with the functions around it."""
        return [each for part in (self.tree,) for each in _selected(part, ())]


def _selected(tree: Tree, around: tuple[str, ...]) -> Iterator[Selector]:
    if tree.selector is not None:
        yield replace(tree.selector, functions=around)
    inside = (*around, tree.name) if tree.kind in ("call", "aggregate") else around
    for part in tree.parts:
        yield from _selected(part, inside)


def _sides(each: Asked) -> tuple[Side, Side] | None:
    """Both sides of the quotient that a query is, whatever numbers are added or multiplied."""
    tree = each.tree
    while tree is not None:
        if tree.kind == "binary" and tree.name in ("*", "/", "+", "-"):
            numbers = [part for part in tree.parts if gives(part) == SCALAR]
            if not numbers:
                return (Side(tree.parts[0]), Side(tree.parts[1])) if tree.name == "/" else None
            tree = next((part for part in tree.parts if part not in numbers), None)
        elif tree.kind == "call" and tree.name in ("clamp_max", "clamp", "round", "abs"):
            tree = tree.parts[0]
        else:
            return None
    return None


def _is_of_errors(selector: Selector) -> bool:
    return _is_of_status(selector) or bool(ERRORS.search(selector.name))


def _is_of_status(selector: Selector) -> bool:
    return any(re.match(r"5|\[45\]", text) for text in selector.values(*STATUS))


def _no_errors_yet(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        if each.query.has("or", "absent"):
            continue
        sides = _sides(each)
        counted = [x for x in _counted(each, sides) if not is_pushed(x)]
        if not counted or not all(map(_is_of_errors, counted)):
            continue
        if after(world, each.metric, each.values, ()) == "Error":
            where = "above the line" if sides else "of them"
            yield (
                each,
                f"a canary without a single error has no series {where}, so the result is empty: an Error "
                "each time, and the fifth in a row aborts a healthy release",
            )


def _counted(each: Asked, sides: tuple[Side, Side] | None) -> list[Selector]:
    """What counts the errors: the upper side, or a sum of 5xx alone."""
    if sides is not None:
        return sides[0].selectors
    tree = each.tree
    if tree is None or tree.kind != "aggregate" or tree.name not in ("sum", "max", "avg"):
        return []
    alone = Side(tree).selectors
    counters = all({"rate", "increase", "irate"} & {*x.functions} for x in alone)
    return alone if counters and all(map(_is_of_status, alone)) else []


def _no_traffic(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        sides = _sides(each)
        if sides is None or each.query.has(*GUARDS):
            continue
        below = sides[1].selectors
        # Who asks isNaN() knows, and would rather fail.
        if any("isNaN" in each.metric.node[x].text for x in CONDITIONS):
            continue
        if not below or not all({"rate", "increase"} & set(x.functions) for x in below):
            continue
        filters = any(x.name in COMPARISONS and not x.is_bool for x in sides[1].tree.walk())
        if filters or after(world, each.metric, each.values, (float("nan"),)) != "Failed":
            continue
        yield (
            each,
            "without traffic it is 0/0 = NaN, which no comparison holds for: with a successCondition "
            "alone that is Failed, and a release is aborted because nobody called",
        )


def _zero(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        if each.tree is None:
            continue
        for number, what in _instead(each.tree):
            if after(world, each.metric, each.values, (number,)) == "Successful":
                yield (
                    each,
                    f"{what}: no traffic, a wrong label and a dead target all read as {number:g}, which is "
                    "Successful",
                )


def _instead(tree: Tree) -> Iterator[tuple[float, str]]:
    """The numbers that stand in for nothing measured at all."""
    scale = 1.0
    while tree.kind == "binary" and tree.name in ("*", "and") and tree.parts[0].kind == "binary":
        factor = tree.parts[1]
        scale *= float(factor.name) if factor.kind == "number" and tree.name == "*" else 1.0
        tree = tree.parts[0]
    if tree.kind != "binary":
        return
    left, right = tree.parts
    if tree.name == "or" and (number := _constant(right)) is not None and _needs_data(left):
        yield number * scale, f"`or vector({number:g})` stands behind the whole"
    if tree.name == "/" and (below := _default(right)) and (above := _default(left)) is not None:
        yield above / below * scale, "both sides of the quotient have a number for nothing"


def _constant(tree: Tree) -> float | None:
    if tree.kind == "call" and tree.name == "vector" and tree.parts[0].kind == "number":
        return float(tree.parts[0].name)
    return None


def _default(tree: Tree) -> float | None:
    """What a side is when nothing is measured, where that is a number."""
    if tree.kind == "call" and tree.name == "clamp_min" and tree.parts[1].kind == "number":
        inner = _default(tree.parts[0])
        return None if inner is None else max(inner, float(tree.parts[1].name))
    return _constant(tree.parts[1]) if tree.kind == "binary" and tree.name == "or" else None


def _needs_data(tree: Tree) -> bool:
    """A quotient, a quantile, a mean: nothing measured is no 0 there, as it is of a sum of errors."""
    if tree.kind == "binary" and tree.name in ("*", "/", "+", "-", "and", *COMPARISONS):
        return tree.name == "/" or _needs_data(tree.parts[0]) or _needs_data(tree.parts[1])
    if tree.kind == "call":
        inner = tree.parts[:1] if tree.name.startswith(("clamp", "round", "abs")) else ()
        return tree.name == "histogram_quantile" or any(map(_needs_data, inner))
    if tree.kind == "aggregate" and tree.name in ("avg", "quantile"):
        return True
    return (
        tree.kind == "aggregate"
        and tree.parts[-1].kind != "selector"
        and _needs_data(tree.parts[-1])
    )


def _two_pods(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        sides = _sides(each)
        if sides is None:
            continue
        ends = [
            side.tree.kind == "aggregate"
            and side.tree.name in ("max", "min", "avg", "quantile")
            and not side.tree.labels
            and all(x.name.startswith(PER_POD) for x in side.selectors)
            and side.selectors
            for side in sides
        ]
        if all(ends):
            yield (
                each,
                "the largest of one series is divided by the largest of another: the pod that is "
                "nearest to its own limit need not be the pod with the largest of either",
            )


def _only_2xx(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        sides = _sides(each)
        if sides is None or not sides[0].selectors or not sides[1].selectors:
            continue
        above = [text for x in sides[0].selectors for text in x.values(*STATUS)]
        below = [text for x in sides[1].selectors for text in x.values(*STATUS)]
        if (
            above
            and not below
            and all(re.fullmatch(r"\^?2(\.\.|\.\*|\[0-9\]\{2\}|xx)\$?", x) for x in above)
        ):
            yield (
                each,
                "only 2xx counts as success, so redirects, 304s and a caller's own 4xx are failures of "
                "the canary",
            )


RULES = (
    Rule(
        name="no-errors-yet",
        remedy="`(… or vector(0))` around what is above the line, and only there",
        find=lambda world: once(_no_errors_yet(world)),
    ),
    Rule(
        name="no-traffic-aborts",
        remedy="give a failureCondition too (`result[0] >= …`): NaN is then neither, so Inconclusive",
        find=lambda world: once(_no_traffic(world)),
    ),
    Rule(
        name="no-data-as-zero",
        remedy="`or vector(0)` around the upper side alone; what has no traffic then stays empty or NaN",
        find=lambda world: once(_zero(world)),
    ),
    Rule(
        name="max-over-max",
        remedy="divide per container first, `/ on (namespace, pod, container)`, then take max() of it",
        find=lambda world: once(_two_pods(world)),
    ),
    Rule(
        name="only-2xx-succeeds",
        remedy='count what the service did wrong: code!~"5.." above the line',
        find=lambda world: once(_only_2xx(world)),
    ),
)
