"""PromQL as tokens, and its selectors with the functions around them, also of what does not parse."""

import re
from dataclasses import dataclass
from functools import lru_cache

TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
      | (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)
      | (?P<name>[A-Za-z_:][\w:]*)
      | (?P<number>(?:\d+(?:ms|[smhdwy]))+|0[xX][\da-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<mark>=~|!~|!=|==|<=|>=|[-+*/%^<>=(){}\[\],:@])
      | (?P<other>\S)""",
    re.VERBOSE,
)
WORDS = {
    *(
        "by",
        "without",
        "on",
        "ignoring",
        "group_left",
        "group_right",
        "and",
        "or",
        "unless",
        "bool",
    ),
    *("offset", "atan2", "start", "end", "inf", "nan", "keep_metric_names"),
}
LABEL_LISTS = {"by", "without", "on", "ignoring", "group_left", "group_right"}
UNITS = {
    "ms": 0.001,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "w": 604800.0,
    "y": 31536000.0,
}
AGGREGATIONS = {
    *("sum", "min", "max", "avg", "group", "stddev", "stdvar", "count", "count_values", "bottomk"),
    *("topk", "quantile", "limitk", "limit_ratio"),
}
UNKNOWN = "__arg_"
"""What an arg is read as whose value is not known."""
COUNTS = {
    "rate",
    "irate",
    "increase",
    "delta",
    "idelta",
    "deriv",
    "predict_linear",
    "resets",
    "changes",
}
"""Functions that need two samples, and read their difference."""


@dataclass(frozen=True)
class Selector:
    """One series selector in a query."""

    name: str
    matchers: tuple[tuple[str, str, str], ...]
    """Label, operator, value."""
    functions: tuple[str, ...]
    """Around it, from the outside in."""
    range_text: str = ""

    def values(self, *labels: str) -> list[str]:
        """What these labels are asked to be; not what they must not be."""
        return [text for label, op, text in self.matchers if label in labels and op in ("=", "=~")]


@dataclass(frozen=True)
class Query:
    """A query as its tokens and its selectors."""

    text: str
    tokens: tuple[tuple[str, str], ...]
    selectors: tuple[Selector, ...]

    def has(self, *words: str) -> bool:
        """Whether one of these names stands in it."""
        return any(kind == "name" and text in words for kind, text in self.tokens)


def seconds(text: str) -> float | None:
    """`5m`, `1h30m`; None for what is no duration, such as an arg."""
    parts = re.findall(r"(\d+)(ms|[smhdwy])", text)
    if not parts or "".join(map("".join, parts)) != text:
        return None
    return sum(int(count) * UNITS[unit] for count, unit in parts)


def tokens(text: str) -> tuple[tuple[str, str], ...]:
    """Kind and text of every token, comments left out."""
    found = ((match.lastgroup or "", match[0]) for match in TOKEN.finditer(text))
    return tuple(each for each in found if each[0] != "comment")


@lru_cache(maxsize=1000)
def read_query(text: str) -> Query:
    """What can be told of a query; braces of args are left as they are, as names."""
    all_tokens = tokens(re.sub(r"\{\{\s*args\.([\w.-]+)\s*\}\}", _word, text))
    return Query(text, all_tokens, tuple(_selectors(all_tokens)))


def _word(match: re.Match[str]) -> str:
    return f"{UNKNOWN}{match[1]}__".replace("-", "_").replace(".", "_")


def _selectors(found: tuple[tuple[str, str], ...]) -> list[Selector]:
    selectors: list[Selector] = []
    around: list[str] = []
    index, pending = 0, ""  # the function whose bracket comes next, maybe after a list of labels
    while index < len(found):
        kind, text = found[index]
        following = found[index + 1][1] if index + 1 < len(found) else ""
        if kind == "name" and text in LABEL_LISTS and following == "(":
            index = _close(found, index, ")")
        elif kind == "name" and (following == "(" or text in AGGREGATIONS):
            pending = text if text not in WORDS else ""
        elif text == "(":
            around.append(pending)
            pending = ""
        elif text == ")" and around:
            around.pop()
        elif text == "[":
            index = _close(found, index, "]")
        elif text == "{" or (kind == "name" and text.lower() not in WORDS):
            index, selector = _selector(found, index, tuple(filter(None, around)))
            if not selector.name.startswith(UNKNOWN):
                selectors.append(selector)
        index += 1
    return selectors


def _close(found: tuple[tuple[str, str], ...], index: int, mark: str) -> int:
    while index < len(found) and found[index] != ("mark", mark):
        index += 1
    return index


def _selector(
    found: tuple[tuple[str, str], ...], index: int, functions: tuple[str, ...]
) -> tuple[int, Selector]:
    name = "" if found[index][1] == "{" else found[index][1]
    end, matchers, range_text = index, [], ""
    start = index if not name else index + 1
    if start < len(found) and found[start][1] == "{":
        end = _close(found, start, "}")
        inner = [each for each in found[start + 1 : end] if each[1] != ","]
        for at in range(0, len(inner) - 2, 3):
            label, op, value = (text for _, text in inner[at : at + 3])
            matchers.append((label.strip("\"'"), op, value[1:-1]))
    if end + 1 < len(found) and found[end + 1] == ("mark", "["):
        close = _close(found, end + 1, "]")
        range_text = "".join(text for _, text in found[end + 2 : close])
        end = close
    return end, Selector(name, tuple(matchers), functions, range_text)
