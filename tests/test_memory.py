"""memory.csv: what is written is what is read back, and nothing else is believed."""

import math
from pathlib import Path

import numpy as np
import pytest

from canarygate.errors import ConfigError
from canarygate.memory import (
    SAMPLE_FIELDS,
    MemoryReader,
    Sample,
    SampleWriter,
    memory_path,
    read_memory,
)

FULL = Sample(
    time=1_790_000_000.25,
    role="canary",
    pod="shop/web-1",
    bytes=123_456_789.0,
    limit_bytes=536_870_912.0,
    restarts=2.0,
    oom_kills=1.0,
    process_start=1_789_999_999.5,
)
EMPTY = Sample(time=1_790_000_005.0, role="stable", error='answered 404,\nand "more"')


@pytest.fixture
def written(tmp_path: Path) -> Path:
    writer = SampleWriter(tmp_path)
    writer.write([FULL, EMPTY])
    writer.close()
    return tmp_path


def test_a_sample_is_a_line_that_a_person_can_read(written: Path) -> None:
    assert (
        f"{','.join(SAMPLE_FIELDS)}\r\n"
        "1790000000.25,canary,shop/web-1,123456789,536870912,2,1,1789999999.5,\r\n"
        '1790000005,stable,,,,,,,"answered 404, and ""more"""\r\n'
    ) == memory_path(written).read_bytes().decode()


def test_what_was_written_is_read_back_by_role(written: Path) -> None:
    canary, stable = (read_memory(written)[role] for role in ("canary", "stable"))

    assert [(FULL.time, FULL.bytes, FULL.limit_bytes, FULL.restarts, FULL.oom_kills)] == list(
        zip(
            canary.time,
            canary.bytes,
            canary.limit_bytes,
            canary.restarts,
            canary.oom_kills,
            strict=True,
        )
    )
    assert (("shop/web-1",), [0], ("",)) == (canary.pods, canary.pod.tolist(), canary.error)
    assert [FULL.process_start] == canary.process_start.tolist()
    assert (("",), ('answered 404, and "more"',)) == (stable.pods, stable.error)
    assert all(
        math.isnan(column[0])
        for column in (stable.bytes, stable.limit_bytes, stable.restarts, stable.oom_kills)
    )


def test_a_sample_is_on_disk_when_it_is_written(tmp_path: Path) -> None:
    """The watcher reads beside the writer."""
    reader, writer = MemoryReader(tmp_path), SampleWriter(tmp_path)
    counts = []
    for _ in range(3):
        writer.write([FULL])
        counts.append(len(reader.read()["canary"]))
    same = reader.read() is reader.read()
    writer.close()
    writer.write([FULL])

    assert [1, 2, 3] == counts
    assert same, "read anew though nothing was added"
    assert 3 == len(read_memory(tmp_path)["canary"])


def test_a_line_still_being_written_is_left_for_later(written: Path) -> None:
    whole = memory_path(written).read_bytes()
    memory_path(written).write_bytes(whole[:-9])

    assert ["canary"] == list(read_memory(written))


def test_no_file_is_no_samples(tmp_path: Path) -> None:
    assert {} == read_memory(tmp_path)
    assert {} == MemoryReader(tmp_path).read()


def test_a_file_with_a_header_alone_is_no_samples(tmp_path: Path) -> None:
    SampleWriter(tmp_path).close()

    assert {} == read_memory(tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        "time,role\r\n",
        "1,canary,,1,,,,\r\n",
        "1,canary,,1,,,,,,\r\n",
        "1,baseline,,1,,,,,\r\n",
        "1,canary,,nan,,,,,\r\n",
        "1,canary,,-5,,,,,\r\n",
        "1,canary,,1_000,,,,,\r\n",
        ",canary,,1,,,,,\r\n",
        '1,canary,"x,1,,,,,\r\n',
    ],
)
def test_a_damaged_line_is_refused_with_its_file(tmp_path: Path, line: str) -> None:
    header = f"{','.join(SAMPLE_FIELDS)}\r\n" if line[0] != "t" else ""
    memory_path(tmp_path).write_text(header + line, newline="")

    with pytest.raises(ConfigError, match=r"memory\.csv: (damaged|not a file)") as caught:
        read_memory(tmp_path)

    assert "results/<run_id>" in caught.value.hint


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    memory_path(tmp_path).mkdir()

    with pytest.raises(ConfigError, match="cannot be read"):
        read_memory(tmp_path)


def test_huge_and_strange_text_stays_one_line(tmp_path: Path) -> None:
    writer = SampleWriter(tmp_path)
    writer.write([Sample(time=1.0, role="canary", error="é\r\n\0" * 1000 + "\ud800")])
    writer.close()

    found = read_memory(tmp_path)["canary"]

    assert 1 == len(found)
    assert 500 == len(found.error[0])
    assert np.isnan(found.bytes[0])
