"""How good the verdict is: false alarms, power and time to the answer, target beside measured.

    python benchmarks/verdict_quality.py [--pairs 100] [--only TEXT] [--arrival closed] [--jobs 1]

Every run is simulated (canarygate/judge/simulation.py), and every judge sees the same runs: 20 users
per arm, about 11.7 requests/s per arm, five endpoints, pods of typical noise unless a row says
otherwise. In brackets: the 95 % interval. A figure that does not reach its target is MISSED.
"""

import argparse
import json
import multiprocessing
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from _answering import AT_ONCE, Found, answer, figure, when, why
from _bench import put, table
from _judges import JUDGES
from _rows import FIELD_ROWS, ROWS, Row, own_limits
from _timing import KINDS, time_one

from canarygate.judge.policy import load_policy
from canarygate.judge.simulation import simulate
from canarygate.verdict import Verdict

ARRIVALS = ("closed", "open")
TIMED = {10_000: (0.1, None), 1_000_000: (3.0, 1024)}
"""By records of both roles together: seconds, and MiB of the whole process."""
OURS = "canarygate"
WIDTHS = (32, 23, 8, 37, 6, 42, 1)

Parallel = Callable[..., Iterator[list[Found]]]


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=100, help="simulated runs per row")
    parser.add_argument("--only", default="", help="only rows whose name contains this")
    parser.add_argument("--arrival", choices=ARRIVALS, help="only this one")
    parser.add_argument("--seed", type=int, default=1, help="of the first run of every row")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--time-one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.time_one:
        put(json.dumps(time_one(int(options.time_one[0]), options.time_one[1])))
        return
    seeds = range(options.seed, options.seed + options.pairs)
    rows = [row for row in ROWS if options.only in row.name]
    # A spawned process inherits no state: the answers do not depend on how many there are.
    with multiprocessing.get_context("spawn").Pool(options.jobs) as pool:
        for arrival in [options.arrival] if options.arrival else ARRIVALS:
            if rows:
                put(f"\n{arrival} arrival, {len(seeds)} runs per row")
                _print_rows(rows, arrival == "open", seeds, pool.imap)
        if not options.only:
            _print_field(seeds, pool.imap)
    if not options.only:
        _print_times()


def _batches(row: Row, is_open: bool, seeds: range) -> list[tuple[Row, bool, int, int]]:
    return [
        (row, is_open, first, min(AT_ONCE, seeds.stop - first))
        for first in range(seeds.start, seeds.stop, AT_ONCE)
    ]


def _print_rows(rows: Sequence[Row], is_open: bool, seeds: range, run: Parallel) -> None:
    batches = {row.name: _batches(row, is_open, seeds) for row in rows}
    answers = run(answer, [batch for each in batches.values() for batch in each])
    put(_line("", "what", "target", "measured", "", "answers: median (latest)", "decided by"))
    for row in rows:
        found = [each for _ in batches[row.name] for each in next(answers)]
        for cells in _cells(row, found):
            put(_line(*cells))
    for row in rows:
        if own := own_limits(row, load_policy(None)):
            put(f"{row.name}: judged under the limits its owner would set ({own})")


def _cells(row: Row, found: Sequence[Found]) -> Iterator[Sequence[str]]:
    """A line for each target; the first says how the runs were answered."""
    for number, target in enumerate(row.targets):
        measured = figure(target.measure, found)
        missed = "" if target.is_met(measured.value) else "MISSED"
        cells = (target.measure, target.text, measured.text, missed)
        yield ("", *cells, "", "") if number else (row.name, *cells, when(found), why(found))


def _line(*cells: str) -> str:
    return " ".join(f"{cell:{width}}" for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()


def _print_field(seeds: range, run: Parallel) -> None:
    """Every judge on the same runs of 45 s, % of them failed."""
    put(f"\nthe field's judges, 45 s, closed arrival, {len(seeds)} runs each: % failed")
    lines: dict[str, list[str]] = {name: [] for name in [*JUDGES, OURS]}
    for row in FIELD_ROWS:
        failed: dict[str, int] = dict.fromkeys(lines, 0)
        for seed in seeds:
            scene = simulate(seed, row.load(is_open=False), *row.faults(seed), row.noise)
            for name, fails in JUDGES.items():
                failed[name] += fails(scene)
        for batch in run(answer, _batches(row, False, seeds)):
            failed[OURS] += sum(each.verdict is Verdict.FAIL for each in batch)
        for name, count in failed.items():
            lines[name].append(f"{100 * count / len(seeds):.3g}")
    table([row.name for row in FIELD_ROWS], lines)


def _print_times() -> None:
    """One verdict, in a process of its own; the records are there already."""
    put("\none verdict")
    lines: dict[str, Sequence[str]] = {}
    for records, (seconds, mib) in TIMED.items():
        for kind in KINDS:
            command = [sys.executable, str(Path(__file__)), "--time-one", str(records), kind]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found = json.loads(done.stdout)
            late = found["seconds"] > seconds or (mib is not None and found["peak_mib"] > mib)
            lines[f"{found['records']:,} records, {kind}"] = (
                f"<= {seconds:g} s" + (f", {mib} MiB" if mib else ""),
                f"{found['seconds']:.3f} s, {found['peak_mib']:.0f} MiB"
                f" ({found['before_mib']:.0f} before)",
                "MISSED" if late else "",
                found["verdict"],
            )
    table(("target", "measured", "", "verdict"), lines)


if __name__ == "__main__":
    main()
