"""What a person reads who got something wrong: the problem, the flag, the variable and the remedy."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Command

HOST = ("--target-host", "http://canary")
HINT = "  hint: canarygate gate --help shows every option; --dry-run what would be done\n"
URL = "http://checkout-canary:8080"

# Words of the command line, variables, and what is told of them.
WRONG: list[tuple[tuple[str, ...], dict[str, str], list[str]]] = [
    (
        ("gate",),
        {},
        [
            "--target-host (TARGET_HOST) is not set; give the canary's base URL, such as "
            "http://canary:8080"
        ],
    ),
    (
        ("gate", "--target-host", ""),
        {},
        [f"--target-host (TARGET_HOST): '' has no http:// or https:// in front; try {URL}"],
    ),
    (
        ("gate", "--target-host", "canary:8080"),
        {},
        [
            "--target-host (TARGET_HOST): 'canary:8080' has no http:// or https:// in front; "
            "try http://canary:8080"
        ],
    ),
    (
        ("gate", "--target-host", "ftp://canary"),
        {},
        [
            f"--target-host (TARGET_HOST): 'ftp://canary' has no http:// or https:// in front; try {URL}"
        ],
    ),
    (
        ("gate", "--target-host", "http://"),
        {},
        [f"--target-host (TARGET_HOST): 'http://' names no host; try {URL}"],
    ),
    (
        ("gate", "--target-host", "http://can ary"),
        {},
        [f"--target-host (TARGET_HOST): 'http://can ary' names no host; try {URL}"],
    ),
    (
        ("gate", "--target-host", "http://canary:99999"),
        {},
        [
            "--target-host (TARGET_HOST): 'http://canary:99999' has a host or a port that cannot be "
            f"one; try {URL}"
        ],
    ),
    (
        ("gate", *HOST, "--stable-host", "http://stable?a=b"),
        {},
        [
            "--stable-host (STABLE_HOST): 'http://stable' has a query or a fragment; "
            "give the base URL alone"
        ],
    ),
    (
        ("gate", *HOST),
        {"STABLE_HOST": "http://CANARY:80/"},
        [
            "--stable-host (STABLE_HOST) is the canary's own host; two different ones are compared "
            "(or, to calibrate, --allow-same-host)"
        ],
    ),
    (
        ("gate", *HOST, "--users", "0"),
        {},
        ["--users (USERS): '0' is not a whole number of 1 or more"],
    ),
    (
        ("gate", *HOST),
        {"USERS": "many", "PROCESSES": "1.5", "SPAWN_RATE": "inf"},
        [
            "--users (USERS): 'many' is not a whole number of 1 or more",
            "--spawn-rate (SPAWN_RATE): 'inf' is not a number above 0",
            "--processes (PROCESSES): '1.5' is not a whole number of 1 or more",
        ],
    ),
    (
        ("gate", *HOST, "--run-time", "soon"),
        {},
        ["--run-time (RUN_TIME): 'soon' is not a duration; try 90s, 5m or 1m30s"],
    ),
    (
        ("gate", *HOST, "--run-time", "0"),
        {},
        ["--run-time (RUN_TIME): '0' is no time at all; try 45s"],
    ),
    (
        ("gate", *HOST, "--run-time", "9" * 400),
        {},
        [f"--run-time (RUN_TIME): '{'9' * 400}' is not a duration; try 90s, 5m or 1m30s"],
    ),
    (
        ("gate", *HOST, "--run-time", "20.5s"),
        {},
        ["--run-time (RUN_TIME): '20.5s' is not in whole seconds, and Locust knows no others"],
    ),
    (
        ("gate", *HOST, "--run-time", "10s"),
        {},
        [
            "--warm-up (WARM_UP) is 10 s of a --run-time (RUN_TIME) of 10 s, which leaves nothing to "
            "judge; try --warm-up 2s or a longer run"
        ],
    ),
    (
        ("gate", *HOST, "--users", "1000"),
        {},
        [
            "--spawn-rate (SPAWN_RATE) 5 needs 200 s for 1000 users, longer than the run of 45 s; "
            "try --spawn-rate 46"
        ],
    ),
    (
        ("gate", *HOST, "--users", "2", "--processes", "3"),
        {},
        ["--processes (PROCESSES) is 3, but --users (USERS) only 2; give no more than that"],
    ),
    (
        ("gate", *HOST, "--request-timeout", "0s"),
        {},
        ["--request-timeout (REQUEST_TIMEOUT): '0s' is no time at all; try 45s"],
    ),
    (
        ("gate", *HOST, "--locust-file", "chekout_flow.py"),
        {},
        [
            "--locust-file (LOCUST_FILE): no file chekout_flow.py, here or in locustfiles; "
            "did you mean checkout_flow.py?"
        ],
    ),
    (
        ("gate", *HOST, "--locust-file", "locustfiles/xyz"),
        {},
        [
            "--locust-file (LOCUST_FILE): no file locustfiles/xyz, here or in locustfiles; "
            "there are browse_flow.py, checkout_flow.py"
        ],
    ),
    (
        ("gate", *HOST, "--flows-dir", "flows"),
        {},
        [
            "--locust-file (LOCUST_FILE): no file checkout_flow.py, here or in flows; "
            "--flows-dir (FLOWS_DIR) says where locustfiles are"
        ],
    ),
    (
        ("gate", *HOST, "--flows-dir", "flows", "--locust-file", "brokn_flow.py"),
        {},
        [
            "--locust-file (LOCUST_FILE): no file brokn_flow.py, here or in flows; "
            "did you mean broken_flow.py?"
        ],
    ),
    (
        ("gate", *HOST, "--locust-file", "broken_flow.py"),
        {},
        ["--locust-file (LOCUST_FILE): broken_flow.py line 1: invalid syntax"],
    ),
    (
        ("gate", *HOST, "--locust-file", "flow.txt"),
        {},
        ["--locust-file (LOCUST_FILE): flow.txt must end in .py and have no comma in its path"],
    ),
    (
        ("gate", *HOST, "--locust-file", "comma,flow.py"),
        {},
        [
            "--locust-file (LOCUST_FILE): comma,flow.py must end in .py and have no comma in its path"
        ],
    ),
    (
        ("gate", *HOST, "--run-id", "../yesterday"),
        {},
        ["--run-id (RUN_ID): '../yesterday' must be letters, digits, '.', '_' or '-', at most 128"],
    ),
    (
        ("gate", *HOST, "--push-labels", "a,b=c"),
        {},
        ["--push-labels (PUSH_LABELS): 'a' has no '='; write name=value,name=value"],
    ),
    (
        ("gate", *HOST, "--on-inconclusive", "ignore"),
        {},
        ["--on-inconclusive (ON_INCONCLUSIVE): 'ignore' is neither 'fail' nor 'pass'"],
    ),
    (
        ("gate", *HOST),
        {"ON_INCONCLUSIVE": "pass"},
        [
            "--on-inconclusive (ON_INCONCLUSIVE) is 'pass' without a required push, so nobody would "
            "ever see the verdict; give --pushgateway-url (PUSHGATEWAY_URL), and a verdict step after "
            "the gate"
        ],
    ),
    (
        ("gate", *HOST, "--no-require-push", "--pushgateway-url", "http://push:9091"),
        {"ON_INCONCLUSIVE": "pass"},
        [
            "--on-inconclusive (ON_INCONCLUSIVE) is 'pass' without a required push, so nobody would "
            "ever see the verdict; give --pushgateway-url (PUSHGATEWAY_URL), and a verdict step after "
            "the gate"
        ],
    ),
    (
        ("gate", *HOST, "--require-push"),
        {},
        [
            "--require-push (REQUIRE_PUSH) is given without --pushgateway-url (PUSHGATEWAY_URL); "
            "give both or neither"
        ],
    ),
    (
        ("gate", *HOST),
        {"ALLOW_SAME_HOST": "perhaps", "REQUIRE_PUSH": "sometimes"},
        [
            "--allow-same-host (ALLOW_SAME_HOST): 'perhaps' is neither on nor off; try true or false",
            "--require-push (REQUIRE_PUSH): 'sometimes' is neither on nor off; try true or false",
        ],
    ),
    (
        ("gate", *HOST, "--", "--host", "http://elsewhere", "-u", "5", "--tags", "checkout"),
        {},
        [
            "'http://elsewhere' stands alone; give the canary's host as --target-host (TARGET_HOST)",
            "--host after `--` is canarygate's own to set; leave it out",
            "-u after `--` is canarygate's own to set; leave it out",
        ],
    ),
    (
        ("gate", "http://canary"),
        {},
        [
            "--target-host (TARGET_HOST) is not set; give the canary's base URL, such as "
            "http://canary:8080",
            "'http://canary' stands alone; give the canary's host as --target-host (TARGET_HOST)",
        ],
    ),
    (
        ("gate", *HOST, "--policy", "strict.toml"),
        {},
        [
            "--policy (POLICY): strict.toml: cannot read the policy "
            "([Errno 2] No such file or directory: 'strict.toml')"
        ],
    ),
    (
        ("run", "--users", "-1"),
        {"TARGET_HOST": "canary"},
        [
            "--target-host (TARGET_HOST): 'canary' has no http:// or https:// in front; "
            "try http://canary",
            "--users (USERS): '-1' is not a whole number of 1 or more",
        ],
    ),
]


@pytest.mark.parametrize(
    ("arguments", "variables", "problems"),
    WRONG,
    ids=lambda each: " ".join(each)[:60] if isinstance(each, tuple) else None,
)
def test_everything_that_is_wrong_is_told_at_once(
    canarygate: "Command",
    here: Path,
    arguments: tuple[str, ...],
    variables: dict[str, str],
    problems: list[str],
) -> None:
    before = sorted(here.rglob("*"))

    ended = canarygate(*arguments, **variables)

    told, _, hint = ended.err.rpartition("  hint: ")
    assert sorted(problems) == sorted(
        line.removeprefix("canarygate: ") for line in told.splitlines()
    )
    assert (2, "") == (ended.code, ended.out)
    assert "--help" in hint
    assert before == sorted(here.rglob("*"))


def test_a_whole_transcript(canarygate: "Command") -> None:
    ended = canarygate("gate", "--users", "x", "--warm-up", "1", TARGET_HOST="canary")

    assert (
        "canarygate: --target-host (TARGET_HOST): 'canary' has no http:// or https:// in front; "
        "try http://canary\n"
        "canarygate: --users (USERS): 'x' is not a whole number of 1 or more\n" + HINT
    ) == ended.err


# What click itself refuses.
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("gat",), "No such command 'gat'. Did you mean 'gate'?"),
        (("frobnicate",), "No such command 'frobnicate'."),
        (("gate", "--user", "3"), r"No such option '--user'\..*'--users'"),
        (("gate", "--target-hots", "http://a"), r"No such option '--target-hots'.*'--target-host'"),
        (("gate", "--users"), "Option '--users' requires an argument."),
        (("judge",), "Missing argument 'RESULTS'."),
        (("push",), "Missing argument 'RESULTS'."),
        (("serve", "shopp"), "No such command 'shopp'. Did you mean 'shop'?"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_words_that_are_none_are_answered_with_the_nearest(
    canarygate: "Command", arguments: tuple[str, ...], told: str
) -> None:
    ended = canarygate(*arguments)

    assert (2, "") == (ended.code, ended.out)
    assert re.search(told, ended.err)


@pytest.mark.parametrize(
    ("arguments", "problems"),
    [
        (
            ("judge", "nowhere"),
            [
                "nowhere/run.json: not a run's file ([Errno 2] No such file or directory: "
                "'nowhere/run.json')"
            ],
        ),
        (
            ("judge", "nowhere", "--policy", "nothing.toml"),
            [
                "--policy (POLICY): nothing.toml: cannot read the policy "
                "([Errno 2] No such file or directory: 'nothing.toml')"
            ],
        ),
        (
            ("push", "nowhere"),
            [
                "neither --pushgateway-url (PUSHGATEWAY_URL) nor --output (OUTPUT) is given; "
                "nothing would be done"
            ],
        ),
        (
            ("push", "nowhere", "--pushgateway-url", "push:9091", "--push-timeout", "0"),
            [
                "--push-timeout (PUSH_TIMEOUT): '0' is no time at all; try 45s",
                "--pushgateway-url (PUSHGATEWAY_URL): the Pushgateway URL 'push:9091' does not start "
                "with http:// or https://",
            ],
        ),
        (
            ("serve", "shop", "--port", "99999", "--fault-seed", "x", "--faults", "latency=never"),
            [
                "--port (PORT): '99999' is not a port; give 0 to 65535, 0 for a free one",
                "--faults (FAULTS): …",
                "--fault-seed (FAULT_SEED): 'x' is not a whole number of 0 or more",
            ],
        ),
        (
            ("demo", "--faults", "latency=never", "--run-time", "x"),
            [
                "--faults (FAULTS): …",
                "--run-time (RUN_TIME): 'x' is not a duration; try 90s, 5m or 1m30s",
            ],
        ),
    ],
    ids=lambda each: " ".join(each)[:40] if isinstance(each, tuple) else "",
)
def test_the_other_commands_tell_everything_at_once_too(
    canarygate: "Command", arguments: tuple[str, ...], problems: list[str]
) -> None:
    ended = canarygate(*arguments)

    lines = [line.removeprefix("canarygate: ") for line in ended.err.splitlines()]
    lines = [re.sub(r"(\(FAULTS\): ).*", r"\1…", line) for line in lines if "  hint:" not in line]
    assert sorted(problems) == sorted(lines)
    assert (2, "") == (ended.code, ended.out)


def test_a_policy_is_refused_with_the_key_that_was_meant(canarygate: "Command", here: Path) -> None:
    (here / "strict.toml").write_text("[errors]\nshares = 0.5\n[evidense]\nalpha = 2\n")

    ended = canarygate("gate", *HOST, "--policy", "strict.toml")

    told = ended.err.splitlines()
    assert 2 == ended.code
    assert (
        "canarygate: --policy (POLICY): strict.toml: [errors] key 'shares' is unknown; "
        "did you mean 'share'?" in told
    )
    assert (
        "canarygate: --policy (POLICY): strict.toml: section 'evidense' is unknown; "
        "did you mean 'evidence'?" in told
    )


SECRETS = [
    ("--target-host", "http://me:hush-hush@canary?x"),
    ("--target-host", "http://me:hush/hush@canary"),
    ("--target-host", "http://me:hush?hush@canary"),
    ("--target-host", "me:hush-hush@canary"),
    ("--target-host", "http://me:hush-hush@"),
    ("--target-host", "http://me:hush-hush@can ary"),
    ("--stable-host", "http://me:hush-hush@canary:99999"),
    ("--pushgateway-url", "http://me:hush-hush@push/metrics"),
    ("--pushgateway-url", "me:hush-hush@push"),
    ("--pushgateway-url", "http://me:hush/hush@push"),
]


@pytest.mark.parametrize(("flag", "value"), SECRETS, ids=" ".join)
def test_no_complaint_repeats_a_password(canarygate: "Command", flag: str, value: str) -> None:
    ended = canarygate("gate", *HOST, flag, value, PUSH_PASSWORD="hush-hush", PUSH_USERNAME="me")

    assert 2 == ended.code
    assert flag in ended.err
    assert "hush" not in ended.out + ended.err


def test_without_a_word_the_help_is_shown_and_nothing_is_done(canarygate: "Command") -> None:
    ended = canarygate()

    assert (2, "") == (ended.code, ended.out)
    assert ended.err.startswith("Usage: canarygate [OPTIONS] COMMAND [ARGS]...\n")


def test_the_version_is_told(canarygate: "Command") -> None:
    import canarygate as package

    assert (0, f"canarygate {package.__version__}\n") == (
        (ended := canarygate("--version")).code,
        ended.out,
    )
