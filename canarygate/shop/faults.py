"""The grammar of faults: `latency=200-800ms:30% route=/api/checkout; error=503:12%; leak=64KB`.

Faults are separated by `;`, `,` or line breaks. Each is `kind=value`, most with a `:share%` of the
requests, and then limits in any order: `route=` (one of the shop's), `after=` and `for=` (the
shop's age), `every=` (a freeze).
"""

import difflib
import inspect
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from canarygate.shop import quantities
from canarygate.shop.fault import Fault
from canarygate.shop.kinds import KINDS, Base, Cold, Slow
from canarygate.shop.routes import SHOP_ROUTES

LIMITS = {"route": "route", "after": "after_s", "for": "for_s", "every": "every_s"}
"""Word → field."""


@dataclass(frozen=True)
class Faults:
    """How the shop misbehaves, in the order given; healthy when empty."""

    items: tuple[Fault, ...] = ()

    def __str__(self) -> str:
        return "; ".join(str(fault) for fault in self.items)

    def __bool__(self) -> bool:
        return bool(self.items)


def parse_faults(text: str) -> Faults:
    """Text → faults; `str` of the result means the same.

    Raises:
        ValueError: naming every part that is not understood, what would be, and the nearest word.
    """
    faults: list[Fault] = []
    problems: list[str] = []
    for clause in filter(None, (part.strip() for part in re.split(r"[;,\n]", text))):
        try:
            faults.append(_parse_fault(clause))
        except ValueError as error:
            problems.append(f"fault {clause!r}: {error}")
    problems += () if problems else _without_base(faults)
    if problems:
        raise ValueError("\n".join(problems))
    return Faults(tuple(faults))


def explain_faults() -> str:
    """One line for each kind, for a `--help`."""
    return "\n".join(f"{kind.example}: {inspect.getdoc(kind)}" for kind in KINDS.values())


def _parse_fault(clause: str) -> Fault:
    words = dict(_words(clause))
    if len(words) < len(clause.split()):
        raise ValueError("a word is given twice")
    named = [word for word in words if word in KINDS]
    unknown = [word for word in words if word not in KINDS and word not in LIMITS]
    if unknown:
        raise ValueError(_unknown("word", unknown[0], [*KINDS, *LIMITS]))
    if len(named) != 1:
        raise ValueError(
            f"{'names no fault' if not named else 'names ' + ' and '.join(named)}; write one of "
            f"{', '.join(KINDS)}, and ';' between two faults"
        )
    kind = KINDS[named[0]]
    fields = _value_fields(kind, words.pop(kind.kind))
    fields |= {LIMITS[word]: _limit(kind, word, value) for word, value in words.items()}
    fault = kind(**fields)
    for problem in fault.problems():
        raise ValueError(problem)
    return fault


def _words(clause: str) -> Iterator[tuple[str, str]]:
    for part in clause.split():
        word, equals, value = part.partition("=")
        if not equals or not value:
            near = KINDS.get(_nearest(word, KINDS))
            raise ValueError(
                f"{part!r} has no value; write it like "
                + (near.example if near else "error=503:12%")
            )
        yield word, value


def _value_fields(kind: type[Fault], text: str) -> dict[str, Any]:
    value, colon, share = text.rpartition(":")
    if not colon:
        return dict(kind.read(text))
    if not kind.takes_share or kind.share_is_value:
        raise ValueError(f"{kind.kind} takes no ':{share}'; write it like {kind.example}")
    return {**kind.read(value), "percent": quantities.read_percent(share)}


def _limit(kind: type[Fault], word: str, text: str) -> str | float:
    if word not in kind.words:
        understood = ", ".join(f"{each}=" for each in kind.words) or "no limits"
        raise ValueError(f"{kind.kind} does not understand {word}=; it understands {understood}")
    if word != "route":
        return quantities.read_seconds(text)
    if text not in SHOP_ROUTES:
        raise ValueError(_unknown("route", text, SHOP_ROUTES))
    return text


def _unknown(what: str, word: str, known: Collection[str]) -> str:
    near = _nearest(word, known)
    return (
        f"unknown {what} {word!r}"
        + (f"; did you mean {near!r}?" if near else "")
        + f" (understood: {', '.join(known)})"
    )


def _nearest(word: str, known: Collection[str]) -> str:
    return next(iter(difflib.get_close_matches(word, known, n=1)), "")


def _without_base(faults: list[Fault]) -> Iterator[str]:
    """A factor without a base latency multiplies nothing: the shop would stay healthy."""
    for fault in faults:
        if not isinstance(fault, Slow | Cold) or fault.factor == 1:
            continue
        if not any(
            isinstance(base, Base) and (base.route is None or fault.reaches(base.route))
            for base in faults
        ):
            yield f"fault '{fault}': it multiplies a base latency and there is none; add base=20ms"
