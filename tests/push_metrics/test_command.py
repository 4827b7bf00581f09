import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from canarygate.records import Outcome
from push_metrics.cli import main

if TYPE_CHECKING:
    from tests.push_metrics.conftest import MakeRun

DATA = Path(__file__).resolve().parent.parent / "data" / "locust_csv"
LABELS = "--labels=service=checkout,type=canary"
REPORT = {
    "version": 1,
    "verdict": "fail",
    "sentence": "it may not",
    "checks": [{"name": "failure_ratio", "state": "fail", "reason": "many", "value": 0.4}],
}


def groups_in(file: Path) -> set[frozenset[tuple[str, str]]]:
    """The grouping labels that the file's run_complete or run_requests have."""
    return {
        frozenset(sample.labels.items())
        for family in text_string_to_metric_families(file.read_text(encoding="utf-8"))
        for sample in family.samples
        if family.name == "canarygate_run_requests"
    }


def names_in(file: Path) -> set[str]:
    text = file.read_text(encoding="utf-8")
    return {family.name for family in text_string_to_metric_families(text)}


def test_the_files_of_a_bare_run_become_a_text_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "metrics.prom"
    code = main([f"--csv={DATA / 'odd'}", LABELS, f"--output={output}"])

    assert 0 == code
    assert {
        frozenset(
            {
                ("job", "canarygate"),
                ("service", "checkout"),
                ("role", "canary"),
                ("type", "canary"),
            }
        )
    } == groups_in(output)
    unknowable = {
        *("canarygate_run_complete", "canarygate_run_unfinished", "canarygate_verdict"),
        *("canarygate_run_request_duration_seconds", "canarygate_check_state"),
    }
    assert not unknowable & names_in(output)
    assert ("", f"canarygate: 25 series to {output}\n") == capsys.readouterr()


