"""Memory of every pod during the run, and where it is going."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from canarygate.memory import MemorySamples
from canarygate.report import wording
from canarygate.report.html import canvas, ink, scales
from canarygate.report.html.canvas import Picture, Section
from canarygate.report.html.svg import svg_text
from canarygate.results import ROLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PODS = 6
POINTS = 300
NAME_CELLS = 60
FARTHEST = 10.0
"""A projection is drawn to so many times the observed time,"""
FARTHEST_SECONDS = 3600.0
"""and to so much; a limit that is farther away is said in words."""


@dataclass(frozen=True, kw_only=True)
class _Line:
    role: str
    pod: str
    at: NDArray[np.float64]
    """Seconds since the load began."""
    bytes: NDArray[np.float64]
    limit: float | None


def memory_pictures(
    document: Mapping[str, Any], memory: Mapping[str, MemorySamples] | None
) -> Section:
    """What was sampled; and where it grows, the projection to the limit."""
    lines = [line for role in ROLES[::-1] for line in _lines(role, memory or {}, document)]
    if not lines:
        return Section(note=_why_not(document, memory))
    drawn = [line for role in ROLES[::-1] for line in _of(lines, role)[:PODS]]
    rest = len(lines) - len(drawn)
    pictures = [_samples(drawn, document)]
    left = document["memory"]["seconds_to_limit"]
    going = [line for line in drawn if left.get(line.role) is not None and line.limit]
    if going:
        pictures.append(_projection(drawn, left))
    note = f"{rest} more pods were sampled; memory.csv has them." if rest else ""
    return Section(pictures=pictures, note=note)


def _of(lines: Sequence[_Line], role: str) -> list[_Line]:
    return [line for line in lines if line.role == role]


def _why_not(document: Mapping[str, Any], memory: Mapping[str, MemorySamples] | None) -> str:
    if not document["settings"].get("memory") and not memory:
        return "Memory was not asked for, so it was not judged (--canary-metrics-url asks for it)."
    return "Memory was asked for, and not one sample could be read; memory.csv says why."


def _lines(
    role: str, memory: Mapping[str, MemorySamples], document: Mapping[str, Any]
) -> Iterator[_Line]:
    if role not in memory:
        return
    samples, began = memory[role], _began(document, memory)
    for index, pod in sorted(enumerate(samples.pods), key=lambda each: each[1]):
        rows = np.flatnonzero(
            (samples.pod == index) & np.isfinite(samples.bytes) & np.isfinite(samples.time)
        )
        rows = rows[np.argsort(samples.time[rows], kind="stable")]
        if len(rows):
            limits = samples.limit_bytes[rows]
            known = limits[np.isfinite(limits) & (limits > 0)]
            rows = rows[
                np.unique(np.linspace(0, len(rows) - 1, min(len(rows), POINTS)).astype(int))
            ]
            yield _Line(
                role=role,
                pod=wording.shortened(wording.shown(pod), NAME_CELLS),
                at=samples.time[rows] - began,
                bytes=samples.bytes[rows],
                limit=float(known[-1]) if len(known) else None,
            )


def _began(document: Mapping[str, Any], memory: Mapping[str, MemorySamples]) -> float:
    starts = (document["roles"].get(role, {}).get("start") for role in ROLES)
    known = [start for start in starts if start is not None]
    if known:
        return float(known[0])
    return float(min(np.nanmin(each.time) for each in memory.values() if len(each)))


def _samples(lines: Sequence[_Line], document: Mapping[str, Any]) -> Picture:
    figure, axes = canvas.empty(left=canvas.LEFT + 18)
    last = max(float(line.at[-1]) for line in lines)
    _draw(axes, lines)
    high = max(float(line.bytes.max()) for line in lines)
    limit = max((line.limit for line in lines if line.limit), default=None)
    if limit and limit < 2.5 * high:
        _limit(axes, limit)
        high = max(high, limit)
    _finish(axes, high, max(last, 1.0))
    canvas.moments(
        axes,
        warm_up=document["policy"].get("memory", {}).get("warm_up_seconds") or 0.0,
        decided=document["decided_at_seconds"],
        last=last,
    )
    title = "Memory during the run"
    words = "; ".join(_words(line) for line in lines)
    return _picture(figure, "memory", title, words)


def _projection(lines: Sequence[_Line], left: Mapping[str, float]) -> Picture:
    figure, axes = canvas.empty(left=canvas.LEFT + 18)
    last = max(float(line.at[-1]) for line in lines)
    farthest = min(FARTHEST * max(last, 1.0), last + FARTHEST_SECONDS)
    ends = [last + seconds for role, seconds in left.items() if _of(lines, role)]
    end = min(max(min(ends) * 1.15, last * 1.5), farthest)
    _draw(axes, lines, marks=False)
    limit = max(line.limit for line in lines if line.limit)
    _limit(axes, limit)
    for role in ROLES[::-1]:
        first = next((line for line in _of(lines, role) if line.limit), None)
        if first is None or first.limit is None or left.get(role) is None:
            continue
        from_at, from_bytes = float(first.at[-1]), float(first.bytes[-1])
        axes.plot(
            [from_at, from_at + left[role]],
            [from_bytes, first.limit],
            color=canvas.LINES[role]["color"],
            linestyle=(0, (1, 1.6)),
            linewidth=2,
        )
        if from_at + left[role] <= end:
            axes.plot([from_at + left[role]], [first.limit], "X", color=ink.FAIL, markersize=10)
    axes.axvline(last, color=ink.MUTED, linewidth=1)
    _finish(axes, max(limit, *(float(line.bytes.max()) for line in lines)), end)
    words = "; ".join(
        f"{role} reaches its limit in {wording.span(left[role])} at this growth"
        for role in ROLES[::-1]
        if left.get(role) is not None
    )
    return _picture(figure, "memory-projection", "Memory, projected to the limit", words)


def _draw(axes: "Axes", lines: Sequence[_Line], *, marks: bool = True) -> None:
    seen: set[str] = set()
    for line in lines:
        style = canvas.LINES[line.role] | ({} if marks else {"marker": None})
        every = max(1, len(line.at) // 8)
        name = None if line.role in seen else line.role
        axes.plot(line.at, line.bytes, label=name, markersize=5, markevery=every, **style)
        seen.add(line.role)


def _limit(axes: "Axes", limit: float) -> None:
    axes.axhline(limit, color=ink.FAIL, linewidth=1.5, linestyle=(0, (6, 3)))
    axes.text(
        *(0.01, limit), f"limit {_size(limit)}", transform=axes.get_yaxis_transform(), va="bottom"
    ).set_color(ink.FAIL)


def _finish(axes: "Axes", high: float, last: float) -> None:
    axes.set_ylim(0, high * 1.15)
    axes.set_xlim(0, last * 1.01)
    canvas.ticks(axes.yaxis, *scales.bytes_ticks(high * 1.15))
    (places, labels), words = scales.time_ticks(last)
    canvas.ticks(axes.xaxis, places, labels)
    canvas.label(axes, words)
    canvas.legend(axes)


def _picture(figure: Any, key: str, title: str, words: str) -> Picture:
    return Picture(key=key, title=title, words=words, svg=svg_text(figure, key, title, words))


def _words(line: _Line) -> str:
    name = f"{line.role} {line.pod}".strip()
    first, last = _size(float(line.bytes[0])), _size(float(line.bytes[-1]))
    limit = f", limit {_size(line.limit)}" if line.limit else ", no limit known"
    return f"{name}: {first} to {last} in {wording.span(float(line.at[-1] - line.at[0]))}{limit}"


def _size(number: float) -> str:
    return f"{number / 2**20:,.0f} MiB" if number < 4 * 2**30 else f"{number / 2**30:,.1f} GiB"
