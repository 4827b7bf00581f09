"""What type an operator has between two others, if it compiles at all."""

from canarygate.lint.conditions.nodes import Node
from canarygate.lint.conditions.regexps import translated
from canarygate.lint.conditions.static import (
    ANY,
    BOOL,
    FLOAT,
    INT,
    STRING,
    Type,
    assignable,
    comparable,
    compatible,
    elem,
    unknown,
)
from canarygate.lint.conditions.values import ConditionError, Engine, Refused


def joined(node: Node, left: Type, right: Type, engine: Engine) -> Type:
    """The type of a binary operator; ConditionError when it does not go with its operands."""
    found = _joined(node, left, right, engine)
    if found is None:
        raise ConditionError(f"{node.name} does not go between {left} and {right}")
    return found


def _joined(node: Node, left: Type, right: Type, engine: Engine) -> Type | None:
    match node.name:
        case "==" | "!=":
            return BOOL if comparable(left, right, engine) else None
        case "or" | "||" | "and" | "&&":
            both = left.kind == right.kind == "bool"
            return BOOL if both or compatible(left, right, "bool") else None
        case "<" | ">" | "<=" | ">=":
            both = _numbers(left, right) or left.kind == right.kind == "string"
            return BOOL if both or compatible(left, right, "number", "string") else None
        case "+" | "-" | "*" | "/" | "**" | "^" | "%":
            return _arithmetic(node.name, left, right, engine)
        case "in":
            return _contained(left, right, engine)
        case "matches" | "contains" | "startsWith" | "endsWith":
            if node.name == "matches":
                _pattern(node)
            both = left.kind == right.kind == "string"
            return BOOL if both or compatible(left, right, "string") else None
        case "??":
            return _coalesced(left, right, engine)
        case "..":
            raise Refused("a range")
        case _:
            raise ConditionError(f"unknown operator {node.name}")


def _numbers(left: Type, right: Type) -> bool:
    return left.is_number and right.is_number


def _arithmetic(operator: str, left: Type, right: Type, engine: Engine) -> Type | None:
    if operator == "%":
        if left.is_integer and right.is_integer:
            return _promoted(left, right, engine)
        if compatible(left, right, "integer"):
            return INT if engine is Engine.HEAD else ANY
        return None
    if _numbers(left, right):
        return FLOAT if operator in ("/", "**", "^") else _promoted(left, right, engine)
    if operator == "+" and left.kind == right.kind == "string":
        return STRING
    if compatible(left, right, "number", *(["string"] if operator == "+" else [])):
        return FLOAT if operator in ("/", "**", "^") else unknown(engine)
    return None


def _promoted(left: Type, right: Type, engine: Engine) -> Type:
    if left.kind == right.kind and engine is Engine.V1_9:
        return left
    return FLOAT if "float64" in (left.kind, right.kind) else INT


def _contained(left: Type, right: Type, engine: Engine) -> Type | None:
    old = engine is Engine.V1_9
    if right.kind == "map":
        fits = left.is_open or left.kind == "string" or (old and left.kind == "nil")
    elif right.kind == "slice":
        # 1.15 knows more of what is in an array here than anywhere else.
        held = (elem(right, engine), right.ref or ANY)
        fits = all(comparable(left, each, engine) for each in held)
    else:
        fits = right.is_open or (left.is_open and right.kind == "string")
    return BOOL if fits else None


def _coalesced(left: Type, right: Type, engine: Engine) -> Type:
    if left.ref or right.ref:
        raise Refused("?? between arrays")
    if left.kind == "nil":
        return right
    if right.kind == "nil" or assignable(right, left, engine):
        return left
    return unknown(engine)


def _pattern(node: Node) -> None:
    """Refuses what is not certain to mean the same in Go and here."""
    pattern = node.parts[1]
    if pattern.kind != "string":
        raise Refused("a regular expression that is computed")
    translated(pattern.name)
