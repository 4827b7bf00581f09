"""Where the ticks of an axis stand, and what they say."""

from collections.abc import Iterator, Sequence
from math import ceil, floor, isfinite, log10

STEPS = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0)
"""Seconds between ticks, or in one bin; after these, whole multiples of an hour."""
MINUTES_FROM = 600.0
"""A longer time axis is in minutes."""
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
RATIOS = (
    *(0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0),
    *(1.05, 1.1, 1.25, 1.5, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000),
)

Ticks = tuple[list[float], list[str]]


def step_for(span: float, most: int) -> float:
    """The shortest step of which at most so many cover `span` seconds."""
    for step in STEPS:
        if span <= step * most:
            return step
    return STEPS[-1] * ceil(span / (STEPS[-1] * most))


def time_ticks(last: float) -> tuple[Ticks, str]:
    """From 0 to `last` seconds, and the unit that they are in."""
    step = step_for(last, 6)
    places = [number * step for number in range(floor(last / step + 1e-9) + 1)]
    if last < MINUTES_FROM:
        return (places, [f"{place:g}" for place in places]), "seconds since the load began"
    return (places, [f"{place / 60:g}" for place in places]), "minutes since the load began"


def short_duration(seconds: float) -> str:
    """As a tick says it: `0.5 ms`, `20 ms`, `2 s`, `5 min`."""
    if seconds < 0.9995:
        return f"{1000 * seconds:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 120 else f"{seconds / 60:.3g} min"


def log_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers between two positive ones; at least two where there is room for them."""
    decades = range(floor(log10(low)) - 1, ceil(log10(high)) + 2)
    finer: Sequence[Sequence[float]] = ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7))
    chosen: list[float] = []
    for digits in finer:
        places = [digit * 10.0**decade for decade in decades for digit in digits]
        kept = [place for place in places if low * 0.999 <= place <= high * 1.001]
        if len(kept) > most and chosen:
            break
        chosen = kept
    return chosen[:: ceil(len(chosen) / most)] if chosen else []


def linear_ticks(high: float, most: int = 4) -> list[float]:
    """From 0 to `high`, by 1, 2 or 5 times a power of ten."""
    if not high > 0 or not isfinite(high):
        return [0.0]
    size = 10.0 ** floor(log10(high))
    step = next(s * size for s in (0.1, 0.2, 0.5, 1, 2, 5, 10) if high / (s * size) <= most)
    return [number * step for number in range(floor(high / step + 1e-9) + 1)]


def power_ticks(low: float, high: float, most: int = 5) -> Ticks:
    """Between two exponents of ten."""
    step = max(1, ceil((high - low) / most))
    places = [float(each) for each in range(ceil(low), floor(high) + 1) if each % step == 0]
    return places, [power(int(place)) for place in places]


def power(exponent: int) -> str:
    """`1/100`, `1`, `10`, `1,000`, `10⁶`."""
    if -3 <= exponent < 0:
        return f"1/{10**-exponent:,}"
    if 0 <= exponent <= 4:
        return f"{10**exponent:,}"
    return "10" + str(exponent).translate(SUPERSCRIPTS)


def ratio_ticks(low: float, high: float, apart: float) -> Ticks:
    """Changes between two ratios, at least `apart` from each other (as logs); `same` always."""
    chosen = [1.0]
    for ratio in sorted(RATIOS, key=lambda each: (each not in (0.5, 1.1, 2, 10), abs(log10(each)))):
        if low <= ratio <= high and all(abs(log10(ratio / each)) >= apart for each in chosen):
            chosen.append(ratio)
    chosen.sort()
    return chosen, [ratio_label(ratio) for ratio in chosen]


def ratio_label(ratio: float) -> str:
    """`same`, `+10 %`, `-20 %`, `5x`."""
    if ratio == 1:
        return "same"
    if ratio >= 2:
        return f"{ratio:g}x"
    percent = round(100 * (ratio - 1))
    return f"{percent:+d} %".replace("-", "\u2212")


def bytes_ticks(high: float) -> Ticks:
    """From 0 to `high` bytes, in MiB or GiB."""
    unit, name = (2.0**30, "GiB") if high >= 4 * 2.0**30 else (2.0**20, "MiB")
    places = linear_ticks(high / unit)
    return [place * unit for place in places], [f"{place:,.4g} {name}" for place in places]


def bins(last: float, most: int) -> Iterator[float]:
    """Edges of bins of one width from 0 to beyond `last` seconds."""
    step = step_for(last, most)
    yield from (number * step for number in range(ceil(last / step) + 1))
