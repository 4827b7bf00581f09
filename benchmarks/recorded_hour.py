"""A long A/A recording, judged as many short runs: how often is a healthy canary stopped?

Two equal shops are gated for an hour without an early stop, and the records are then cut into
windows, each judged as if it were a run of its own. Every fail is a false alarm.

    canarygate gate --target-host A --stable-host B --run-time 3700s --min-run-time 3700s --run-id hour
    .venv/bin/python benchmarks/recorded_hour.py results/hour
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from _bench import put

from canarygate.judge.checks import judge
from canarygate.judge.policy import load_policy
from canarygate.judge.stats import lower_bound, upper_bound
from canarygate.records import Records
from canarygate.results import RoleRun, Run, read_run
from canarygate.verdict import Judgement

SETTLED_SECONDS = 20.0
"""At the recording's start users are still being started."""
SLIDE_SECONDS = 5.0


def cut(records: Records, begin: float, end: float) -> Records:
    """The requests that were meant to be sent within a window."""
    inside = (records.intended_start >= begin) & (records.intended_start < end)
    columns: dict[str, Any] = {
        name: column[inside]
        for name, column in vars(records).items()
        if isinstance(column, np.ndarray)
    }
    return replace(records, **columns)


def window(run: Run, offset: float, seconds: float) -> Run:
    """A part of a run as a run of its own, which began `offset` seconds after the whole."""
    roles, records = {}, {}
    for role, facts in run.file.roles.items():
        begin = (facts.start or 0.0) + offset
        part = records[role] = cut(run.records[role], begin, begin + seconds)
        roles[role] = counted(facts, part, begin, seconds)
    settings = {**run.file.settings, "run_time_seconds": seconds, "min_run_time_seconds": 0.0}
    return Run(file=replace(run.file, roles=roles, settings=settings), records=records)


def counted(facts: RoleRun, part: Records, begin: float, seconds: float) -> RoleRun:
    """What its recorder would have counted."""
    number = len(part)
    return replace(
        facts,
        start=begin,
        end=begin + seconds,
        planned_seconds=seconds,
        started=number,
        returned=number,
        recorded=number,
        statistics_requests=number,
        statistics_failures=int((~part.ok).sum()),
    )


def offsets(run: Run, seconds: float, step: float) -> Iterator[float]:
    """Where windows begin, as far as both roles lasted."""
    whole = min((each.end or 0.0) - (each.start or 0.0) for each in run.file.roles.values())
    offset = SETTLED_SECONDS
    while offset + seconds <= whole:
        yield offset
        offset += step


def judged(run: Run, seconds: float, step: float) -> list[Judgement]:
    """Every window's judgement under the built-in policy."""
    policy = load_policy(None)
    parts = (window(run, offset, seconds) for offset in offsets(run, seconds, step))
    return [judge(part.file, part.records, policy) for part in parts]


def row(label: str, judgements: Sequence[Judgement]) -> str:
    """Fails and inconclusive ones, with 95 % intervals."""
    verdicts = Counter(str(each.verdict) for each in judgements)
    number = len(judgements)
    cells = [f"{label:34}", f"{number:5}"]
    for name in ("fail", "inconclusive"):
        hits = verdicts[name]
        bounds = lower_bound(hits, number, 0.975), upper_bound(hits, number, 0.975)
        cells.append(f"{hits:3} = {hits / number:6.2%} [{bounds[0]:.2%}, {bounds[1]:.2%}]")
    passed = [each.decided_at_seconds for each in judgements if each.verdict == "pass"]
    known = [each for each in passed if each is not None]
    cells.append(f"{median(known):4.0f} s" if known else "at the end")
    return "  ".join(cells)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the false alarms of windows side by side, and of sliding ones."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("results", type=Path)
    options = parser.parse_args(arguments)
    run = read_run(options.results)
    put(f"{'windows':34}  {'runs':>5}  {'failed':26}  {'inconclusive':26}  passed early after")
    for seconds in (45.0, 60.0, 300.0):
        for kind, step in (("side by side", seconds), (f"each {SLIDE_SECONDS:g} s", SLIDE_SECONDS)):
            judgements = judged(run, seconds, step)
            put(row(f"{seconds:.0f} s, {kind}", judgements))
            for each in judgements if kind == "side by side" else ():
                if each.verdict != "pass":
                    put(f"    {each.sentence}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
