"""The static check: both engines refuse a wrong type even where it would never be evaluated."""

from collections.abc import Callable

from canarygate.lint.conditions import calls, operators
from canarygate.lint.conditions.names import BUILTINS, FUNCTIONS
from canarygate.lint.conditions.nodes import Node
from canarygate.lint.conditions.static import (
    ANY,
    ANYS,
    BOOL,
    FLOAT,
    INT,
    NIL,
    STRING,
    Type,
    assignable,
    elem,
    unknown,
)
from canarygate.lint.conditions.values import ConditionError, Engine, Refused

LITERALS = {"nil": NIL, "bool": BOOL, "int": INT, "float": FLOAT, "string": STRING}


def check(tree: Node, result: Type, engine: Engine) -> None:
    """Give every node its type; ConditionError when the engine would not compile it."""
    Checker(result, engine).visit(tree)


class Checker:
    """Visits a tree once, with the names and the collections that are in scope."""

    def __init__(self, result: Type, engine: Engine) -> None:
        self.engine = engine
        self.names: dict[str, Type] = {"result": result}
        self.collections: list[Type] = []
        self.accumulators: list[bool] = []
        self.handlers: dict[str, Callable[[Node], Type]] = {
            **{"name": self._name, "unary": self._unary, "binary": self._binary},
            **{"chain": self._chain, "member": self._member, "slice": self._slice},
            **{"call": self._call, "builtin": self._builtin, "pointer": self._pointer},
            **{"let": self._let, "conditional": self._conditional, "array": self._array},
        }

    def visit(self, node: Node) -> Type:
        """The type of a node, which the node remembers too."""
        literal = LITERALS.get(node.kind)
        node.static = literal if literal is not None else self.handlers[node.kind](node)
        return node.static

    def _name(self, node: Node) -> Type:
        if node.name in self.names:
            return self.names[node.name]
        if node.name == "$env":
            raise Refused("$env")
        if node.name in FUNCTIONS or node.name in BUILTINS[self.engine]:
            raise Refused(f"the function {node.name} as a value")
        raise ConditionError(f"unknown name {node.name}")

    def _unary(self, node: Node) -> Type:
        operand = self.visit(node.parts[0])
        if node.name in ("!", "not"):
            if operand.is_open or operand.kind == "bool":
                return BOOL
        elif operand.is_open:
            return unknown(self.engine)
        elif operand.is_number:
            return operand
        raise ConditionError(f"{node.name} does not go with {operand}")

    def _binary(self, node: Node) -> Type:
        left, right = self.visit(node.parts[0]), self.visit(node.parts[1])
        return operators.joined(node, left, right, self.engine)

    def _chain(self, node: Node) -> Type:
        return self.visit(node.parts[0])

    def _member(self, node: Node) -> Type:
        base, key = (self.visit(part) for part in node.parts)
        named = node.parts[1].kind == "string"
        if base.is_open:
            return unknown(self.engine)
        if base.kind == "map":
            if not key.is_open and not self._is_key(key):
                raise ConditionError(f"{key} is no key of an object")
            return elem(base, self.engine)
        if base.kind == "slice":
            if not key.is_open and not key.is_integer:
                raise ConditionError(f"an array has no element {key}; it takes an integer")
            return elem(base, self.engine)
        what = f"field {node.parts[1].name}" if named else f"element [{key}]"
        raise ConditionError(f"{base} has no {what}")

    def _is_key(self, key: Type) -> bool:
        # reflect has no type for nil, which is let through in 1.15.
        return key.kind == "string" or (key.kind == "nil" and self.engine is Engine.V1_9)

    def _slice(self, node: Node) -> Type:
        sliced, *bounds = node.parts
        base = self.visit(sliced)
        bounds = [bound for bound in bounds if bound.kind != "absent"]
        if base.is_open and self.engine is Engine.HEAD:
            if any(bound.kind != "int" for bound in bounds):
                raise Refused("a computed slice of something of unknown type")
            for bound in bounds:
                self.visit(bound)
            return unknown(self.engine)
        if not base.is_open and base.kind not in ("string", "slice"):
            raise ConditionError(f"{base} cannot be sliced")
        for bound in bounds:
            of = self.visit(bound)
            if not of.is_open and not of.is_integer:
                raise ConditionError(f"a slice takes integers, not {of}")
        return base if self.engine is Engine.HEAD else Type(base.kind, base.elem)

    def _call(self, node: Node) -> Type:
        callee, *arguments = node.parts
        if callee.kind == "name" and callee.name in FUNCTIONS and callee.name not in self.names:
            return calls.function(callee.name, arguments, self.visit, self.engine)
        called = self.visit(callee)
        if not called.is_open:
            raise ConditionError(f"{called} cannot be called")
        # 1.17 does not look at the arguments then, nor does 1.15.
        raise Refused("the call of a method")

    def _builtin(self, node: Node) -> Type:
        if not any(part.kind == "closure" for part in node.parts):
            return calls.builtin(node, self.visit, self.engine)
        collection = self.visit(node.parts[0])
        if not collection.is_open and collection.kind != "slice":
            raise ConditionError(f"{node.name} takes an array, not {collection}")
        self.collections.append(collection)
        self.accumulators.append(node.name == "reduce")
        closure = self._closure(node.parts[1])
        self.collections.pop()
        self.accumulators.pop()
        for part in node.parts[2:]:
            self.visit(part)
        return calls.predicated(node.name, collection, closure, self.engine)

    def _closure(self, node: Node) -> Type:
        node.static = self.visit(node.parts[0])
        if node.static.kind == "nil":
            raise ConditionError("a predicate cannot be nil")
        return node.static

    def _pointer(self, node: Node) -> Type:
        if not self.collections:
            raise ConditionError("# stands outside of a predicate")
        if node.value == "acc" and self.accumulators[-1]:
            return unknown(self.engine)
        if node.value:
            raise ConditionError(f"unknown pointer #{node.name}")
        collection = self.collections[-1]
        return unknown(self.engine) if collection.is_open else elem(collection, self.engine)

    def _let(self, node: Node) -> Type:
        taken = {*self.names, *FUNCTIONS, *BUILTINS[self.engine]}
        if node.name in taken:
            raise ConditionError(f"{node.name} is a name already")
        value = self.visit(node.parts[0])
        self.names[node.name] = value
        static = self.visit(node.parts[1])
        del self.names[node.name]
        return static

    def _conditional(self, node: Node) -> Type:
        condition = self.visit(node.parts[0])
        if not condition.is_open and condition.kind != "bool":
            raise ConditionError(f"{condition} is no condition of ?:")
        one, other = self.visit(node.parts[1]), self.visit(node.parts[2])
        if one.ref or other.ref:
            raise Refused("a choice between arrays")
        if "nil" in (one.kind, other.kind):
            return other if one.kind == "nil" else one
        if not assignable(one, other, self.engine):
            return unknown(self.engine)
        if one.kind == "int" and other.kind == "any":
            # Both engines go on as if the whole were an integer.
            raise Refused("a choice between an integer and something of unknown type")
        return one

    def _array(self, node: Node) -> Type:
        found = [self.visit(part) for part in node.parts]
        kinds = ["invalid" if each.kind in ("nil", "unknown") else each.kind for each in found]
        if len(set(kinds)) > 1 or (self.engine is Engine.V1_9 and kinds[:1] == ["invalid"]):
            return ANYS
        if not found:
            return ANYS if self.engine is Engine.V1_9 else Type("slice", ANY, unknown(self.engine))
        return Type("slice", ANY, found[-1])
