"""A comparison made by hand, with every kind of row; and a report as a terminal shows it."""

from io import StringIO
from typing import Any, Literal, Protocol

import pytest
from rich.console import Console

from canarygate.report.table import render_report
from canarygate.verdict import Comparison, EndpointComparison, Verdict


class MakeRow(Protocol):
    """Builds one endpoint of a comparison."""

    def __call__(self, name: str = "/api/checkout", **changes: Any) -> EndpointComparison:
        """POST of this name, 38 % slower, unless changed."""


@pytest.fixture
def make_row() -> MakeRow:
    def make(name: str = "/api/checkout", **changes: Any) -> EndpointComparison:
        facts: dict[str, Any] = {
            "method": "POST",
            "name": name,
            "canary_successes": 140,
            "stable_successes": 139,
            "ratio": 1.38,
            "ratio_low": 1.21,
            "ratio_high": 1.57,
            "canary_p50": 0.231,
            "canary_p95": 0.330,
            "stable_p50": 0.168,
            "stable_p95": 0.241,
            "tolerance": 0.1,
            "p": 2.1e-5,
            "p_needed": 0.0058,
            "state": Verdict.FAIL,
        }
        return EndpointComparison(**(facts | changes))

    return make


UNKNOWN = dict.fromkeys(
    (
        *("ratio", "ratio_low", "ratio_high", "p", "p_needed", "ruled_out"),
        *("canary_p50", "canary_p95", "stable_p50", "stable_p95"),
    )
)
"""What a row holds of an endpoint with too few successes."""


@pytest.fixture
def comparison(make_row: MakeRow) -> Comparison:
    """One endpoint ruled out, one slower, one open; and one that only the canary has."""
    fine = make_row(
        "/api/products/:id",
        method="GET",
        canary_successes=1234,
        stable_successes=1230,
        **{"ratio": 1.012, "ratio_low": 0.995, "ratio_high": 1.029, "p": 0.31},
        **{"canary_p50": 0.0201, "canary_p95": 0.045, "stable_p50": 0.02, "stable_p95": 0.044},
        state=Verdict.PASS,
        ruled_out=0.25,
    )
    unsure = make_row(
        "/api/cart",
        **{**UNKNOWN, "canary_p50": 0.005, "stable_p50": 0.0047},
        canary_successes=12,
        stable_successes=9,
        tolerance=0.6,
        state=Verdict.INCONCLUSIVE,
    )
    return Comparison(
        at_seconds=14.0,
        bar="look",
        endpoints=[fine, make_row(), unsure],
        only_one={"canary": [("GET", "/new")]},
        matched_share=0.962,
        step_seconds=0.12,
        measures={"latency_typical": 1.1, "latency_worst_endpoint": 1.38},
    )


class TextOf(Protocol):
    """Prints a report."""

    def __call__(
        self,
        report: dict[str, Any],
        *,
        is_terminal: bool = False,
        no_color: bool = False,
        width: int = 80,
    ) -> str:
        """What reaches the terminal, escapes included."""


@pytest.fixture(scope="session")
def text_of() -> TextOf:
    def text(
        report: dict[str, Any],
        *,
        is_terminal: bool = False,
        no_color: bool = False,
        width: int = 80,
    ) -> str:
        out = StringIO()
        colours: Literal["standard"] | None = "standard" if is_terminal else None
        console = Console(
            file=out, width=width, color_system=colours, no_color=no_color, highlight=False
        )
        console.print(render_report(report, "results/run-1/report.json"))
        return out.getvalue()

    return text


class LinesOf(Protocol):
    """Prints a report."""

    def __call__(self, report: dict[str, Any], **console: Any) -> list[str]:
        """Its lines without the blanks at their ends."""


@pytest.fixture(scope="session")
def lines_of(text_of: TextOf) -> LinesOf:
    def lines(report: dict[str, Any], **console: Any) -> list[str]:
        return [line.rstrip() for line in text_of(report, **console).splitlines()]

    return lines
