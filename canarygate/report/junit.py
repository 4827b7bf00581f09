"""JUnit XML: what CI systems show of a run; a test case per check, and never a green one without a pass."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any
from xml.etree import ElementTree

ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to say, in escapes or without."""
PACKAGE = "canarygate"
VERDICT = "verdict"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One test case: it passed, failed, or could not tell (an error)."""

    name: str
    state: str = "pass"
    """`pass`, `fail` or `inconclusive`, as a check has it."""
    reason: str = ""
    seconds: float = 0.0


def junit_of_report(
    document: Mapping[str, Any],
    *,
    exit_code: int,
    problems: Sequence[str] = (),
    log: Sequence[str] = (),
) -> str:
    """The suite of a run that has a report.

    Args:
        document: report.json.
        exit_code: of the whole command: where it is not 0, neither is the suite green.
        problems: what went wrong beside the verdict.
        log: the last lines of the service that was started.
    """
    seconds = load_seconds(document)
    told = "\n".join([document["sentence"], *problems])
    state = document["verdict"] if document["verdict"] != "pass" or not exit_code else UNTOLD
    checks = [
        Case(name=each["name"], state=each["state"], reason=each["reason"])
        for each in document["checks"]
    ]
    return junit_text(
        # Readers take what stands before the last dot for a package.
        suite=f"{PACKAGE}.{document['service'].replace('.', '_')}",
        cases=[Case(name=VERDICT, state=state, reason=told, seconds=seconds), *checks],
        properties=dict(_properties(document)) | {"exit_code": str(exit_code)},
        started_at=min(_moments(document, "start"), default=None),
        words=told,
        log=log,
    )


def junit_of_problem(message: str, *, run_id: str, exit_code: int, log: Sequence[str] = ()) -> str:
    """The suite of a run that has no report: one error."""
    return junit_text(
        suite=PACKAGE,
        cases=[Case(name=VERDICT, state=UNTOLD, reason=message)],
        properties={"run_id": run_id, "exit_code": str(exit_code)},
        words=message,
        log=log,
    )


UNTOLD = "inconclusive"


def junit_text(
    *,
    suite: str,
    cases: Sequence[Case],
    properties: Mapping[str, str],
    words: str = "",
    log: Sequence[str] = (),
    started_at: float | None = None,
) -> str:
    """The whole file, of one suite. `started_at` is seconds since the epoch."""
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(case.state == "fail" for case in cases)),
        "errors": str(sum(case.state not in ("pass", "fail") for case in cases)),
        "skipped": "0",
        "time": f"{sum(case.seconds for case in cases):.3f}",
    }
    top = ElementTree.Element("testsuites", {"name": PACKAGE, **counts})
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(started_at))
    own = {"timestamp": moment, "hostname": "localhost", "id": "0", "package": PACKAGE}
    element = ElementTree.SubElement(top, "testsuite", {"name": legal(suite), **counts, **own})
    kept = ElementTree.SubElement(element, "properties")
    for name, value in properties.items():
        ElementTree.SubElement(kept, "property", {"name": legal(name), "value": legal(value)})
    for case in cases:
        _add_case(element, suite, case)
    ElementTree.SubElement(element, "system-out").text = legal(words)
    ElementTree.SubElement(element, "system-err").text = legal("\n".join(log))
    ElementTree.indent(top)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(top, "unicode")}\n'


def legal(text: str) -> str:
    """Without what XML cannot hold; a replacement character shows where it was."""
    return ILLEGAL.sub("\ufffd", text)


def load_seconds(document: Mapping[str, Any]) -> float:
    """From the first user's start to the last end of the load; 0 where there was none."""
    starts, ends = (list(_moments(document, name)) for name in ("start", "end"))
    return max(0.0, max(ends) - min(starts)) if starts and ends else 0.0


def _add_case(suite: ElementTree.Element, name: str, case: Case) -> None:
    element = ElementTree.SubElement(
        suite,
        "testcase",
        {"classname": legal(name), "name": legal(case.name), "time": f"{case.seconds:.3f}"},
    )
    if case.state == "pass":
        return
    tag = "failure" if case.state == "fail" else "error"
    first = case.reason.partition("\n")[0]
    told = ElementTree.SubElement(
        element, tag, {"message": legal(first), "type": legal(case.state)}
    )
    told.text = legal(case.reason)


def _moments(document: Mapping[str, Any], name: str) -> Iterator[float]:
    for role in document["roles"].values():
        if role[name] is not None and isfinite(role[name]):
            yield role[name]


def _properties(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from ((name, str(document[name])) for name in ("run_id", "verdict", "outcome", "service"))
    for role, host in (document["settings"].get("hosts") or {}).items():
        yield f"{role}_host", str(host)
    yield from document["versions"].items()
