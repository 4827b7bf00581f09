"""Flag before environment before default, and `--dry-run`, which tells what came of them."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from canarygate.runner.command import RECORDER

if TYPE_CHECKING:
    from tests.cli.conftest import Command

HOST = ("--target-host", "http://canary")


def told(out: str) -> dict[str, tuple[str, str]]:
    """Value and source by flag."""
    table, _, _ = out.partition("\n\n")
    rows = [line.split() for line in table.splitlines()]
    return {row[0]: (" ".join(row[2:-1]), row[-1]) for row in rows}


def test_the_whole_of_a_dry_run(canarygate: "Command", here: Path) -> None:
    ended = canarygate(
        *("gate", "--target-host", "http://canary:8080/", "--stable-host", "http://stable:8080"),
        *("--users", "40", "--run-id", "run-1", "--run-time", "1m30s", "--allow-same-host"),
        *("--dry-run", "--", "--tags", "check out"),
        USERS="10",
        SPAWN_RATE="2.5/s",
        SERVICE="",
        STAGE="50",
        PUSHGATEWAY_URL="http://push:9091",
        PUSH_LABELS="pod_template_hash=6b8c,track=a",
    )

    common = (
        f"{sys.executable} -m locust --headless --only-summary"
        f" -f {RECORDER},{here}/locustfiles/checkout_flow.py --host http://ROLE:8080"
        " --users 40 --spawn-rate 2.5 --run-time 90s --stop-timeout 6"
        f" --csv {here}/results/run-1/ROLE --exit-code-on-error 0 --tags 'check out'"
    )
    assert (
        "--target-host        TARGET_HOST        http://canary:8080             flag\n"
        "--stable-host        STABLE_HOST        http://stable:8080             flag\n"
        "--allow-same-host    ALLOW_SAME_HOST    on                             flag\n"
        "--users              USERS              40                             flag\n"
        "--spawn-rate         SPAWN_RATE         2.5/s                          environment\n"
        "--run-time           RUN_TIME           1m30s                          flag\n"
        "--min-run-time       MIN_RUN_TIME       0s                             default\n"
        "--max-run-time       MAX_RUN_TIME       -                              default\n"
        "--warm-up            WARM_UP            10s                            default\n"
        "--arrival            ARRIVAL            closed                         default\n"
        "--rate               RATE               -                              default\n"
        "--locust-file        LOCUST_FILE        locustfiles/checkout_flow.py   default\n"
        "--flows-dir          FLOWS_DIR          locustfiles                    default\n"
        "--seed               SEED               run-1                          default\n"
        "--processes          PROCESSES          1                              default\n"
        "--request-timeout    REQUEST_TIMEOUT    5s                             default\n"
        "--results-dir        RESULTS_DIR        results                        default\n"
        "--run-id             RUN_ID             run-1                          flag\n"
        "--service            SERVICE            canary                         default\n"
        "--stage              STAGE              50                             environment\n"
        "--push-labels        PUSH_LABELS        pod_template_hash=6b8c,track=a environment\n"
        "--canary-metrics-url CANARY_METRICS_URL -                              default\n"
        "--stable-metrics-url STABLE_METRICS_URL -                              default\n"
        "--memory-limit       MEMORY_LIMIT       -                              default\n"
        "--prometheus-url     PROMETHEUS_URL     -                              default\n"
        "--canary-pods        CANARY_PODS        -                              default\n"
        "--stable-pods        STABLE_PODS        -                              default\n"
        "--policy             POLICY             -                              default\n"
        "--on-inconclusive    ON_INCONCLUSIVE    fail                           default\n"
        "--pushgateway-url    PUSHGATEWAY_URL    http://push:9091               environment\n"
        "--push-timeout       PUSH_TIMEOUT       20s                            default\n"
        "--prune-after        PRUNE_AFTER        24h                            default\n"
        "--require-push       REQUIRE_PUSH       on                             default\n"
        "--push-endpoints     PUSH_ENDPOINTS     off                            default\n"
        f"\ncanary:\n  {common.replace('ROLE', 'canary')}\n"
        f"\nstable:\n  {common.replace('ROLE', 'stable')}\n"
    ) == ended.out
    assert (0, "") == (ended.code, ended.err)
    assert not (here / "results").exists()


@pytest.mark.parametrize(
    ("arguments", "variables", "value"),
    [
        ((), {}, ("20", "default")),
        ((), {"USERS": ""}, ("20", "default")),
        ((), {"USERS": "30"}, ("30", "environment")),
        (("--users", "40"), {"USERS": "30"}, ("40", "flag")),
        (("--users", "40"), {"USERS": "nonsense"}, ("40", "flag")),
        (("--users", "20"), {}, ("20", "flag")),
    ],
)
def test_a_flag_comes_before_the_environment_and_that_before_the_default(
    canarygate: "Command",
    arguments: tuple[str, ...],
    variables: dict[str, str],
    value: tuple[str, str],
) -> None:
    ended = canarygate("gate", *HOST, "--dry-run", *arguments, **variables)

    assert value == told(ended.out)["--users"]


def test_every_empty_variable_is_one_that_is_not_set(canarygate: "Command") -> None:
    """A Job's template fills in what it has; an empty argument must not become an empty host."""
    plain = canarygate("gate", *HOST, "--run-id", "run-1", "--dry-run")
    names = [line.split()[1] for line in plain.out.partition("\n\n")[0].splitlines()]

    empty = canarygate(
        *("gate", *HOST, "--run-id", "run-1", "--dry-run"), **dict.fromkeys(names, "")
    )

    assert plain == empty


