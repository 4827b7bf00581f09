"""The answer for people: a sentence, then the numbers in 80 columns, then where the files are."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from canarygate.report.comparison import COLOURS, ENDPOINTS_SHOWN, comparison_lines
from canarygate.report.wording import NOTHING, duration, share, shown, span
from canarygate.results import ROLES

WIDTH = 80
RUN_CHECKS = "run."
SHORT = {
    "canary.error_ratio": "errors",
    "compare.errors": "more errors",
    "compare.gross_slowness": "much slower",
    "compare.clear": "ruled out",
    "memory.growth": "memory",
}
"""Checks whose name alone, without what stands before it, would not say what they are."""


def render_report(document: Mapping[str, Any], place: str) -> RenderableType:
    """A report document as something rich can print; `place` is where its files are."""
    return _Report(document, place)


@dataclass(frozen=True)
class _Report:
    document: Mapping[str, Any]
    place: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """No wider than the terminal, and no wider than 80."""
        del console
        document, width = self.document, min(WIDTH, options.max_width)
        yield _sentence(document)
        yield Text()
        if document.get("comparison"):
            yield from comparison_lines(document, width)
            yield Text()
            yield _roles(document["roles"], width)
            yield from _memory(document["memory"])
        else:
            yield _endpoints(document, width)
        yield Text()
        yield _checks(document["checks"], width)
        yield Text()
        yield Text(f"report: {self.place}", overflow="fold")


def _sentence(document: Mapping[str, Any]) -> Text:
    colour = COLOURS[document["verdict"]]
    verdict, _, rest = shown(document["sentence"]).partition(":")
    return Text.assemble((verdict, colour), f":{rest}" if rest else "", overflow="fold")


def _endpoints(document: Mapping[str, Any], width: int) -> Table:
    table = Table(box=None, width=width, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("endpoint", ratio=1, min_width=12, overflow="ellipsis", no_wrap=True)
    for name in ("", "requests", "failed", "p50", "p95", "max"):
        table.add_column(name, justify="left" if not name else "right", no_wrap=True)
    rows = document["endpoints"]
    for row in rows[:ENDPOINTS_SHOWN]:
        for cells in _role_rows(shown(f"{row['method']} {row['name']}"), row):
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
            yield (Text(label), role, *_counts(totals), *_latencies(totals))
            label = ""


def _counts(totals: Mapping[str, Any]) -> Sequence[str | Text]:
    failed = sum(totals["failures"].values())
    return f"{totals['requests']:,}", Text(f"{failed:,}", style="red" if failed else "")


def _latencies(totals: Mapping[str, Any]) -> Sequence[str]:
    quantiles = (totals["seconds"].get(each) for each in ("0.5", "0.95"))
    return *map(duration, quantiles), duration(totals["seconds_max"])


def _roles(roles: Mapping[str, Mapping[str, Any]], width: int) -> Table:
    """The whole run of each role, warm-up included."""
    table = Table(box=None, width=width, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("whole run", ratio=1, min_width=6, no_wrap=True)
    # A schedule is kept or not; without one, users that were always busy hide how slow it was.
    part, whole = ("begun", "scheduled") if _has_schedule(roles) else ("busy", "user")
    for name in ("requests", "failed", "rate", part, "unfinished", "p50", "p95", "max"):
        table.add_column(name, justify="right", no_wrap=True)
    for role in ROLES:
        facts = roles.get(role)
        if facts and facts["total"]:
            rate = facts["requests_per_second"]
            table.add_row(
                role,
                *_counts(facts["total"]),
                NOTHING if rate is None else f"{rate:,.3g}/s" if rate < 100 else f"{rate:,.0f}/s",
                _part(facts, part, whole),
                # Without the final report it is a lower bound, and a 0 would look like health.
                f"{facts['unfinished']:,}" if facts["complete"] else NOTHING,
                *_latencies(facts["total"]),
            )
    return table


def _has_schedule(roles: Mapping[str, Mapping[str, Any]]) -> bool:
    return any(facts["scheduled"] for facts in roles.values())


def _part(facts: Mapping[str, Any], part: str, whole: str) -> str:
    """Turns begun of those that were due, or the share of their time that users waited for answers."""
    unit = "" if part == "begun" else "_seconds"
    of = facts[whole + unit]
    return share(facts[part + unit] / of) if of else NOTHING


def _memory(memory: Mapping[str, Any]) -> Iterator[Text]:
    seconds = memory["seconds_to_limit"]
    if told := [f"{role} in {span(seconds[role])}" for role in ROLES if role in seconds]:
        yield Text(f"memory reaches its limit at this growth: {', '.join(told)}", overflow="fold")


def _checks(checks: Sequence[Mapping[str, Any]], width: int) -> Table:
    """Every check of the traffic and the memory; of the run's own health only what is wrong."""
    table = Table(box=None, width=width, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for name in ("check", "state"):
        table.add_column(name, no_wrap=True)
    table.add_column("why", ratio=1, overflow="fold")
    quiet = [each for each in checks if each["name"].startswith(RUN_CHECKS)]
    quiet = [each for each in quiet if each["state"] == "pass"]
    for check in checks:
        if check not in quiet:
            state = Text(check["state"], style=COLOURS[check["state"]])
            name = shown(_short(check["name"]))
            table.add_row(Text(name), state, Text(shown(check["reason"])))
    if quiet:
        state = Text("pass", style=COLOURS["pass"])
        table.add_row(f"{RUN_CHECKS}*", state, f"the {len(quiet)} other checks of the run itself")
    return table


def _short(name: str) -> str:
    """80 columns need not say that every limit is the canary's, and every value of one a ratio."""
    if name in SHORT:
        return SHORT[name]
    return (
        name.removeprefix("canary.")
        .removeprefix("compare.")
        .removesuffix("_ratio")
        .replace("_", " ")
    )
