"""The answer for people: a sentence, then the numbers in 80 columns, then where the files are."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from canarygate.results import ROLES

WIDTH = 80
COLOURS = {"pass": "green", "fail": "bold red", "inconclusive": "yellow"}
ENDPOINTS_SHOWN = 20
RUN_CHECKS = "run."


def render_report(document: Mapping[str, Any], place: str) -> RenderableType:
    """A report document as something rich can print; `place` is where its files are."""
    return Group(
        _sentence(document),
        Text(),
        _endpoints(document),
        Text(),
        _checks(document["checks"]),
        Text(),
        Text(f"report: {place}", overflow="fold"),
    )


def _sentence(document: Mapping[str, Any]) -> Text:
    colour = COLOURS[document["verdict"]]
    verdict, _, rest = document["sentence"].partition(":")
    return Text.assemble((verdict, colour), f":{rest}" if rest else "", overflow="fold")


def _endpoints(document: Mapping[str, Any]) -> Table:
    table = Table(box=None, width=WIDTH, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("endpoint", ratio=1, overflow="ellipsis", no_wrap=True)
    for name in ("", "requests", "failed", "p50", "p95", "max"):
        table.add_column(name, justify="left" if not name else "right", no_wrap=True)
    rows = document["endpoints"]
    for row in rows[:ENDPOINTS_SHOWN]:
        for cells in _role_rows(f"{row['method']} {row['name']}", row):
            table.add_row(*cells)
    if len(rows) > ENDPOINTS_SHOWN:
        table.add_row(f"… and {len(rows) - ENDPOINTS_SHOWN} more in report.json")
    totals = {role: facts["total"] for role, facts in document["roles"].items() if facts["total"]}
    for cells in _role_rows("all", totals):
        table.add_row(*cells)
    return table


def _role_rows(label: str, row: Mapping[str, Any]) -> Iterator[Sequence[str | Text]]:
    for role in ROLES:
        if totals := row.get(role):
            failed = sum(totals["failures"].values())
            yield (
                Text(label),
                role,
                f"{totals['requests']:,}",
                Text(f"{failed:,}", style="red" if failed else ""),
                *(_duration(totals["seconds"].get(quantile)) for quantile in ("0.5", "0.95")),
                _duration(totals["seconds_max"]),
            )
            label = ""


def _checks(checks: Sequence[Mapping[str, Any]]) -> Table:
    """Every check of the traffic; of the run's own health only what is wrong."""
    table = Table(box=None, width=WIDTH, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for name in ("check", "state"):
        table.add_column(name, no_wrap=True)
    table.add_column("why", ratio=1, overflow="fold")
    quiet = [each for each in checks if each["name"].startswith(RUN_CHECKS)]
    quiet = [each for each in quiet if each["state"] == "pass"]
    for check in checks:
        if check not in quiet:
            state = Text(check["state"], style=COLOURS[check["state"]])
            table.add_row(Text(_short(check["name"])), state, Text(check["reason"]))
    if quiet:
        state = Text("pass", style=COLOURS["pass"])
        table.add_row(f"{RUN_CHECKS}*", state, f"the {len(quiet)} other checks of the run itself")
    return table


def _short(name: str) -> str:
    """Every limit is the canary's and every value of one a ratio: 80 columns need not say so."""
    short = name.removeprefix("canary.").replace("error_ratio", "errors")
    return short.removesuffix("_ratio").replace("_", " ")


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    if seconds < 0.01:
        return f"{seconds * 1000:.1f} ms"
    return f"{seconds * 1000:.0f} ms" if seconds < 10 else f"{seconds:.1f} s"
