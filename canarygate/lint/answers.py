"""What a web service may answer, as far as the conditions say what they look for in it."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from canarygate.lint.conditions import Engine, Json, Refused, assess
from canarygate.lint.conditions.nodes import Node
from canarygate.lint.conditions.parser import parse
from canarygate.lint.conditions.values import ConditionError

MOST = 400
"""Answers that are tried of one metric."""
OTHERS = (True, False, 0.0, 1.0, 100.0, 1e9, "", "another")
CALLS_NUMBERS = ("abs", "ceil", "floor", "round", "sum", "mean", "median", "max", "min")
COMPARISONS = (
    "==",
    "!=",
    "<",
    ">",
    "<=",
    ">=",
    "in",
    "contains",
    "matches",
    "startsWith",
    "endsWith",
)


@dataclass
class Shape:
    """One place of an answer, and what the conditions do with it."""

    keys: dict[str, "Shape"] = field(default_factory=dict)
    items: "Shape | None" = None
    literals: set[bool | int | float | str | None] = field(default_factory=set)
    is_read: bool = False
    """It is used as it is, not only for what is in it."""

    def key(self, name: str) -> "Shape":
        """The place below."""
        return self.keys.setdefault(name, Shape())

    def item(self) -> "Shape":
        """Any of its elements."""
        self.items = self.items or Shape()
        return self.items

    def values(self) -> list[object]:
        """What may stand there."""
        found: list[object] = []
        if self.keys:
            options = [[(name, x) for x in each.values()] for name, each in self.keys.items()]
            found += [dict(pairs) for pairs in _product(options)]
        if self.items is not None:
            inner = self.items.values()
            found += [[each] * 3 for each in inner] + [[*_mixed(inner)]]
        if found and not self.literals:
            return found
        return found + _plain(self.literals)


def _mixed(values: list[object]) -> list[object]:
    chosen = random.Random(len(values))
    return chosen.sample(values, min(3, len(values)))


def _plain(literals: set[bool | int | float | str | None]) -> list[object]:
    numbers = [float(x) for x in literals if isinstance(x, int | float) and x is not True]
    texts = [x for x in literals if isinstance(x, str)]
    near = {y for x in numbers for y in (x, x + 1e-6, x - 1e-6, x * 2, x / 2, -x, x * 100)}
    found: list[object] = [*sorted(near), *([0.0, 1.0, 1e9, -1.0] if numbers else [])]
    found += [*sorted(texts), *(["another", ""] if texts else [])]
    if {True, False} & {x for x in literals if isinstance(x, bool)}:
        found += [True, False]
    if None in literals:
        found += [None, "another", 1.0]
    return found or list(OTHERS)


def _product(options: list[list[tuple[str, object]]]) -> Iterator[tuple[tuple[str, object], ...]]:
    size = 1
    for each in options:
        size *= len(each)
    if size <= MOST:
        yield from itertools.product(*options)
        return
    chance = random.Random(size)
    for at in range(max(map(len, options))):
        yield tuple(each[at % len(each)] for each in options)
    for _ in range(MOST):
        yield tuple(chance.choice(each) for each in options)


def shape_of(conditions: list[str], engine: Engine) -> Shape:
    """What the conditions look for; ConditionError or Refused where they are not understood."""
    root = Shape()
    for condition in filter(None, conditions):
        _visit(parse(condition, engine), root, None)
    return root


def _place(node: Node, root: Shape, item: Shape | None) -> Shape | None:
    """The place that an expression names; None where it is something else."""
    if node.kind == "name" and node.value == "result":
        return root
    if node.kind == "pointer":
        if item is not None and node.value:
            return item.key(node.name)
        return item
    if node.kind == "chain":
        return _place(node.parts[0], root, item)
    if node.kind == "member":
        base = _place(node.parts[0], root, item)
        index = node.parts[1]
        if base is None:
            return None
        return base.key(index.name) if index.kind == "string" else base.item()
    if node.is_builtin("filter") or (node.is_builtin("find", "first", "last", "sort")):
        base = _place(node.parts[0], root, item)
        listed = node.is_builtin("filter", "sort")
        return base if listed or base is None else base.item()
    return None


def _visit(node: Node, root: Shape, item: Shape | None) -> None:
    place = _place(node, root, item)
    if place is not None and node.kind != "builtin":
        place.is_read = True
        return
    if node.kind == "binary" and node.name in COMPARISONS:
        _compared(node, root, item)
    if node.kind == "binary" and node.name in ("&&", "||", "and", "or"):
        _truths(node.parts, root, item)
    if node.kind in ("unary", "closure") and node.value in ("!", "not", None):
        _truths(node.parts, root, item)
    inner = item
    if node.kind == "builtin" and any(part.kind == "closure" for part in node.parts):
        listed = _place(node.parts[0], root, item)
        inner = listed.item() if listed is not None else Shape()
    for part in node.parts:
        _visit(part, root, inner if part.kind == "closure" else item)


def _truths(parts: list[Node], root: Shape, item: Shape | None) -> None:
    for part in parts:
        place = _place(part, root, item)
        if place is not None and part.kind != "binary":
            place.literals |= {True, False}


def _compared(node: Node, root: Shape, item: Shape | None) -> None:
    for one, other in (node.parts, node.parts[::-1]):
        for place in filter(None, [_place(_inside(one), root, item)]):
            if one.is_builtin("len"):
                place.item()
                place.literals.add("four")
                continue
            place.literals |= {*_literals(other)}
            if node.name == "matches":
                place.literals |= {x for text in _literals(other) for x in _matching(str(text))}
            if node.name in ("<", ">", "<=", ">=") and not place.literals:
                place.literals |= {0, 1}


def _inside(node: Node) -> Node:
    """The place in `asFloat(result.x)`, `default(result.x, 0)` or `result.x / 2`."""
    if node.kind == "call" and len(node.parts) > 1:
        return node.parts[1]
    if node.kind == "builtin" and node.parts and node.parts[-1].kind != "closure":
        return _inside(node.parts[0]) if not node.is_builtin("len") else node.parts[0]
    if node.kind == "binary" and node.name in ("+", "-", "*", "/", "%", "??"):
        return _inside(node.parts[0])
    if node.kind == "unary" and node.name in ("-", "+"):
        return _inside(node.parts[0])
    return node


def _literals(node: Node) -> Iterator[bool | int | float | str | None]:
    if node.kind in ("bool", "int", "float", "string", "nil"):
        yield node.value
    if node.kind == "unary" and node.parts[0].kind in ("int", "float"):
        number = node.parts[0].value
        yield -number if isinstance(number, int | float) else None
    if node.kind in ("array", "binary"):
        for part in node.parts:
            yield from _literals(part)


def _is_covered(node: Node) -> bool:
    """Whether the answers that are tried decide it: places beside literals, joined by and, or and not."""
    if node.kind == "binary" and node.name in COMPARISONS:
        one, other = node.parts
        if not _is_literal(other):
            one, other = other, one
        is_counted = one.is_builtin("len") and node.name in ("==", "!=") and other.value != 0
        return _is_literal(other) and _is_looked_up(one) and not is_counted
    if node.kind == "builtin":
        return (
            node.name in ("all", "any", "none")
            and _is_looked_up(node.parts[0])
            and all(_is_covered(inner) for part in node.parts[1:] for inner in part.parts)
        )
    if node.kind in ("binary", "unary"):
        return node.name in ("&&", "||", "and", "or", "!", "not") and all(
            map(_is_covered, node.parts)
        )
    return node.kind == "bool" or _is_looked_up(node)


def _is_literal(node: Node) -> bool:
    if node.kind in ("array", "unary"):
        return node.value in (None, "-", "+") and all(map(_is_literal, node.parts))
    return node.kind in ("bool", "int", "float", "string", "nil")


def _is_looked_up(node: Node) -> bool:
    if node.is_builtin("type", "string", "toJSON", "keys", "values"):
        return False
    inner = _inside(node)
    while inner.kind in ("member", "chain"):
        inner = inner.parts[0]
    return inner.kind == "pointer" or (inner.kind == "name" and inner.value == "result")


def _matching(pattern: str) -> list[str]:
    """Texts that a simple pattern matches."""
    bare = pattern.strip("^$").strip("()").replace(".*", "")
    return bare.split("|")


@lru_cache(maxsize=1000)
def phases_of(success: str, failure: str, engine: Engine) -> frozenset[str]:
    """Every phase that an answer with all the keys may get; empty where that cannot be said.

    With "" among them not all of what may be answered was tried.
    """
    try:
        shape = shape_of([success, failure], engine)
        answers = shape.values()
        found = {assess(success, failure, Json(x), engine).value for x in answers}
        every = [parse(each, engine) for each in (success, failure) if each]
        if len(answers) > MOST or not all(map(_is_covered, every)):
            found.add("")
        return frozenset(found)
    except ConditionError:
        return frozenset({"Error"})
    except (Refused, RecursionError):
        return frozenset()


@lru_cache(maxsize=1000)
def phase_without(success: str, failure: str, engine: Engine) -> tuple[str, str]:
    """What an answer gets that lacks what is looked for, and what that is; "" where nothing does."""
    try:
        shape = shape_of([success, failure], engine)
        if shape.is_read and shape.keys and not shape.items:
            return "", ""
        if shape.keys:
            return assess(success, failure, Json({}), engine).value, ", ".join(shape.keys)
        if shape.items is not None:
            return assess(success, failure, Json([]), engine).value, ""
    except (Refused, ConditionError, RecursionError):
        pass
    return "", ""
