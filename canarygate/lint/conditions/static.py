"""Static types, as far as the engines tell them apart in a condition."""

from dataclasses import dataclass
from typing import Union

from canarygate.lint.conditions.values import Engine, Floats


@dataclass(frozen=True)
class Type:
    """A Go type; `ref` is what is known of a slice's elements beyond its Go type."""

    kind: str
    elem: Union["Type", None] = None
    ref: Union["Type", None] = None

    def __str__(self) -> str:
        if self.kind == "slice":
            return f"[]{self.elem}"
        return f"map[string]{self.elem}" if self.kind == "map" else self.kind

    @property
    def is_open(self) -> bool:
        """Known only when the condition runs."""
        return self.kind in ("any", "unknown")

    @property
    def is_integer(self) -> bool:
        """One of the integers that can occur."""
        return self.kind in ("int", "int64")

    @property
    def is_number(self) -> bool:
        """Integer or float."""
        return self.is_integer or self.kind == "float64"


NIL = Type("nil")
BOOL = Type("bool")
INT = Type("int")
INT64 = Type("int64")
FLOAT = Type("float64")
STRING = Type("string")
ANY = Type("any")
# What 1.17 says of a thing that it knows nothing of; 1.15 has only `any`.
UNKNOWN = Type("unknown")
ANYS = Type("slice", ANY)
FUNCTION = Type("func")


def unknown(engine: Engine) -> Type:
    """The type of what nothing is known of."""
    return UNKNOWN if engine is Engine.HEAD else ANY


def of(value: object) -> Type:
    """The type of a measurement."""
    match value:
        case None:
            return NIL
        case bool():
            return BOOL
        case float():
            return FLOAT
        case str():
            return STRING
        case Floats():
            return Type("slice", FLOAT)
        case list():
            return ANYS
        case _:
            return Type("map", ANY)


def elem(collection: Type, engine: Engine) -> Type:
    """What a slice or map holds."""
    if engine is Engine.HEAD and collection.ref is not None:
        return collection.ref
    return collection.elem or ANY


def same(one: Type, other: Type) -> bool:
    """Whether the Go types are one and the same."""
    if one.kind != other.kind:
        return False
    return one.elem is None or other.elem is None or same(one.elem, other.elem)


def assignable(one: Type, other: Type, engine: Engine) -> bool:
    """Whether a value of the one type can be used as the other."""
    if engine is Engine.HEAD:
        if one.kind == "nil":
            return other.kind in ("any", "map", "slice", "func")
        if "unknown" in (one.kind, other.kind):
            return False
    return other.kind == "any" or same(one, other)


def comparable(one: Type, other: Type, engine: Engine) -> bool:
    """Whether == compiles."""
    if one.is_open or other.is_open or "nil" in (one.kind, other.kind):
        return True
    if one.is_number and other.is_number:
        return True
    if engine is Engine.V1_9:
        return one.kind == other.kind
    return one.kind == other.kind == "slice" or assignable(one, other, engine)


def compatible(one: Type, other: Type, *kinds: str) -> bool:
    """Whether both may turn out to be of one of these kinds, or are so now."""
    fits = [_fits(each, kinds) for each in (one, other)]
    if one.is_open or other.is_open:
        return all(fit or each.is_open for fit, each in zip(fits, (one, other), strict=True))
    return False


def _fits(static: Type, kinds: tuple[str, ...]) -> bool:
    return any(
        static.is_number
        if kind == "number"
        else static.is_integer
        if kind == "integer"
        else static.kind == kind
        for kind in kinds
    )
