"""The evidence E over time against what it takes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from canarygate.report.html import canvas, ink, scales
from canarygate.report.html.canvas import Picture, Section
from canarygate.report.html.svg import svg_text
from canarygate.trace import Evidence, Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOWEST = -2.0
"""Exponents below this are drawn here: there is no evidence, and how little does not matter."""
BEYOND = 3.0
"""So many powers of ten above the threshold are drawn; what is higher leaves the picture."""
LIMITS = 4
TITLES = {
    "compare.errors": "Evidence for more errors than stable",
    "compare.gross_slowness": "Evidence for gross slowness (of the worst endpoint)",
}
STYLES: Sequence[dict[str, Any]] = (
    {"linestyle": "-", "marker": "^"},
    {"linestyle": (0, (5, 2)), "marker": "o"},
    {"linestyle": (0, (1, 1.3)), "marker": "s"},
    {"linestyle": (0, (6, 2, 1, 2)), "marker": "D"},
)


def proofs(document: Mapping[str, Any], trace: Trace, last: float) -> Section:
    """Both tests of every second, and the limits together."""
    limits = [each for each in trace.evidence if each.check.startswith("canary.")]
    limits.sort(key=lambda each: -float(each.log10_e.max(initial=-np.inf)))
    compared = [each for each in trace.evidence if each.check in TITLES]
    scene = _Scene(document=document, looks=trace.looks, last=last)
    pictures = [
        scene.picture(f"evidence-{number}", TITLES[each.check], [each])
        for number, each in enumerate(compared, 1)
        if len(each.at_seconds)
    ]
    if limits:
        title = "Evidence that the canary breaks a limit"
        pictures.append(scene.picture("evidence-limits", title, limits[:LIMITS]))
    return Section(pictures=pictures, note=" ".join(_missing(document, trace, compared)))


def _missing(
    document: Mapping[str, Any], trace: Trace, compared: Sequence[Evidence]
) -> Iterator[str]:
    if not trace.evidence:
        yield "No request of the canary came back, so there is no evidence of any kind."
        return
    if document["comparison"] is None:
        yield "Nothing was compared with stable, so only the limits gather evidence."
        return
    names = {each.check for each in compared}
    if trace.generator_short:
        yield "The load generator lacked CPU, so slowness was held against nobody."
    elif "compare.gross_slowness" not in names:
        yield "No endpoint succeeded on both roles after the warm-up: no evidence about slowness."
    if "compare.errors" not in names:
        yield "A role without a request: no evidence about errors."


@dataclass(frozen=True, kw_only=True)
class _Scene:
    document: Mapping[str, Any]
    looks: Sequence[float]
    last: float

    def picture(self, key: str, title: str, lines: Sequence[Evidence]) -> Picture:
        """Lines of tests that share a threshold."""
        figure, axes = canvas.empty()
        needed = max(float(each.log10_needed.max()) for each in lines)
        top = self._top(lines, needed)
        for each, style in zip(lines, STYLES, strict=False):
            self._line(axes, each, style, top, is_alone=len(lines) == 1)
        self._threshold(axes, max(lines, key=lambda each: float(each.log10_needed.max())))
        axes.set_ylim(LOWEST - 0.25, top + 0.25)
        places, labels = scales.power_ticks(LOWEST, top)
        if places and places[0] == LOWEST:
            labels[0] = f"\u2264 {labels[0]}"
        canvas.ticks(axes.yaxis, places, labels)
        axes.set_xlim(0, self.last * 1.01)
        (places, labels), words = scales.time_ticks(self.last)
        canvas.ticks(axes.xaxis, places, labels)
        canvas.moments(
            axes,
            warm_up=0 if key == "evidence-1" else self.document["warm_up_seconds"],
            decided=self.document["decided_at_seconds"],
            last=self.last * 1.01,
        )
        if self.looks:
            floor = LOWEST - 0.25
            marks: dict[str, Any] = {"marker": "|", "markersize": 14, "markeredgewidth": 2}
            axes.plot(
                self.looks,
                [floor] * len(self.looks),
                linestyle="",
                color=ink.INK,
                clip_on=False,
                **marks,
            )
            axes.annotate(
                "look",
                (self.looks[-1], floor),
                xytext=(-4, 3),
                textcoords="offset points",
                ha="right",
            )
        canvas.label(axes, words, "E (log scale)")
        if len(lines) > 1:
            canvas.legend(axes)
        said = f"Evidence (enough is {_size(needed)}): " + "; ".join(
            _words(each, is_alone=len(lines) == 1) for each in lines
        )
        if self.looks:
            said += f". Looks at {', '.join(f'{look:g}' for look in self.looks)} s"
        return Picture(key=key, title=title, words=said, svg=svg_text(figure, key, title, said))

    def _top(self, lines: Sequence[Evidence], needed: float) -> float:
        highest = max(float(each.log10_e.max()) for each in lines)
        return float(min(max(needed + 1, np.ceil(highest)), np.ceil(needed + BEYOND)))

    def _line(
        self, axes: "Axes", each: Evidence, style: Mapping[str, Any], top: float, *, is_alone: bool
    ) -> None:
        x, y = _steps(each, self.last)
        drawn = np.clip(y, LOWEST, top + 1)
        name = None if is_alone else _short(each.check)
        axes.plot(
            x,
            drawn,
            drawstyle="steps-post",
            color=ink.CANARY,
            linewidth=2,
            label=name,
            markersize=5,
            markevery=max(1, len(x) // 6),
            **{**style, **({"marker": None} if is_alone else {})},
        )
        if each.reached_at is not None:
            at = int(np.searchsorted(each.at_seconds, each.reached_at - 1e-9))
            height = min(float(each.log10_e[min(at, len(each.log10_e) - 1)]), top)
            axes.plot([each.reached_at], [height], marker="X", markersize=10, color=ink.FAIL)

    def _threshold(self, axes: "Axes", each: Evidence) -> None:
        x = np.concatenate([[0.0], each.at_seconds, [self.last * 1.01]])
        y = np.concatenate([each.log10_needed[:1], each.log10_needed, each.log10_needed[-1:]])
        axes.plot(
            x, y, color=ink.FAIL, linewidth=1.5, linestyle=(0, (6, 3)), drawstyle="steps-post"
        )
        says = f"enough: {_size(float(y[-1]))}"
        axes.text(0.01, y.max() + 0.12, says, color=ink.FAIL, transform=axes.get_yaxis_transform())


def _steps(each: Evidence, last: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """From E = 1 at the beginning to the last that is known, until the end."""
    x = np.concatenate([[0.0], each.at_seconds, [max(last, float(each.at_seconds[-1]))]])
    y = np.concatenate([[0.0], each.log10_e, each.log10_e[-1:]])
    return x, y


def _short(check: str) -> str:
    name = check.removeprefix("canary.").removesuffix("_ratio")
    return "errors" if name == "error" else name.replace("slower_than_", "> ").replace("_", " ")


def _words(each: Evidence, *, is_alone: bool) -> str:
    name = "" if is_alone else f"{_short(each.check)}: "
    highest = float(each.log10_e.max())
    found = "none at any time" if highest < 0.005 else f"at most {_size(highest)}"
    if each.reached_at is not None:
        found += f", enough and confirmed after {each.reached_at:.4g} s"
    elif (each.log10_e >= each.log10_needed).any():
        found += ", but not all else that the test asks for held (one burst, or stable alike)"
    return f"{name}{found}"


def _size(exponent: float) -> str:
    """An E in words: `102`, `3,000`, `10⁵⁴`."""
    if exponent < 5:
        return f"{float(f'{10**exponent:.3g}'):,g}"
    return scales.power(int(np.floor(exponent)))
