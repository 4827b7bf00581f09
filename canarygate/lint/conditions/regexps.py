"""The regular expressions that mean the same in Go and in Python."""

import re

from canarygate.lint.conditions.values import Refused

_CLASS = r"\[\^?(?:a-z|A-Z|0-9|[A-Za-z0-9_. ])+\]"
_ATOM = rf"(?:[A-Za-z0-9 _:/=,<>%@!\"'#&~;-]|\.|\\[.dw/+*?()|\[\]$^-]|{_CLASS})"
_SEQUENCE = rf"(?:{_ATOM}[*+?]?)*"
_GROUP = rf"\({_SEQUENCE}(?:\|{_SEQUENCE})*\)"
PLAIN = re.compile(rf"\^?(?:{_GROUP}|{_ATOM}[*+?]?)*\$?")

MOST_REPEATS = 3
LONGEST = 200


def translated(pattern: str) -> re.Pattern[str]:
    """A Go pattern as a Python one, or Refused."""
    # Python's matcher backtracks, Go's does not: few repeats, short texts.
    if len(pattern) > LONGEST or not PLAIN.fullmatch(pattern):
        raise Refused("a regular expression that Go and Python may read differently")
    if len(re.findall(r"(?<!\\)[*+]", pattern)) > MOST_REPEATS:
        raise Refused(f"a regular expression with more than {MOST_REPEATS} repeats")
    # Python's $ also matches before a last line break.
    anchored = pattern[:-1] + r"\Z" if re.search(r"(?<!\\)\$$", pattern) else pattern
    return re.compile(anchored, re.ASCII)
