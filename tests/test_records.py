import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canarygate.errors import ConfigError
from canarygate.record_reader import RecordReader, read_records
from canarygate.records import (
    LONGEST,
    OUTCOMES,
    RECORD_FIELDS,
    Outcome,
    Records,
    encode_record,
)

HEADER = encode_record(RECORD_FIELDS)
NAMES = st.text(st.characters(codec=None), max_size=30)  # with NUL, line breaks, half surrogates
MOMENTS = st.integers(0, 2_000_000_000_000_000).map(lambda micros: micros / 1_000_000)
COUNTS = st.integers(0, 1_000_000)
ROWS = st.lists(
    st.tuples(
        *(MOMENTS, MOMENTS, MOMENTS, NAMES, COUNTS, NAMES, NAMES),
        *(MOMENTS, COUNTS, st.sampled_from(OUTCOMES).map(str), COUNTS, COUNTS),
    ),
    max_size=8,
)
Row = tuple[float, float, float, str, int, str, str, float, int, str, int, int]

ROW: Row = (1.5, 1.5, 1.75, "Shopper/0", 1, "GET", "/a", 250.0, 200, "ok", 12, 0)


def flat(name: str) -> str:
    """What is kept of a name: one line of text without NUL."""
    line = name if name.isprintable() else " ".join(name.splitlines()).replace("\0", " ")
    return line.encode("utf-8", "replace").decode("utf-8")


def rows_of(records: Records) -> list[Row]:
    """The records as they were written."""
    columns = (
        *(records.start, records.intended_start, records.end),
        [records.users[index] for index in records.user],
        records.sequence,
        [records.endpoints[index][0] for index in records.endpoint],
        [records.endpoints[index][1] for index in records.endpoint],
        *(records.duration_ms, records.status),
        [str(OUTCOMES[index]) for index in records.outcome],
        *(records.bytes, records.worker),
    )
    return list(zip(*columns, strict=True))


def kept(rows: list[Row]) -> list[Row]:
    return [(*row[:3], flat(row[3]), row[4], flat(row[5]), flat(row[6]), *row[7:]) for row in rows]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("records") / "canary_requests.csv"


@given(rows=ROWS, cuts=st.lists(st.integers(0, 5000), max_size=6))
def test_what_is_written_is_read_whatever_the_names_and_however_the_file_grows(
    file: Path, rows: list[Row], cuts: list[int]
) -> None:
    """The watcher reads while the recorder writes: it may see any part of a line, or of a letter."""
    text = (HEADER + "".join(encode_record(row) for row in rows)).encode("utf-8")
    file.unlink(missing_ok=True)
    reader = RecordReader(file)
    taken = reader.read()
    for end in [*sorted(cuts), len(text)]:
        file.write_bytes(text[:end])
        taken += reader.read()

    assert kept(rows) == rows_of(reader.records())
    assert (len(rows), len(rows), False) == (taken, len(reader), reader.has_partial_line)


@given(name=NAMES)
def test_a_record_is_one_line_that_other_csv_readers_understand(name: str) -> None:
    line = encode_record((1, name, 2.5, "ok"))

    assert [["1", flat(name), "2.500000", "ok"]] == list(csv.reader([line], strict=True))
    assert line.endswith("\r\n")
    assert 1 == len(line.splitlines())


def test_a_record_looks_like_this() -> None:
    assert "1.500000,1.500000,1.750000,Shopper/0,1,GET,/a,250.000000,200,ok,12,0\r\n" == (
        encode_record(ROW)
    )
    assert '"a, ""b""",c d,/ü?q=1," e"\r\n' == encode_record(('a, "b"', "c\nd", "/ü?q=1", " e"))


def test_a_name_without_end_is_cut(file: Path) -> None:
    """The CSV reader refuses a cell of more than 131,072 characters."""
    file.write_text(HEADER + encode_record((*ROW[:6], "x" * 200_000, *ROW[7:])), newline="")

    assert (("GET", "x" * LONGEST),) == read_records(file).endpoints


def test_a_cut_last_line_is_no_record(file: Path) -> None:
    file.write_text(HEADER + encode_record(ROW) + encode_record(ROW)[:-1], newline="")
    reader = RecordReader(file)

    assert (1, 1, True) == (reader.read(), len(reader), reader.has_partial_line)


@pytest.mark.parametrize("size", range(len(HEADER)))
def test_a_cut_header_is_a_file_without_records(file: Path, size: int) -> None:
    file.write_text(HEADER[:size], newline="")
    reader = RecordReader(file)

    assert (0, 0, bool(size)) == (reader.read(), len(reader), reader.has_partial_line)
    assert [] == rows_of(reader.records())


def test_a_file_that_is_not_there_yet_has_no_records(tmp_path: Path) -> None:
    assert 0 == RecordReader(tmp_path / "later.csv").read()


def test_a_file_that_is_not_there_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        read_records(tmp_path / "never.csv")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "nothing",
        encode_record(ROW[:-1])[:-2],
        encode_record((*ROW, 1))[:-2],
        encode_record(("soon", *ROW[1:]))[:-2],
        encode_record((*ROW[:4], 1.5, *ROW[5:]))[:-2],
        encode_record((*ROW[:9], "fine", *ROW[10:]))[:-2],
        encode_record(ROW)[:-2] + '"',
        '"' + encode_record(ROW)[:-2],
        encode_record(RECORD_FIELDS)[:-2],
        encode_record((*ROW[:6], "\x00", *ROW[7:]))[:-2].replace(",200,", ",\x00,"),
    ],
    ids=lambda line: line[:40] or "empty",
)
def test_a_complete_line_that_is_no_record_is_damage(file: Path, line: str) -> None:
    file.write_text(f"{HEADER}{encode_record(ROW)}{line}\r\n{encode_record(ROW)}", newline="")

    with pytest.raises(ConfigError, match="damaged record"):
        read_records(file)


@pytest.mark.parametrize("text", ["\r\n", "start,end\r\n", "Type,Name,Request Count\r\n1\r\n"])
def test_another_file_is_no_file_of_records(file: Path, text: str) -> None:
    file.write_text(text, newline="")

    with pytest.raises(ConfigError, match="not a file of records"):
        read_records(file)


def test_bytes_that_are_no_text_spoil_one_name_and_no_more(file: Path) -> None:
    line = encode_record(ROW).encode().replace(b"/a", b"/\xff\xfe")
    file.write_bytes(HEADER.encode() + line)

    assert (("GET", "/\ufffd\ufffd"),) == read_records(file).endpoints


def test_the_newest_records_are_found_from_the_end(file: Path) -> None:
    rows = [
        (*ROW[:2], end, *ROW[3:7], duration, 200, outcome, 0, 0)
        for end, duration, outcome in ((1.0, 10.0, "ok"), (3.0, 30.0, "timeout"), (4.0, 40.0, "ok"))
    ]
    file.write_text(HEADER + "".join(encode_record(row) for row in rows), newline="")
    reader = RecordReader(file)
    reader.read()

    assert [(True, 40.0), (False, 30.0)] == sorted(reader.since(3.0), reverse=True)
    assert [] == reader.since(4.5)
    assert 1 == reader.failures()


def test_a_record_that_is_fine_is_ok() -> None:
    assert ["ok"] == [str(outcome) for outcome in OUTCOMES if outcome is Outcome.OK]
