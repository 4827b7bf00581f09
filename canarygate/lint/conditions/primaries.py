"""What stands between the operators: literals, names, calls, members and indices."""

import re
from abc import ABC, abstractmethod

from canarygate.lint.conditions.lexer import Token
from canarygate.lint.conditions.names import BUILTINS, PREDICATES
from canarygate.lint.conditions.nodes import Node
from canarygate.lint.conditions.stream import Stream
from canarygate.lint.conditions.values import ConditionError, Engine, Refused

LARGEST = 2**63 - 1
CONSTANTS = {"true": Node("bool", True), "false": Node("bool", False), "nil": Node("nil")}


class Primaries(Stream, ABC):
    """Reads operands; how operators join them is left to the parser."""

    def __init__(self, found: list[Token], engine: Engine) -> None:
        super().__init__(found)
        self.engine = engine
        self.closures = 0

    @abstractmethod
    def sequence(self) -> Node:
        """All that stands up to a closing bracket."""

    @abstractmethod
    def expression(self, precedence: int) -> Node:
        """Primaries with operators between them."""

    @abstractmethod
    def unary(self) -> Node | None:
        """An operator before its operand."""

    def primary(self) -> Node:
        """One operand."""
        if node := self.unary():
            return self._postfix(node)
        if self.at("bracket", "("):
            self.next()
            node = self.sequence()
            self.expect("bracket", ")")
            return self._postfix(node)
        if self.closures and self.at("operator", "#", "."):
            return self._postfix(self._pointer())
        return self._secondary()

    def _pointer(self) -> Node:
        name = ""
        if self.at("operator", "#"):
            self.next()
            if self.at("name"):
                name = self.next().text
        if name == "index":
            raise Refused("the pointer #index")
        return Node("pointer", name)

    def _secondary(self) -> Node:
        token = self.current
        if token.says("name", *CONSTANTS):
            constant = CONSTANTS[self.next().text]
            return Node(constant.kind, constant.value)
        if token.kind == "name":
            self.next()
            called = self.at("bracket", "(")
            return self._postfix(self.call(token.text, []) if called else Node("name", token.text))
        if token.kind == "number":
            self.next()
            return _number(token.text)
        if token.kind == "string":
            node = Node("string", self.next().text)
            return self._postfix(node) if self.engine is Engine.HEAD else node
        if self.at("bracket", "["):
            return self._postfix(self._array())
        if self.at("bracket", "{"):
            raise Refused("a map in braces")
        raise self.unexpected()

    def call(self, name: str, arguments: list[Node]) -> Node:
        """The call of a function, whose first argument a pipe may have brought."""
        if name in PREDICATES[self.engine]:
            signature = PREDICATES[self.engine][name][len(arguments) :]
            return Node("builtin", name, arguments + self._predicated(signature))
        arguments = arguments + self._arguments()
        if name in BUILTINS[self.engine]:
            return Node("builtin", name, arguments)
        return Node("call", None, [Node("name", name), *arguments])

    def _predicated(self, signature: str) -> list[Node]:
        self.expect("bracket", "(")
        taken: list[Node] = []
        for letter in signature:
            if letter.islower() and not self._more():
                break
            if taken:
                self.expect("operator", ",")
            taken.append(self.expression(0) if letter in "Ee" else self._closure())
        if self.engine is Engine.HEAD and self.at("operator", ","):
            self.next()
        self.expect("bracket", ")")
        return taken

    def _more(self) -> bool:
        """Whether an argument follows that may be left out."""
        if self.engine is Engine.HEAD:
            return not self.at("bracket", ")")
        return self.at("operator", ",")

    def _closure(self) -> Node:
        braced = self.at("bracket", "{")
        if braced:
            self.next()
        self.closures += 1
        node = self.sequence()
        self.closures -= 1
        if braced:
            self.expect("bracket", "}")
        return Node("closure", None, [node])

    def _arguments(self) -> list[Node]:
        self.expect("bracket", "(")
        return self._list(")", trailing=self.engine is Engine.HEAD)

    def _array(self) -> Node:
        self.expect("bracket", "[")
        return Node("array", None, self._list("]", trailing=True))

    def _list(self, closing: str, *, trailing: bool) -> list[Node]:
        taken: list[Node] = []
        while not self.at("bracket", closing):
            if taken:
                self.expect("operator", ",")
                if trailing and self.at("bracket", closing):
                    break
            taken.append(self.expression(0))
        self.expect("bracket", closing)
        return taken

    def _postfix(self, node: Node) -> Node:
        # Only the text counts there, whatever kind of operator or bracket it is.
        while self.current.kind in ("operator", "bracket"):
            if self.current.text in (".", "?."):
                node = self._member(node, self.next().text == "?.")
            elif self.current.text == "[":
                node = self._index(node)
            else:
                break
        return node

    def _member(self, node: Node, optional: bool) -> Node:
        if optional and self.engine is Engine.HEAD and self.at("bracket", "["):
            raise Refused("the operator ?.[")
        token = self.next()
        if token.kind != "name" and not (
            token.kind == "operator" and re.fullmatch(r"[A-Za-z_$][A-Za-z0-9_$]*", token.text)
        ):
            raise ConditionError("a name is expected behind the dot")
        chained = node.kind == "chain"
        base = node.parts[0] if chained else node
        member = Node("member", optional, [base, Node("string", token.text)])
        if self.at("bracket", "("):
            member = Node("call", None, [member, *self._arguments()])
        return Node("chain", None, [member]) if chained or optional else member

    def _index(self, node: Node) -> Node:
        self.next()
        first = Node("absent") if self.at("operator", ":") else self.expression(0)
        if not self.at("operator", ":"):
            self.expect("bracket", "]")
            return Node("member", False, [node, first])
        self.next()
        last = Node("absent") if self.at("bracket", "]") else self.expression(0)
        self.expect("bracket", "]")
        return Node("slice", None, [node, first, last])


def _number(text: str) -> Node:
    digits = text.replace("_", "")
    if not re.fullmatch(r"[0-9]+", digits):
        try:
            number = float(digits)
        except ValueError:
            raise ConditionError(f"invalid number {text}") from None
        if number == float("inf"):
            raise ConditionError(f"the number {text} is too large")
        return Node("float", number)
    if len(digits.lstrip("0")) > len(str(LARGEST)) or int(digits) > LARGEST:
        raise ConditionError(f"the number {text} is too large")
    return Node("int", int(digits))
