"""`canarygate calibrate`: which runs it takes, what it says of them, and the policy that it writes."""

import json
import random
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from canarygate.judge.policy import load_policy
from canarygate.records import RECORD_FIELDS, encode_record
from canarygate.results import RoleRun, RunFile, RunOutcome, write_run

if TYPE_CHECKING:
    from tests.cli.conftest import Command

START = 1_790_000_000.0
ENDPOINTS = (("GET", "/cart"), ("POST", "/checkout"))
SWINGING = (1.05, 1 / 1.05) * 5
"""How much slower the canary is in each of ten runs: now the one role, now the other."""
SETTINGS: Mapping[str, Any] = {
    "locust_file": "/app/locustfiles/checkout_flow.py",
    "users": 20,
    "spawn_rate": 5.0,
    "run_time_seconds": 180,
    "warm_up_seconds": 10.0,
    "arrival": "closed",
    "processes": 1,
    "request_timeout_seconds": 5.0,
    "extra_args": [],
}
FOLDER_HINT = (
    "  hint: name a folder that `canarygate gate` or `canarygate run` wrote, such as "
    "results/<run_id>\n"
)


@dataclass(frozen=True, kw_only=True)
class Given:
    """One A/A run as it shall be written."""

    slower: float = 1.0
    settings: Mapping[str, Any] = field(default_factory=dict)
    file: Mapping[str, Any] = field(default_factory=dict)
    hosts: tuple[str, str] = ("http://a", "http://b")
    requests: int = 60
    width: float = 0.005
    """Durations are uniform, so many seconds to either side of the typical one."""
    typical: float = 0.06


def write_aa_run(folder: Path, given: Given) -> None:
    number = int("".join(filter(str.isdigit, folder.name)) or 0)
    began = START + 600 * number
    roles = {
        role: RoleRun(host=host, users_wanted=20, start=began, end=began + 180)
        for role, host in zip(("canary", "stable"), given.hosts, strict=True)
    }
    run = RunFile(
        run_id=folder.name,
        service="checkout",
        outcome=RunOutcome.FINISHED,
        warm_up_seconds=10.0,
        settings={**SETTINGS, **given.settings},
        roles=roles,
    )
    folder.mkdir(parents=True)
    write_run(folder, replace(run, **given.file))
    draw = random.Random(number)
    for role, factor in (("canary", given.slower), ("stable", 1.0)):
        lines = [encode_record(RECORD_FIELDS)]
        for request in range(given.requests):
            sent = began + 12.0 + request
            seconds = factor * (given.typical + draw.uniform(-given.width, given.width))
            endpoint = ENDPOINTS[request % 2]
            times = (sent, sent, sent + seconds)
            lines.append(
                encode_record(
                    (*times, "Shopper/0", request, *endpoint, seconds * 1000, 200, "ok", 0, 0)
                )
            )
        (folder / f"{role}_requests.csv").write_text("".join(lines), newline="")


Written = Callable[..., Path]


@pytest.fixture
def written(here: Path) -> Written:
    """Writes runs, ten swinging ones unless told otherwise, into one folder."""

    def write(*runs: Given, name: str = "aa") -> Path:
        for number, given in enumerate(runs or [Given(slower=each) for each in SWINGING]):
            write_aa_run(here / name / f"run-{number:02}", given)
        return Path(name)

    return write


TRANSCRIPT = """\
tolerance 21.6 % from 10 A/A runs of checkout_flow.py: POST /checkout differs
most by itself

endpoint                      runs  successes  median  spread  by chance   alone
GET /cart                       10         30  +0.3 %   5.0 %      1.4 %  17.2 %
POST /checkout                  10         30  +0.1 %   6.1 %      1.4 %  21.5 %

policy                   built in    here
compare.tolerance            10 %  21.6 %  so much slower is no regression
compare_gross.tolerance      30 %  43.2 %  slower than that fails at any second
clear.slower                 25 %  36.6 %  more than that is ruled out by a pass

# Written by `canarygate calibrate` from 10 A/A runs of these settings,
# 2026-09-21 14:13 UTC to 2026-09-21 15:43 UTC:
# --locust-file checkout_flow.py, --users 20, --spawn-rate 5/s, --run-time 180s,
# --warm-up 10s, --arrival closed, --rate none, --processes 1, --request-timeout
# 5s, Locust's own options none, the roles' hosts two.
# A canary that is slower by no more than the tolerance differs from stable by
# no more than two roles of one version differ from each other here.

[compare]
tolerance = 0.216

[compare_gross]
tolerance = 0.432

[clear]
slower = 0.366
"""
BUILT_IN = load_policy(None)


