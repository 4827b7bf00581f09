"""What the functions take, and which type they give."""

from collections.abc import Callable

from canarygate.lint.conditions.nodes import Node
from canarygate.lint.conditions.static import (
    ANY,
    ANYS,
    BOOL,
    FLOAT,
    INT,
    INT64,
    STRING,
    Type,
    elem,
    unknown,
)
from canarygate.lint.conditions.values import ConditionError, Engine, Refused

Visit = Callable[[Node], Type]

RETURNED = {"asInt": INT64, "asFloat": FLOAT, "isNil": BOOL, "default": ANY}
# Functions of texts: how few and how many they take, and what they give.
OF_TEXTS = {
    **{"trim": (1, 2, STRING), "upper": (1, 1, STRING), "lower": (1, 1, STRING)},
    **{"hasPrefix": (2, 2, BOOL), "hasSuffix": (2, 2, BOOL)},
}
AGGREGATES = ("max", "min", "mean", "median")


def function(name: str, arguments: list[Node], visit: Visit, engine: Engine) -> Type:
    """The call of one of Argo's functions."""
    _count(name, arguments, 2 if name == "default" else 1)
    found = [visit(argument) for argument in arguments]
    if name in RETURNED:
        return RETURNED[name]
    [static] = found
    if static.is_integer:
        _float(arguments[0])
    elif static.kind == "nil" and engine is Engine.V1_9:
        return BOOL
    elif not static.is_open and static.kind != "float64":
        raise ConditionError(f"{name} takes a float64, not {static}")
    return BOOL


def _float(node: Node) -> None:
    """Make floats of the integers that are written out, as the engines do for a parameter."""
    if node.kind == "int" and node.value is not None:
        node.kind, node.value, node.static = "float", float(node.value), FLOAT
    elif node.kind == "unary" or (node.kind == "binary" and node.name in ("+", "-", "*")):
        for part in node.parts:
            _float(part)


def _count(name: str, arguments: list[Node], least: int, most: int | None = None) -> None:
    if not least <= len(arguments) <= (least if most is None else most):
        raise ConditionError(f"{name} does not take {len(arguments)} arguments")


def predicated(name: str, collection: Type, closure: Type, engine: Engine) -> Type:
    """The call of a builtin with a predicate."""
    # Both engines leave values behind on their stack when they search from the end.
    if name in ("groupBy", "sortBy", "findLast", "findLastIndex"):
        raise Refused(f"the function {name}")
    if name not in ("map", "reduce", "sum") and not (closure.is_open or closure.kind == "bool"):
        raise ConditionError(f"the predicate of {name} is no condition but {closure}")
    new = engine is Engine.HEAD
    if name in ("reduce", "sum"):
        return closure
    if name == "map":
        return Type("slice", ANY, closure) if new else Type("slice", closure)
    if name == "filter":
        if collection.is_open:
            return ANYS
        held = elem(collection, engine)
        return Type("slice", ANY, held) if new else Type("slice", held)
    if name == "find":
        return unknown(engine) if collection.is_open else elem(collection, engine)
    return BOOL if name in ("all", "none", "any", "one") else INT


def builtin(node: Node, visit: Visit, engine: Engine) -> Type:
    """The call of a builtin without a predicate."""
    name, arguments = node.name, node.parts
    if name in OF_TEXTS:
        return _of_texts(name, arguments, visit, engine)
    if name in AGGREGATES or (name == "sum" and engine is Engine.V1_9):
        return _aggregate(name, [visit(each) for each in arguments], engine)
    if name == "get":
        return _get(arguments, visit, engine)
    if name == "sort":
        return _sort([visit(each) for each in arguments], engine)
    if name not in TAKEN:
        raise Refused(f"the function {name}")
    _count(name, arguments, 1)
    static = visit(arguments[0])
    kinds, given = TAKEN[name]
    if not static.is_open and kinds and static.kind not in kinds:
        raise ConditionError(f"{name} does not take {static}")
    if name == "sum" and arguments[0].kind == "array":
        raise Refused("the sum of an array that is written out")
    if given is not None:
        return given
    if name == "abs":
        return ANY if static.is_open else static
    if name == "sum":
        return unknown(engine) if static.is_open else elem(static, engine)
    return ANY if static.is_open else static.elem or ANY


NUMBERS = ("int", "int64", "float64")
# Kinds that one argument may have (all, when there are none), and the type of what is given.
TAKEN: dict[str, tuple[tuple[str, ...], Type | None]] = {
    "len": (("slice", "map", "string"), INT),
    "type": ((), STRING),
    "string": ((), STRING),
    "abs": (NUMBERS, None),
    "ceil": (NUMBERS, FLOAT),
    "floor": (NUMBERS, FLOAT),
    "round": (NUMBERS, FLOAT),
    "int": ((*NUMBERS, "string"), INT),
    "float": ((*NUMBERS, "string"), FLOAT),
    "sum": (("slice",), None),
    "count": (("slice",), INT),
    "first": (("slice",), None),
    "last": (("slice",), None),
    "keys": (("map",), ANYS),
    "values": (("map",), ANYS),
}


def _of_texts(name: str, arguments: list[Node], visit: Visit, engine: Engine) -> Type:
    least, most, given = OF_TEXTS[name]
    _count(name, arguments, least, most)
    for argument in arguments:
        static = visit(argument)
        if static.kind == "nil" and engine is Engine.V1_9:
            continue
        if not static.is_open and static.kind != "string":
            raise ConditionError(f"{name} takes a text, not {static}")
    return given


def _aggregate(name: str, found: list[Type], engine: Engine) -> Type:
    if not found:
        raise ConditionError(f"{name} takes an argument")
    if engine is Engine.V1_9 and name in ("sum", "mean", "median"):
        if len(found) != 1 or not (found[0].is_open or found[0].kind == "slice"):
            raise ConditionError(f"{name} takes one array")
        return ANY if name == "sum" else FLOAT
    for static in found:
        if static.is_open or (engine is Engine.HEAD and static.kind == "slice"):
            return ANY
        if not static.is_number:
            raise ConditionError(f"{name} does not take {static}")
    if {"int", "int64"} <= {static.kind for static in found}:
        raise Refused(f"{name} of integers of two sizes")
    return found[0]


def _get(arguments: list[Node], visit: Visit, engine: Engine) -> Type:
    _count("get", arguments, 2)
    base, key = visit(arguments[0]), arguments[1]
    if base.is_open:
        if engine is Engine.V1_9 and key.kind not in ("int", "string"):
            # It does not check the key then.
            raise Refused("get with a computed key from something of unknown type")
        visit(key)
        return unknown(engine)
    fits = {"slice": ("int", "int64"), "map": ("string",)}.get(base.kind, ())
    static = visit(key)
    if base.kind not in ("slice", "map") or not (static.is_open or static.kind in fits):
        raise ConditionError(f"get does not take {static} from {base}")
    return elem(base, engine)


def _sort(found: list[Type], engine: Engine) -> Type:
    if not 1 <= len(found) <= 2:
        raise ConditionError("sort takes one or two arguments")
    sortable = found[0].is_open or found[0].kind == "slice"
    if engine is Engine.HEAD and found[0].kind == "slice":
        sortable = found[0].elem is not None and found[0].elem.kind in ("any", "float64")
    if not sortable or not all(each.is_open or each.kind == "string" for each in found[1:]):
        raise ConditionError("sort does not take these")
    return ANYS
