"""A condition as a list of tokens."""

import re
from dataclasses import dataclass

from canarygate.lint.conditions.values import ConditionError, Engine, Refused

MOST_TOKENS = 500

SKIPPED = re.compile(r"[ \t\n\v\f\r]+|//[^\n]*|/\*.*?\*/", re.DOTALL)
NUMBER = re.compile(r"\.?[0-9][0-9_]*(?:\.(?!\.)[0-9_]*)?(?:[eE][+-]?[0-9_]*)?")
WORD = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
POINTED = re.compile(r"[A-Za-z0-9_$]+")
OPERATOR = re.compile(r"##?|\?[.?]?|\|\|?|\.\.?|[&!=*<>][&=*]?|[,:;%+\-^/]")
WORDS_OF_OPERATORS = frozenset(
    ["not", "in", "or", "and", "matches", "contains", "startsWith", "endsWith", "let"]
)
SIMPLE_ESCAPES = {
    **{"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"},
}


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a condition; its kind is name, number, string, operator, bracket or end."""

    kind: str
    text: str

    def says(self, kind: str, *texts: str) -> bool:
        """Whether the token is of this kind and has one of these texts (any, when none is given)."""
        return self.kind == kind and (not texts or self.text in texts)


def tokens(condition: str, engine: Engine) -> list[Token]:
    """All tokens, with one of the kind "end" behind them."""
    found: list[Token] = []
    at = 0
    while at < len(condition):
        if skipped := SKIPPED.match(condition, at):
            at = skipped.end()
            continue
        at = _take(condition, at, engine, found)
        if len(found) > MOST_TOKENS:
            raise Refused(f"a condition of more than {MOST_TOKENS} words")
    return [*found, Token("end", "")]


def _take(condition: str, at: int, engine: Engine, found: list[Token]) -> int:
    """Append the token(s) that begin at an index; the index behind them."""
    char = condition[at]
    if ord(char) > 127:
        raise Refused("a character beyond ASCII outside of a text")
    if char in "'\"":
        return _take_string(condition, at, found)
    if number := NUMBER.match(condition, at):
        return _take_number(condition, number, found)
    if char in "([{}])":
        found.append(Token("bracket", char))
        return at + 1
    if word := WORD.match(condition, at):
        return _take_word(condition, word, engine, found)
    if engine is Engine.HEAD and (char == "`" or condition.startswith("::", at)):
        raise Refused("a text in backticks" if char == "`" else "the operator ::")
    if condition.startswith("/*", at):
        raise ConditionError("a comment is not closed")
    operator = OPERATOR.match(condition, at)
    if operator is None:
        raise ConditionError(f"unrecognized character {char!r}")
    found.append(Token("operator", operator[0]))
    if char == "#" and (pointed := POINTED.match(condition, operator.end())):
        found.append(Token("name", pointed[0]))
        return pointed.end()
    return operator.end()


def _take_number(condition: str, number: re.Match[str], found: list[Token]) -> int:
    following = condition[number.end() : number.end() + 1]
    if re.match(r"\.?0[xXoObB]", condition[number.start() :]):
        raise Refused("a number that is not decimal")
    if following and ord(following) > 127:
        raise Refused("a character beyond ASCII outside of a text")
    if POINTED.match(following):
        raise ConditionError(f"bad number {number[0] + following!r}")
    found.append(Token("number", number[0]))
    return number.end()


def _take_word(condition: str, word: re.Match[str], engine: Engine, found: list[Token]) -> int:
    following = condition[word.end() : word.end() + 1]
    if following and ord(following) > 127:
        raise Refused("a character beyond ASCII outside of a text")
    if engine is Engine.HEAD and word[0] in ("if", "else"):
        raise Refused("if and else")
    if engine is Engine.HEAD and word[0] in ("b", "B") and following and following in "'\"":
        raise Refused("a text of bytes")
    found.append(Token("operator" if word[0] in WORDS_OF_OPERATORS else "name", word[0]))
    return word.end()


def _take_string(condition: str, at: int, found: list[Token]) -> int:
    quote = condition[at]
    taken: list[str] = []
    at += 1
    while at < len(condition) and condition[at] not in (quote, "\n"):
        char = condition[at]
        if char == "\r" or "\ud800" <= char <= "\udfff":
            raise Refused("a carriage return or half a character in a text")
        if char == "\\":
            at += 1
            char = _escaped(condition[at : at + 1], quote)
        taken.append(char)
        at += 1
    if condition[at : at + 1] != quote:
        raise ConditionError("a text is not closed")
    found.append(Token("string", "".join(taken)))
    return at + 1


def _escaped(char: str, quote: str) -> str:
    if char == quote:
        return quote
    if char in SIMPLE_ESCAPES:
        return SIMPLE_ESCAPES[char]
    if char and char in "01234567xuU":
        raise Refused(f"the escape \\{char} in a text")
    raise ConditionError("an escape in a text that there is not")
