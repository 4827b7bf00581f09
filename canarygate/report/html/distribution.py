"""How long each endpoint took on stable and on the canary, as the judge sees it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from canarygate.report import wording
from canarygate.report.comparison import badness
from canarygate.report.html import canvas, scales
from canarygate.report.html.canvas import Picture, Section
from canarygate.report.html.svg import svg_text
from canarygate.results import ROLES
from canarygate.summary import nearest_rank
from canarygate.trace import Seen, Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 12
POINTS = 150
NAME_CELLS = 120
SHARES = (0.0, 0.25, 0.5, 0.75, 0.95)
Place = tuple[str, str]
Durations = NDArray[np.float64]


def distributions(document: Mapping[str, Any], trace: Trace) -> Section:
    """A picture per endpoint, the worst first."""
    until = judged_until(document)
    by_role = {role: _successes(seen, until) for role, seen in trace.roles.items()}
    places = [
        place
        for place in worst_first(document)
        if any(len(found.get(place, ())) for found in by_role.values())
    ]
    if not places:
        return Section(note="No request succeeded after the warm-up, so no latency was judged.")
    pictures = [
        _picture(number, place, {role: by_role[role].get(place) for role in by_role}, document)
        for number, place in enumerate(places[:MOST], 1)
    ]
    rest = len(places) - MOST
    note = f"The worst {MOST} are drawn; {rest} more are in the table." if rest > 0 else ""
    return Section(pictures=pictures, note=note)


def judged_until(document: Mapping[str, Any]) -> float:
    """Seconds of the load that the answer rests on; infinity where it is all there is."""
    comparison = document["comparison"]
    decided = document["decided_at_seconds"]
    if decided is not None:
        return float(decided)
    return float(comparison["at_seconds"]) if comparison else float("inf")


def worst_first(document: Mapping[str, Any]) -> list[Place]:
    """Every endpoint: those that the comparison finds worst, then the slowest of the others."""
    compared = document["comparison"]["endpoints"] if document["comparison"] else []
    places = [(row["method"], row["name"]) for row in sorted(compared, key=badness)]
    known = set(places)
    rest = [row for row in document["endpoints"] if (row["method"], row["name"]) not in known]
    rest.sort(key=lambda row: (-_slowest(row), row["name"], row["method"]))
    return places + [(row["method"], row["name"]) for row in rest]


def _slowest(row: Mapping[str, Any]) -> float:
    totals = (row[role] for role in ROLES if role in row)
    return max((each["seconds"].get("0.95") or 0.0 for each in totals), default=0.0)


def _successes(seen: Seen, until: float) -> dict[Place, Durations]:
    """Ascending durations by endpoint."""
    judged = np.flatnonzero(seen.ok & seen.warm & (seen.ended <= until) & (seen.duration > 0))
    order = np.lexsort((seen.duration[judged], seen.endpoint[judged]))
    durations = seen.duration[judged][order]
    edges = np.searchsorted(seen.endpoint[judged][order], np.arange(len(seen.endpoints) + 1))
    return {
        place: durations[edges[index] : edges[index + 1]]
        for index, place in enumerate(seen.endpoints)
    }


def _picture(
    number: int,
    place: Place,
    roles: Mapping[str, Durations | None],
    document: Mapping[str, Any],
) -> Picture:
    known = {role: each for role, each in roles.items() if each is not None and len(each)}
    name = wording.shortened(wording.shown(" ".join(place)), NAME_CELLS)
    figure, axes = canvas.empty()
    low = min(float(each[0]) for each in known.values())
    high = max(float(each[-1]) for each in known.values())
    low, high = low / 1.15, high * 1.15
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(-0.03, 1.05)
    for role in (role for role in ROLES[::-1] if role in known):
        _line(axes, role, known[role])
    places = scales.log_ticks(low, high)
    canvas.ticks(axes.xaxis, places, [scales.short_duration(each) for each in places])
    canvas.ticks(axes.yaxis, SHARES, [f"{100 * each:.0f} %" for each in SHARES])
    canvas.label(axes, "answered within (log scale)")
    canvas.legend(axes)
    words = "; ".join(_words(role, known.get(role)) for role in ROLES[::-1] if role in roles)
    words += "".join(_change(place, document))
    title = f"Latency of {name}"
    key = f"latency-{number}"
    return Picture(key=key, title=name, words=words, svg=svg_text(figure, key, title, words))


def _line(axes: "Axes", role: str, durations: Durations) -> None:
    count = len(durations)
    rows = np.unique(np.linspace(0, count - 1, min(count, POINTS)).round().astype(np.int64))
    x = np.concatenate([durations[:1], durations[rows]])
    y = np.concatenate([[0.0], (rows + 1) / count])
    style = canvas.LINES[role] | {"marker": None}
    axes.plot(x, y, drawstyle="steps-post", **style)
    marks = [nearest_rank(durations, share) for share in (0.5, 0.95)]
    line = canvas.LINES[role]
    (handle,) = axes.plot([], [], label=f"{role} {wording.count(count)}", markersize=6, **line)
    del handle
    axes.plot(
        *(marks, (0.5, 0.95)),
        color=line["color"],
        marker=line["marker"],
        linestyle="",
        markersize=7,
    )


def _words(role: str, durations: Durations | None) -> str:
    if durations is None or not len(durations):
        return f"{role}: no success"
    p50, p95 = (wording.duration(nearest_rank(durations, share)) for share in (0.5, 0.95))
    noun = "success" if len(durations) == 1 else "successes"
    return f"{role}: {len(durations):,} {noun}, half within {p50}, 95 % within {p95}"


def _change(place: Place, document: Mapping[str, Any]) -> Iterator[str]:
    rows: Sequence[Mapping[str, Any]] = (document["comparison"] or {}).get("endpoints", ())
    for row in rows:
        if (row["method"], row["name"]) == place and row["ratio"] is not None:
            interval = wording.interval(row["ratio"], row["ratio_low"], row["ratio_high"])
            yield f"; typical change {wording.change(row['ratio'])} {interval}"
