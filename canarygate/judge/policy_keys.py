"""What a policy's keys are and what their values may be; what is wrong with a document of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Protocol


class Key(Protocol):
    """What a key's value may be; `str()` of it says so, after `must be`."""

    def accepts(self, value: object) -> bool:
        """Whether this is a possible value."""
        ...


@dataclass(frozen=True, kw_only=True)
class Number:
    """A finite number from `low` to `high`, ends included or not."""

    low: float
    high: float
    ends: str = "()"
    whole: bool = False

    def accepts(self, value: object) -> bool:
        """A bool is no number here, though Python counts it as one."""
        if isinstance(value, bool) or not isinstance(value, int if self.whole else int | float):
            return False
        return (
            self.low < value < self.high
            or (value == self.low and self.ends[0] == "[")
            or (value == self.high and self.ends[1] == "]")
        )

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        low = f"{'of at least' if self.ends[0] == '[' else 'above'} {self.low:g}"
        return f"{kind} {low} and {'at most' if self.ends[1] == ']' else 'below'} {self.high:g}"


@dataclass(frozen=True, kw_only=True)
class Switch:
    """On or off."""

    def accepts(self, value: object) -> bool:
        """0 and 1 are numbers, not switches."""
        return isinstance(value, bool)

    def __str__(self) -> str:
        return "true or false"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One word of several."""

    words: tuple[str, ...]

    def accepts(self, value: object) -> bool:
        """Exactly as it is written."""
        return isinstance(value, str) and value in self.words

    def __str__(self) -> str:
        return " or ".join(f'"{word}"' for word in self.words)


LIMIT = Number(low=1e-6, high=1, ends="[)")
ALPHA = Number(low=0, high=0.5, ends="(]")
CONFIDENCE = Number(low=0.5, high=1, ends="[)")
SHARE = Number(low=0, high=1, ends="()")
RATIO = Number(low=0, high=100, ends="(]")
SECONDS = Number(low=0, high=60, ends="[]")
KEYS: Mapping[str, Mapping[str, Key]] = {
    "errors": {"share": LIMIT},
    "slow": {"slower_than_seconds": Number(low=0, high=3600, ends="(]"), "share": LIMIT},
    "evidence": {
        "alpha": ALPHA,
        "confidence": CONFIDENCE,
        "hits_apart": Number(low=1, high=100, ends="[]", whole=True),
        "block_seconds": SECONDS,
        "silence_seconds": Number(low=1, high=3600, ends="[]"),
    },
    "compare": {
        "enabled": Switch(),
        "tolerance": Number(low=0, high=100, ends="[]"),
        "tolerance_seconds": SECONDS,
        "slower_alpha": ALPHA,
        "persistence": Number(low=0, high=1, ends="(]"),
        "requests": Number(low=5, high=1_000_000, ends="[]", whole=True),
    },
    "compare_errors": {
        "alpha": ALPHA,
        "share": Number(low=0, high=1, ends="[)"),
        "seconds_apart": Number(low=1, high=100, ends="[]", whole=True),
    },
    "compare_gross": {
        "tolerance": Number(low=0, high=100, ends="[]"),
        "tolerance_seconds": SECONDS,
        "alpha": ALPHA,
        "rank_p": ALPHA,
        "block_seconds": SECONDS,
    },
    "compare_stalls": {
        "alpha": ALPHA,
        "share": Number(low=0, high=100, ends="[]"),
        "seconds": SECONDS,
    },
    "clear": {
        "slower": RATIO,
        "slower_seconds": SECONDS,
        "share": SHARE,
        "slow_seconds": Number(low=0, high=3600, ends="(]"),
        "confidence": CONFIDENCE,
        "last_look": Choice(words=("default", "strict")),
        "last_slower": RATIO,
        "last_share": SHARE,
        "last_confidence": CONFIDENCE,
    },
    "memory": {
        "warm_up_seconds": Number(low=0, high=3600, ends="[]"),
        "samples": Number(low=4, high=1_000_000, ends="[]", whole=True),
        "span_seconds": Number(low=0, high=86_400, ends="[]"),
        "horizon_seconds": Number(low=0, high=2_592_000, ends="(]"),
        "horizon_times": Number(low=0, high=1_000_000, ends="(]"),
        "confidence": CONFIDENCE,
        "full_share": Number(low=0, high=1, ends="(]"),
    },
    "run": {
        "unfinished_share": Number(low=0, high=1, ends="[)"),
        "exceptions": Number(low=0, high=1_000_000, ends="[]", whole=True),
        "cut_short_seconds": Number(low=0, high=3600, ends="[]"),
        "generator_cpu": Number(low=0, high=1, ends="(]"),
        "generator_lag_seconds": Number(low=0, high=60, ends="(]"),
    },
}
LISTS = frozenset({"slow"})


def problems(document: Mapping[str, object]) -> Iterator[str]:
    """Everything that is wrong with what a policy's file gives, in words."""
    for section, content in document.items():
        if section not in KEYS:
            yield _unknown(f"section {section!r}", section, KEYS)
        elif section in LISTS:
            yield from _list_problems(section, content)
        elif isinstance(content, dict):
            yield from _key_problems(f"[{section}]", content, KEYS[section])
        else:
            yield f"{section} must be a table; write [{section}]"


def _list_problems(section: str, content: object) -> Iterator[str]:
    if not isinstance(content, list) or not all(isinstance(each, dict) for each in content):
        yield f"{section} must be a list of tables; write [[{section}]]"
        return
    for number, table in enumerate(content, 1):
        where = f"[[{section}]] number {number}:"
        yield from _key_problems(where, table, KEYS[section])
        yield from (f"{where} {key} is missing" for key in KEYS[section] if key not in table)
    # Compared as they are written into the name of a check.
    durations = [table.get("slower_than_seconds") for table in content]
    accepted = KEYS[section]["slower_than_seconds"].accepts
    seen = [f"{duration:g}" for duration in durations if accepted(duration)]
    for duration in dict.fromkeys(each for each in seen if seen.count(each) > 1):
        yield f"[[{section}]]: slower_than_seconds = {duration} is given more than once"


def _key_problems(
    where: str, table: Mapping[str, object], keys: Mapping[str, Key]
) -> Iterator[str]:
    for name, value in table.items():
        if name not in keys:
            yield _unknown(f"{where} key {name!r}", name, keys)
        elif not keys[name].accepts(value):
            yield f"{where} {name} = {value!r} must be {keys[name]}"


def _unknown(what: str, name: str, known: Mapping[str, object]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"{what} is unknown" + (
        f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(known)}"
    )
