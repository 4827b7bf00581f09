"""The canary beside stable for people: two lines per endpoint, the worst endpoint first."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from canarygate.report import wording
from canarygate.results import CANARY, ROLES, STABLE

ENDPOINTS_SHOWN = 20
COLOURS = {"pass": "green", "fail": "bold red", "inconclusive": "yellow"}
WORST_FIRST = ("fail", "inconclusive", "pass")
HEAD = ("endpoint (below: stable → canary)", "typical", "sampling 95 %", "state")
HEAD_BELOW = ("successes", "p50", "p95", "tolerance", "p", "ruled out")
LOOKS = {"look": "an early look", "last_look": "the last look"}
INDENT = "  "
GAP = "  "
NAMES_SHOWN = 3
"""Of the endpoints that one role alone has; the rest is counted."""

Row = Mapping[str, Any]
Place = tuple[str, str]


def comparison_lines(document: Mapping[str, Any], width: int) -> Iterator[Text]:
    """One Text per line; `width` is in cells, and a line that is longer may be folded."""
    comparison = document["comparison"]
    rows = sorted(comparison["endpoints"], key=badness)
    yield from _table(rows[:ENDPOINTS_SHOWN], _failures(document["endpoints"]), width)
    if len(rows) > ENDPOINTS_SHOWN:
        yield Text(f"… and {len(rows) - ENDPOINTS_SHOWN} more in report.json")
    for role in ROLES:
        if names := comparison["only_one"].get(role):
            yield _only(role, names)
    yield Text(_caption(comparison, document["warm_up_seconds"]), style="dim", overflow="fold")


def badness(row: Row) -> tuple[int, float, str, str]:
    """What sorts the worst endpoint first."""
    ratio = row["ratio"]
    return (
        WORST_FIRST.index(row["state"]),
        float("inf") if ratio is None else -ratio,
        row["name"],
        row["method"],
    )


def _table(rows: Sequence[Row], failures: Mapping[Place, str], width: int) -> Iterator[Text]:
    # The heads are cells like any other: a column is as wide as its widest.
    tops = [HEAD[1:], *(_top(row) for row in rows)]
    below = [HEAD_BELOW, *(_below(row) for row in rows)]
    top_widths = _widths(tops)
    name_width = max(width - sum(top_widths) - len(GAP) * len(top_widths), len(HEAD[0]))
    lines = (_line(cells, _widths(below)) for cells in below)
    for row, cells, line in zip([None, *rows], tops, lines, strict=True):
        name = HEAD[0] if row is None else wording.shown(f"{row['method']} {row['name']}")
        name = set_cell_size(wording.shortened(name, name_width), name_width)
        *numbers, state = cells
        right = [
            " " * (wide - cell_len(cell)) + cell
            for cell, wide in zip(numbers, top_widths, strict=False)
        ]
        if row is None:
            yield Text(GAP.join([name, *right, state]), style="dim")
            yield Text(INDENT + line, style="dim")
            continue
        yield Text.assemble(GAP.join([name, *right, ""]), (state, COLOURS[state]))
        yield Text(INDENT + line)
        if failed := failures.get((row["method"], row["name"])):
            yield Text(INDENT + failed, style="red")


def _top(row: Row) -> Sequence[str]:
    return (
        wording.change(row["ratio"]),
        wording.interval(row["ratio"], row["ratio_low"], row["ratio_high"]),
        row["state"],
    )


def _below(row: Row) -> Sequence[str]:
    ruled_out = row["ruled_out"]
    return (
        f"{wording.count(row['stable_successes'])} → {wording.count(row['canary_successes'])}",
        wording.durations(row["stable_p50"], row["canary_p50"]),
        wording.durations(row["stable_p95"], row["canary_p95"]),
        wording.share(row["tolerance"]),
        _evidence(row["p"], row["p_needed"]),
        wording.NOTHING if ruled_out is None else f"> {wording.share(ruled_out)}",
    )


def _evidence(p: float | None, needed: float | None) -> str:
    if p is None:
        return wording.NOTHING
    if needed is None:
        return wording.probability(p)
    sign = "≤" if p <= needed else ">"
    return f"{wording.probability(p)} {sign} {wording.probability(needed)}"


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(cell_len, column)) for column in zip(*rows, strict=True)]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (set_cell_size(cell, wide) for cell, wide in zip(cells, widths, strict=True))
    return GAP.join(padded).rstrip()


def _failures(endpoints: Sequence[Row]) -> Mapping[Place, str]:
    """`failed 0 of 139 → 17 of 140` of those endpoints where anything did, the whole run through."""
    found = {}
    for row in endpoints:
        totals = [row[role] for role in (STABLE, CANARY) if role in row]
        failed = [sum(each["failures"].values()) for each in totals]
        if len(totals) == 2 and any(failed):
            parts = (
                f"{number:,} of {each['requests']:,}"
                for number, each in zip(failed, totals, strict=True)
            )
            found[row["method"], row["name"]] = f"failed {' → '.join(parts)}"
    return found


def _only(role: str, names: Sequence[Row]) -> Text:
    listed = [wording.shown(f"{each['method']} {each['name']}") for each in names[:NAMES_SHOWN]]
    if len(names) > NAMES_SHOWN:
        listed.append(f"{len(names) - NAMES_SHOWN} more")
    return Text(f"only {role} has: {', '.join(listed)}", overflow="fold")


def _caption(comparison: Mapping[str, Any], warm_up: float) -> str:
    text = f"compared at {comparison['at_seconds']:.4g} s by the bar of {LOOKS[comparison['bar']]}"
    text += f", latency without the first {warm_up:g} s"
    matched, step = comparison["matched_share"], comparison["step_seconds"]
    if matched is not None:
        text += f"; {wording.share(matched)} of canary's requests have a twin on stable"
        if step is not None:
            text += f", 95 % of them sent within {wording.apart(step)} of each other"
    return text
