"""Names and numbers as a table for people shows them."""

from rich.cells import cell_len, set_cell_size

NOTHING = "-"
ELLIPSIS = "…"
MANIFOLD = 10
"""From this ratio on, percent hide more than they say."""


def shown(name: str) -> str:
    """A name on one line: what a terminal would obey instead of showing is a question mark."""
    return "".join(each if each.isprintable() else "?" for each in name)


def shortened(text: str, cells: int) -> str:
    """At most so many cells, cut in the middle: a method and the end of a path tell names apart."""
    if cell_len(text) <= cells:
        return text
    head = (cells - 1) // 3
    tail = cells - 1 - head
    start = set_cell_size(text, head)
    end = text[-tail:]
    while cell_len(end) > tail:  # wide letters
        end = end[1:]
    return f"{start}{ELLIPSIS}{end}"


def duration(seconds: float | None) -> str:
    """With the digits that matter: `9.9 ms`, `241 ms`, `12.3 s`."""
    if seconds is None:
        return NOTHING
    return f"{_number(seconds, seconds)} {_unit(seconds)}"


def durations(stable: float | None, canary: float | None) -> str:
    """`241 → 330 ms`, in one unit."""
    known = [each for each in (stable, canary) if each is not None]
    if not known:
        return NOTHING
    longest = max(known)
    return f"{_number(stable, longest)} → {_number(canary, longest)} {_unit(longest)}"


def change(ratio: float | None) -> str:
    """A ratio of canary to stable as a change: 1.38 is `+38 %`, 12 is `12x`."""
    if ratio is None:
        return NOTHING
    return _change(ratio, ratio) if ratio >= MANIFOLD else f"{_change(ratio, ratio)} %"


def interval(ratio: float | None, low: float | None, high: float | None) -> str:
    """`[+21, +57]`, in the unit that `change` has for the ratio itself."""
    if ratio is None or low is None or high is None:
        return NOTHING
    return f"[{_change(low, ratio)}, {_change(high, ratio)}]"


def share(value: float | None) -> str:
    """A fraction as percent."""
    return NOTHING if value is None else f"{value * 100:.3g} %"


def probability(value: float) -> str:
    """Two digits, and one where only the size matters: `0.31`, `0.0058`, `2e-5`."""
    if value >= 0.001:
        return f"{value:.2g}"
    if value < 1e-9:
        return "<1e-9"
    mantissa, _, exponent = f"{value:.0e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


def count(number: int) -> str:
    """Every digit below a hundred thousand."""
    if number < 100_000:
        return f"{number:,}"
    return f"{number / 1000:,.0f}k" if number < 10_000_000 else f"{number / 1e6:,.0f}M"


def apart(seconds: float) -> str:
    """A distance in time: `0.4 ms`, `120 ms`, `2.0 s`."""
    return duration(seconds) if seconds < 1 else f"{seconds:.1f} s"


def span(seconds: float) -> str:
    """A time to come, roughly: `40 s`, `42 min`, `3.5 h`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _change(value: float, ratio: float) -> str:
    if ratio >= MANIFOLD:
        return f"{value:.3g}x" if value < 1000 else f"{value:,.0f}x"
    percent = (value - 1) * 100
    return f"{percent:+.1f}" if abs(percent) < 9.95 else f"{percent:+.0f}"


def _unit(seconds: float) -> str:
    return "ms" if seconds < 10 else "s"


def _number(seconds: float | None, longest: float) -> str:
    if seconds is None:
        return NOTHING
    if longest >= 10:
        return f"{seconds:.1f}"
    return f"{seconds * 1000:.1f}" if seconds < 0.01 else f"{seconds * 1000:.0f}"
