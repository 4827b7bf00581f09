import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canarygate.errors import ConfigError
from canarygate.records import RECORD_FIELDS, encode_record, records_path
from canarygate.results import (
    RoleRun,
    RunFile,
    RunOutcome,
    read_run,
    read_run_file,
    write_atomically,
    write_run,
)

ROLE = RoleRun(
    host="http://canary",
    users=4,
    users_at_end=4,
    users_wanted=4,
    started=12,
    returned=11,
    recorded=10,
    start=1_790_000_000.25,
    end=1_790_000_045.5,
    planned_seconds=45.0,
    generator_cpu=0.25,
    complete=True,
    exit_status=-15,
    problem="no, thing",
)
RUN = RunFile(
    run_id="run-1",
    service="shop",
    outcome=RunOutcome.INTERRUPTED,
    reason="ended by SIGTERM",
    seed="1",
    warm_up_seconds=10.0,
    stage="50",
    push_labels={"pod_template_hash": "6b8c"},
    same_identity="X-Version: v1",
    settings={"users": 4, "hosts": {"canary": "http://canary"}},
    versions={"locust": "2.47.0"},
    roles={"canary": ROLE, "stable": replace(ROLE, host="http://stable", exit_status=None)},
)


def change(folder: Path, **values: Any) -> None:
    """Write other values into run.json."""
    path = folder / "run.json"
    document = json.loads(path.read_text()) | values
    path.write_text(json.dumps(document))


def test_a_run_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    write_run(tmp_path, RUN)

    assert RUN == read_run_file(tmp_path)
    assert ["run.json"] == [path.name for path in tmp_path.iterdir()]


@given(st.text(), st.sampled_from(RunOutcome), st.dictionaries(st.text(), st.text()))
def test_any_text_survives(
    tmp_path_factory: pytest.TempPathFactory, text: str, outcome: RunOutcome, labels: dict[str, str]
) -> None:
    folder = tmp_path_factory.mktemp("run")
    run = replace(RUN, service=text, reason=text, outcome=outcome, push_labels=labels)
    write_run(folder, run)

    assert run == read_run_file(folder)


def test_what_a_newer_canarygate_wrote_is_read_as_far_as_it_is_known(tmp_path: Path) -> None:
    write_run(tmp_path, RUN)
    document = json.loads((tmp_path / "run.json").read_text())
    document["roles"]["canary"]["invented_later"] = 1
    change(tmp_path, roles=document["roles"], memory={"limit": 1})

    assert RUN == read_run_file(tmp_path)


def test_what_an_older_canarygate_did_not_write_has_its_default(tmp_path: Path) -> None:
    document = {
        "version": 1,
        "run_id": "run-1",
        "service": "shop",
        "outcome": "finished",
        "roles": {"canary": {"host": "http://canary", "users_wanted": 1}},
    }
    (tmp_path / "run.json").write_text(json.dumps(document))
    role = RoleRun(host="http://canary", users_wanted=1)

    assert read_run_file(tmp_path) == RunFile(
        run_id="run-1", service="shop", outcome=RunOutcome.FINISHED, roles={"canary": role}
    )


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "1", "{}", '{"version": 2}', '{"version": 1}', "\udcff", "[" * 9999],
    ids=lambda text: repr(text[:20]),
)
def test_a_damaged_file_is_an_error_that_names_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))

    with pytest.raises(ConfigError) as refused:
        read_run_file(tmp_path)

    assert str(refused.value).startswith(f"{path}: ")
    assert "name a folder that `canarygate gate`" in refused.value.hint


@pytest.mark.parametrize(
    "values",
    [
        {"outcome": "well"},
        {"outcome": None},
        {"roles": None},
        {"roles": {"canary": None}},
        {"roles": {"canary": {"host": "http://canary"}}},
    ],
    ids=str,
)
def test_values_that_cannot_be_are_damage(tmp_path: Path, values: dict[str, Any]) -> None:
    write_run(tmp_path, RUN)
    change(tmp_path, **values)

    with pytest.raises(ConfigError, match="damaged"):
        read_run_file(tmp_path)


def test_a_folder_without_a_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not a run's file"):
        read_run(tmp_path / "nowhere")


def test_a_run_comes_with_the_records_of_its_roles(tmp_path: Path) -> None:
    write_run(tmp_path, RUN)
    for role in RUN.roles:
        records_path(tmp_path, role).write_text(encode_record(RECORD_FIELDS), newline="")

    run = read_run(tmp_path)

    assert (RUN, {"canary": 0, "stable": 0}) == (
        run.file,
        {role: len(records) for role, records in run.records.items()},
    )


def test_a_role_whose_records_are_gone_is_an_error(tmp_path: Path) -> None:
    write_run(tmp_path, RUN)

    with pytest.raises(ConfigError, match=r"canary_requests\.csv: no such file"):
        read_run(tmp_path)


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    """Half a surrogate pair is what UTF-8 cannot hold: the write breaks in the middle."""
    path = tmp_path / "report.json"
    write_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "new \ud800")

    assert "old" == path.read_text()


def test_a_write_replaces_the_file_at_once(tmp_path: Path) -> None:
    """Whoever has the old file open goes on reading the old one."""
    path = tmp_path / "run.json"
    write_atomically(path, "old")
    with path.open() as reader:
        write_atomically(path, "new ü")

        assert ("old", "new ü") == (reader.read(), path.read_text(encoding="utf-8"))
    assert [path] == list(tmp_path.iterdir())


def test_requests_that_never_came_back_and_those_never_recorded_are_told_apart() -> None:
    assert (1, 1) == (ROLE.unfinished, ROLE.unrecorded)