def test_a_folder_of_runs_becomes_a_table_three_numbers_and_a_policy(
    canarygate: "Command", written: Written
) -> None:
    ended = canarygate("calibrate", str(written()))

    assert (0, "") == (ended.code, ended.err)
    assert TRANSCRIPT.splitlines() == [line.rstrip() for line in ended.out.splitlines()]
    assert max(map(len, ended.out.splitlines())) <= 80


def test_the_policy_is_written_and_is_one(
    canarygate: "Command", written: Written, here: Path
) -> None:
    ended = canarygate("calibrate", str(written()), "--output", "policy.toml")

    assert (0, "policy: policy.toml\n") == (ended.code, ended.err)
    assert "[compare]" not in ended.out
    assert TRANSCRIPT.endswith((here / "policy.toml").read_text("utf-8"))
    assert load_policy(here / "policy.toml") == replace(
        BUILT_IN,
        compare=replace(BUILT_IN.compare, tolerance=0.216),
        compare_gross=replace(BUILT_IN.compare_gross, tolerance=0.432),
        clear=replace(BUILT_IN.clear, slower=0.366),
    )


def test_a_policy_that_changes_nothing_says_so_and_is_one(
    canarygate: "Command", written: Written, here: Path
) -> None:
    written(*[Given()] * 10)

    ended = canarygate("calibrate", "aa", "--output", "policy.toml")

    assert " ".join(ended.out.split()).startswith(
        "tolerance 10 % from 10 A/A runs of checkout_flow.py: the built-in tolerance is enough here "
    )
    assert (here / "policy.toml").read_text("utf-8").endswith("this one changes nothing.\n")
    assert BUILT_IN == load_policy(here / "policy.toml")


def test_a_file_that_is_there_is_replaced_with_force_only(
    canarygate: "Command", written: Written, here: Path
) -> None:
    """It may be a policy that somebody wrote by hand."""
    (here / "policy.toml").write_text("mine")
    arguments = ("calibrate", str(written()), "--output", "policy.toml")

    refused = canarygate(*arguments)

    assert (2, "", "mine") == (refused.code, refused.out, (here / "policy.toml").read_text())
    assert refused.err == (
        "canarygate: --output (OUTPUT): policy.toml is there already; --force (FORCE) replaces it\n"
    )
    assert 0 == canarygate(*arguments, FORCE="true").code
    assert 0.216 == load_policy(here / "policy.toml").compare.tolerance


def test_a_policy_that_cannot_be_written_is_told(canarygate: "Command", written: Written) -> None:
    ended = canarygate("calibrate", str(written()), "--output", "nowhere/policy.toml")

    assert (2, "") == (ended.code, ended.out)
    assert ended.err == (
        "canarygate: --output (OUTPUT): nowhere/policy.toml cannot be written "
        "(No such file or directory)\n"
        "  hint: name a file in a folder that may be written to\n"
    )


def test_json_is_one_document(canarygate: "Command", written: Written) -> None:
    document = json.loads(canarygate("calibrate", str(written()), "--json").out)

    assert (1, 0.216, 0.432, 0.366, 10, ["POST", "/checkout"]) == tuple(
        document[name] for name in ("version", "tolerance", "gross", "clear", "runs", "decided_by")
    )
    assert [10, 10] == [endpoint["runs"] for endpoint in document["endpoints"]]


def test_neither_the_order_of_the_runs_nor_how_they_are_named_matters(
    canarygate: "Command", written: Written
) -> None:
    each = sorted(map(str, written().iterdir()))

    answers = {
        canarygate("calibrate", *arguments, "--json").out
        for arguments in (["aa"], each, each[::-1], [*each[5:], *each[:5]])
    }

    assert 1 == len(answers)


def test_runs_may_come_from_several_folders(canarygate: "Command", written: Written) -> None:
    written(*[Given()] * 6, name="monday")
    for number in range(6, 10):
        write_aa_run(Path("tuesday") / f"run-{number:02}", Given(hosts=("http://c", "http://d")))

    assert 0 == canarygate("calibrate", "monday", "tuesday").code


@pytest.mark.parametrize("outcome", ["broken", "interrupted", "running", "not started"])
def test_a_void_run_is_named_and_not_counted(
    canarygate: "Command", written: Written, outcome: str
) -> None:
    """It may not even have records."""
    aa = written()
    write_aa_run(
        aa / "run-77", Given(file={"outcome": RunOutcome(outcome), "reason": "Locust was killed"})
    )
    (aa / "run-77" / "stable_requests.csv").unlink()

    ended = canarygate("calibrate", "aa")

    assert (0, f"left out: aa/run-77: the run is {outcome}: Locust was killed\n") == (
        ended.code,
        ended.err,
    )
    assert TRANSCRIPT.splitlines() == [line.rstrip() for line in ended.out.splitlines()]


