"""What planned runs could detect: a table of 80 columns for people, and the same as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from canarygate.report.wording import NOTHING, duration, share, shortened, shown
from canarygate.results import RunFile

VERSION = 1
WIDTH = 80
NAME_CELLS = 24
RUN_TIMES_ACROSS = 4


def power_document(run: RunFile, power: Mapping[str, Any]) -> Mapping[str, Any]:
    """What `judge --power --json` prints; `power` is the judge's answer as plain values."""
    return {"version": VERSION, "run_id": run.run_id, "service": run.service, **power}


def render_power(document: Mapping[str, Any]) -> RenderableType:
    """A document of `power_document` as something rich can print."""
    return _Power(document)


@dataclass(frozen=True)
class _Power:
    document: Mapping[str, Any]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """No wider than the terminal, and no wider than 80."""
        del console
        document, width = self.document, min(WIDTH, options.max_width)
        needed = f"{document['detected'] * 100:.0f} %"
        yield Text(
            f"smallest fault that is failed in {needed} of the runs, and when (median)",
            overflow="fold",
        )
        yield Text()
        yield _table(document["detections"], width)
        yield Text()
        for line in _notes(document):
            yield Text(line, overflow="fold")


def _table(detections: Sequence[Mapping[str, Any]], width: int) -> Table:
    table = Table(box=None, width=width, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("slower endpoint", ratio=1, min_width=12, overflow="ellipsis", no_wrap=True)
    for name in ("rate", "p50"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in detections[0]["detectable"]:
        table.add_column(f"{each['run_time_seconds']:g} s", justify="right", no_wrap=True)
    for detection in detections:
        table.add_row(
            Text(_name(detection)),
            f"{detection['per_second']:.3g}/s",
            duration(detection["typical_seconds"]),
            *(_cell(each) for each in detection["detectable"]),
        )
    return table


def _name(detection: Mapping[str, Any]) -> str:
    if detection["endpoint"] is None:
        return "more errors (points)"
    return shortened(shown(" ".join(detection["endpoint"])), NAME_CELLS)


def _cell(detectable: Mapping[str, Any]) -> str:
    size, seconds = detectable["size"], detectable["seconds"]
    return NOTHING if size is None else f"+{share(size)} {seconds:.0f}s".replace(" %", "%")


def _notes(document: Mapping[str, Any]) -> Sequence[str]:
    notes = [
        f"{document['runs']} simulated runs of each kind, from the requests of {document['role']}"
        f" in {shown(document['run_id'])}, {document['users']} users;"
        " pods differ as typical ones do (calibrate tells how yours do)",
    ]
    if document["left_out"]:
        notes.append(f"{document['left_out']} more endpoints lie between those shown")
    if document["thinned"]:
        notes.append("simulated with a part of the traffic only: real runs see at least as much")
    if any(each["size"] is None for row in document["detections"] for each in row["detectable"]):
        notes.append(f"{NOTHING}: nothing that was tried is detected so often")
    return notes
