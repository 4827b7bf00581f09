"""Label matchers with places in them for what a request names. Pure; nothing given becomes a query."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

PARAMETERS = ("service", "namespace", "canary", "stable")
"""What a request may name."""
VALUE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._+/-]{0,126}[A-Za-z0-9])?")
PLACE = re.compile(r"<([a-zA-Z_]+)>")
_MATCHER = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*"((?:[^"\\\n]|\\.)*)"\s*')
_OPPOSITE = {"=": "!=", "!=": "=", "=~": "!~", "!~": "=~"}


class Matcher(NamedTuple):
    """One label, how it is compared, and the text between the quotes as it stands in a query."""

    label: str
    operator: str
    quoted: str

    def __str__(self) -> str:
        return f'{self.label}{self.operator}"{self.quoted}"'

    @property
    def opposite(self) -> "Matcher":
        """Takes what this one leaves."""
        return self._replace(operator=_OPPOSITE[self.operator])

    @property
    def places(self) -> tuple[str, ...]:
        """The parameters that it waits for."""
        return tuple(PLACE.findall(self.quoted))

    def filled(self, values: Mapping[str, str]) -> "Matcher":
        """With the values in their places: as text, also inside of a regular expression."""

        def fill(place: re.Match[str]) -> str:
            value = values[place[1]]
            return escape(quote_regex(value) if self.operator.endswith("~") else value)

        return self._replace(quoted=PLACE.sub(fill, self.quoted))


def parse_matchers(text: str) -> tuple[Matcher, ...]:
    """`version="<canary>",traffic!="synthetic"` → matchers, sorted; empty text is none.

    Raises:
        ValueError: anything that is not whole matchers, or a place that nothing can fill.
    """
    inner = text.strip()
    if inner.startswith("{") != inner.endswith("}"):
        raise ValueError(f"{text!r} has a brace without its other")
    inner = inner.removeprefix("{").removesuffix("}").strip().removesuffix(",")
    found, position = [], 0
    while position < len(inner):
        match = _MATCHER.match(inner, position)
        if match is None:
            raise ValueError(
                f'{inner[position:].strip()!r} is no label matcher; write label="value", quotes '
                "included"
            )
        position = match.end()
        if position < len(inner) and inner[position] != ",":
            raise ValueError(f"there is a comma missing before {inner[position:]!r}")
        position += 1
        if match[1] in ("__name__", "le"):
            raise ValueError(f"{match[1]} cannot be chosen; the queries need it")
        found.append(Matcher(match[1], match[2], match[3]))
    for matcher in found:
        for place in matcher.places:
            if place not in PARAMETERS:
                raise ValueError(unknown_place(place, PARAMETERS))
    return tuple(sorted(found))


def parse_matcher(text: str) -> Matcher:
    """Exactly one, without places.

    Raises:
        ValueError: none, several, or one that waits for a parameter.
    """
    found = parse_matchers(text)
    if len(found) != 1 or found[0].places:
        raise ValueError(f'{text!r} has to be one label matcher, such as status_code=~"5.."')
    return found[0]


def unknown_place(name: str, known: Sequence[str]) -> str:
    """Says what was probably meant."""
    import difflib

    near = difflib.get_close_matches(name, known, n=1)
    meant = f"did you mean <{near[0]}>?" if near else f"there are {_listed(known)}"
    return f"<{name}> is no placeholder; {meant}"


def value_problem(name: str, value: str) -> str:
    """What is wrong with a parameter's value; empty when nothing is."""
    if VALUE.fullmatch(value):
        return ""
    return (
        f"{name}: {value[:80]!r} has to be letters, digits and . _ + / - between them, at most 128"
    )


def escape(value: str) -> str:
    """The text as it stands between the double quotes of PromQL."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def quote_regex(value: str) -> str:
    """A regular expression (RE2) of this text and nothing else."""
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", value)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"<{name}>" for name in names)