def test_void_runs_do_not_make_up_the_ten(canarygate: "Command", written: Written) -> None:
    written(*[Given()] * 9, Given(file={"outcome": RunOutcome.BROKEN, "reason": "dead"}))

    ended = canarygate("calibrate", "aa")

    assert (2, "") == (ended.code, ended.out)
    assert ended.err == (
        "left out: aa/run-09: the run is broken: dead\n"
        "canarygate: 9 A/A runs are too few to calibrate from; it takes 10\n"
        "  hint: run more of them, with the same settings; every one counts, whatever its verdict\n"
    )


def test_runs_of_other_settings_are_refused_with_what_differs(
    canarygate: "Command", written: Written
) -> None:
    usual = [Given()] * 8
    other = Given(settings={"users": 40, "locust_file": "/elsewhere/browse_flow.py"})
    older = Given(settings={"locust_file": "/moved/checkout_flow.py"})
    same = Given(hosts=("http://a", "http://a"))
    written(*usual, other, older, same)

    ended = canarygate("calibrate", "aa")

    assert (2, "") == (ended.code, ended.out)
    assert ended.err == (
        "canarygate: the runs differ in --locust-file: browse_flow.py in aa/run-08, "
        "checkout_flow.py in 10 runs\n"
        "canarygate: the runs differ in --users: 20 in 10 runs, 40 in aa/run-08\n"
        "canarygate: the runs differ in the roles' hosts: one for both in aa/run-10, "
        "two in 10 runs\n"
        "  hint: calibrate from runs of the same settings and locustfile; hosts and seeds may "
        "differ\n"
    )


@pytest.mark.parametrize(
    ("name", "value", "label"),
    [
        ("spawn_rate", 2.5, "--spawn-rate: 2.5/s"),
        ("run_time_seconds", 45, "--run-time: 180s in 10 runs, 45s"),
        ("warm_up_seconds", 20.0, "--warm-up: 10s in 10 runs, 20s"),
        ("arrival", "open", "--arrival: closed in 10 runs, open"),
        ("rate", 12.0, "--rate: 12/s"),
        ("processes", 2, "--processes: 1 in 10 runs, 2"),
        ("request_timeout_seconds", 9, "--request-timeout: 5s in 10 runs, 9s"),
        ("extra_args", ["--tags", "slow"], "Locust's own options: --tags slow"),
    ],
)
def test_every_setting_that_moves_a_ratio_has_to_agree(
    canarygate: "Command", written: Written, name: str, value: object, label: str
) -> None:
    written(*[Given(requests=0)] * 10, Given(requests=0, settings={name: value}))

    assert (
        f"canarygate: the runs differ in {label} in aa/run-10" in canarygate("calibrate", "aa").err
    )


def test_a_run_of_before_a_setting_was_there_has_its_default(
    canarygate: "Command", written: Written
) -> None:
    aa = written()
    path = aa / "run-03" / "run.json"
    document = json.loads(path.read_text())
    del document["settings"]["arrival"]
    path.write_text(json.dumps(document))

    assert 0 == canarygate("calibrate", "aa").code


def test_everything_wrong_with_the_folders_is_told_at_once(
    canarygate: "Command", written: Written, here: Path
) -> None:
    aa = written()
    (aa / "run-01" / "run.json").write_text("{")
    stable = json.loads((aa / "run-02" / "run.json").read_text())
    del stable["roles"]["stable"]
    (aa / "run-02" / "run.json").write_text(json.dumps(stable))
    (here / "empty").mkdir()

    ended = canarygate("calibrate", "aa", "empty", "missing", "aa/run-03")

    assert (2, "") == (ended.code, ended.out)
    assert ended.err == (
        "canarygate: aa/run-01/run.json: not a run's file (Expecting property name enclosed in "
        "double quotes: line 1 column 2 (char 1))\n"
        "canarygate: aa/run-02: no stable role; an A/A run drives canary and stable\n"
        "canarygate: empty: holds no run\n"
        "canarygate: missing: not a folder that can be read (No such file or directory)\n"
        "canarygate: aa/run-03: given twice; every run counts once\n" + FOLDER_HINT
    )


