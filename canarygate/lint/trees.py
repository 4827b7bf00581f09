"""PromQL as a tree, as Prometheus parses it: what binds what, and what each part gives."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from canarygate.lint.promql import AGGREGATIONS, UNKNOWN, Selector, read_query

SCALAR, VECTOR, RANGE, STRING, ANY = "scalar", "vector", "range vector", "string", ""
"""What an expression gives; `ANY` where that hangs on an arg that is not known."""
BINDS = {
    **{"or": 1, "and": 2, "unless": 2, "atan2": 5, "^": 6},
    **dict.fromkeys(["==", "!=", "<", "<=", ">", ">="], 3),
    **{"+": 4, "-": 4, "*": 5, "/": 5, "%": 5},
}
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
SETS = ("and", "or", "unless")
WITH_PARAMETER = ("topk", "bottomk", "quantile", "count_values", "limitk", "limit_ratio")
OPENS = {"(": ")", "{": "}", "[": "]"}


class NoTree(Exception):
    """What is written is no PromQL, or none that is known here; the text says at what."""


@dataclass(frozen=True)
class Tree:
    """One expression."""

    kind: str
    """`number`, `string`, `selector`, `call`, `aggregate`, `binary`, `unary`, `range`, `unknown`."""
    name: str = ""
    """A function, an aggregation, an operator, a number's text."""
    parts: tuple["Tree", ...] = ()
    labels: tuple[str, ...] = ()
    """Those of `by`, `without`, `on` or `ignoring`, which `how` says."""
    how: str = ""
    selector: Selector | None = None
    range_text: str = ""
    is_bool: bool = False
    is_many: bool = False
    """With group_left or group_right."""

    def walk(self) -> Iterator["Tree"]:
        """This and all below."""
        yield self
        for part in self.parts:
            yield from part.walk()

    @property
    def selectors(self) -> list[Selector]:
        """The series below."""
        return [each.selector for each in self.walk() if each.selector is not None]


@lru_cache(maxsize=1000)
def tree_of(text: str) -> Tree | None:
    """The tree of a query; None when it has none."""
    try:
        return parse(text)
    except (NoTree, RecursionError):
        return None


def parse(text: str) -> Tree:
    """The tree of a query, its args as unknown names."""
    reader = _Reader(read_query(text).tokens)
    tree = reader.expression(1)
    if reader.at < len(reader.tokens):
        raise NoTree(f"nothing joins {reader.text!r} to what stands before it")
    return tree


class _Reader:
    def __init__(self, tokens: tuple[tuple[str, str], ...]) -> None:
        self.tokens = tokens
        self.at = 0

    @property
    def text(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    @property
    def kind(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else "end"

    def take(self, wanted: str = "") -> str:
        text = self.text
        if self.kind == "end" or (wanted and text != wanted):
            missing = f"{wanted!r}" if wanted else "something"
            raise NoTree(f"{missing} is missing {f'before {text!r}' if text else 'at the end'}")
        self.at += 1
        return text

    def expression(self, least: int) -> Tree:
        left = self.unary()
        while (binds := BINDS.get(self.text.lower(), 0)) >= least and self.kind != "string":
            operator = self.take().lower()
            is_bool, is_many, how = False, False, ""
            labels: tuple[str, ...] = ()
            if self.text.lower() == "bool" and operator in COMPARISONS:
                is_bool = bool(self.take())
            if self.text.lower() in ("on", "ignoring"):
                how, labels = self.take().lower(), self.names()
            if self.text.lower() in ("group_left", "group_right"):
                is_many = bool(self.take())
                if self.text == "(":
                    self.names()
            right = self.expression(binds if operator == "^" else binds + 1)
            left = Tree(
                "binary", operator, (left, right), labels, how, is_bool=is_bool, is_many=is_many
            )
        return left

    def unary(self) -> Tree:
        if self.text in ("-", "+") and self.kind == "mark":
            return Tree("unary", self.take(), (self.expression(BINDS["^"]),))
        return self.modified(self.primary())

    def primary(self) -> Tree:
        kind, text = self.kind, self.text
        if kind == "string":
            return Tree("string", self.take())
        if kind == "number" or (kind == "name" and text.lower() in ("inf", "nan")):
            return Tree("number", self.take())
        if text == "(":
            self.take()
            inner = self.expression(1)
            self.take(")")
            return inner
        if text == "{":
            return Tree("selector", selector=Selector("", self.matchers(), ()))
        if kind != "name" or text.lower() in BINDS:
            raise NoTree(f"something is missing {f'before {text!r}' if text else 'at the end'}")
        self.take()
        following = self.text.lower()
        if text.lower() in AGGREGATIONS and following in ("(", "by", "without"):
            return self.aggregate(text.lower())
        if following == "(":
            return Tree("call", text, self.arguments())
        if text.startswith(UNKNOWN) and following != "{":
            return Tree("unknown", text)
        found = self.matchers() if following == "{" else ()
        return Tree("selector", selector=Selector(text, found, ()))

    def aggregate(self, name: str) -> Tree:
        how = ""
        labels: tuple[str, ...] = ()
        if self.text.lower() in ("by", "without"):
            how, labels = self.take().lower(), self.names()
        parts = self.arguments()
        if not how and self.text.lower() in ("by", "without"):
            how, labels = self.take().lower(), self.names()
        return Tree("aggregate", name, parts, labels, how)

    def arguments(self) -> tuple[Tree, ...]:
        self.take("(")
        found: list[Tree] = []
        while self.text != ")":
            found.append(self.expression(1))
            if self.text != ")":
                self.take(",")
        self.take(")")
        return tuple(found)

    def names(self) -> tuple[str, ...]:
        self.take("(")
        found: list[str] = []
        while self.text != ")":
            if self.kind not in ("name", "string"):
                raise NoTree(f"a list of labels holds {self.text!r}")
            found.append(self.take().strip("\"'`"))
            if self.text != ")":
                self.take(",")
        self.take(")")
        return tuple(found)

    def matchers(self) -> tuple[tuple[str, str, str], ...]:
        self.take("{")
        found: list[tuple[str, str, str]] = []
        while self.text != "}":
            kind, label = self.kind, self.take()
            if kind not in ("name", "string"):
                raise NoTree(f"{label!r} is no label")
            if self.text in ("=", "=~", "!=", "!~"):
                operator = self.take()
                if self.kind != "string" and not self.text.startswith(UNKNOWN):
                    raise NoTree(f"the value of label {label} is not in quotes")
                found.append((label.strip("\"'`"), operator, self.take()[1:-1]))
            elif kind == "name" and not label.startswith(UNKNOWN):
                raise NoTree(f"label {label} has no operator")
            if self.text.lower() == "or" or self.text == ",":
                self.take()
            elif self.text != "}":
                raise NoTree(f"a comma is missing before {self.text!r}")
        self.take("}")
        return tuple(found)

    def modified(self, tree: Tree) -> Tree:
        while self.text.lower() in ("[", "offset", "@"):
            mark = self.take().lower()
            if mark == "[":
                start = self.at
                while self.text != "]":
                    self.take()
                text = "".join(each for _, each in self.tokens[start : self.at])
                self.take("]")
                tree = Tree("range", "", (tree,), range_text=text)
                continue
            if self.text in ("-", "+"):
                self.take()
            self.take()
            if mark == "@" and self.text == "(":
                self.take("(")
                self.take(")")
        return tree
