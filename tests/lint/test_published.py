"""Manifests as people publish them, re-indented: the traps in them, each with its line."""

import io
from pathlib import Path

import pytest

from canarygate.lint.linting import lint
from canarygate.lint.reading import read_all

FOLDER = Path(__file__).parents[1] / "data" / "seeds-like"

FOUND = {
    "backend-api.yaml": [
        "33:infinite-metric-in-step",
        "56:no-errors-yet",
        "56:no-traffic-aborts",
        "56:query-of-everyone",
        "67:query-of-everyone",
    ],
    "background.yaml": [
        "61:stable-and-canary",
        "61:window-before-canary",
        "73:no-traffic-aborts",
        "73:only-2xx-succeeds",
        "73:stable-and-canary",
        "73:window-before-canary",
    ],
    "payment-api.yaml": [
        "51:unknown-field",
        "53:nginx-without-services",
        "57:canary-scale-kept",
        "61:template-namespace",
        "62:set-weight-expression",
        "67:set-weight-expression",
        "72:set-weight-expression",
        "90:unknown-field",
        "95:never-fails",
        "96:any-weight-passes",
    ],
    "production-service.yaml": [
        "34:infinite-metric-in-step",
        "58:no-errors-yet",
        "58:no-traffic-aborts",
        "58:query-of-everyone",
        "68:query-of-everyone",
    ],
    "staged-checkout.yaml": [
        "20:template-not-defined",
        "28:template-namespace",
        "29:template-namespace",
        "38:arg-not-passed",
        "38:arg-not-passed",
        "41:template-not-defined",
        "42:template-namespace",
        "44:rollback-window-place",
        "47:history-limit-place",
        "48:history-limit-place",
        "77:arg-unused",
        "82:job-failure-tolerated",
        "85:job-without-deadline",
        "91:load-without-cpu",
        "92:mutable-image",
        "109:arg-in-shell",
        "109:shell-hides-exit-code",
        "109:shell-without-signals",
        "141:no-errors-yet",
        "141:no-traffic-aborts",
        "141:query-beside-load",
        "165:max-over-max",
        "165:pod-cgroup-counted",
        "165:query-beside-load",
        "165:wrong-pods",
    ],
}


@pytest.mark.parametrize("name", FOUND)
@pytest.mark.parametrize("version", ["1.9", "1.10"])
def test_every_trap_that_the_file_alone_shows_is_found(name: str, version: str) -> None:
    read = read_all([str(FOLDER / name)], io.BytesIO())

    findings = lint(read, argo_version=version, scrape_seconds=15.0).findings

    assert [] == read.problems
    assert FOUND[name] == [f"{each.line}:{each.rule}" for each in findings]


def test_no_file_is_left_out() -> None:
    assert FOUND.keys() == {each.name for each in FOLDER.iterdir()}


def test_a_longer_scrape_makes_the_ranges_of_a_minute_too_short() -> None:
    read = read_all([str(FOLDER / "production-service.yaml")], io.BytesIO())

    findings = lint(read, argo_version="1.9", scrape_seconds=60.0).findings

    assert ["range-too-short"] * 2 == [
        each.rule for each in findings if each.rule == "range-too-short"
    ]
