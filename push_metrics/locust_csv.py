"""The CSV files of a bare Locust run as the values that the series are made of.

They know less than our own records: latency is of all requests, failures included, in whole
milliseconds; up to the last second of the run is missing; nothing says what never finished.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from canarygate.errors import ConfigError
from canarygate.records import Outcome
from canarygate.summary import QUANTILES
from push_metrics.failure_kinds import kind_of_error
from push_metrics.tables import HINT, Row, number, read_table, whole
from push_metrics.values import Latency, RoleValues, Traffic

T = TypeVar("T")

FROM_LOCUST_CSV = "locust_csv"
AGGREGATED = ("", "Aggregated")
ABSENT = "N/A"
STATS_COLUMNS = (
    "Type",
    "Name",
    "Request Count",
    "Failure Count",
    "Average Response Time",
    "Max Response Time",
    "Requests/s",
)


def read_locust_csv(prefix: str) -> tuple[RoleValues, list[str]]:
    """Read PREFIX_stats.csv and what stands beside it.

    Returns:
        The values, and a note for each thing that stays unknown because its file is missing.

    Raises:
        ConfigError: a file is unusable; it holds every problem. Only the first file is required.
    """
    problems: list[ConfigError] = []
    notes: list[str] = []

    def attempt(read: Callable[[Path], T], suffix: str, unknown: str) -> T | None:
        path = Path(f"{prefix}_{suffix}.csv")
        if unknown and not path.exists():
            notes.append(f"{path} is missing: {unknown} unknown")
            return None
        try:
            return read(path)
        except ConfigError as problem:
            problems.append(problem)
            return None

    traffic = attempt(_read_stats, "stats", "")
    kinds = attempt(_read_failures, "failures", "the kinds of failures are")
    exceptions = attempt(_read_exceptions, "exceptions", "the number of exceptions is")
    history = attempt(_read_history, "stats_history", "users, start and end are")
    if problems or traffic is None:
        raise ConfigError([str(each) for each in problems], hint=problems[0].hint)
    users, start, end = history or (None, None, None)
    *endpoints, total = traffic
    values = RoleValues(
        info={"source": FROM_LOCUST_CSV},
        total=_total(total, endpoints),
        endpoints=endpoints,
        failures_by_kind=kinds or {},
        exceptions=exceptions,
        users=users,
        start=start,
        end=end,
    )
    return values, notes


def _read_stats(path: Path) -> Sequence[Traffic]:
    """Every endpoint, and last the total."""
    rows = read_table(path, STATS_COLUMNS)
    # An endpoint may be named like the total; Locust writes the total last.
    if not rows or (rows[-1]["Type"], rows[-1]["Name"]) != AGGREGATED:
        raise ConfigError(
            f"{path}: the file does not end with the row named Aggregated, so it is cut", hint=HINT
        )
    traffic = [_traffic(path, row) for row in rows]
    names = [(each.method, each.name) for each in traffic[:-1]]
    twice = (
        {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else {}
    )
    if twice:
        raise ConfigError(f"{path}: the file has endpoints twice: {sorted(twice)}", hint=HINT)
    return traffic


def _traffic(path: Path, row: Row) -> Traffic:
    requests = whole(path, row, "Request Count")
    failures = whole(path, row, "Failure Count")
    if failures > requests:
        raise ConfigError(f"{path}: {row['Name']!r} has more failures than requests", hint=HINT)
    return Traffic(
        method=row["Type"],
        name=row["Name"],
        requests=requests,
        failures=failures,
        requests_per_second=number(path, row, "Requests/s"),
        latency=_latency(path, row, requests),
    )


def _total(row: Traffic, endpoints: Sequence[Traffic]) -> Traffic:
    """The aggregate, with the number and the sum of the response times that there really were."""
    timed = [each.latency for each in endpoints if each.latency is not None]
    latency = row.latency and replace(
        row.latency, count=sum(each.count for each in timed), sum=sum(each.sum for each in timed)
    )
    return replace(row, name="", latency=latency if timed else None)


def _latency(path: Path, row: Row, requests: int) -> Latency | None:
    maximum = number(path, row, "Max Response Time") / 1000
    mean = number(path, row, "Average Response Time") / 1000
    quantiles = {
        quantile: seconds
        for quantile in QUANTILES
        if (seconds := _percentile(path, row, f"{quantile:.0%}")) is not None
    }
    # Requests without a response time count as requests, and leave 0 everywhere else.
    if not requests or maximum <= 0:
        return None
    return Latency(count=requests, sum=mean * requests, maximum=maximum, quantiles=quantiles)


def _percentile(path: Path, row: Row, column: str) -> float | None:
    # A locustfile may report other percentiles than Locust's own.
    if row.get(column, ABSENT) == ABSENT:
        return None
    return number(path, row, column) / 1000


def _read_failures(path: Path) -> dict[tuple[str, str, Outcome], int]:
    found: dict[tuple[str, str, Outcome], int] = {}
    for row in read_table(path, ("Method", "Name", "Error", "Occurrences")):
        key = (row["Method"], row["Name"], kind_of_error(row["Error"]))
        found[key] = found.get(key, 0) + whole(path, row, "Occurrences")
    return found


def _read_exceptions(path: Path) -> int:
    return sum(whole(path, row, "Count") for row in read_table(path, ("Count", "Message")))


def _read_history(path: Path) -> tuple[int | None, float | None, float | None]:
    """Most users at once, and the first and the last second that the file knows of."""
    rows = read_table(path, ("Timestamp", "User Count"), appended=True)
    if not rows:
        return None, None, None
    times = [float(whole(path, row, "Timestamp")) for row in rows]
    users = max(whole(path, row, "User Count") for row in rows)
    return users, min(times), max(times)
