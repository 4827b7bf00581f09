"""Latency, errors and rate of both roles over the run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from canarygate.report import wording
from canarygate.report.html import canvas, scales
from canarygate.report.html.canvas import Picture, Section
from canarygate.report.html.svg import svg_text
from canarygate.results import ROLES
from canarygate.trace import Seen, Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_BINS = 30
IN_A_BIN = 6
"""Requests, on average; fewer make lines that are torn."""
MARKS = 10
LOG_FROM = 6.0
"""From this ratio of the highest to the lowest on, a linear axis would hide the lowest."""
Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Bins:
    """One role's requests in bins of one width; NaN where there is nothing to tell."""

    middle: Numbers
    p50: Numbers
    p95: Numbers
    error_share: Numbers
    rate: Numbers
    """Requests a second."""
    errors: int


def over_time(document: Mapping[str, Any], trace: Trace) -> Section:
    """Median, 95th percentile, errors and rate."""
    last = last_second(trace)
    if not last:
        return Section(note="No request came back, so there is nothing to draw over time.")
    fewest = min(len(seen) for seen in trace.roles.values() if len(seen))
    most = max(1, min(MOST_BINS, fewest // IN_A_BIN))
    step = scales.step_for(last, most)
    edges = np.array(list(scales.bins(last, most)))
    binned = {role: bin_up(seen, edges) for role, seen in trace.roles.items() if len(seen)}
    pictures, notes = [], []
    scene = _Scene(document=document, binned=binned, last=last, step=step)
    for key, what, unit in (("p50", "Median latency", 0.5), ("p95", "95th percentile", 0.95)):
        if any(np.isfinite(getattr(each, key)).any() for each in binned.values()):
            pictures.append(scene.latency(key, what, unit))
    if any(each.errors for each in binned.values()):
        pictures.append(scene.errors())
    else:
        counts = " and ".join(f"{len(trace.roles[role]):,} of {role}" for role in binned)
        notes.append(f"No request failed ({counts}).")
    if not pictures or not any(picture.key == "time-p50" for picture in pictures):
        notes.append("No request succeeded, so there is no latency.")
    return Section(pictures=[*pictures, scene.rate()], note=" ".join(notes))


def last_second(trace: Trace) -> float:
    """Seconds until the last request of any role had ended; 0 without any."""
    return max((float(seen.ended[-1]) for seen in trace.roles.values() if len(seen)), default=0.0)


def bin_up(seen: Seen, edges: Numbers) -> Bins:
    """Quantiles are of successes, by nearest rank; the warm-up is among them."""
    count = len(edges) - 1
    place = np.clip(np.searchsorted(edges, seen.ended, "left") - 1, 0, count - 1)
    width = np.diff(edges)
    end = seen.seconds if seen.seconds and seen.seconds > edges[-2] else edges[-1]
    width[-1] = max(min(end, edges[-1]) - edges[-2], 0.2 * width[-1])
    requests = np.bincount(place, minlength=count)
    failed = np.bincount(place[~seen.ok], minlength=count)
    order = np.lexsort((seen.duration[seen.ok], place[seen.ok]))
    durations = seen.duration[seen.ok][order]
    first = np.searchsorted(place[seen.ok][order], np.arange(count + 1))
    p50, p95 = (_quantiles(durations, first, share) for share in (0.5, 0.95))
    share = np.full(count, np.nan)
    np.divide(failed, requests, out=share, where=requests > 0)
    return Bins(
        middle=(edges[:-1] + edges[1:]) / 2,
        p50=p50,
        p95=p95,
        error_share=share,
        rate=requests / width,
        errors=int(failed.sum()),
    )


def _quantiles(durations: Numbers, first: NDArray[np.int64], share: float) -> Numbers:
    count = np.diff(first)
    found = np.full(len(count), np.nan)
    some = count > 0
    rank = np.maximum(np.ceil(share * count - 1e-9).astype(np.int64), 1) - 1
    found[some] = durations[(first[:-1] + rank)[some]]
    return found


@dataclass(frozen=True, kw_only=True)
class _Scene:
    document: Mapping[str, Any]
    binned: Mapping[str, Bins]
    last: float
    step: float

    def latency(self, key: str, what: str, share: float) -> Picture:
        """Of successes, per bin."""
        del share
        figure, axes = canvas.empty()
        lines = self._lines(axes, key)
        values = np.concatenate([line[np.isfinite(line)] for line in lines.values()])
        values = values[values > 0] if (values > 0).any() else np.array([0.001])
        low, high = float(values.min()), float(values.max())
        if high / low > LOG_FROM:
            axes.set_yscale("log")
            axes.set_ylim(low / 1.3, high * 1.3)
            places = scales.log_ticks(low / 1.3, high * 1.3)
            unit = " (log)"
        else:
            axes.set_ylim(0, high * 1.12)
            places, unit = scales.linear_ticks(high * 1.12), ""
        canvas.ticks(axes.yaxis, places, [scales.short_duration(each) for each in places])
        self._finish(axes, f"per {scales.short_duration(self.step)}{unit}")
        return self._picture(figure, f"time-{key}", what, lines, wording.duration)

    def errors(self) -> Picture:
        """Share of requests that failed, per bin."""
        figure, axes = canvas.empty()
        lines = self._lines(axes, "error_share")
        high = max(float(np.nanmax(line)) for line in lines.values())
        axes.set_ylim(-0.02 * high, high * 1.12)
        places = scales.linear_ticks(high * 1.12)
        canvas.ticks(axes.yaxis, places, [f"{100 * each:.3g} %" for each in places])
        self._finish(axes, f"per {scales.short_duration(self.step)}")
        title = "Requests that failed"
        return self._picture(figure, "time-errors", title, lines, wording.share)

    def rate(self) -> Picture:
        """Requests that came back, a second."""
        figure, axes = canvas.empty()
        lines = self._lines(axes, "rate")
        high = max(float(np.nanmax(line)) for line in lines.values())
        axes.set_ylim(0, high * 1.12 or 1.0)
        places = scales.linear_ticks(high * 1.12)
        canvas.ticks(axes.yaxis, places, [f"{each:,.4g}" for each in places])
        self._finish(axes, "per second")
        title = "Requests that came back"
        return self._picture(figure, "time-rate", title, lines, lambda each: f"{each:,.3g}/s")

    def _lines(self, axes: "Axes", name: str) -> dict[str, Numbers]:
        found = {}
        for role in ROLES[::-1]:
            if role not in self.binned:
                continue
            each = self.binned[role]
            found[role] = getattr(each, name)
            every = max(1, len(each.middle) // MARKS)
            axes.plot(
                each.middle,
                found[role],
                label=role,
                markersize=5,
                markevery=every,
                **canvas.LINES[role],
            )
        return found

    def _finish(self, axes: "Axes", unit: str) -> None:
        decided = self.document["decided_at_seconds"]
        axes.set_xlim(0, self.last * 1.01)
        (places, labels), words = scales.time_ticks(self.last)
        canvas.ticks(axes.xaxis, places, labels)
        canvas.moments(
            axes,
            warm_up=self.document["warm_up_seconds"],
            decided=decided,
            last=self.last * 1.01,
        )
        canvas.label(axes, words, unit)
        canvas.legend(axes)

    def _picture(
        self, figure: Any, key: str, title: str, lines: Mapping[str, Numbers], say: Any
    ) -> Picture:
        words = "; ".join(self._words(lines, say))
        return Picture(key=key, title=title, words=words, svg=svg_text(figure, key, title, words))

    def _words(self, lines: Mapping[str, Numbers], say: Any) -> Iterator[str]:
        for role, line in lines.items():
            known = line[np.isfinite(line)]
            if len(known):
                yield (
                    f"{role}: {say(float(known.min()))} to {say(float(known.max()))}, "
                    f"at the end {say(float(known[-1]))}"
                )