def test_missing_and_damaged_records_are_told_at_once(
    canarygate: "Command", written: Written
) -> None:
    aa = written()
    (aa / "run-01" / "stable_requests.csv").unlink()
    (aa / "run-02" / "canary_requests.csv").write_text("what?\r\n", newline="")

    ended = canarygate("calibrate", "aa")

    assert (2, "") == (ended.code, ended.out)
    assert ended.err == (
        "canarygate: aa/run-01/stable_requests.csv: no such file\n"
        "canarygate: aa/run-02/canary_requests.csv: not a file of records\n" + FOLDER_HINT
    )


def test_a_copy_of_a_run_does_not_count_twice(
    canarygate: "Command", written: Written, here: Path
) -> None:
    aa = written(*[Given()] * 9)
    shutil.copytree(aa / "run-03", aa / "another-name")
    (here / "link").symlink_to(aa / "run-04")

    ended = canarygate("calibrate", "aa", "link")

    assert (2, "") == (ended.code, ended.out)
    assert ended.err == (
        "canarygate: aa/run-03: given twice (it is aa/another-name); every run counts once\n"
        "canarygate: link: given twice (it is aa/run-04); every run counts once\n" + FOLDER_HINT
    )


def test_no_folder_at_all_is_a_wrong_command(canarygate: "Command") -> None:
    ended = canarygate("calibrate")

    assert (2, "") == (ended.code, ended.out)
    assert "Missing argument 'RESULTS...'" in ended.err


def words(canarygate: "Command") -> list[str]:
    found: list[str] = json.loads(canarygate("calibrate", "aa", "--json").out)["words"]
    return found


def test_a_steady_bias_between_the_hosts_is_said(canarygate: "Command", written: Written) -> None:
    written(*[Given(slower=1.06)] * 10)

    assert [
        "the canary's host is 6 % slower in every run: look at the hosts before you accept this "
        "tolerance"
    ] == words(canarygate)
    assert (
        "# Note: the canary's host is 6 % slower in every run" in canarygate("calibrate", "aa").out
    )


def test_a_bias_to_the_other_side_is_stables(canarygate: "Command", written: Written) -> None:
    written(*[Given(slower=0.93)] * 9, Given(slower=1.04))

    [bias] = words(canarygate)
    assert bias.startswith("stable's host is 6 % slower in 9 of 10 runs: ")


def test_an_environment_that_is_too_noisy_is_called_so(
    canarygate: "Command", written: Written
) -> None:
    written(*[Given(slower=each) for each in (1.16, 0.86) * 5])

    [noisy] = words(canarygate)
    assert noisy.startswith("too noisy: with a tolerance of ")


def test_a_run_that_ended_early_or_drove_one_host_is_worth_a_word(
    canarygate: "Command", written: Written
) -> None:
    one, early = Given(hosts=("http://a",) * 2), {"outcome": RunOutcome.DECIDED, "decided": True}
    written(*[one] * 8, *[replace(one, file=early)] * 2)

    assert [
        "both roles drove one host: what sets two pods apart is not in these runs; two "
        "deployments of the same version tell more",
        "2 of 10 runs ended early, which makes them noisier; give A/A runs a --min-run-time equal "
        "to their --run-time",
    ] == words(canarygate)


def test_a_tolerance_that_is_mostly_chance_asks_for_longer_runs(
    canarygate: "Command", written: Written
) -> None:
    written(*[Given(width=0.025)] * 10)

    [chance] = words(canarygate)
    assert chance.startswith("most of it is chance: ")
    assert chance.endswith(" has 30 successes in a run; longer runs or more users lower it")


def test_endpoints_that_differ_by_next_to_nothing_stand_in_brackets(
    canarygate: "Command", written: Written
) -> None:
    written(*[Given(slower=each, typical=0.004, width=0.0002) for each in SWINGING])

    ended = canarygate("calibrate", "aa")

    assert ended.out.startswith("tolerance 10 % ")
    assert [True, True] == [
        line.rstrip().endswith(" %)") for line in ended.out.splitlines() if "30  " in line
    ]
    assert "(…) is less than 3 ms, which the judge forgives anyway" in ended.out
    assert [] == words(canarygate)


def test_a_locustfile_with_an_odd_name_makes_no_odd_policy(
    canarygate: "Command", written: Written, here: Path
) -> None:
    """A line break in a comment would be a key."""
    written(*[Given(settings={"locust_file": "x\n[errors]\nshare = 1.py"})] * 10)

    assert 0 == canarygate("calibrate", "aa", "--output", "policy.toml").code
    assert BUILT_IN == load_policy(here / "policy.toml")
