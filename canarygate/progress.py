"""How a run's progress reads: a few lines for a terminal of any size, one line for a log. Pure."""

import textwrap
from collections.abc import Iterator, Sequence

from canarygate.runner.events import Progress, RoleProgress

Segment = tuple[str, str]
"""Text, and its style: `` (none), `bold`, `dim`, `red` or `green`."""
Line = Sequence[Segment]

WIDEST = 76
"""Longer lines are harder to read, and shorter ones survive a terminal that is made narrower."""
MARGIN = 4
"""Room for the ^C that a terminal writes behind the last line."""
ROOMY = 60
LEAST_BAR = 5
BARS = {True: ("━", "─"), False: ("#", "-")}


def progress_line(event: Progress) -> str:
    """Where a run is, complete in itself: seconds, then each role, then how near the answer is."""
    parts = [_clock(event)]
    for role, each in event.roles.items():
        parts.append(
            f"{role} {each.users} users {each.requests_per_second:.1f}/s p50 {_median(each)} "
            f"{each.failures} failed"
        )
    if event.near:
        parts.append("; ".join(event.near))
    return " | ".join(parts)


def progress_lines(
    event: Progress, width: int, height: int, *, has_bars: bool = True
) -> list[Line]:
    """The same for a terminal of `width` columns and `height` rows, never wider or higher.

    Args:
        event: where the run is.
        width: columns.
        height: rows; the last one is left to the cursor.
        has_bars: the terminal can show more than ASCII.
    """
    room = min(width - MARGIN, WIDEST)
    lines: list[Line] = [_clock_line(event, room, BARS[has_bars])]
    if event.roles:
        lines += _table(event, room)
    lines += [((text, ""),) for text in _wrapped(event.near, room)]
    return [cut(line, max(room, 1)) for line in lines[: max(height - 1, 1)]]


def cut(line: Line, room: int) -> Line:
    """No longer than this."""
    kept: list[Segment] = []
    for text, style in line:
        if room > 0:
            kept.append((text[:room], style))
        room -= len(text)
    return kept


def _clock(event: Progress) -> str:
    elapsed = min(event.elapsed_seconds, event.planned_seconds)
    return f"{elapsed:.0f}/{event.planned_seconds:.0f} s"


def _clock_line(event: Progress, room: int, bars: tuple[str, str]) -> Line:
    left = event.planned_seconds - event.elapsed_seconds
    end = f"at most {left:.0f} s left" if left >= 0.5 else "waiting for the last answers"
    clock = _clock(event)
    length = room - len(clock) - len(end) - 2
    if length < LEAST_BAR:
        return ((clock, "bold"), (f" {end}", "dim"))
    done = round(length * min(1.0, event.elapsed_seconds / max(event.planned_seconds, 1e-9)))
    return (
        (clock, "bold"),
        (" " + bars[0] * done, "green"),
        (bars[1] * (length - done), "dim"),
        (f" {end}", "dim"),
    )


def _table(event: Progress, room: int) -> Iterator[Line]:
    is_roomy = room >= ROOMY
    widths = (9, 14, 12, 16) if is_roomy else (6, 8, 8, 8)
    names = ("users", "requests/s" if is_roomy else "req/s", "p50", "errors")
    label = max(map(len, event.roles))
    yield (
        (
            " " * label + "".join(f"{name:>{w}}" for name, w in zip(names, widths, strict=True)),
            "dim",
        ),
    )
    for role, each in event.roles.items():
        numbers = (str(each.users), f"{each.requests_per_second:.1f}", _median(each))
        errors = _errors(each) if is_roomy else str(each.failures)
        yield (
            (role.ljust(label), "bold"),
            ("".join(f"{cell:>{w}}" for cell, w in zip(numbers, widths[:3], strict=True)), ""),
            (f"{errors:>{widths[3]}}", "red" if each.failures else ""),
        )


def _errors(each: RoleProgress) -> str:
    if not each.failures or not each.requests:
        return str(each.failures)
    return f"{each.failures} ({each.failures / each.requests * 100:.2g} %)"


def _median(each: RoleProgress) -> str:
    if each.median_seconds is None:
        return "-"
    if each.median_seconds >= 10:
        return f"{each.median_seconds:.1f} s"
    return f"{each.median_seconds * 1000:.0f} ms"


def _wrapped(phrases: Sequence[str], room: int) -> Iterator[str]:
    """As many phrases to a line as fit; one that is longer than a line is broken between words."""
    line = ""
    for phrase in phrases:
        if line and len(line) + 2 + len(phrase) <= room:
            line = f"{line}; {phrase}"
            continue
        if line:
            yield from textwrap.wrap(line, max(room, 1))
        line = phrase
    if line:
        yield from textwrap.wrap(line, max(room, 1))
