"""What both engines make of a checked tree: it can hide an error, so it has to be made here too."""

from functools import partial

from canarygate.lint.conditions.arithmetic import computed, negated
from canarygate.lint.conditions.nodes import Node, walk
from canarygate.lint.conditions.static import BOOL, FLOAT, INT, STRING, UNKNOWN
from canarygate.lint.conditions.values import Engine, Refused

COMBINED = {
    **{("all", "and"): "and", ("all", "&&"): "&&", ("any", "or"): "or", ("any", "||"): "||"},
    **{("none", "and"): "or", ("none", "&&"): "||"},
}
LITERAL_TYPES = {"int": INT, "float": FLOAT, "string": STRING, "bool": BOOL}


def optimized(tree: Node, engine: Engine) -> Node:
    """The tree that runs; ConditionError for a remainder by a literal zero."""
    tree = walk(tree, _set)
    tree = walk(tree, partial(_fold, engine=engine))
    tree = walk(tree, partial(_search, engine=engine))
    if engine is Engine.HEAD:
        tree = walk(tree, _combine)
        tree = walk(tree, _count)
    return tree


def literal(value: object) -> Node:
    """A node that stands for a value."""
    match value:
        case bool():
            return Node("bool", value, static=BOOL)
        case int():
            return Node("int", value, static=INT)
        case float():
            return Node("float", value, static=FLOAT)
        case _:
            return Node("string", str(value), static=STRING)


def _set(node: Node) -> Node:
    """`x in [1, 2]` looks a key up in a map, which a value of another type breaks."""
    if node.kind == "binary" and node.name == "in" and node.parts[1].kind == "array":
        array = node.parts[1]
        kinds = {part.kind for part in array.parts}
        if kinds == {"string"} or (kinds == {"int"} and node.parts[0].static == INT):
            node.parts[1] = Node("set", None, array.parts)
    return node


def _fold(node: Node, engine: Engine) -> Node:
    if node.kind == "unary":
        return _folded_unary(node)
    if node.kind == "binary" and node.name in ("and", "&&", "or", "||"):
        return _folded_logic(node)
    if node.is_builtin("filter", "map") and node.parts[0].is_builtin("filter"):
        raise Refused(f"{node.name} of a filter")
    if node.kind != "binary" or not all(part.kind in LITERAL_TYPES for part in node.parts):
        return node
    kinds = {part.kind for part in node.parts}
    numbers = kinds <= {"int", "float"}
    folds = {
        **dict.fromkeys(["-", "*", "/", "**", "^"], numbers),
        **{"+": numbers or kinds == {"string"}, "%": kinds == {"int"}},
        "==": len(kinds) == 1 and kinds != {"float"},
    }
    if not folds.get(node.name, False):
        return node
    left, right = node.parts
    if node.name == "==":
        return literal(left.value == right.value)
    folded = literal(computed(node.name, left.value, right.value))
    return _untyped(folded, engine) if node.name == "%" or folded.kind == "string" else folded


def _untyped(node: Node, engine: Engine) -> Node:
    """1.15 forgets the type of what it puts in place of something else."""
    if engine is Engine.V1_9:
        node.static = UNKNOWN
    return node


def _folded_unary(node: Node) -> Node:
    [operand] = node.parts
    if node.name in ("!", "not"):
        return literal(not operand.value) if operand.kind == "bool" else node
    if operand.kind not in ("int", "float"):
        return node
    return operand if node.name == "+" else literal(negated(operand.value))


def _folded_logic(node: Node) -> Node:
    left, right = node.parts
    decides = node.name in ("or", "||")
    neutral = literal(not decides)
    if left == neutral:
        return right
    if right == neutral:
        return left
    return literal(decides) if literal(decides) in (left, right) else node


def _search(node: Node, engine: Engine) -> Node:
    """The first of a filter stops there; the length of one is a count."""
    if node.is_builtin("len") and node.parts[0].is_builtin("filter"):
        return Node("builtin", "count", node.parts[0].parts, node.static)
    named = node.is_builtin("first", "last")
    indexed = node.kind == "member" and not node.value and node.parts[1].kind == "int"
    if not (named or indexed) or not node.parts[0].is_builtin("filter"):
        return node
    end = node.parts[1].value if indexed else {"first": 0, "last": -1}[node.name]
    if end == -1:
        raise Refused("the last of a filter")
    if end != 0:
        return node
    found = Node("builtin", "find", node.parts[0].parts, node.static, throws=indexed)
    return _untyped(found, engine)


def _combine(node: Node) -> Node:
    """`all(x, a) && all(x, b)` becomes `all(x, a && b)`."""
    if node.kind != "binary" or not all(part.kind == "builtin" for part in node.parts):
        return node
    left, right = node.parts
    combined = COMBINED.get((left.name, node.name))
    if combined is None or left.name != right.name:
        return node
    if left.parts[0] != right.parts[0]:
        if any(_is_written_out(part.parts[0]) for part in node.parts):
            # The engine compares how they print, where 1.0 is 1.
            raise Refused("predicates over arrays that are written out")
        return node
    both = [left.parts[1].parts[0], right.parts[1].parts[0]]
    inner = _combine(Node("binary", combined, both, BOOL))
    return Node("builtin", left.name, [left.parts[0], Node("closure", None, [inner])], node.static)


def _is_written_out(node: Node) -> bool:
    return node.kind in ("array", "float") or any(_is_written_out(each) for each in node.parts)


def _count(node: Node) -> Node:
    """A count that is compared with a literal ends when the answer is known."""
    if node.kind != "binary" or not node.parts[0].is_builtin("count"):
        return node
    count, bound = node.parts
    if len(count.parts) != 2 or bound.kind != "int" or not isinstance(bound.value, int):
        return node
    limit = bound.value
    if (node.name, limit) in ((">", 0), (">=", 1)):
        return Node("builtin", "any", count.parts, node.static)
    if limit >= 0 and node.name in (">", "<=", ">=", "<"):
        threshold = limit + (node.name in (">", "<="))
        count.threshold = threshold if threshold > 1 else None
    return node
