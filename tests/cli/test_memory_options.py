"""Asking for memory to be judged: what is understood, and everything that is wrong, at once."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from canarygate.cli.memory_options import metrics_url, read_selector, short_run_note, size
from canarygate.judge.policy import load_policy
from canarygate.settings import MemorySettings, RunSettings

if TYPE_CHECKING:
    from tests.cli.conftest import Command

BOTH = ("gate", "--target-host", "http://canary", "--stable-host", "http://stable")
ENDPOINTS = ("--canary-metrics-url", "http://canary:80", "--memory-limit", "512Mi")
PODS = ("--prometheus-url", "http://prom:9090", "--canary-pods", 'pod=~"web-a-.*"')


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("512Mi", 512 * 2**20),
        ("512MiB", 512 * 2**20),
        ("512 MB", 512_000_000),
        ("1G", 10**9),
        ("1.5Gi", 3 * 2**29),
        ("64Ki", 65536),
        ("64k", 64000),
        ("536870912", 536870912),
    ],
)
def test_an_amount_of_memory(text: str, number: int) -> None:
    assert number == size(text)


@pytest.mark.parametrize(
    "text", ["", "0", "-1Mi", "lots", "512m", "1e9", "512 Mi B", "1_000", "1Pi"]
)
def test_what_is_no_amount_of_memory(text: str) -> None:
    with pytest.raises(ValueError, match="is not an amount of memory; try 512Mi"):
        size(text)


@pytest.mark.parametrize(
    ("text", "selector"),
    [
        ('namespace="shop",pod=~"web-.*"', 'namespace="shop",pod=~"web-.*"'),
        (' { pod =~ "web-.*" , namespace="shop", } ', 'namespace="shop",pod=~"web-.*"'),
        (r'pod="a\"b,}{",container!~"x|y"', r'container!~"x|y",pod="a\"b,}{"'),
    ],
)
def test_a_selector_is_brought_into_one_form(text: str, selector: str) -> None:
    assert selector == read_selector(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty and would take every pod"),
        ("{}", "is empty and would take every pod"),
        ('{pod="a"', "a brace without its other"),
        ('pod="a"}', "a brace without its other"),
        ("web-1", "no label matcher"),
        ("pod=web-1", "no label matcher"),
        ('pod="a" namespace="b"', "a comma missing"),
        ('pod="a",,namespace="b"', "no label matcher"),
        ('pod="a"} or vector(1) or x{pod="b"', "no label matcher|a comma missing"),
        ('__name__="up"', "__name__ cannot be chosen"),
    ],
)
def test_what_is_no_selector(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_selector(text)


def test_a_metrics_url_without_a_path_is_of_the_usual_one() -> None:
    assert "http://canary:8080/metrics" == metrics_url("http://canary:8080/")
    assert "https://canary/a/prom?x=1" == metrics_url("https://canary/a/prom?x=1")


@pytest.mark.parametrize("text", ["canary:8080", "ftp://x", "http://", "http://a b", "http://x:0"])
def test_what_is_no_metrics_url(text: str) -> None:
    with pytest.raises(ValueError, match="is no URL; try http://checkout-canary:8080/metrics"):
        metrics_url(text)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (
            (*ENDPOINTS, *PODS),
            "--canary-metrics-url (CANARY_METRICS_URL) and --prometheus-url (PROMETHEUS_URL) are two "
            "sources of memory",
        ),
        (
            ("--stable-metrics-url", "http://stable/metrics"),
            "--stable-metrics-url (STABLE_METRICS_URL) is given without --canary-metrics-url",
        ),
        (
            ENDPOINTS[:2],
            "--canary-metrics-url (CANARY_METRICS_URL) needs --memory-limit (MEMORY_LIMIT)",
        ),
        (
            ENDPOINTS[2:],
            "--memory-limit (MEMORY_LIMIT) is given without a source of memory",
        ),
        (PODS[:2], "--prometheus-url (PROMETHEUS_URL) needs --canary-pods (CANARY_PODS)"),
        (PODS[2:], "--canary-pods (CANARY_PODS) is given without --prometheus-url"),
        (
            (*PODS, "--stable-pods", '{pod=~"web-a-.*"}'),
            "--stable-pods (STABLE_PODS) are the canary's own pods",
        ),
        (
            (*ENDPOINTS, "--stable-metrics-url", "http://canary:80/metrics"),
            "--stable-metrics-url (STABLE_METRICS_URL) is the canary's own",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(
    canarygate: "Command", arguments: tuple[str, ...], problem: str
) -> None:
    ended = canarygate(*BOTH, "--run-time", "2m", *arguments)

    assert 2 == ended.code
    assert problem in ended.err


def test_memory_of_a_stable_without_load_says_nothing(canarygate: "Command") -> None:
    ended = canarygate(
        *BOTH[:3], "--run-time", "2m", *ENDPOINTS, "--stable-metrics-url", "http://stable"
    )

    assert 2 == ended.code
    assert "is given without --stable-host (STABLE_HOST): stable gets no load" in ended.err


def test_all_problems_come_at_once(canarygate: "Command") -> None:
    ended = canarygate(*BOTH, MEMORY_LIMIT="lots", CANARY_PODS="web", STABLE_METRICS_URL="x")

    assert 2 == ended.code
    for label in ("(MEMORY_LIMIT)", "(CANARY_PODS)", "(STABLE_METRICS_URL)"):
        assert label in ended.err


def test_the_same_endpoint_may_be_both_to_calibrate(canarygate: "Command", here: Path) -> None:
    ended = canarygate(
        *("gate", "--target-host", "http://shop", "--stable-host", "http://shop"),
        *("--allow-same-host", "--dry-run", "--run-time", "2m", *ENDPOINTS),
        *("--stable-metrics-url", "http://canary:80"),
    )

    assert (0, "") == (ended.code, ended.err)
    assert not (here / "results").exists()


def test_secrets_in_urls_are_never_printed(canarygate: "Command") -> None:
    secret = "http://ann:s3cret@canary/metrics?token=s3cret"
    ended = canarygate(*BOTH, "--dry-run", *ENDPOINTS[2:], CANARY_METRICS_URL=secret)
    refused = canarygate(*BOTH, "--dry-run", CANARY_METRICS_URL=secret.replace("http", "ftp"))

    assert 0 == ended.code
    assert "http://canary/metrics" in ended.out
    assert "s3cret" not in ended.out + ended.err + refused.out + refused.err
    kept = MemorySettings(metrics_urls={"canary": secret}, prometheus_url=secret).printable()
    assert (
        MemorySettings(
            metrics_urls={"canary": "http://canary/metrics"},
            prometheus_url="http://canary/metrics",
        )
        == kept
    )


@pytest.mark.parametrize(
    ("asked", "seconds", "note"),
    [
        (True, 89, "memory takes 90 s to judge (12 samples after 30 s), and --run-time (RUN_TIME)"),
        (True, 90, ""),
        (False, 45, ""),
    ],
)
def test_a_run_too_short_for_memory_is_told_before_the_load(
    asked: bool, seconds: int, note: str
) -> None:
    run = RunSettings(
        hosts={"canary": "http://canary"},
        locust_file=Path("flow.py"),
        run_time_seconds=seconds,
        memory=MemorySettings() if asked else None,
        seed="1",
        results_dir=Path("results"),
        run_id="1",
        service="x",
    )
    found = short_run_note(run, load_policy(None).memory)

    assert found.startswith(note)
    assert bool(found) == bool(note)
