"""The answer, its checks and its endpoints as plain texts, which the template escapes."""

from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from canarygate.report import wording
from canarygate.report.comparison import badness
from canarygate.results import CANARY, ROLES, STABLE
from canarygate.settings import without_secrets

ROWS = 250
"""Endpoints in the table; all of them are in report.json."""
ROWS_OPEN = 20
"""Endpoints that are seen before the table is opened."""
WORDS = {
    "pass": ("✓", "pass"),
    "fail": ("✗", "fail"),
    "inconclusive": ("?", "inconclusive"),
}
SHARES = {"compare.errors", "compare.gross_slowness", "compare.clear", "run.pace"}
PROBABILITIES = {"compare.slower", "compare.stalls"}
LONGEST = 2000
"""Characters of any text."""
NAME_CELLS = 120
Document = Mapping[str, Any]


def printable(value: Any) -> Any:
    """The same values, every text on one line and of a length that has an end."""
    if isinstance(value, str):
        parts = value[: LONGEST + 1].split("\u00a0")  # the one that Python calls unprintable
        text = "\u00a0".join(map(wording.shown, parts))
        return text if len(text) <= LONGEST else f"{text[:LONGEST]}{wording.ELLIPSIS}"
    if isinstance(value, Mapping):
        return {wording.shown(str(name)): printable(each) for name, each in value.items()}
    return [printable(each) for each in value] if isinstance(value, list | tuple) else value


def head(document: Document) -> dict[str, Any]:
    """The sentence, and where and when."""
    symbol, word = WORDS[document["verdict"]]
    _, _, rest = document["sentence"].partition(document["verdict"])
    facts = [
        ("service", document["service"]),
        ("stage", document["stage"]),
        ("run", document["run_id"]),
        *((role, _host(document, role)) for role in (STABLE, CANARY) if _host(document, role)),
        ("load", _when(document)),
        ("how it ended", _outcome(document)),
    ]
    return {
        "verdict": document["verdict"],
        "symbol": symbol,
        "word": word,
        "sentence": rest.lstrip(": "),
        "facts": [(name, text) for name, text in facts if text],
    }


def _host(document: Document, role: str) -> str:
    facts = document["roles"].get(role)
    hosts = document["settings"].get("hosts") or {}
    host = facts["host"] if facts else hosts.get(role, "")
    return without_secrets(str(host)) if host else ""


def _when(document: Document) -> str:
    roles = document["roles"].values()
    starts = [each["start"] for each in roles if each["start"] is not None]
    ends = [each["end"] for each in roles if each["end"] is not None]
    if not starts:
        return "never started"
    text = _moment(min(starts))
    planned = document["settings"].get("run_time_seconds")
    of = f" of {wording.span(planned)}" if planned else ""
    return f"{text}, {wording.span(max(ends) - min(starts))}{of}" if ends else text


def _moment(seconds: float) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):
        return "at no time that there is"


def _outcome(document: Document) -> str:
    reason = document["reason"]
    if document["decided_at_seconds"] is not None:
        reason = (
            reason or f"the answer was certain after {document['decided_at_seconds']:.4g}\u00a0s"
        )
    return f"{document['outcome']}: {reason}" if reason else str(document["outcome"])


def checks(document: Document) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Every check with its numbers; and apart, what is well with the run itself."""
    loud: list[dict[str, str]] = []
    quiet: list[dict[str, str]] = []
    for check in document["checks"]:
        row = {
            "name": check["name"],
            "state": check["state"],
            "symbol": WORDS[check["state"]][0],
            "reason": check["reason"],
            "value": _amount(check["name"], check["value"]),
            "limit": _amount(check["name"], check["limit"]),
        }
        is_quiet = check["name"].startswith("run.") and check["state"] == "pass"
        (quiet if is_quiet else loud).append(row)
    order = list(WORDS)
    order = [order[1], order[2], order[0]]
    loud.sort(key=lambda row: order.index(row["state"]))
    return loud, quiet


def _amount(name: str, value: float | None) -> str:
    if value is None or not isfinite(value):
        return ""
    if name in PROBABILITIES:
        return f"p {wording.probability(value)}"
    if name in SHARES or name.endswith("_ratio"):
        return wording.share(value)
    if name == "memory.growth":
        return f"{value / 2**20:,.3g} MiB/s"
    return wording.duration(value) if name.endswith("_seconds") else f"{value:,.4g}"


def endpoints(document: Document) -> tuple[list[dict[str, str]], int]:
    """A row per endpoint, the worst first; and how many are left out."""
    totals = {(row["method"], row["name"]): row for row in document["endpoints"]}
    compared = document["comparison"]["endpoints"] if document["comparison"] else []
    rows = [
        _compared_row(row, totals.pop((row["method"], row["name"]), {}))
        for row in sorted(compared, key=badness)
    ]
    rows += [_row(totals[place]) for place in totals]
    return rows[:ROWS], max(0, len(rows) - ROWS)


def _compared_row(row: Mapping[str, Any], totals: Mapping[str, Any]) -> dict[str, str]:
    ruled_out = row["ruled_out"]
    return {
        "name": _name(row),
        "state": row["state"],
        "symbol": WORDS[row["state"]][0],
        "n": f"{row['stable_successes']:,} → {row['canary_successes']:,}",
        **_failed(totals),
        "p50": wording.durations(row["stable_p50"], row["canary_p50"]),
        "p95": wording.durations(row["stable_p95"], row["canary_p95"]),
        "change": _change(row),
        "tolerance": wording.share(row["tolerance"]),
        "p": _evidence(row["p"], row["p_needed"]),
        "ruled_out": wording.NOTHING if ruled_out is None else f"> {wording.share(ruled_out)}",
    }


def _row(totals: Mapping[str, Any]) -> dict[str, str]:
    """Of an endpoint that was not compared: what each role counted, warm-up included."""
    known = [totals[role] for role in (STABLE, CANARY) if role in totals]
    quantiles = {
        share: " → ".join(wording.duration(each["seconds"].get(share)) for each in known)
        for share in ("0.5", "0.95")
    }
    only = next((role for role in ROLES if role in totals), "") if len(known) == 1 else ""
    successes = [each["requests"] - sum(each["failures"].values()) for each in known]
    blank = dict.fromkeys(("change", "tolerance", "p", "ruled_out"), wording.NOTHING)
    return blank | {
        "name": _name(totals),
        "state": "",
        "symbol": "",
        "n": " → ".join(f"{each:,}" for each in successes) + (f" ({only})" if only else ""),
        **_failed(totals),
        "p50": quantiles["0.5"],
        "p95": quantiles["0.95"],
    }


def _failed(totals: Mapping[str, Any]) -> dict[str, str]:
    known = [totals[role] for role in (STABLE, CANARY) if role in totals]
    failed = [sum(each["failures"].values()) for each in known]
    kinds = sorted({kind for each in known for kind in each["failures"]})
    return {
        "failed": " → ".join(f"{each:,}" for each in failed) if any(failed) else "0",
        "kinds": ", ".join(kinds),
    }


def _name(row: Mapping[str, Any]) -> str:
    return wording.shortened(wording.shown(f"{row['method']} {row['name']}"), NAME_CELLS)


def _change(row: Mapping[str, Any]) -> str:
    interval = wording.interval(row["ratio"], row["ratio_low"], row["ratio_high"])
    return f"{wording.change(row['ratio'])} {interval}".removesuffix(f" {wording.NOTHING}")


def _evidence(p: float | None, needed: float | None) -> str:
    if p is None:
        return wording.NOTHING
    text = wording.probability(p)
    return text if needed is None else f"{text} (≤ {wording.probability(needed)})"
