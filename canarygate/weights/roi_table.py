"""The cost model for people: a month of each strategy side by side, in 80 columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

WIDTH = 80
NOTHING = "-"
STRATEGIES = ("static", "dynamic", "canarygate")
COUNTS = {
    "rollbacks": "rollbacks",
    "false_positives": "good releases stopped",
    "missed": "bad releases let through",
}
MONEY = {
    "rollback_impact": "rollbacks cost",
    "overprovisioning": "over-provisioning",
    "cost": "cost a month",
    "right_sizing": "right-sizing saves",
}


def render_costs(document: Mapping[str, Any]) -> RenderableType:
    """A document of `roi.costs_document` as something rich can print."""
    return _Costs(document)


@dataclass(frozen=True)
class _Costs:
    document: Mapping[str, Any]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """No wider than the terminal, and no wider than 80."""
        del console
        width = min(WIDTH, options.max_width)
        yield _table(self.document, width)
        yield Text()
        for line in _notes(self.document):
            yield Text(line, overflow="fold")


def _table(document: Mapping[str, Any], width: int) -> Table:
    table = Table(box=None, width=width, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("a month", ratio=1, min_width=10)
    for strategy in STRATEGIES:
        table.add_column(strategy, justify="right", no_wrap=True)
    months = document["months"]
    for key, label in COUNTS.items():
        table.add_row(label, *(_count(months[each][key]) for each in STRATEGIES))
    for key, label in MONEY.items():
        style = "bold" if key == "cost" else ""
        table.add_row(
            Text(label, style), *(Text(_money(months[each][key]), style) for each in STRATEGIES)
        )
    savings = document["savings_against_static"]
    for key, label, text in (
        ("net", "net saving", _money),
        ("rollback_reduction", "rollbacks cost less by", _percent),
        ("false_positives_eliminated", "fewer good releases stopped", _count),
    ):
        style = "bold" if key == "net" else ""
        cells = (text(savings[each][key]) if each in savings else NOTHING for each in STRATEGIES)
        table.add_row(Text(label, style), *(Text(cell, style) for cell in cells))
    return table


def _notes(document: Mapping[str, Any]) -> list[str]:
    inputs = {name: each["value"] for name, each in document["inputs"].items()}
    even = document["break_even_rollback_rate"]
    notes = [
        "static, dynamic: the rates of the model's source, which nobody measured here.",
        f"canarygate: stops {_share(inputs['false_alarm_share'])} of good releases and "
        f"{_share(inputs['detection_share'])} of bad ones, after {inputs['detection_seconds']:g} s "
        f"(measured on simulated runs, unless given); that {_share(inputs['bad_release_share'])} "
        "of releases are bad is an assumption.",
    ]
    if even is not None:
        notes.append(
            f"Its rollbacks cost less than static's as long as static rolls back more than {_share(even)} "
            "of releases."
        )
    return [*notes, "What the model leaves out: docs/roi.md"]


def _count(value: float | None) -> str:
    if value is None:
        return NOTHING
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def _money(value: float | None) -> str:
    return NOTHING if not value else f"{value:,.2f}"


def _percent(value: float | None) -> str:
    return NOTHING if value is None else f"{value * 100:.1f} %"


def _share(value: float) -> str:
    return f"{value * 100:.3g} %"
