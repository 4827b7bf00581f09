"""The step summary and the annotations: nothing that a service says can become a command or a table."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from canarygate.report.github import (
    annotation,
    annotations,
    harmless,
    summary,
    summary_of_problem,
    text,
)
from canarygate.verdict import Check, Verdict
from tests.report.test_junit import check, document_of

HOSTILE = "GET /a|b\n| x | <script>alert(1)</script> [x](http://e) @you `c` **b** ![i](u) &lt;"


def with_endpoints(document: dict[str, Any], *names: str) -> dict[str, Any]:
    totals = {
        "requests": 1234,
        "failures": {"http_5xx": 2, "timeout": 1},
        "seconds": {"0.5": 0.0123, "0.95": None},
        "seconds_max": 1.5,
    }
    rows = [{"method": "GET", "name": name, "canary": totals} for name in names]
    return {**document, "endpoints": rows, "roles": {"canary": {"total": totals}}}


def test_the_summary_is_a_sentence_the_checks_and_the_endpoints() -> None:
    document = with_endpoints(
        document_of(
            check("canary.error_ratio", Verdict.FAIL, "3 of 4"), check("run.pace"), check("run.x")
        ),
        "/api/products/:id",
    )

    assert (
        "### ❌ canarygate: fail: because\n"
        "\n"
        "Besides: the push failed\n"
        "\n"
        "| check | state | why |\n"
        "| --- | --- | --- |\n"
        "| canary.error&#95;ratio | ❌ fail | 3 of 4 |\n"
        "| run | ✅ pass | the 2 other checks of the run itself |\n"
        "\n"
        "| endpoint | role | requests | failed | p50 | p95 | max |\n"
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |\n"
        "| GET /api/products/&#58;id | canary | 1,234 | 3 | 12 ms | - | 1500 ms |\n"
        "| all | canary | 1,234 | 3 | 12 ms | - | 1500 ms |\n"
        "\n"
        "Run run-1; report.html, report.json and junit.xml are in results/run-1\n"
        "\n"
    ) == summary(document, folder="results/run-1", problems=["the push failed"])


def test_a_pass_with_a_problem_is_not_marked_as_one() -> None:
    document = document_of(check("canary.error_ratio"))

    assert summary(document, folder="r").startswith("### ✅ canarygate: pass")
    assert summary(document, folder="r", problems=["x"]).startswith("### ⚠️ canarygate: pass")


def test_a_run_without_a_report_says_why() -> None:
    assert "### ❌ canarygate: no answer\n\n--users &#40;USERS&#41;\n\n".replace(
        "&#40;", "("
    ).replace("&#41;", ")") == summary_of_problem("--users (USERS)")


class Tags(HTMLParser):
    """Every tag that a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Remember it."""
        del attrs
        self.seen.append(tag)


def test_a_name_can_neither_end_its_cell_nor_become_a_tag() -> None:
    document = with_endpoints(
        document_of(check(HOSTILE, Verdict.FAIL, HOSTILE), run_id=HOSTILE), HOSTILE
    )

    lines = summary(document, folder=HOSTILE, problems=[HOSTILE]).splitlines()

    tables = [line for line in lines if line.startswith("|")]
    assert {4, 8} == {line.count("|") for line in tables}
    tags = Tags()
    tags.feed("\n".join(lines))
    assert [] == tags.seen
    assert [] == [line for line in lines if re.search(r"[`*@<\[\]]", line)]


def cells(markdown: str) -> list[list[str]]:
    """Every row of every table, as a real parser of Markdown with HTML reads it."""
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(markdown)
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and token.level > 3:
            assert {"text"} >= {child.type for child in token.children or []}, token.content
            rows[-1].append("".join(child.content for child in token.children or []))
    return rows


def test_a_parser_of_markdown_finds_the_names_as_they_are() -> None:
    document = with_endpoints(document_of(check("canary.x", Verdict.FAIL, HOSTILE)), HOSTILE)

    first, *rows = cells(summary(document, folder="r"))

    plain = " ".join(HOSTILE.split())
    assert ["check", "state", "why"] == first
    assert ["canary.x", "❌ fail", plain] == rows[0]
    assert "GET GET /a|b?| x | <script>alert(" == rows[2][0][:33]
    assert ["canary", "1,234", "3", "12 ms", "-", "1500 ms"] == rows[2][1:]


@given(st.text(st.characters(), min_size=1, max_size=40))
def test_no_name_changes_the_shape_of_a_table(name: str) -> None:
    document = with_endpoints(document_of(check(name, Verdict.FAIL, name)), name)

    assert [3, 3, 7, 7, 7] == [len(row) for row in cells(summary(document, folder=name))]


@given(st.text(st.characters()))
def test_words_stay_on_one_line_and_mean_only_themselves(words: str) -> None:
    shown = text(words)

    assert 1 >= len(shown.splitlines())
    assert not re.search(r"[|<>`*_~\[\]@\\]", shown)
    assert shown.isprintable()


def test_many_endpoints_are_cut_and_counted() -> None:
    names = [f"/{number}" for number in range(45)]

    written = summary(with_endpoints(document_of(check("canary.x")), *names), folder="r")

    assert "| … and 15 more in report.json | | | | | | |" in written
    assert 30 == written.count("| GET /")


def test_a_summary_is_never_too_long_for_github() -> None:
    """Of more than 1 MiB it takes nothing."""
    long = "| &" * 100_000
    checks = [check(f"canary.{number}", Verdict.FAIL, long) for number in range(40)]

    written = summary(with_endpoints(document_of(*checks), *([long] * 99)), folder="r")

    assert len(written.encode()) < 1 << 20
    assert len(annotation("error", "x", long)) < 8000


def test_the_answer_and_each_open_check_are_annotations() -> None:
    document = document_of(
        check("run.pace", Verdict.INCONCLUSIVE, "uneven"),
        check("canary.error_ratio", Verdict.FAIL, "28 % failed"),
        check("run.answers"),
    )

    assert [
        "::error title=canarygate%3A fail::fail: because",
        "::error title=canarygate::the push failed",
        "::error title=canary.error_ratio%3A fail::28 %25 failed",
        "::warning title=run.pace%3A inconclusive::uneven",
    ] == annotations(document, ["the push failed"])


@pytest.mark.parametrize(
    ("state", "problems", "kind"),
    [
        (Verdict.PASS, [], "notice"),
        (Verdict.PASS, ["the push failed"], "error"),
        (Verdict.INCONCLUSIVE, [], "error"),
        (Verdict.FAIL, [], "error"),
    ],
)
def test_only_a_pass_is_a_notice(state: Verdict, problems: list[str], kind: str) -> None:
    """The step is red for everything else."""
    first = annotations(document_of(check("canary.x", state)), problems)[0]

    assert first.startswith(f"::{kind} title=")


def test_no_more_annotations_than_github_shows() -> None:
    checks: list[Check] = [check(f"canary.{n}", Verdict.FAIL, f"reason {n}") for n in range(40)]

    assert 10 == len(annotations(document_of(*checks)))


def test_an_annotation_is_one_line_whatever_is_in_it() -> None:
    assert "::error title=a%3Ab%2Cc%25%0A::x: 1 %25, y%0D%0A::warning::z" == annotation(
        "error", "a:b,c%\n", "x: 1 %, y\r\n::warning::z"
    )


@given(st.text(st.characters()))
def test_no_text_makes_a_second_command(words: str) -> None:
    line = annotation("notice", words, words)

    assert "\n" not in line
    assert "\r" not in line
    assert line.encode("utf-8")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("::error::I am the runner", "| ::error::I am the runner"),
        ("  ::add-mask::x", "|   ::add-mask::x"),
        ("ok ##[error]x", "| ok # #[error]x"),
        ("\x1b[2Jgone\x07", "| ?[2Jgone?"),
        ("a\tb", "| a       b"),
    ],
)
def test_what_a_service_said_is_no_command(said: str, shown: str) -> None:
    """GitHub obeys `::` at a line's start and `##[` anywhere in it."""
    assert shown == harmless(said)
