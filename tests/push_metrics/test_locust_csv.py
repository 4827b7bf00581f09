import csv
import io
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canarygate.errors import ConfigError
from canarygate.records import Outcome
from push_metrics.locust_csv import read_locust_csv
from push_metrics.values import Latency, RoleValues, Traffic

DATA = Path(__file__).resolve().parent.parent / "data" / "locust_csv"
PERCENTILES = ("50%", "66%", "75%", "80%", "90%", "95%", "98%", "99%", "99.9%", "99.99%", "100%")
STATS = (
    *("Type", "Name", "Request Count", "Failure Count", "Median Response Time"),
    *("Average Response Time", "Min Response Time", "Max Response Time", "Average Content Size"),
    *("Requests/s", "Failures/s", *PERCENTILES),
)
Cells = Sequence[object]
EMPTY_TOTAL: Cells = ("", "Aggregated", 0, 0, 0, 0.0, 0, 0, 0, 0.0, 0.0, *["N/A"] * 11)


def row(method: str, name: str, requests: int = 4, failures: int = 1) -> Cells:
    """One that took 12 ms, as Locust writes it."""
    return (method, name, requests, failures, 12, 12.5, 9.0, 20.25, 2.0, 1.5, 0.5, *[12] * 11)


def as_locust_writes(header: Cells, rows: Sequence[Cells]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows])
    return text.getvalue()


def write(folder: Path, text: str, suffix: str = "stats") -> str:
    """The prefix of a run with this file."""
    (folder / f"run_{suffix}.csv").write_bytes(text.encode("utf-8"))
    return str(folder / "run")


def problems_of(prefix: str) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        read_locust_csv(prefix)
    assert raised.value.hint
    return [each.replace(prefix, "PREFIX") for each in raised.value.problems]


# --- what Locust wrote ---


def test_a_real_run_reads_as_it_was() -> None:
    """15 endpoints of two clients, among them refused, dropped, timed-out and unresolved ones."""
    values, notes = read_locust_csv(str(DATA / "odd"))
    names = {(each.method, each.name): each for each in values.endpoints}

    assert [] == notes
    assert values.total is not None
    assert (365, 222) == (values.total.requests, values.total.failures)
    assert (46, 6) == (values.exceptions, values.users)
    assert (1_795_217_007.0, 1_795_217_010.0) == (values.start, values.end)
    assert {"NA", "null", "0045", "Aggregated", 'POST "checkout", then\nstatus'} <= {
        name for _, name in names
    }
    assert names["X", "none"].latency is None
    assert {
        ("GET", "größe/日本語", Outcome.HTTP_4XX): 14,
        ("GET", "dns", Outcome.DNS): 46,
        ("GET", "fast drop", Outcome.TIMEOUT): 24,
        ("GET", "timeout", Outcome.TIMEOUT): 46,
        ("GET", "fast checkout", Outcome.HTTP_5XX): 24,
        ("GET", "/drop", Outcome.DROPPED): 5,
        ("GET", "body", Outcome.BODY): 14,
        ("GET", 'POST "checkout", then\nstatus', Outcome.HTTP_5XX): 3,
        ("GET", "refused", Outcome.REFUSED): 46,
    } == values.failures_by_kind


def test_a_real_run_without_a_request_has_no_latency() -> None:
    values, notes = read_locust_csv(str(DATA / "empty"))

    assert [] == notes
    assert (
        RoleValues(
            info={"source": "locust_csv"},
            total=Traffic(requests=0, failures=0, requests_per_second=0.0),
            endpoints=[],
            exceptions=0,
            users=1,
            start=1_795_217_012.0,
            end=1_795_217_014.0,
        ),
        [],
    ) == (values, notes)


# --- what Locust could have written ---

NAMES = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    [
        "NA",
        "null",
        "None",
        "nan",
        "0045",
        "1e5",
        "True",
        "Aggregated",
        "",
        " a ",
        "\r",
        '"',
        "a\r\nb",
    ]
)


