"""report.html: whole, quiet, the same for the same run, and deaf to what hostile names say."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from canarygate.records import Records
from canarygate.report.html.ink import VARIABLES
from canarygate.results import RunOutcome
from tests.report.pages import (
    START,
    document_of,
    leaking,
    page_of,
    pictures,
    role_of,
    samples,
    seen,
    traffic,
)

BOTH = {"canary": traffic(slower=1.12, failing=0.02), "stable": traffic(seed=2, failing=0.02)}
MEMORY = samples(leaking("canary", 2e6), leaking("stable", 0))
PARTS = ["checks", "latency", "changes", "time", "evidence", "memory-section", "run", "files"]


@pytest.fixture(scope="module")
def page() -> str:
    return page_of(BOTH, MEMORY)


def test_the_parts_stand_in_their_order(page: str) -> None:
    found = seen(page)

    assert PARTS == [facts["id"] for tag, facts in found.tags if tag == "section"]
    assert [] == found.unbalanced
    assert ["html"] == [tag for tag in found.open if tag != "html"] + ["html"]


def test_the_verdict_comes_first_as_a_word_a_sign_and_a_sentence(page: str) -> None:
    document = document_of(BOTH, MEMORY)

    head = seen(page.partition("</h1>")[0] + "</h1>").text

    verdict, _, sentence = document["sentence"].partition(" ")
    assert "fail" == verdict
    assert head.endswith(f"\u2717 fail {sentence}")


def test_where_and_when_is_told(page: str) -> None:
    text = seen(page).text

    for each in ("checkout", "weight-20", "run-1", "2026-09-21 14:13:20 UTC, 60 s of 60 s"):
        assert each in text


def test_every_check_stands_with_its_reason_and_numbers(page: str) -> None:
    text = seen(page).text

    for check in document_of(BOTH, MEMORY)["checks"]:
        assert check["name"] in text
        assert " ".join(check["reason"].split()) in text


def test_every_picture_is_told_in_words_with_numbers(page: str) -> None:
    found = pictures(page)

    assert len(found) == 3 + 1 + 4 + 3 + 2
    for picture in found:
        names = picture.attrib["aria-labelledby"].split()
        told = {
            each.attrib["id"]: each.text or "" for each in picture if each.tag in ("title", "desc")
        }
        assert "img" == picture.attrib["role"]
        assert names == list(told)
        assert all(told.values())
        assert re.search(r"\d", told[names[1]]), told


def test_the_words_are_those_of_the_report(page: str) -> None:
    [words] = [
        each.text
        for picture in pictures(page)
        for each in picture
        if each.attrib.get("id") == "latency-1-words"
    ]
    [row] = [
        row
        for row in document_of(BOTH, MEMORY)["comparison"]["endpoints"]
        if row["name"] == "/api/checkout"
    ]

    assert words is not None
    assert f"stable: {row['stable_successes']} successes" in words
    assert f"half within {1000 * row['canary_p50']:.0f} ms" in words
    assert f"95 % within {1000 * row['stable_p95']:.0f} ms" in words
    assert f"typical change {100 * (row['ratio'] - 1):+.0f} %" in words


def test_no_two_elements_share_an_id(page: str) -> None:
    ids = [facts["id"] for _, facts in seen(page).tags if "id" in facts]
    used = re.findall(r"url\(#([^)]+)\)", page) + re.findall(r'href="#([^"]+)"', page)

    assert len(ids) == len(set(ids))
    assert set(used) <= set(ids)


def test_nothing_is_fetched_and_nothing_runs(page: str) -> None:
    found = seen(page)
    attributes = [(name, value) for _, facts in found.tags for name, value in facts.items()]

    assert set() == {
        "script",
        "link",
        "iframe",
        "object",
        "embed",
        "img",
        "image",
        "base",
        "form",
    } & {*found.names()}
    assert [] == [name for name, _ in attributes if name.startswith("on") or name == "src"]
    assert [] == [value for _, value in attributes if re.search("https?:|javascript:|data:", value)]
    assert "@import" not in found.style
    assert "url(" not in found.style
    assert "default-src 'none'; style-src 'unsafe-inline'" in dict(attributes).values() or (
        "content=\"default-src 'none'" in page
    )


def test_links_lead_to_the_files_beside_it(page: str) -> None:
    links = [facts["href"] for tag, facts in seen(page).tags if tag == "a"]

    assert ["./report.json", "./canary_requests.csv"] == links


def test_a_folder_with_a_strange_name_is_linked_to_all_the_same() -> None:
    page = page_of(BOTH, links=("../a b/#1/javascript:x", "re\u202eport.json"))

    links = [facts["href"] for tag, facts in seen(page).tags if tag == "a"]
    assert ["./../a%20b/%231/javascript%3Ax", "./re%E2%80%AEport.json"] == links


def test_every_colour_is_the_pages(page: str) -> None:
    """What matplotlib would choose by itself is the same in the dark."""
    drawings = "".join(part.partition("</svg>")[0] for part in page.split("<svg")[1:])
    style = seen(page).style

    assert set() == set(re.findall(r"(?<![(&])#[0-9a-fA-F]{3,6}\b", drawings))
    assert set(re.findall(r"var\(--(\w+)\)", drawings)) - {"sans"} <= set(VARIABLES.values())
    for name in VARIABLES.values():
        assert 3 == style.count(f"--{name}: #"), name  # light, dark, paper


def test_stable_and_canary_differ_without_colour(page: str) -> None:
    [latency] = [
        each for each in pictures(page) if each.attrib["aria-labelledby"].startswith("latency-1-")
    ]
    styles = [each.attrib.get("style", "") for each in latency.iter("path")]

    stable = [
        style for style in styles if "stroke: var(--stable)" in style and "fill: none" in style
    ]
    canary = [
        style for style in styles if "stroke: var(--canary)" in style and "fill: none" in style
    ]
    assert all("stroke-dasharray" in style for style in stable)
    assert not any("stroke-dasharray" in style for style in canary)
    assert stable
    assert canary


def test_the_same_run_is_the_same_page(page: str) -> None:
    assert page == page_of(BOTH, MEMORY)


def test_the_order_of_the_records_does_not_matter(page: str) -> None:
    assert page == page_of({role: shuffled(each) for role, each in BOTH.items()}, MEMORY)


def shuffled(records: Records) -> Records:
    order = np.random.default_rng(7).permutation(len(records))
    changed: dict[str, Any] = {
        name: value[order] for name, value in vars(records).items() if isinstance(value, np.ndarray)
    }
    return replace(records, **changed)


def test_an_ordinary_run_is_small(page: str) -> None:
    assert len(page.encode()) < 300_000


@pytest.mark.parametrize("name", ["/api/things", "/" + "long/" * 2000, "\u4e2d\u6587" * 500])
def test_hundreds_of_endpoints_have_an_end(name: str) -> None:
    endpoints = tuple(("GET", f"{name}/{number}") for number in range(400))
    records = {
        role: traffic(20_000, endpoints=endpoints, seed=seed)
        for seed, role in enumerate(("canary", "stable"))
    }

    page = page_of(records)

    assert len(page.encode()) < 1_000_000
    assert 12 == len(re.findall('<figure id="latency-', page))
    assert "The worst 12 are drawn; 388 more are in the table." in seen(page).text
    assert "150 more are in report.json." in seen(page).text


HOSTILE = (
    "<script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</svg></title></desc><img src=x onerror=alert(1)>",
    "\"'><b onmouseover=alert(1)>",
    "-->]]><!--<![CDATA[",
    "{{ 7*7 }}{% raw %}",
    "$x^2$ $\\frac{1}{",
    "\\u0000 \x00\x01\x1b[31m\x7f\x9b",
    "half \ud800 a pair \udfff",
    "\u202eevil\u2066 \u200b\ufeff",
    "&lt;&amp;&#0;&nbsp;",
    "url(#x) var(--ink) #010203",
    "\U0001f600 \u0645\u0631\u062d\u0628\u0627",
)


def page_with(*names: str) -> str:
    """The names as endpoints, hosts, reasons, services, pods, settings and the names of those."""
    endpoints = tuple(
        each for name in names for each in (("GET", f"/{name}"), (f"{name} {name}", "/api"))
    )
    records = {
        role: traffic(6000, slower=1.5 if role == "canary" else 1, endpoints=endpoints)
        for role in ("canary", "stable")
    }
    every = " ".join(names)
    pods = [
        replace(each, pod=names[number % len(names)])
        for number, each in enumerate(leaking("canary", 2e6) * 4)
    ]
    return page_of(
        records,
        samples(pods, leaking("stable", 0)),
        service=every,
        stage=every,
        run_id=every,
        reason=every,
        seed=every,
        roles={role: role_of(each, host=every, problem=every) for role, each in records.items()},
        settings={"run_time_seconds": 60, "hosts": {}, "list": [*names]}
        | {name: name for name in names},
        versions={name: name for name in names},
    )


def test_a_hostile_name_is_text_and_nothing_else() -> None:
    benign_names = tuple(f"harmless{number:02d}" for number in range(len(HOSTILE)))

    hostile_page, benign_page = page_with(*HOSTILE), page_with(*benign_names)

    found, benign = seen(hostile_page), seen(benign_page)
    assert benign.style == found.style
    assert [] == found.unbalanced
    # What is drawn may differ by a tick and a letter, and never in what elements there are.
    outside = [
        re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL) for page in (hostile_page, benign_page)
    ]
    assert seen(outside[1]).names() == seen(outside[0]).names()
    assert len(pictures(benign_page)) == len(pictures(hostile_page))
    assert {each.tag for each in elements(benign_page)} == {
        each.tag for each in elements(hostile_page)
    }
    assert "" == "".join(each for each in hostile_page if not each.isprintable()).strip("\n\u00a0")
    for name in HOSTILE:
        shown = "".join(each if each.isprintable() else "?" for each in name)
        assert shown in found.text or " ".join(shown.split()) in found.text


def elements(page: str) -> list[Any]:
    return [each for picture in pictures(page) for each in picture.iter()]


def test_names_that_look_alike_when_shown_keep_their_own_numbers() -> None:
    """Both are `/?`; the one that failed is the one that is said to have."""
    endpoints = (("GET", "/\x01"), ("GET", "/\x02"))
    canary, stable = (traffic(endpoints=endpoints, seed=seed) for seed in (1, 2))
    failed = np.where(canary.endpoint == 1, 2, 0)[: len(canary)]
    records = {"canary": replace(canary, outcome=failed), "stable": stable}

    text = seen(page_of(records)).text

    assert f"0 → {int((failed > 0).sum())} http_5xx" in text
    assert 1 == text.count(" http_5xx")


NOTHING = traffic(0)
FAILED = traffic(failing=1.1)
POOR: dict[str, tuple[dict[str, Records], dict[str, Any], str]] = {
    "no stable host": ({"canary": BOTH["canary"]}, {}, "There was no stable host"),
    "nothing answered": (
        {"canary": NOTHING, "stable": NOTHING},
        {"outcome": RunOutcome.BROKEN},
        "No request came back",
    ),
    "no success": (
        {"canary": FAILED, "stable": FAILED},
        {},
        "No request succeeded after the warm-up",
    ),
    "only stable answered": (
        {"canary": NOTHING, "stable": BOTH["stable"]},
        {},
        "No request of the canary came back, so there is no evidence",
    ),
    "broken": (
        BOTH,
        {"outcome": RunOutcome.BROKEN, "reason": "Locust died"},
        "broken: Locust died",
    ),
    "interrupted": (BOTH, {"outcome": RunOutcome.INTERRUPTED}, "interrupted"),
    "not started": ({}, {"outcome": RunOutcome.NOT_STARTED, "roles": {}}, "No load was started"),
    "one record": ({"canary": traffic(1), "stable": traffic(1)}, {}, "1 of canary"),
    "no memory": (BOTH, {}, "Memory was not asked for"),
    "no limit on anything": (BOTH, {"settings": {}}, "Memory was not asked for"),
    "an hour": (
        {role: traffic(20_000, lasting=3600.0) for role in BOTH},
        {"roles": {role: role_of(each, 3600.0) for role, each in BOTH.items()}},
        "minutes since the load began",
    ),
    "no times": (
        BOTH,
        {"roles": {role: role_of(each, start=None, end=None) for role, each in BOTH.items()}},
        "never started",
    ),
    "times that cannot be": (
        BOTH,
        {
            "roles": {
                role: role_of(each, start=1e300, end=float("nan")) for role, each in BOTH.items()
            }
        },
        "at no time that there is",
    ),
    "numbers that are none": (
        {
            "canary": replace(BOTH["canary"], duration_ms=np.full(900, np.nan)),
            "stable": BOTH["stable"],
        },
        {"roles": {role: role_of(each, generator_cpu=float("nan")) for role, each in BOTH.items()}},
        "canary: no success",
    ),
    "instant answers": (
        {role: replace(each, duration_ms=np.zeros(900)) for role, each in BOTH.items()},
        {},
        "",
    ),
}


@pytest.mark.parametrize("case", POOR)
def test_a_part_that_has_nothing_to_show_says_why(case: str) -> None:
    records, changes, said = POOR[case]

    page = page_of(records, **changes)

    found = seen(page)
    assert said in found.text
    assert PARTS == [facts["id"] for tag, facts in found.tags if tag == "section"]
    assert [] == found.unbalanced
    assert [] == [each for each in pictures(page) if not each.findall("g")]
    assert "nan" not in found.text.lower().replace("nanny", "")
    assert "None" not in found.text


def test_memory_that_could_not_be_read_is_said_and_not_drawn() -> None:
    unread = [
        replace(each, bytes=None, limit_bytes=None, error="refused")
        for each in leaking("canary", 0)
    ]

    page = page_of(BOTH, samples(unread), settings={"run_time_seconds": 60, "memory": {}})

    assert "not one sample could be read" in seen(page).text
    assert 'id="memory"' not in page


def test_memory_without_a_limit_is_drawn_without_a_projection() -> None:
    page = page_of(BOTH, samples(leaking("canary", 2e6, limit=None)))

    assert "no limit known" in seen(page).text
    assert 'id="memory-projection"' not in page


def test_a_leak_is_projected_to_its_limit() -> None:
    page = page_of(BOTH, MEMORY)

    assert 'id="memory-projection"' in page
    assert "canary reaches its limit in " in seen(page).text


def test_a_password_in_a_host_stays_out() -> None:
    roles = {
        role: role_of(each, host="http://me:secret@canary/?key=2") for role, each in BOTH.items()
    }

    page = page_of(BOTH, roles=roles)

    assert "http://canary/" in seen(page).text
    assert "secret" not in page
    assert "key=2" not in page


def test_moments_before_the_beginning_do_no_harm() -> None:
    """A clock that was set back."""
    early = {
        role: replace(each, end=each.end - 5, start=each.start - 5) for role, each in BOTH.items()
    }

    assert len(pictures(page_of(early))) > 5
    assert START > 0
