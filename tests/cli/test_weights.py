"""The options of the weight service: what they become, and everything that is wrong with them at once."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from canarygate.cli.weight_values import metric_name, number, short_duration
from canarygate.weights.queries import template_problems
from tests.weights.stand_in import healthy, standing_in, vector

if TYPE_CHECKING:
    from tests.cli.conftest import Command

ONCE = ("weights", "--once", "--prometheus-url")
NAMES = ("--service", "checkout", "--canary", "v2", "--stable", "v1")
DOWN = "http://127.0.0.1:1"


def test_without_once_it_says_what_to_do(canarygate: "Command") -> None:
    ended = canarygate("weights")

    assert (2, "") == (ended.code, ended.out)
    assert (
        "canarygate: weights answers once; give --once\n"
        "  hint: `canarygate serve weights` keeps answering\n"
    ) == ended.err


@pytest.mark.parametrize(
    ("changes", "code", "status"),
    [
        ({}, 0, "proceed"),
        ({"canary_latency": "0.2"}, 10, "rollback"),
        ({"canary_latency": None}, 11, "hold"),
    ],
)
def test_the_answer_is_one_document_and_the_exit_code(
    canarygate: "Command", changes: dict[str, str | None], code: int, status: str
) -> None:
    with standing_in() as prometheus:
        prometheus.act = healthy(**changes)
        ended = canarygate(*ONCE, prometheus.url, *NAMES)

    assert (code, "") == (ended.code, ended.err)
    assert status == json.loads(ended.out)["status"]
    assert ended.out.endswith("}\n")


def test_every_option_is_a_variable_too(canarygate: "Command") -> None:
    with standing_in() as prometheus:
        prometheus.act = healthy(canary_errors="0.01")
        ended = canarygate(
            "weights",
            "--once",
            PROMETHEUS_URL=prometheus.url,
            SERVICE="checkout",
            CANARY="v2",
            STABLE="v1",
            MAX_WEIGHT="50",
            FLOOR="10",
            WINDOW="10m",
            MATCHERS='app="<service>"',
            METRIC="rpc_seconds",
        )
        queries = prometheus.queries

    assert 0 == ended.code, ended.err
    assert 42.0 == json.loads(ended.out)["weight"]
    assert all("rpc_seconds_" in each and 'app="checkout"' in each for each in queries)
    assert any("[600s]" in each for each in queries)


def test_everything_that_is_wrong_is_told_at_once(canarygate: "Command") -> None:
    ended = canarygate(
        *("weights", "--once", "--window", "30s", "--deadline", "10s", "--query-timeout", "11s"),
        *("--floor", "50", "--max-weight", "20", "--min-requests", "0", "--canary", 'v2"'),
        *("--canary-matchers", "", "--stable-matchers", 'version="<stabel>"'),
        *("--latency-query", "sum(x)", "--error-query", "sum(x{<matchers>}[<windw>])"),
        *("--latency-threshold", "half", "--error-threshold", "5"),
        PROMETHEUS_TOKEN="t",
        PROMETHEUS_PASSWORD="p",
        PROMETHEUS_PASSWORD_FILE="/nowhere",
    )

    assert (2, "") == (ended.code, ended.out)
    assert [
        "canarygate: --canary (CANARY): 'v2\"' has to be letters, digits and . _ + / - between them, "
        "at most 128",
        "canarygate: --min-requests (MIN_REQUESTS): '0' is not a whole number of 1 or more",
        "canarygate: --canary-matchers (CANARY_MATCHERS): it is empty and would take every series; "
        'try version="<canary>"',
        "canarygate: --stable-matchers (STABLE_MATCHERS): <stabel> is no placeholder; did you mean "
        "<stable>?",
        "canarygate: --latency-query (LATENCY_QUERY): there is no <matchers> in it, so canary and "
        "stable would be the same",
        "canarygate: --error-query (ERROR_QUERY): <windw> is no placeholder; did you mean <window>?",
        "canarygate: --latency-threshold (LATENCY_THRESHOLD): 'half' is not a number",
        "canarygate: --error-threshold (ERROR_THRESHOLD): '5' is not above 0 to 1",
        "canarygate: PROMETHEUS_PASSWORD and PROMETHEUS_PASSWORD_FILE are both set; set one",
        "canarygate: PROMETHEUS_PASSWORD_FILE: cannot read /nowhere: No such file or directory",
        "canarygate: --prometheus-url (PROMETHEUS_URL) is required, such as "
        "http://prometheus.monitoring:9090",
        "canarygate: --window (WINDOW) is 30 s, and with --scrape-interval (SCRAPE_INTERVAL) of 15 s "
        "a rate takes 60 s at least; a window of one scrape is empty in Prometheus 3",
        "canarygate: --deadline (DEADLINE) is 10 s, and Argo's web provider gives up after 10 s; "
        "give less",
        "canarygate: --query-timeout (QUERY_TIMEOUT) is longer than --deadline (DEADLINE), which "
        "ends every query",
        "canarygate: --floor (FLOOR) is above --max-weight (MAX_WEIGHT)",
        "  hint: every option is explained in docs/weights.md",
    ] == ended.err.splitlines()


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (
            ("--canary-matchers", 'a="b"', "--stable-matchers", 'a="b"'),
            "--canary-matchers (CANARY_MATCHERS) and --stable-matchers (STABLE_MATCHERS) are the "
            "same; two different selections are compared",
        ),
        (("--metric", "x_bucket"), "--metric (METRIC): give the histogram's own name, 'x'"),
        (("--error-matcher", "5.."), "--error-matcher (ERROR_MATCHER): '5..' is no label matcher"),
        (("--stable", "-"), "--stable (STABLE): '-' has to be letters"),
        (("--max-weight", "101"), "--max-weight (MAX_WEIGHT): '101' is not above 0 to 100"),
        (("--prometheus-url", "prom:9090"), "has no http:// or https:// in front"),
        (("--prometheus-url", f"{DOWN}/api/v1"), "give the base URL, without /api/v1"),
    ],
)
def test_what_is_refused(canarygate: "Command", more: tuple[str, ...], problem: str) -> None:
    ended = canarygate(*ONCE, DOWN, *NAMES, *more)

    assert (2, "") == (ended.code, ended.out)
    assert problem in ended.err


def test_what_nobody_named_is_bad_usage_for_a_script(canarygate: "Command") -> None:
    ended = canarygate(*ONCE, DOWN, "--service", "checkout")

    assert (2, "") == (ended.code, ended.out)
    assert [
        "canarygate: parameter 'canary' is missing",
        "canarygate: parameter 'stable' is missing",
        "  hint: give --service, --canary and --stable ('' where there is none)",
    ] == ended.err.splitlines()


def test_no_stable_is_a_hold(canarygate: "Command") -> None:
    ended = canarygate(*ONCE, DOWN, "--service", "checkout", "--canary", "v2", "--stable", "")

    assert 11 == ended.code
    assert 0 == json.loads(ended.out)["weight"]


def test_a_token_or_a_name_with_a_password_but_not_both(canarygate: "Command") -> None:
    ended = canarygate(*ONCE, DOWN, *NAMES, PROMETHEUS_TOKEN="t", PROMETHEUS_USERNAME="ann")

    assert 2 == ended.code
    assert (
        "PROMETHEUS_TOKEN and PROMETHEUS_USERNAME or _PASSWORD are both set; set one" in ended.err
    )


def test_secrets_come_out_of_files_and_never_out_again(
    canarygate: "Command", tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("hunter2\n")
    with standing_in() as prometheus:
        prometheus.act = says_no
        ended = canarygate(
            *ONCE, prometheus.url, *NAMES, PROMETHEUS_TOKEN_FILE=str(tmp_path / "token")
        )

    assert 11 == ended.code
    assert all("Authorization: Bearer hunter2" in head for head in prometheus.heads)
    assert "hunter2" not in ended.out + ended.err


def says_no(_query: str, send: "object") -> None:
    assert callable(send)
    send(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")


def test_a_query_of_ones_own(canarygate: "Command") -> None:
    own = "max(job:p99_seconds{<matchers>})"

    def act(query: str, send: "object") -> None:
        assert callable(send)
        if query.startswith("max(job:"):
            body = json.dumps(vector("0.3" if "v2" in query else "0.1")).encode()
            send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        else:
            healthy()(query, send)

    with standing_in() as prometheus:
        prometheus.act = act
        ended = canarygate(*ONCE, prometheus.url, *NAMES, "--latency-query", own)

    assert 10 == ended.code
    assert 2.0 == pytest.approx(json.loads(ended.out)["latency"]["delta"])


def test_the_same_options_are_refused_before_serving(canarygate: "Command") -> None:
    ended = canarygate("serve", "weights", "--prometheus-ulr", DOWN)
    assert (2, "") == (ended.code, ended.out)

    ended = canarygate("serve", "weights", "--port", "70000", "--cache", "soon", "--log-level", "x")
    assert (2, "") == (ended.code, ended.out)
    assert [
        "--port (PORT): '70000' is not a port; give 0 to 65535, 0 for a free one",
        "--cache (CACHE): 'soon' is not a duration; try 90s, 5m or 1m30s",
        "--log-level (LOG_LEVEL): 'x' is none of debug, info, warning, error",
        "--prometheus-url (PROMETHEUS_URL) is required, such as http://prometheus.monitoring:9090",
    ] == [line.removeprefix("canarygate: ") for line in ended.err.splitlines()[:-1]]


@pytest.mark.parametrize("host", ["nohost.invalid", "192.0.2.1", "a b", "x" * 300])
def test_an_address_that_is_not_ours(canarygate: "Command", host: str) -> None:
    ended = canarygate("serve", "weights", "--prometheus-url", DOWN, "--bind", host)

    assert (2, "") == (ended.code, ended.out)
    assert f"canarygate: cannot listen on {host}:8090: " in ended.err
    assert "  hint: check --bind (BIND) and --port (PORT)\n" in ended.err


@pytest.mark.parametrize("text", ["", "x", "-1", "1e3", "1_0", "nan", "inf", "101"])
def test_what_is_no_percent(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not"):
        number(0, 100)(text)


def test_values() -> None:
    assert 0.005 == short_duration("5ms")
    assert 90 == short_duration("1m30s")
    assert 2.5 == number(0, 100)("2.5")
    assert "a:b" == metric_name(" a:b ")


def test_every_option_and_every_placeholder_is_in_the_guide() -> None:
    from canarygate.cli.serve import WEIGHTS_OPTIONS
    from canarygate.weights.matchers import PARAMETERS
    from canarygate.weights.queries import PLACES

    guide = (Path(__file__).resolve().parents[2] / "docs" / "weights.md").read_text("utf-8")

    assert [] == [each.flag for each in WEIGHTS_OPTIONS if f"`{each.flag}`" not in guide]
    assert [] == [each for each in (*PARAMETERS, *PLACES) if f"`<{each}>`" not in guide]


def test_the_queries_of_the_guide_are_whole() -> None:
    guide = (Path(__file__).resolve().parents[2] / "docs" / "weights.md").read_text("utf-8")
    own = [
        line.strip()
        for line in guide.splitlines()
        if line.startswith("    ") and "<matchers>" in line
    ]

    assert own
    assert [] == [problem for each in own for problem in template_problems(each)]


def test_names_that_cannot_be_never_reach_prometheus(canarygate: "Command") -> None:
    with standing_in() as prometheus:
        ended = canarygate(*ONCE, prometheus.url, "--service", "a b", "--canary", "v2")

    assert 2 == ended.code
    assert [] == prometheus.queries
