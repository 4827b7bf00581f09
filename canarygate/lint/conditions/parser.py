"""Tokens as a tree, with the precedences and the quirks of both engines."""

from canarygate.lint.conditions.lexer import Token, tokens
from canarygate.lint.conditions.names import (
    BINARY,
    COMPARISONS,
    FROM_THE_RIGHT,
    NEGATED,
    UNARY,
)
from canarygate.lint.conditions.nodes import Node
from canarygate.lint.conditions.primaries import Primaries
from canarygate.lint.conditions.values import ConditionError, Engine, Refused

DEEPEST = 40


def parse(condition: str, engine: Engine) -> Node:
    """The tree of a condition; ConditionError when it is none."""
    parser = Parser(tokens(condition, engine), engine)
    tree = parser.sequence()
    if not parser.at("end"):
        raise parser.unexpected()
    return tree


class Parser(Primaries):
    """Operators by precedence; what stands between them is read by Primaries."""

    def __init__(self, found: list[Token], engine: Engine) -> None:
        super().__init__(found, engine)
        self.depth = 0

    def sequence(self) -> Node:
        """An expression, which in 1.17 may be several behind each other."""
        node = self.expression(0)
        if self.engine is Engine.HEAD and self.at("operator", ";"):
            raise Refused("several expressions behind each other")
        return node

    def expression(self, precedence: int) -> Node:
        """An expression of operators that bind at least this tightly."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise Refused(f"more than {DEEPEST} expressions inside each other")
        node = self._expression(precedence)
        self.depth -= 1
        return node

    def _expression(self, precedence: int) -> Node:
        if precedence == 0 and self.at("operator", "let"):
            return self._let()
        left = self.primary()
        previous = ""
        while self.current.kind == "operator":
            operator, negated = self.current.text, False
            if operator == "not":
                if not self._negation(precedence):
                    break
                operator, negated = self.current.text, True
            level = BINARY.get(operator)
            if level is None or level < precedence:
                break
            self.next()
            left = self._joined(left, operator, level, previous, negated)
            previous = operator
        return self._conditional(left) if precedence == 0 else left

    def _joined(self, left: Node, operator: str, level: int, previous: str, negated: bool) -> Node:
        if operator == "|":
            name = self.expect("name")
            return self.call(name.text, [left])
        if previous == "??" != operator:
            raise ConditionError(f"?? and {operator} cannot be mixed without parentheses")
        if self.engine is Engine.HEAD and operator in COMPARISONS:
            return self._comparisons(left, operator, level)
        right = self.expression(level if operator in FROM_THE_RIGHT else level + 1)
        node = Node("binary", operator, [left, right])
        return Node("unary", "not", [node]) if negated else node

    def _negation(self, precedence: int) -> bool:
        """Step over an infix `not`; False when no operator follows that binds tightly enough."""
        before = self.index
        self.next()
        if self.engine is Engine.V1_9:
            # It stays read: `a + b not in c` is `a + b in c` there.
            return True
        if self.current.text not in NEGATED:
            raise self.unexpected()
        if BINARY[self.current.text] >= precedence:
            return True
        self.index = before
        return False

    def _comparisons(self, left: Node, operator: str, level: int) -> Node:
        """`1 < a < 2`, which 1.17 reads as `1 < a && a < 2`."""
        whole: Node | None = None
        while True:
            right = self.expression(level + 1)
            each = Node("binary", operator, [left, right])
            whole = each if whole is None else Node("binary", "&&", [whole, each])
            left, operator = right, self.current.text
            if not self.at("operator", *COMPARISONS):
                return whole
            self.next()

    def _let(self) -> Node:
        self.next()
        name = self.expect("name")
        self.expect("operator", "=")
        value = self.expression(0)
        self.expect("operator", ";")
        return Node("let", name.text, [value, self.sequence()])

    def _conditional(self, node: Node) -> Node:
        while self.at("operator", "?"):
            self.next()
            if self.at("operator", ":"):
                self.next()
                node = Node("conditional", None, [node, node, self.expression(0)])
                continue
            chosen = self.expression(0)
            self.expect("operator", ":")
            node = Node("conditional", None, [node, chosen, self.expression(0)])
        return node

    def unary(self) -> Node | None:
        """An operator before its operand, when one stands here."""
        operator = self.current.text
        if self.current.kind != "operator" or operator not in UNARY:
            return None
        self.next()
        return Node("unary", operator, [self.expression(UNARY[operator])])
