"""What a query may give: how many series, with which labels, and whether NaN."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from canarygate.lint.promql import UNKNOWN, Selector
from canarygate.lint.promql_types import gives
from canarygate.lint.trees import COMPARISONS, SCALAR, SETS, VECTOR, Tree

RATIOS = re.compile(
    r":|ratio|rate|percent|latency|duration|quantile|avg|mean|seconds$|^$|^canarygate_"
)
"""Names of series whose value may itself be a quotient, and so NaN."""
NEVER_NAN = re.compile(r"_(total|count|sum|bucket|bytes|info|created)$|^kube_|^up$")
KEEPS_ALL = ("sort", "sort_desc", "topk", "bottomk", "limitk", "limit_ratio")
RELABELS = ("label_replace", "label_join", "absent", "absent_over_time", "info", "count_values")


@dataclass(frozen=True)
class Labels:
    """The labels of what an expression gives."""

    known: Mapping[str, str]
    """Those whose value stands in the query."""
    all_of_them: frozenset[str] | None = None
    """Their names, where there can be no others."""


def labels(tree: Tree) -> Labels | None:
    """Those of a vector; None where that cannot be told."""
    if tree.selector is not None:
        return Labels(_fixed(tree.selector))
    match tree.kind:
        case "range" | "unary":
            return labels(tree.parts[0])
        case "aggregate" if tree.name not in RELABELS:
            return _aggregated(tree)
        case "call" if tree.name == "vector":
            return Labels({}, frozenset())
        case "call" if tree.name not in RELABELS and gives(tree) == VECTOR:
            inner = next((x for x in tree.parts if gives(x) not in (SCALAR, "string")), None)
            found = labels(inner) if inner else None
            quantile = tree.name == "histogram_quantile"
            return _without(found, ("le",)) if quantile else found
        case "binary":
            return _joined(tree)
    return None


def _fixed(selector: Selector) -> dict[str, str]:
    return {label: text for label, op, text in selector.matchers if op == "=" and text}


def _without(found: Labels | None, names: tuple[str, ...]) -> Labels | None:
    if found is None:
        return None
    known = {label: text for label, text in found.known.items() if label not in names}
    every = found.all_of_them
    return Labels(known, None if every is None else every - {*names})


def _only(found: Labels | None, names: tuple[str, ...]) -> Labels:
    known = found.known if found else {}
    every = found.all_of_them if found else None
    kept = {*names} if every is None else {*names} & every
    return Labels({x: known[x] for x in names if x in known}, frozenset(kept))


def _aggregated(tree: Tree) -> Labels | None:
    inner = labels(tree.parts[-1]) if tree.parts else None
    if tree.name in KEEPS_ALL:
        return inner
    return _without(inner, tree.labels) if tree.how == "without" else _only(inner, tree.labels)


def _joined(tree: Tree) -> Labels | None:
    left, right = tree.parts
    if gives(left) == SCALAR:
        return labels(right)
    if gives(right) == SCALAR or tree.name in ("and", "unless"):
        return labels(left)
    if tree.name == "or" or tree.is_many:
        return None
    if tree.how == "on" and tree.name not in COMPARISONS:
        return _only(labels(left), tree.labels)
    return _without(labels(left), tree.labels) if tree.how == "ignoring" else labels(left)


def never_match(tree: Tree) -> str:
    """Why no series of one side of an operator has a partner on the other; "" where one may."""
    if tree.kind != "binary" or tree.name in ("or", "unless"):
        return ""
    if any(gives(part) != VECTOR for part in tree.parts):
        return ""
    left, right = map(labels, tree.parts)
    if left is None or right is None:
        return ""
    if tree.how == "on":
        left, right = (_only(each, tree.labels) for each in (left, right))
    elif tree.how == "ignoring":
        left, right = (_without(each, tree.labels) or each for each in (left, right))
    for label in sorted({*left.known} & {*right.known}):
        if left.known[label] != right.known[label]:
            return f'{label} is "{left.known[label]}" on one side and "{right.known[label]}" on the other'
    for one, other in ((left, right), (right, left)):
        for label in sorted(one.known):
            if other.all_of_them is not None and label not in other.all_of_them:
                return f"one side has {label}, and the other has lost it"
    if left.all_of_them is not None and right.all_of_them is not None and tree.how != "on":
        lost = sorted(left.all_of_them ^ right.all_of_them)
        if lost:
            return f"one side has {', '.join(lost)}, and the other has lost it"
    return ""


def may_be_nan(tree: Tree) -> bool:
    """Whether the answer may be NaN: a quotient of nothing by nothing, or a series that holds one."""
    if tree.selector is not None:
        return _holds_nan(tree.selector)
    match tree.kind:
        case "number":
            return tree.name.lower() == "nan"
        case "binary":
            return _operation_may(tree)
        case "call" if tree.name in ("histogram_quantile", "scalar", "quantile_over_time"):
            return True
        case "call" if tree.name in ("ln", "log2", "log10", "sqrt", "histogram_avg"):
            return True
        case "aggregate" if tree.name in ("count", "group", "count_values"):
            return False
        case "call" if tree.name in ("count_over_time", "absent", "absent_over_time", "changes"):
            return False
        case "unknown":
            return True
    return any(may_be_nan(part) for part in tree.parts)


def _holds_nan(selector: Selector) -> bool:
    name = selector.name or next(iter(selector.values("__name__")), "")
    if any(label == "quantile" for label, _, _ in selector.matchers):
        return True
    return UNKNOWN in name or bool(RATIOS.search(name) and not NEVER_NAN.search(name))


def _operation_may(tree: Tree) -> bool:
    left, right = tree.parts
    if tree.name in COMPARISONS:
        # What is compared with NaN is left out, but for `!=`, which NaN is.
        return tree.name == "!=" and not tree.is_bool and may_be_nan(left)
    if tree.name in ("and", "unless"):
        return may_be_nan(left)
    if tree.name in ("/", "%"):
        return may_be_nan(left) or may_be_nan(right) or not _is_never_zero(right)
    return may_be_nan(left) or may_be_nan(right)


def _is_never_zero(tree: Tree) -> bool:
    if tree.kind == "number":
        return tree.name.strip("0.") != ""
    if tree.kind == "call" and tree.name in ("clamp_min", "clamp") and len(tree.parts) > 1:
        return _is_never_zero(tree.parts[1])
    if tree.kind == "binary" and tree.name in (">", "!="):
        return tree.parts[1].kind == "number" and not tree.is_bool
    if tree.kind == "binary" and tree.name == "or":
        return all(map(_is_never_zero, tree.parts))
    if tree.kind == "binary" and tree.name == "*":
        return all(map(_is_never_zero, tree.parts))
    if tree.kind == "call" and tree.name in ("vector", "scalar") and tree.parts:
        return _is_never_zero(tree.parts[0])
    # What stays the same while a pod lives, such as its limit of memory.
    return any(x.name.startswith(("kube_", "container_spec_", "machine_")) for x in tree.selectors)


def is_single(tree: Tree) -> bool:
    """At most one series: every label is gone, or stands in the query."""
    if tree.kind == "binary" and tree.name == "or":
        return all(_is_vector_of_number(part) or is_single(part) for part in tree.parts) and any(
            map(_is_vector_of_number, tree.parts)
        )
    if tree.kind == "aggregate" and tree.name in ("topk", "bottomk", "limitk"):
        return tree.parts[0].name == "1" and not tree.how
    if tree.kind == "binary" and tree.name not in SETS:
        vectors = [part for part in tree.parts if gives(part) == VECTOR]
        return bool(vectors) and not tree.is_many and any(map(is_single, vectors))
    found = labels(tree)
    if found is None or found.all_of_them is None:
        return False
    return found.all_of_them <= {*found.known}


def _is_vector_of_number(tree: Tree) -> bool:
    return tree.kind == "call" and tree.name == "vector"
