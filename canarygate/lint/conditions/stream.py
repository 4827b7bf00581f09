"""Tokens, read from the left to the right."""

from canarygate.lint.conditions.lexer import Token
from canarygate.lint.conditions.values import ConditionError


class Stream:
    """Where the parser is."""

    def __init__(self, found: list[Token]) -> None:
        self.found = found
        self.index = 0

    @property
    def current(self) -> Token:
        """The token that is next."""
        return self.found[self.index]

    def at(self, kind: str, *texts: str) -> bool:
        """Whether the next token is such a one."""
        return self.current.says(kind, *texts)

    def next(self) -> Token:
        """Step over the next token."""
        token = self.current
        if token.kind == "end":
            raise ConditionError("the condition ends too early")
        self.index += 1
        return token

    def expect(self, kind: str, *texts: str) -> Token:
        """Step over a token that has to be there."""
        if not self.at(kind, *texts):
            raise self.unexpected()
        return self.next()

    def unexpected(self) -> ConditionError:
        """The error of a token that cannot stand here."""
        if self.at("end"):
            return ConditionError("the condition ends too early")
        return ConditionError(f"unexpected {self.current.text!r}")
