"""The change of each endpoint with its interval, beside what is tolerated: a forest plot."""

from collections.abc import Mapping, Sequence
from math import log10
from typing import TYPE_CHECKING, Any

from canarygate.report import wording
from canarygate.report.comparison import badness
from canarygate.report.html import canvas, ink, scales
from canarygate.report.html.canvas import Picture, Section
from canarygate.report.html.svg import svg_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 24
IN_ONE = 12
"""Endpoints in one picture; all of them share an axis."""
ROW = 38
"""Pixels of one endpoint: its name, and below it its interval."""
NAME_CELLS = 34
WIDEST = (0.02, 200.0)
"""Ratios beyond these are arrows at the edge."""
MARKERS: Mapping[str, dict[str, Any]] = {
    "fail": {"marker": "X", "color": ink.FAIL},
    "pass": {"marker": "o", "color": ink.PASS},
    "inconclusive": {"marker": "D", "color": ink.OPEN},
}
Row = Mapping[str, Any]


def changes(document: Mapping[str, Any]) -> Section:
    """Every endpoint whose change is known."""
    comparison = document["comparison"]
    if not comparison:
        return Section(note=_why_not(document))
    rows = [row for row in sorted(comparison["endpoints"], key=badness) if row["ratio"] is not None]
    rows = [row for row in rows if row["ratio"] > 0]
    forgiven = document["policy"].get("compare", {}).get("tolerance_seconds") or 0.0
    rows = [{**row, "tolerated": _tolerated(row, forgiven)} for row in rows]
    if not rows:
        return Section(
            note="No endpoint has enough successes on both roles to say how much it changed."
        )
    rest = len(comparison["endpoints"]) - len(rows[:MOST])
    note = ""
    if rest:
        missing = len(comparison["endpoints"]) - len(rows)
        said = [f"{len(rows) - MOST} more are in the table"] if len(rows) > MOST else []
        said += [f"{missing} with too few successes have no interval"] if missing else []
        note = f"{'; '.join(said)}.".capitalize()
    rows, span = rows[:MOST], _range(rows[:MOST])
    parts = [rows[first : first + IN_ONE] for first in range(0, len(rows), IN_ONE)]
    pictures = [_picture(f"change-{number}", part, span) for number, part in enumerate(parts, 1)]
    return Section(pictures=pictures, note=note)


def _tolerated(row: Row, forgiven_seconds: float) -> float:
    """As a fraction: what is fast is forgiven a few milliseconds, whatever fraction they are."""
    typical = row["stable_p50"]
    return float(max(row["tolerance"], forgiven_seconds / typical if typical else 0.0))


def _why_not(document: Mapping[str, Any]) -> str:
    if len(document["roles"]) < 2:
        return (
            "There was no stable host, so nothing is compared: the canary is held to limits only."
        )
    return "Nothing was compared: the policy holds the canary to limits only."


def _picture(key: str, rows: Sequence[Row], span: tuple[float, float]) -> Picture:
    height = 26 + canvas.BOTTOM + ROW * len(rows)
    figure, axes = canvas.empty(height, left=canvas.RIGHT, top=26)
    low, high = span
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(len(rows), 0)
    axes.spines["left"].set_visible(False)
    axes.yaxis.set_visible(False)
    axes.grid(visible=False)
    apart = 58 / (canvas.WIDTH - 2 * canvas.RIGHT) * log10(high / low)
    places, labels = scales.ratio_ticks(low, high, apart)
    # In the lower half of each row only: the upper one is for its name.
    for tick in places:
        color = ink.MUTED if tick == 1 else ink.GRID
        tops = [place + 0.46 for place in range(len(rows))]
        bottoms = [place + 0.98 for place in range(len(rows))]
        axes.vlines([tick] * len(rows), tops, bottoms, color=color, linewidth=1.1, zorder=0.5)
    for place, row in enumerate(rows):
        _row(axes, place, row, low, high)
    canvas.ticks(axes.xaxis, places, labels)
    canvas.label(axes, "typical change, canary to stable (log scale)")
    canvas.legend(axes, _legend(rows))
    words = "; ".join(_words(row) for row in rows)
    title = "Change of each endpoint with its 95 % interval"
    svg = svg_text(figure, key, title, words)
    return Picture(key=key, title=title, words=words, svg=svg, has_table=True)


def _range(rows: Sequence[Row]) -> tuple[float, float]:
    low = min([row["ratio_low"] or row["ratio"] for row in rows] + [0.9])
    high = max(
        [row["ratio_high"] or row["ratio"] for row in rows]
        + [1 + min(row["tolerated"], 4.0) for row in rows]
        + [1.15]
    )
    low, high = max(low, WIDEST[0]), min(high, WIDEST[1])
    pad = (high / low) ** 0.06
    return low / pad, high * pad


def _row(axes: "Axes", place: int, row: Row, low: float, high: float) -> None:
    middle = place + 0.72
    if row["tolerated"] > 0:
        axes.fill_between(
            [1.0, min(1 + row["tolerated"], high)],
            place + 0.5,
            place + 0.94,
            color=ink.BAND,
            alpha=0.35,
            linewidth=0,
        )
    marker = MARKERS[row["state"]]
    ends = [row["ratio_low"] or row["ratio"], row["ratio_high"] or row["ratio"]]
    shown = [min(max(each, low), high) for each in ends]
    axes.plot(shown, [middle, middle], color=marker["color"], linewidth=2.2, solid_capstyle="butt")
    ratio = row["ratio"]
    if low <= ratio <= high:
        axes.plot([ratio], [middle], linestyle="", markersize=8, markeredgewidth=0, **marker)
    else:
        edge, arrow = (low, "<") if ratio < low else (high, ">")
        axes.plot([edge], [middle], linestyle="", markersize=9, marker=arrow, color=marker["color"])
    name = wording.shortened(wording.shown(f"{row['method']} {row['name']}"), NAME_CELLS)
    options: dict[str, Any] = {
        "transform": axes.get_yaxis_transform(),
        "va": "center",
        "clip_on": False,
    }
    axes.text(0, place + 0.27, name, ha="left", **options)
    axes.text(1, place + 0.27, _numbers(row), ha="right", **options)


def _numbers(row: Row) -> str:
    interval = wording.interval(row["ratio"], row["ratio_low"], row["ratio_high"])
    return f"{wording.change(row['ratio'])} {interval}".removesuffix(f" {wording.NOTHING}")


def _legend(rows: Sequence[Row]) -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    names = {"fail": "slower", "pass": "ruled out", "inconclusive": "open"}
    states = {row["state"] for row in rows}
    handles: list[Any] = [
        Line2D([], [], linestyle="", markersize=8, markeredgewidth=0, label=names[state], **marker)
        for state, marker in MARKERS.items()
        if state in states
    ]
    return [*handles, Patch(color=ink.BAND, alpha=0.35, linewidth=0, label="tolerated")]


def _words(row: Row) -> str:
    name = wording.shortened(wording.shown(f"{row['method']} {row['name']}"), 2 * NAME_CELLS)
    return f"{name} {_numbers(row)}, tolerated {wording.share(row['tolerated'])}, {row['state']}"