@settings(deadline=None)
@given(
    st.dictionaries(
        st.tuples(NAMES, NAMES),
        st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)).map(sorted),
        max_size=6,
    )
)
def test_every_name_reads_back(
    tmp_path_factory: pytest.TempPathFactory, counts: Mapping[tuple[str, str], Sequence[int]]
) -> None:
    rows = [row(*name, requests, failures) for name, (failures, requests) in counts.items()]
    prefix = write(tmp_path_factory.mktemp("run"), as_locust_writes(STATS, [*rows, EMPTY_TOTAL]))

    values, _ = read_locust_csv(prefix)

    assert [(*name, *reversed(each)) for name, each in counts.items()] == [
        (each.method, each.name, each.requests, each.failures) for each in values.endpoints
    ]


def test_columns_may_be_more_and_in_another_order(tmp_path: Path) -> None:
    order = [*reversed(STATS), "New"]
    cells = [
        dict(zip(STATS, each, strict=True)) for each in (row("GET", "/"), row("", "Aggregated"))
    ]
    text = as_locust_writes(
        order, [[{**each, "New": "x"}[name] for name in order] for each in cells]
    )

    values, _ = read_locust_csv(write(tmp_path, text))

    latency = Latency(
        count=4, sum=0.05, maximum=0.02025, quantiles={0.5: 0.012, 0.95: 0.012, 0.99: 0.012}
    )
    total = Traffic(requests=4, failures=1, requests_per_second=1.5, latency=latency)
    assert total == values.total
    assert [replace(total, method="GET", name="/")] == values.endpoints


def test_percentiles_that_the_locustfile_chose_are_taken_where_they_are_ours(
    tmp_path: Path,
) -> None:
    header = [*STATS[:11], "50%", "97%"]
    rows = [row("GET", "/")[:13], row("", "Aggregated")[:13]]

    values, _ = read_locust_csv(write(tmp_path, as_locust_writes(header, rows)))

    assert values.total is not None
    assert values.total.latency is not None
    assert {0.5: 0.012} == values.total.latency.quantiles


@pytest.mark.parametrize(
    "change", [lambda text: "\ufeff" + text, lambda text: text.replace("\r", "")]
)
def test_a_mark_of_byte_order_and_other_line_ends_are_fine(tmp_path: Path, change: object) -> None:
    assert callable(change)
    text = change(as_locust_writes(STATS, [row("", "Aggregated")]))

    values, _ = read_locust_csv(write(tmp_path, text))

    assert values.total is not None
    assert 4 == values.total.requests


def test_requests_without_a_response_time_do_not_make_the_mean_look_better(tmp_path: Path) -> None:
    timeless = ("X", "none", 20, 0, 0, 0.0, 0, 0, 0.0, 6.7, 0.0, *[0] * 11)
    rows = [row("GET", "/"), timeless, row("", "Aggregated", 24)]

    values, _ = read_locust_csv(write(tmp_path, as_locust_writes(STATS, rows)))

    assert values.total is not None
    assert values.total.latency is not None
    assert (24, 4, 0.05) == (
        values.total.requests,
        values.total.latency.count,
        values.total.latency.sum,
    )


# --- what is missing or cut ---