@pytest.mark.parametrize(
    ("arguments", "variables", "shown"),
    [
        ((), {}, "off"),
        ((), {"PUSHGATEWAY_URL": "http://push"}, "on"),
        ((), {"PUSHGATEWAY_URL": "http://push", "REQUIRE_PUSH": "false"}, "off"),
        ((), {"PUSHGATEWAY_URL": "http://push", "REQUIRE_PUSH": "1"}, "on"),
        (("--no-require-push",), {"PUSHGATEWAY_URL": "http://p", "REQUIRE_PUSH": "1"}, "off"),
        (("--require-push",), {"PUSHGATEWAY_URL": "http://p", "REQUIRE_PUSH": "no"}, "on"),
    ],
)
def test_a_push_is_required_wherever_there_is_one_unless_told_otherwise(
    canarygate: "Command", arguments: tuple[str, ...], variables: dict[str, str], shown: str
) -> None:
    ended = canarygate("gate", *HOST, "--dry-run", *arguments, **variables)

    assert shown == told(ended.out)["--require-push"][0]


def test_inconclusive_may_pass_where_the_push_is_required(canarygate: "Command") -> None:
    ended = canarygate(
        "gate", *HOST, "--dry-run", PUSHGATEWAY_URL="http://push:9091", ON_INCONCLUSIVE="pass"
    )

    assert ("pass", "environment") == told(ended.out)["--on-inconclusive"]


def test_a_dry_run_shows_no_password(canarygate: "Command") -> None:
    ended = canarygate(
        *("gate", "--target-host", "http://me:hush-hush@canary", "--dry-run"),
        STABLE_HOST="https://me:hush-hush@stable",
        PUSHGATEWAY_URL="http://me:hush-hush@push:9091",
    )

    assert ("http://canary", "flag") == told(ended.out)["--target-host"]
    assert ("http://push:9091", "environment") == told(ended.out)["--pushgateway-url"]
    assert "hush" not in ended.out + ended.err


def test_workers_are_shown_with_a_port_that_is_found_later(canarygate: "Command") -> None:
    ended = canarygate("run", *HOST, "--processes", "2", "--dry-run")

    assert " --processes 2 " in ended.out
    assert " --master-bind-port 0 --master-port 0\n" in ended.out


@pytest.mark.parametrize(
    ("host", "service"),
    [
        ("http://checkout-canary.shop.svc:8080", "checkout-canary"),
        ("http://10.0.0.1:8080", "10.0.0.1"),
        ("http://[fd00::1]", "fd00::1"),
        ("http://localhost", "localhost"),
    ],
)
def test_a_service_is_named_by_its_host(canarygate: "Command", host: str, service: str) -> None:
    ended = canarygate("gate", "--target-host", host, "--dry-run")

    assert (service, "default") == told(ended.out)["--service"]


def test_a_locustfile_from_here_comes_before_one_of_the_flows_folder(
    canarygate: "Command", here: Path
) -> None:
    found = {
        name: told(canarygate("gate", *HOST, "--dry-run", LOCUST_FILE=name).out)["--locust-file"][0]
        for name in ("own_flow.py", "browse_flow.py", f"{here}/own_flow.py")
    }

    assert {
        "own_flow.py": "own_flow.py",
        "browse_flow.py": "locustfiles/browse_flow.py",
        f"{here}/own_flow.py": f"{here}/own_flow.py",
    } == found


def test_each_run_gets_a_name_of_its_own_that_is_its_seed_too(canarygate: "Command") -> None:
    seen = [told(canarygate("gate", *HOST, "--dry-run").out) for _ in range(3)]

    assert 3 == len({each["--run-id"] for each in seen})
    assert [each["--run-id"] for each in seen] == [each["--seed"] for each in seen]