def test_a_dash_is_stdout_and_the_talk_stays_off_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For `… --output - | promtool check metrics`."""
    file = tmp_path / "metrics.prom"
    main([f"--csv={DATA / 'odd'}", LABELS, f"--output={file}"])
    capsys.readouterr()
    code = main([f"--csv={DATA / 'odd'}", LABELS, "--output=-"])

    assert 0 == code
    assert (file.read_text(), "canarygate: 25 series to -\n") == capsys.readouterr()


@pytest.mark.parametrize("given", ["", "/", "/canary", "/stable"])
def test_a_result_folder_is_pushed_whole_however_it_is_named(
    tmp_path: Path, a_run: "MakeRun", a_folder: Callable[..., Path], given: str
) -> None:
    stable = [("GET", "/", 1.0, Outcome.OK)]
    folder = a_folder(a_run(stable=stable, stage="5", push_labels={"hash": "6b8c"}), REPORT)
    output = tmp_path / "metrics.prom"
    code = main([f"--csv={folder}{given}", "--labels=type=canary", f"--output={output}"])

    common = {("job", "canarygate"), ("service", "checkout"), ("stage", "5"), ("hash", "6b8c")}
    assert 0 == code
    assert {
        frozenset({*common, ("role", role), ("type", role)}) for role in ("canary", "stable")
    } == groups_in(output)
    assert {"canarygate_verdict", "canarygate_run_unfinished"} <= names_in(output)
    assert 'verdict="fail"} 1.0' in output.read_text()


def test_a_run_that_was_never_judged_has_no_verdict(
    tmp_path: Path, a_run: "MakeRun", a_folder: Callable[..., Path]
) -> None:
    output = tmp_path / "metrics.prom"
    code = main([f"--csv={a_folder(a_run())}", f"--output={output}"])

    assert 0 == code
    assert "canarygate_verdict" not in names_in(output)


def test_labels_given_win_over_those_of_the_folder_and_of_the_environment(
    tmp_path: Path,
    a_run: "MakeRun",
    a_folder: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SERVICE", "from-environment")
    monkeypatch.setenv("STAGE", "20")
    output = tmp_path / "metrics.prom"
    code = main([f"--csv={a_folder(a_run())}", "--labels=service=given,a=b", f"--output={output}"])

    labels = {("job", "canarygate"), ("service", "given"), ("role", "canary"), ("stage", "20")}
    assert 0 == code
    assert {frozenset({*labels, ("a", "b")})} == groups_in(output)


@pytest.mark.parametrize(
    ("labels", "role"),
    [
        ("service=x", "canary"),
        ("service=x,type=stable", "stable"),
        ("service=x,role=stable", "stable"),
        ("service=x,role=stable,type=blue", "stable"),
    ],
)
def test_role_or_type_names_the_role(tmp_path: Path, labels: str, role: str) -> None:
    output = tmp_path / "metrics.prom"
    code = main([f"--csv={DATA / 'odd'}", f"--labels={labels}", f"--output={output}"])
    (group,) = groups_in(output)

    assert 0 == code
    assert role == dict(group)["role"]


def test_a_missing_file_is_noted_and_no_reason_to_stop(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(DATA / "odd_stats.csv", tmp_path / "odd_stats.csv")
    code = main([f"--csv={tmp_path / 'odd_stats.csv'}", LABELS, f"--output={tmp_path / 'out'}"])
    notes = capsys.readouterr().err.splitlines()

    assert 0 == code
    assert f"canarygate: note: {tmp_path}/odd_exceptions.csv is missing: the number of " in notes[1]


# --- what cannot be done ---


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            [],
            [
                "canarygate: error: --csv names nothing to push",
                "canarygate: error: neither --pushgateway (PUSHGATEWAY_URL) nor --output is given",
                "hint: --csv=results/canary",
            ],
        ),
        (
            ["--csv=x", "--labels=a", "--push-timeout=soon", "--pushgateway=gw:9091"],
            [
                "canarygate: error: --labels (PUSH_LABELS): 'a' has no '='; write "
                "name=value,name=value",
                "canarygate: error: --push-timeout (PUSH_TIMEOUT): 'soon' is not a duration; try "
                "90s, 5m or 1m30s",
                "canarygate: error: the Pushgateway URL 'gw:9091' does not start with http:// or "
                "https://",
                "hint: --pushgateway-url (PUSHGATEWAY_URL) takes the base URL, such as "
                "http://pushgateway:9091",
            ],
        ),
        (
            ["--csv=/nowhere/x", "--labels=type=blue,job=y", "--output=out"],
            [
                "canarygate: error: --labels (PUSH_LABELS) names no service",
                "canarygate: error: /nowhere/x_stats.csv: no such file",
                "hint: write --labels=service=NAME,type=canary; name the prefix that Locust was "
                "given as --csv, and push after Locust has ended",
            ],
        ),
        (
            [f"--csv={DATA / 'odd'}", "--labels=service=x,type=blue", "--output=out"],
            [
                "canarygate: error: --labels (PUSH_LABELS) has type=blue, which is no role",
                "hint: write type=canary or type=stable in --labels (PUSH_LABELS)",
            ],
        ),
        (
            [f"--csv={DATA / 'odd'}", "--labels=service=x,type=canary,role=stable", "--output=out"],
            [
                "canarygate: error: --labels (PUSH_LABELS) names two roles, as role and type",
                "hint: write type=canary or type=stable in --labels (PUSH_LABELS)",
            ],
        ),
        (
            [f"--csv={DATA / 'odd'}", "--labels=service=x,job=y,name=z", "--output=out"],
            [
                "canarygate: error: push label 'job' is set by canarygate itself",
                "canarygate: error: push label 'name' would overwrite the label of that name "
                "inside the series",
                "hint: push labels name the comparison, such as stage=5 or pod_template_hash=6b8c",
            ],
        ),
        (
            [f"--csv={DATA / 'odd'}", LABELS, "--output=/nowhere/out"],
            ["canarygate: error: --output /nowhere/out: No such file or directory"],
        ),
    ],
)
def test_all_that_is_wrong_is_said_at_once_and_nothing_is_written(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    code = main(arguments)

    assert 2 == code
    assert said == capsys.readouterr().err.splitlines()
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "ftp://gw",
        "gw:9091",
        "http://gw/metrics",
        "http://gw/metrics/job/x",
        "http://gw?x=1",
        "http://gw:port",
        "http://gw:0",
        "http://[gw",
        "http://g w",
        "http://ann:hunter2/x@gw",
    ],
)
def test_a_url_that_is_no_base_is_refused_without_its_secrets(
    capsys: pytest.CaptureFixture[str], url: str
) -> None:
    code = main([f"--csv={DATA / 'odd'}", LABELS, f"--pushgateway={url}"])
    said = capsys.readouterr().err

    assert 2 == code
    assert said.startswith("canarygate: error: the Pushgateway URL ")
    assert "hunter2" not in said


def test_two_ways_to_authenticate_are_refused_and_none_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUSH_USERNAME", "ann")
    monkeypatch.setenv("PUSH_PASSWORD", "hunter2")
    monkeypatch.setenv("PUSH_PASSWORD_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("PUSH_TOKEN", "s3cret")
    monkeypatch.setenv("PUSH_CA_FILE", str(tmp_path / "ca.pem"))
    code = main([f"--csv={DATA / 'odd'}", LABELS, "--pushgateway=http://bob:builder@gw"])
    said = capsys.readouterr().err

    assert 2 == code
    assert [
        "canarygate: error: PUSH_PASSWORD and PUSH_PASSWORD_FILE are both set; set one",
        f"canarygate: error: PUSH_PASSWORD_FILE: cannot read {tmp_path}/none: No such file or directory",
        "canarygate: error: a token and a username or password are both given for the Pushgateway; "
        "give one",
        "canarygate: error: the Pushgateway URL holds credentials, and others are given beside it; "
        "give one",
        f"canarygate: error: PUSH_CA_FILE: no such file: {tmp_path}/ca.pem",
    ] == said.splitlines()[:-1]
    assert not any(secret in said for secret in ("hunter2", "s3cret", "builder"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "report.json: damaged (JSONDecodeError("),
        ("[]", "report.json: damaged (TypeError("),
        ('{"version": 7}', "report.json: not of version 1"),
        ('{"version": 1, "verdict": "maybe", "checks": []}', "report.json: damaged (ValueError("),
    ],
)
def test_a_damaged_report_is_refused(
    a_run: "MakeRun",
    a_folder: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    text: str,
    problem: str,
) -> None:
    folder = a_folder(a_run())
    (folder / "report.json").write_text(text)
    code = main([f"--csv={folder}", f"--output={tmp_path / 'out'}"])

    assert 2 == code
    assert problem in capsys.readouterr().err


def test_an_unknown_flag_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--cvs=x"])

    assert 2 == code
    assert "Did you mean" in capsys.readouterr().err


# --- what is imported ---


def imported_by(*arguments: str) -> set[str]:
    """The top-level packages in memory after the command ran."""
    program = (
        "import sys; from push_metrics.cli import main; main(sys.argv[1:]); "
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


def test_a_result_folder_needs_no_pandas_and_nothing_needs_locust(
    a_run: "MakeRun", a_folder: Callable[..., Path], tmp_path: Path
) -> None:
    output = f"--output={tmp_path / 'out'}"
    folder = imported_by(f"--csv={a_folder(a_run(), REPORT)}", output)
    bare = imported_by(f"--csv={DATA / 'odd'}", LABELS, output)

    assert set() == {"pandas", "locust", "gevent", "scipy", "requests"} & folder
    assert {"pandas"} == {"pandas", "locust", "gevent", "scipy"} & bare


def test_help_needs_neither_numpy_nor_pandas_nor_requests() -> None:
    assert set() == {"numpy", "pandas", "requests", "locust"} & imported_by("--help")