@pytest.mark.parametrize("run", ["odd", "empty"])
def test_statistics_that_are_cut_anywhere_are_refused(tmp_path: Path, run: str) -> None:
    text = (DATA / f"{run}_stats.csv").read_bytes().decode("utf-8")
    steps = range(0, len(text), max(1, len(text) // 300))

    for end in steps:
        prefix = write(tmp_path, text[:end])
        assert 1 == len(problems_of(prefix))


def test_a_history_cut_anywhere_gives_what_came_before(tmp_path: Path) -> None:
    """Locust appends to it and may be killed; with full history names stand in it, quoted."""
    header = "Timestamp,User Count,Type,Name\r\n"
    rows = ['1795217000,2,GET,"a ""b"",\r\nc"\r\n', "1795217003,5,,Aggregated\r\n"]
    whole = [len(header), len(header + rows[0]), len(header + rows[0] + rows[1])]
    expected = [
        (None, None, None),
        (2, 1_795_217_000.0, 1_795_217_000.0),
        (5, 1_795_217_000.0, 1_795_217_003.0),
    ]
    text = header + "".join(rows)
    write(tmp_path, as_locust_writes(STATS, [row("", "Aggregated")]))

    for end in range(len(header), len(text) + 1):
        values, _ = read_locust_csv(write(tmp_path, text[:end], "stats_history"))
        rows_there = sum(end >= length for length in whole) - 1
        assert expected[rows_there] == (values.users, values.start, values.end)


def test_what_is_unknown_because_a_file_is_missing_is_said(tmp_path: Path) -> None:
    shutil.copy(DATA / "odd_stats.csv", tmp_path / "run_stats.csv")
    prefix = str(tmp_path / "run")
    values, notes = read_locust_csv(prefix)

    assert [
        "PREFIX_failures.csv is missing: the kinds of failures are unknown",
        "PREFIX_exceptions.csv is missing: the number of exceptions is unknown",
        "PREFIX_stats_history.csv is missing: users, start and end are unknown",
    ] == [note.replace(prefix, "PREFIX") for note in notes]
    assert (None, None, None, None, {}) == (
        values.exceptions,
        values.users,
        values.start,
        values.end,
        values.failures_by_kind,
    )


HEADER = as_locust_writes(STATS, [])
TOTAL = as_locust_writes(STATS, [row("", "Aggregated")])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is cut: its last line does not end"),
        ("\r\n", "is empty"),
        (HEADER, "does not end with the row named Aggregated, so it is cut"),
        (HEADER + ",Aggregated,3\r\n", "has '' as 'Failure Count', not a count"),
        (TOTAL.replace("Name,", "Names,"), "has 0 columns 'Name', not 1"),
        (TOTAL.replace("Type,", "Name,"), "has 0 columns 'Type', not 1"),
        (
            TOTAL.replace("Aggregated,4", "Aggregated,4.5"),
            "has '4.5' as 'Request Count', not a count",
        ),
        (
            TOTAL.replace("Aggregated,4", "Aggregated,1_0"),
            "has '1_0' as 'Request Count', not a count",
        ),
        (TOTAL.replace("12.5", "nan"), "has 'nan' as 'Average Response Time', not a number"),
        (TOTAL.replace("Aggregated,4,1", "Aggregated,4,5"), "'Aggregated' has more failures"),
        (TOTAL.replace("\r\n,", ',"\r\n,'), "is no table: Error tokenizing data"),
        (TOTAL + "\r\n\x00", "is cut: its last line does not end"),
        (TOTAL[:-2] + ",7\r\n", "is no table: Error tokenizing data"),
    ],
)
def test_statistics_that_are_none_are_refused_with_the_reason(
    tmp_path: Path, text: str, problem: str
) -> None:
    (found,) = problems_of(write(tmp_path, text))

    assert found.startswith("PREFIX_stats.csv: ")
    assert problem in found


def test_an_endpoint_given_twice_is_refused(tmp_path: Path) -> None:
    rows = [row("GET", "/"), row("GET", "/"), row("", "Aggregated")]

    assert ["PREFIX_stats.csv: the file has endpoints twice: [('GET', '/')]"] == (
        problems_of(write(tmp_path, as_locust_writes(STATS, rows)))
    )


def test_another_encoding_is_refused(tmp_path: Path) -> None:
    text = as_locust_writes(STATS, [row("GET", "größe"), row("", "Aggregated")])
    (tmp_path / "run_stats.csv").write_bytes(text.encode("latin-1"))

    (found,) = problems_of(str(tmp_path / "run"))

    assert "PREFIX_stats.csv: not UTF-8 at byte 217" == found


def test_every_unusable_file_is_named_at_once(tmp_path: Path) -> None:
    write(tmp_path, HEADER)
    write(tmp_path, "Method,Name,Error,Occurrences\r\nGET,/,boom,x\r\n", "failures")
    write(tmp_path, 'Count,Message,Traceback,Nodes\r\n1,a,"File', "exceptions")
    prefix = write(tmp_path, "Timestamp\r\n1\r\n", "stats_history")

    assert [
        "PREFIX_stats.csv: the file does not end with the row named Aggregated, so it is cut",
        "PREFIX_failures.csv: the file has 'x' as 'Occurrences', not a count",
        "PREFIX_exceptions.csv: the file is cut: its last line does not end",
        "PREFIX_stats_history.csv: the file has 0 columns 'User Count', not 1",
    ] == problems_of(prefix)
