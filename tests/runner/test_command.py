import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from canarygate.runner.command import (
    OWNED,
    RECORDER,
    RoleFiles,
    clashing_arguments,
    locust_argv,
    locust_env,
    role_files,
)

if TYPE_CHECKING:
    from tests.conftest import MakeSettings

RESULTS = Path("/data/results")
FOLDER = "/data/results/run-1"


def test_the_whole_command_of_a_role(make_settings: "MakeSettings") -> None:
    run = make_settings(results_dir=RESULTS, spawn_rate=2.5, extra_args=("--tags", "checkout")).run

    assert [
        *(sys.executable, "-m", "locust", "--headless", "--only-summary"),
        *("-f", f"{RECORDER},/flows/checkout_flow.py"),
        *("--host", "http://stable:8080"),
        *("--users", "20", "--spawn-rate", "2.5", "--run-time", "45s", "--stop-timeout", "6"),
        *("--csv", f"{FOLDER}/stable", "--exit-code-on-error", "0"),
        *("--tags", "checkout"),
    ] == locust_argv(run, "stable")


def test_several_processes_have_a_master_on_loopback_with_a_port_of_its_own(
    make_settings: "MakeSettings",
) -> None:
    """Two masters on Locust's default port: the first takes all the workers of both."""
    run = make_settings(processes=2, extra_args=("--tags", "checkout")).run
    alone = locust_argv(run, "canary")

    assert [
        *alone[:-2],
        *("--processes", "2", "--master-bind-host", "127.0.0.1", "--master-host", "127.0.0.1"),
        *("--master-bind-port", "5678", "--master-port", "5678"),
        *("--tags", "checkout"),
    ] == locust_argv(run, "canary", master_port=5678)


def test_a_relative_locustfile_is_found_from_locusts_own_folder(
    make_settings: "MakeSettings", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = make_settings(locust_file=Path("flow.py"), results_dir=Path("results")).run

    argv = locust_argv(run, "canary")

    assert f"{RECORDER},{tmp_path}/flow.py" in argv
    assert f"{tmp_path}/results/run-1/canary" in argv


def test_the_whole_environment_of_a_role(make_settings: "MakeSettings") -> None:
    """Whatever would change the run behind our back is not handed on; all else is."""
    run = make_settings(results_dir=RESULTS).run
    environ = {
        "PATH": "/bin",
        "HTTP_PROXY": "http://proxy",
        "LOCUST_TAGS": "none",
        "LOCUST_HOST": "http://elsewhere",
        "LOCUST_EXIT_CODE_ON_ERROR": "1",
        "LOCUST_": "",
        "PYTHONOPTIMIZE": "1",
        "NOT_LOCUST_TAGS": "kept",
        "SEED": "another",
        "PYTHONHASHSEED": "random",
    }

    found = locust_env(run, "canary", environ, token="t0ken", parent=7)

    recorder = json.loads(found.pop("CANARYGATE_RECORDER"))
    assert {
        "PATH": "/bin",
        "HTTP_PROXY": "http://proxy",
        "NOT_LOCUST_TAGS": "kept",
        "SEED": "seed-1",
        "PYTHONUTF8": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONUNBUFFERED": "1",
    } == found
    assert {
        "role": "canary",
        "run_id": "run-1",
        "seed": "seed-1",
        "users": 20,
        "spawn_rate": 5.0,
        "arrival": "closed",
        "rate": None,
        "run_time": 45,
        "request_timeout": 5.0,
        "processes": 1,
        "token": "t0ken",
        "parent": 7,
        "folder": FOLDER,
        "status": f"{FOLDER}/.work-canary/status.json",
        "go": f"{FOLDER}/.go",
    } == recorder


def test_a_roles_files_are_its_own_but_for_the_word_to_begin(make_settings: "MakeSettings") -> None:
    run = make_settings(results_dir=RESULTS).run

    assert RoleFiles(
        work=RESULTS / "run-1" / ".work-canary",
        status=RESULTS / "run-1" / ".work-canary" / "status.json",
        go=RESULTS / "run-1" / ".go",
        log=RESULTS / "run-1" / "canary_locust.log",
        csv_prefix=RESULTS / "run-1" / "canary",
    ) == role_files(run, "canary")
    assert role_files(run, "canary").go == role_files(run, "stable").go


def test_the_recorder_is_where_the_command_says() -> None:
    assert RECORDER.is_file()


@pytest.mark.parametrize(
    ("extra", "clashing"),
    [
        ((), []),
        (("--tags", "checkout", "--loglevel=DEBUG"), []),
        (("--host", "http://elsewhere"), ["--host"]),
        (("--host=http://elsewhere",), ["--host"]),
        (("-u", "5", "-t=1m", "--tags", "-x"), ["-u", "-t"]),
        (("-u5", "-H", "http://elsewhere"), ["-u5", "-H"]),
        (("-Hhttp://elsewhere",), ["-Hhttp://elsewhere"]),
        (("--user", "5"), ["--user"]),
        (("--run-t=5",), ["--run-t"]),
    ],
)
def test_what_is_ours_to_set_may_not_be_given_again(
    extra: tuple[str, ...], clashing: list[str]
) -> None:
    """The later flag wins without a word in argparse, which also takes `-u5` and `--user 5`."""
    assert clashing == clashing_arguments(extra)


def test_every_flag_of_ours_is_owned(make_settings: "MakeSettings") -> None:
    run = make_settings(processes=2).run
    flags = {each for each in locust_argv(run, "canary", master_port=1) if each.startswith("-")}

    assert set() == flags - OWNED - {"-m"}
