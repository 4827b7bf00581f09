"""Runs an optimized tree."""

from collections.abc import Callable

from canarygate.lint.conditions import arithmetic, functions, membership, predicates
from canarygate.lint.conditions.aggregates import array, made
from canarygate.lint.conditions.nodes import Node
from canarygate.lint.conditions.plain import plain
from canarygate.lint.conditions.values import ConditionError, Engine, Refused

# The engines end at a million elements made; this is far below.
MOST_STEPS = 100_000


class NothingThereError(Exception):
    """An optional member of nil: the rest of the chain is left out."""


def run(tree: Node, result: object, engine: Engine) -> object:
    """What a condition evaluates to; ConditionError when its evaluation fails."""
    return Machine(result, engine).value(tree)


class Machine:
    """Evaluates nodes, with the names and the items that are in scope."""

    def __init__(self, result: object, engine: Engine) -> None:
        self.result = result
        self.engine = engine
        self.names: dict[str, object] = {"result": result}
        # Of each predicate that is being evaluated: the item and what was accumulated.
        self.scopes: list[tuple[object, object]] = []
        self.steps = 0
        self.handlers: dict[str, Callable[[Node], object]] = {
            **{"name": self._name, "unary": self._unary, "binary": self._binary},
            **{"chain": self._chain, "member": self._member, "slice": self._slice},
            **{"call": self._call, "builtin": self._builtin, "pointer": self._pointer},
            **{"let": self._let, "conditional": self._conditional, "array": self._array},
        }

    def value(self, node: Node) -> object:
        """What a node evaluates to."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise Refused("a condition that takes very long")
        handler = self.handlers.get(node.kind)
        return node.value if handler is None else handler(node)

    def truth(self, node: Node) -> bool:
        """The value of a node that has to be a bool."""
        return _bool(self.value(node))

    def within(self, node: Node, item: object, accumulated: object) -> object:
        """The value of a predicate for one item."""
        self.scopes.append((item, accumulated))
        found = self.value(node.parts[0])
        self.scopes.pop()
        return found

    def _name(self, node: Node) -> object:
        return self.names[node.name]

    def _let(self, node: Node) -> object:
        self.names[node.name] = self.value(node.parts[0])
        return self.value(node.parts[1])

    def _pointer(self, node: Node) -> object:
        item, accumulated = self.scopes[-1]
        return accumulated if node.value == "acc" else item

    def _unary(self, node: Node) -> object:
        if node.name in ("!", "not"):
            return not self.truth(node.parts[0])
        operand = self.value(node.parts[0])
        # Nothing is done for a plus sign, not even a check.
        return operand if node.name == "+" else arithmetic.negated(operand)

    def _binary(self, node: Node) -> object:
        left, right = node.parts
        match node.name:
            case "or" | "||":
                return self.truth(left) or self.value(right)
            case "and" | "&&":
                return self.truth(left) and self.value(right)
            case "??":
                found = self.value(left)
                return self.value(right) if found is None else found
            case "in" if right.kind == "set":
                return membership.in_set(self.value(left), [part.value for part in right.parts])
        return self._joined(node, self.value(left), self.value(right))

    def _joined(self, node: Node, left: object, right: object) -> object:
        match node.name:
            case "==" | "!=":
                self._check_simple(node, left, right)
                return arithmetic.equal(left, right, self.engine) == (node.name == "==")
            case "<":
                return arithmetic.less(left, right)
            case ">":
                return arithmetic.less(right, left)
            case "<=":
                return arithmetic.at_most(left, right)
            case ">=":
                return arithmetic.at_most(right, left)
            case "in":
                return membership.contained(left, right, self.engine)
            case "matches" | "contains" | "startsWith" | "endsWith":
                return membership.in_text(node.name, left, right, self.engine)
        return arithmetic.computed(node.name, left, right)

    def _check_simple(self, node: Node, left: object, right: object) -> None:
        """What is an integer or a text by its type is taken for one, even when it is nil."""
        if node.name == "!=" and self.engine is Engine.V1_9:
            return
        kinds = {part.static.kind for part in node.parts}
        wanted = {"int": int, "string": str}.get(min(kinds)) if len(kinds) == 1 else None
        if wanted and not (type(left) is wanted and type(right) is wanted):
            raise ConditionError("these are not what their types say")

    def _chain(self, node: Node) -> object:
        try:
            return self.value(node.parts[0])
        except NothingThereError:
            return None

    def _member(self, node: Node) -> object:
        base = self.value(node.parts[0])
        if node.value and base is None:
            raise NothingThereError
        return functions.fetched(base, self.value(node.parts[1]))

    def _slice(self, node: Node) -> object:
        base, first, last = node.parts
        sliced = self.value(base)
        end = functions.size(sliced, Engine.V1_9) if last.kind == "absent" else self.value(last)
        return functions.sliced(sliced, 0 if first.kind == "absent" else self.value(first), end)

    def _conditional(self, node: Node) -> object:
        return self.value(node.parts[1 if self.truth(node.parts[0]) else 2])

    def _array(self, node: Node) -> object:
        return made([self.value(part) for part in node.parts])

    def _call(self, node: Node) -> object:
        arguments = [self.value(part) for part in node.parts[1:]]
        name = node.parts[0].name
        if name == "isNil":
            return self.result is None
        if name == "default":
            return arguments[1] if self.result is None else self.result
        return plain(name, arguments, self.engine)

    def _builtin(self, node: Node) -> object:
        if any(part.kind == "closure" for part in node.parts):
            return predicates.gone_through(self, node)
        if node.name == "count":
            return sum(_bool(each) for each in array(self.value(node.parts[0])))
        if node.name == "len" and node.parts[0].is_builtin("keys", "values"):
            return functions.entries(self.value(node.parts[0].parts[0]))
        return plain(node.name, [self.value(part) for part in node.parts], self.engine)


def _bool(value: object) -> bool:
    if not isinstance(value, bool):
        raise ConditionError("a condition has to be true or false")
    return value
