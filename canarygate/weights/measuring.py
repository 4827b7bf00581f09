"""Every question about both roles, asked side by side, and what came back before the deadline."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as StillRunning
from dataclasses import dataclass
from functools import partial

from canarygate.weights.analysis import CANARY, STABLE, Reading
from canarygate.weights.pool import Pool
from canarygate.weights.prometheus import Failure, QueryFailed, ask
from canarygate.weights.queries import Measure, Query, Selection, build_queries
from canarygate.weights.settings import PrometheusSettings

QUERIES_AT_ONCE = 6
"""Of everybody together."""
FIELDS: Mapping[Measure, str] = {
    Measure.REQUESTS: "requests",
    Measure.ERRORS: "error_share",
    Measure.LATENCY: "latency_seconds",
    Measure.BEYOND: "beyond_share",
    Measure.AGE: "age_seconds",
    Measure.RESETS: "resets",
}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One query that is over."""

    query: Query
    seconds: float
    value: float | None = None
    failure: Failure | None = None
    text: str = ""
    """Of the failure."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was read of both roles, and what was not."""

    canary: Reading
    stable: Reading
    problems: tuple[str, ...]


def measure(
    prometheus: PrometheusSettings,
    selection: Selection,
    values: Mapping[str, str],
    *,
    pool: Pool,
    deadline: float,
    listen: Callable[[Sequence[Asked]], None] = lambda _asked: None,
) -> Measured:
    """Ask everything; never later than `deadline` (monotonic clock), never with an exception."""
    running = [
        (query, pool.submit(partial(_ask_one, prometheus, query, deadline)))
        for query in build_queries(selection, values)
    ]
    asked = [_wait_for(query, future, deadline) for query, future in running]
    listen(asked)
    is_bounded = Measure.BEYOND in selection.measures
    return Measured(
        canary=_reading(CANARY, asked, is_bounded),
        stable=_reading(STABLE, asked, is_bounded),
        problems=_problems(asked),
    )


def _ask_one(prometheus: PrometheusSettings, query: Query, deadline: float) -> Asked:
    began = time.monotonic()
    try:
        value = ask(prometheus, query.text, deadline=deadline)
    except QueryFailed as failed:
        seconds = time.monotonic() - began
        return Asked(query=query, seconds=seconds, failure=failed.failure, text=str(failed))
    return Asked(query=query, seconds=time.monotonic() - began, value=value)


def _wait_for(query: Query, future: "Future[Asked]", deadline: float) -> Asked:
    began = time.monotonic()
    try:
        return future.result(timeout=max(0.0, deadline - began))
    except StillRunning:
        # A name server that says nothing cannot be interrupted; nobody waits for it.
        future.cancel()
        return Asked(
            query=query,
            seconds=time.monotonic() - began,
            failure=Failure.TIMEOUT,
            text="Prometheus did not answer in time",
        )


def _reading(role: str, asked: Sequence[Asked], is_bounded: bool) -> Reading:
    found = {FIELDS[each.query.measure]: each.value for each in asked if each.query.role == role}
    return Reading(is_bounded=is_bounded, **found)


def _problems(asked: Sequence[Asked]) -> tuple[str, ...]:
    """Each failure once, with the questions that it left without an answer unless it was all of them."""
    by_text: dict[str, list[str]] = {}
    for each in asked:
        if each.failure is not None:
            by_text.setdefault(each.text, []).append(f"{each.query.role} {each.query.measure}")
    return tuple(
        text if len(questions) == len(asked) else f"{text} ({', '.join(questions)})"
        for text, questions in by_text.items()
    )
