"""An empty picture in the report's style: small, quiet, its colours the page's."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from canarygate.report.html.ink import CANARY, FAIL, GRID, INK, MUTED, STABLE
from canarygate.results import CANARY as CANARY_ROLE
from canarygate.results import STABLE as STABLE_ROLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 420
HEIGHT = 240
LEFT, RIGHT, TOP, BOTTOM = 54, 22, 28, 42
"""Pixels of the margins; the legend stands in the upper one."""
FONT = 12
LINES: dict[str, dict[str, Any]] = {
    STABLE_ROLE: {"color": STABLE, "linestyle": (0, (5, 2)), "linewidth": 1.8, "marker": "o"},
    CANARY_ROLE: {"color": CANARY, "linestyle": "-", "linewidth": 2.0, "marker": "^"},
}
"""Told apart in black and white too: stable is dashed with circles, the canary solid with triangles."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One drawing with what is said beside it; all of it but `svg` is text that is yet to be escaped."""

    key: str
    title: str
    words: str
    """What it shows, with its numbers: under the picture, and for those who cannot see it."""
    svg: str
    has_table: bool = False
    """A table stands below with all that `words` say."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """Pictures of one kind; without any, the reason why there are none."""

    pictures: Sequence[Picture] = ()
    note: str = ""


@contextmanager
def drawing() -> Iterator[None]:
    """Inside, matplotlib draws as told here, whatever the machine's settings, and says nothing.

    It logs when a home cannot be written to, and warns of letters that its own font lacks; the
    browser has other fonts.
    """
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import matplotlib

            with matplotlib.rc_context():
                matplotlib.rcdefaults()
                matplotlib.rcParams.update(_style())  # type: ignore[arg-type]
                yield
    finally:
        logger.setLevel(level)


def _style() -> dict[str, Any]:
    return {
        "svg.fonttype": "none",
        "svg.hashsalt": "canarygate",
        "text.parse_math": False,
        "text.usetex": False,
        "font.family": ["DejaVu Sans"],
        "font.size": FONT,
        "text.color": INK,
        "axes.labelcolor": MUTED,
        "axes.edgecolor": MUTED,
        "axes.facecolor": "none",
        "figure.facecolor": "none",
        "axes.unicode_minus": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.labelsize": FONT,
        "grid.color": GRID,
        "grid.linewidth": 0.8,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "xtick.labelsize": FONT,
        "ytick.labelsize": FONT,
        "xtick.major.size": 3,
        "ytick.major.size": 0,
        "legend.frameon": False,
        "legend.fontsize": FONT,
        "path.simplify": True,
        "path.simplify_threshold": 0.3,
    }


def empty(height: int = HEIGHT, left: int = LEFT, top: int = TOP) -> "tuple[Figure, Axes]":
    """Axes with the usual margins."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / 72, height / 72), dpi=72)
    axes = figure.add_axes(
        (
            left / WIDTH,
            BOTTOM / height,
            (WIDTH - left - RIGHT) / WIDTH,
            (height - BOTTOM - top) / height,
        )
    )
    axes.minorticks_off()
    return figure, axes


def label(axes: "Axes", x: str, y: str = "") -> None:
    """What the axes measure; that of y lies flat above it, where nobody has to turn the head."""
    axes.set_xlabel(x, labelpad=3)
    axes.text(
        *(0, 1.02, y), transform=axes.transAxes, ha="left", va="bottom", color=MUTED, fontsize=FONT
    )


def legend(axes: "Axes", handles: Sequence[Any] | None = None) -> None:
    """Above the picture, at the right: never upon a line."""
    options: dict[str, Any] = {
        "loc": "lower right",
        "bbox_to_anchor": (1.01, 1.0),
        "ncols": 4,
        "handlelength": 2.0,
        "columnspacing": 1.1,
        "borderaxespad": 0.0,
        "handletextpad": 0.5,
    }
    if handles is None:
        axes.legend(**options)
    else:
        axes.legend(handles=handles, **options)


def ticks(axis: Any, places: Sequence[float], labels: Sequence[str]) -> None:
    """These, and no others."""
    from matplotlib.ticker import NullFormatter, NullLocator

    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())
    axis.set_ticks(list(places), labels=list(labels))


def moments(axes: "Axes", *, warm_up: float, decided: float | None, last: float) -> None:
    """The warm-up shaded, and the moment of the answer; `last` is the right end of the axis."""
    if warm_up > 0:
        axes.axvspan(0, min(warm_up, last), color=GRID, alpha=0.45, linewidth=0)
    if decided is not None:
        axes.axvline(decided, color=FAIL, linewidth=1.4, linestyle=(0, (1, 1.5)))
