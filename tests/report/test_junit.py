"""junit.xml as Jenkins and GitLab read it; and no suite is green without a pass."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canarygate.report.document import report_document
from canarygate.report.junit import junit_of_problem, junit_of_report
from canarygate.results import RunFile, RunOutcome
from canarygate.verdict import Check, Judgement, Verdict, combine

if TYPE_CHECKING:
    from tests.conftest import MakeRecords, MakeRole

HOSTILE = ']]>\x00\x1b[31m<b>&amp;\ud800 \ufffe 𝄞\n|second line"'


def document_of(*checks: Check, **run: Any) -> dict[str, Any]:
    verdict = combine(checks)
    file: dict[str, Any] = {
        "run_id": "run-1",
        "service": "checkout",
        "outcome": RunOutcome.FINISHED,
        "settings": {"hosts": {"canary": "http://canary:8080"}},
        "versions": {"canarygate": "1.2.3"},
    }
    judgement = Judgement(verdict=verdict, sentence=f"{verdict}: because", checks=checks)
    return report_document(RunFile(**(file | run)), judgement, {}, {})


def check(name: str, state: Verdict = Verdict.PASS, reason: str = "fine") -> Check:
    return Check(name=name, state=state, reason=reason)


def parsed(xml: str) -> ElementTree.Element:
    """As the bytes of the file are read."""
    return ElementTree.fromstring(xml.encode("utf-8"))


ATTRIBUTES: Mapping[str, tuple[set[str], set[str]]] = {
    # Element: attributes that it must have, and elements that it may hold.
    "testsuites": ({"name", "tests", "failures", "errors", "skipped", "time"}, {"testsuite"}),
    "testsuite": (
        {
            *("name", "tests", "failures", "errors", "skipped", "time"),
            *("timestamp", "hostname", "id", "package"),
        },
        {"properties", "testcase", "system-out", "system-err"},
    ),
    "properties": (set(), {"property"}),
    "property": ({"name", "value"}, set()),
    "testcase": ({"classname", "name", "time"}, {"failure", "error"}),
    "failure": ({"message", "type"}, set()),
    "error": ({"message", "type"}, set()),
    "system-out": (set(), set()),
    "system-err": (set(), set()),
}


def assert_is_junit(top: ElementTree.Element) -> None:
    """The shape of the Ant schema that readers agree on: attributes, order, and counts that are true."""
    assert "testsuites" == top.tag
    for element in top.iter():
        attributes, children = ATTRIBUTES[element.tag]
        assert attributes == element.attrib.keys(), element.tag
        assert {each.tag for each in element} <= children
    for suite in (top, *top):
        cases = list(suite.iter("testcase"))
        kinds = [each.tag for case in cases for each in case]
        assert {
            "tests": str(len(cases)),
            "failures": str(kinds.count("failure")),
            "errors": str(kinds.count("error")),
            "skipped": "0",
        } == {name: suite.attrib[name] for name in ("tests", "failures", "errors", "skipped")}
        assert all(float(each.attrib["time"]) >= 0 for each in (suite, *cases))
    order = [each.tag for each in top[0]]
    cases_in = ["testcase"] * order.count("testcase")
    assert ["properties", *cases_in, "system-out", "system-err"] == order


def troubles(top: ElementTree.Element) -> dict[str, tuple[str, str]]:
    return {
        case.attrib["name"]: (each.tag, each.attrib["message"])
        for case in top.iter("testcase")
        for each in case
    }


def test_each_check_is_a_test_case_of_its_own(
    make_records: "MakeRecords", make_role: "MakeRole"
) -> None:
    document = document_of(
        check("canary.error_ratio", Verdict.FAIL, "too many\nerrors"),
        check("run.answers"),
        check("run.pace", Verdict.INCONCLUSIVE, "uneven"),
        roles={"canary": make_role(make_records(4))},
    )

    top = parsed(junit_of_report(document, exit_code=10, log=["listening", "oh no"]))

    assert_is_junit(top)
    assert ("4", "2", "1", "45.000") == tuple(
        top[0].attrib[name] for name in ("tests", "failures", "errors", "time")
    )
    assert "2026-09-21T14:13:20" == top[0].attrib["timestamp"]
    assert {
        "verdict": ("failure", "fail: because"),
        "canary.error_ratio": ("failure", "too many"),
        "run.pace": ("error", "uneven"),
    } == troubles(top)
    assert "too many\nerrors" == top.findtext(".//testcase[@name='canary.error_ratio']/failure")
    assert {
        "run_id": "run-1",
        "verdict": "fail",
        "outcome": "finished",
        "service": "checkout",
        "canary_host": "http://canary:8080",
        "canarygate": "1.2.3",
        "exit_code": "10",
    } == {each.attrib["name"]: each.attrib["value"] for each in top.iter("property")}
    assert ("fail: because", "listening\noh no") == (
        top.findtext(".//system-out"),
        top.findtext(".//system-err"),
    )


def test_a_pass_is_green_and_not_empty() -> None:
    top = parsed(junit_of_report(document_of(check("canary.error_ratio")), exit_code=0))

    assert_is_junit(top)
    assert {} == troubles(top)
    assert "2" == top.attrib["tests"]


def test_a_pass_whose_command_failed_is_not_green() -> None:
    """As when the push failed: exit code 4, and every check passes."""
    document = document_of(check("canary.error_ratio"))

    top = parsed(junit_of_report(document, exit_code=4, problems=["the push failed"]))

    assert {"verdict": ("error", "pass: because")} == troubles(top)
    assert "pass: because\nthe push failed" == top.findtext(".//error")


def test_a_run_without_checks_is_an_error() -> None:
    top = parsed(junit_of_report(document_of(outcome=RunOutcome.BROKEN), exit_code=3))

    assert_is_junit(top)
    assert {"verdict": ("error", "inconclusive: because")} == troubles(top)


def test_a_run_without_a_report_is_an_error() -> None:
    top = parsed(junit_of_problem("no such file\nnor that", run_id="", exit_code=2))

    assert_is_junit(top)
    assert {"verdict": ("error", "no such file")} == troubles(top)


@pytest.mark.parametrize("host", ["10.0.0.1", "checkout.shop"])
def test_a_service_name_is_one_part_of_the_class_name(host: str) -> None:
    top = parsed(junit_of_report(document_of(service=host), exit_code=3))

    assert {f"canarygate.{host.replace('.', '_')}"} == {
        each.attrib["classname"] for each in top.iter("testcase")
    }


def test_names_that_are_no_text_make_no_broken_file() -> None:
    document = document_of(check(f"canary.{HOSTILE}", Verdict.FAIL, HOSTILE), service=HOSTILE)

    top = parsed(junit_of_report(document, exit_code=10, problems=[HOSTILE], log=[HOSTILE]))

    assert_is_junit(top)
    shown = ']]>\ufffd\ufffd[31m<b>&amp;\ufffd \ufffd 𝄞\n|second line"'
    assert f"canary.{shown}" in {each.attrib["name"] for each in top.iter("testcase")}
    assert shown == top.findtext(".//testcase[2]/failure")


@given(st.text(st.characters(), max_size=30))
def test_no_text_at_all_makes_a_broken_file(text: str) -> None:
    document = document_of(check(text, Verdict.FAIL, text), run_id=text, service=text)

    assert_is_junit(parsed(junit_of_report(document, exit_code=10, problems=[text], log=[text])))
    assert_is_junit(parsed(junit_of_problem(text, run_id=text, exit_code=3)))


@pytest.mark.parametrize("exit_code", range(12))
@pytest.mark.parametrize("state", list(Verdict))
def test_no_suite_is_green_unless_everything_was(state: Verdict, exit_code: int) -> None:
    top = parsed(junit_of_report(document_of(check("canary.x", state)), exit_code=exit_code))

    is_green = not troubles(top)
    assert (state is Verdict.PASS and exit_code == 0) == is_green
