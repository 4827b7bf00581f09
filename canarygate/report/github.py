"""What GitHub Actions shows of a run: a Markdown summary of the step, and annotations in its log."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from canarygate.report.wording import duration, shortened, shown
from canarygate.results import ROLES

MOST_ENDPOINTS = 30
MOST_ANNOTATIONS = 10
"""GitHub shows no more of one kind from one step."""
NAME_CELLS = 100
MOST_LETTERS = 2000
"""Of one reason: GitHub takes a summary of 1 MiB, or nothing of it."""
MARK = {"pass": "✅", "fail": "❌", "inconclusive": "⚠️"}
SPECIAL = re.compile(r"[&<>|\\`*_~\[\]#$@]|:(?=[\w/+-])")
"""What HTML, Markdown, GitHub's tables, mentions, emoji, mathematics and links are made of."""


def summary(document: Mapping[str, Any], *, folder: str, problems: Sequence[str] = ()) -> str:
    """The Markdown of a run that has a report; `folder` is where its files are."""
    verdict = document["verdict"]
    mark = MARK["inconclusive" if problems and verdict == "pass" else verdict]
    lines = [
        f"### {mark} canarygate: {text(document['sentence'])}",
        "",
        *(f"Besides: {text(problem)}\n" for problem in problems),
        *_checks(document["checks"]),
        "",
        *_endpoints(document["endpoints"], document["roles"]),
        "",
        f"Run {text(document['run_id'])}; report.html, report.json and junit.xml are in {text(folder)}",
        "",
    ]
    return "\n".join(lines) + "\n"


def summary_of_problem(message: str) -> str:
    """The Markdown of a run that has no report."""
    return f"### {MARK['fail']} canarygate: no answer\n\n{text(message)}\n\n"


def annotations(document: Mapping[str, Any], problems: Sequence[str] = ()) -> list[str]:
    """A line of the log for the answer, and one for each check that is not a pass."""
    verdict = document["verdict"]
    first = "notice" if verdict == "pass" and not problems else "error"
    found = [annotation(first, f"canarygate: {verdict}", document["sentence"])]
    found += [annotation("error", "canarygate", problem) for problem in problems]
    # The sentence has told the first of them; a single one needs no second line.
    unsettled = [each for each in document["checks"] if each["state"] != "pass"]
    found += [
        annotation(
            "error" if each["state"] == "fail" else "warning",
            f"{each['name']}: {each['state']}",
            each["reason"],
        )
        for each in sorted(unsettled, key=lambda each: str(each["state"]))
        if each["reason"] not in document["sentence"]
    ]
    return found[:MOST_ANNOTATIONS]


def annotation(kind: str, title: str, message: str) -> str:
    """One workflow command, `kind` being `error`, `warning` or `notice`."""
    return f"::{kind} title={_property(title)}::{_data(message)}"


def harmless(line: str) -> str:
    """A line that others wrote, as it may stand in the log: obeyed by no terminal and no runner."""
    return f"| {shown(line.expandtabs())}".replace("##[", "# #[")


def text(words: str) -> str:
    """Words on one line of Markdown, which mean nothing but themselves."""
    plain = shown(" ".join(_cut(words).split()))
    return SPECIAL.sub(lambda match: f"&#{ord(match[0])};", plain)


def _checks(checks: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    quiet = [each for each in checks if each["name"].startswith("run.")]
    quiet = [each for each in quiet if each["state"] == "pass"]
    yield "| check | state | why |"
    yield "| --- | --- | --- |"
    for each in checks:
        if each not in quiet:
            cells = (
                text(each["name"]),
                f"{MARK[each['state']]} {each['state']}",
                text(each["reason"]),
            )
            yield f"| {' | '.join(cells)} |"
    if quiet:
        yield f"| run | {MARK['pass']} pass | the {len(quiet)} other checks of the run itself |"


def _endpoints(
    rows: Sequence[Mapping[str, Any]], roles: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    if not rows:
        return
    yield "| endpoint | role | requests | failed | p50 | p95 | max |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: |"
    for row in rows[:MOST_ENDPOINTS]:
        name = text(shortened(shown(f"{row['method']} {row['name']}"), NAME_CELLS))
        for role in ROLES:
            if totals := row.get(role):
                yield f"| {name} | {role} | {' | '.join(_numbers(totals))} |"
    if len(rows) > MOST_ENDPOINTS:
        yield f"| … and {len(rows) - MOST_ENDPOINTS} more in report.json | | | | | | |"
    for role in ROLES:
        if role in roles and (totals := roles[role]["total"]):
            yield f"| all | {role} | {' | '.join(_numbers(totals))} |"


def _numbers(totals: Mapping[str, Any]) -> Iterator[str]:
    yield f"{totals['requests']:,}"
    yield f"{sum(totals['failures'].values()):,}"
    yield from (duration(totals["seconds"].get(each)) for each in ("0.5", "0.95"))
    yield duration(totals["seconds_max"])


def _data(words: str) -> str:
    encoded = _cut(words).encode("utf-8", "replace").decode("utf-8")
    return encoded.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(words: str) -> str:
    return _data(words).replace(":", "%3A").replace(",", "%2C")


def _cut(words: str) -> str:
    return words if len(words) <= MOST_LETTERS else f"{words[:MOST_LETTERS]}…"
