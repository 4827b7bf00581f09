"""A calibration for people, and as a policy: from its document to a table, words and TOML."""

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from canarygate.report.wording import shown

WIDTH = 80
ENDPOINTS_SHOWN = 20
KEYS = (("compare", "tolerance"), ("compare_gross", "tolerance"), ("clear", "slower"))
"""What a calibration sets in a policy."""


def render_calibration(document: Mapping[str, Any]) -> RenderableType:
    """A sentence, the endpoints, the three numbers, then what to know before they are accepted."""
    return Group(
        Text(document["sentence"], overflow="fold"),
        Text(),
        _endpoints(document["endpoints"]),
        *_legend(document),
        Text(),
        _numbers(document),
        *(Text(f"\n{each}", overflow="fold") for each in document["words"]),
    )


def policy_text(document: Mapping[str, Any]) -> str:
    """The policy: what differs from the built-in one, and in comments what it rests on."""
    lines = [
        f"# {line}"
        for text in _origin(document)
        for line in wrap(shown(text), WIDTH - 2, break_long_words=False, break_on_hyphens=False)
    ]
    changed = False
    for section, key in KEYS:
        value = document["policy"][section][key]
        if value != document["built_in"][section][key]:
            lines += ["", f"[{section}]", f"{key} = {value:g}"]
            changed = True
    if not changed:
        lines.append("# The built-in policy's tolerance is enough; this one changes nothing.")
    return "\n".join(lines) + "\n"


def sentence(document: Mapping[str, Any]) -> str:
    """What was found, in one sentence."""
    found = (
        f"tolerance {percent(document['tolerance'])} from {document['runs']} A/A runs of "
        f"{shown(document['settings']['--locust-file'])}"
    )
    if document["decided_by"] is None:
        return f"{found}: the built-in tolerance is enough here"
    return f"{found}: {shown(' '.join(document['decided_by']))} differs most by itself"


def words(document: Mapping[str, Any]) -> Iterator[str]:
    """What a person should know before the tolerance is accepted."""
    for bias in document["bias"]:
        yield _bias(bias)
    if document["too_noisy"]:
        yield (
            f"too noisy: with a tolerance of {percent(document['tolerance'])} a gate sees only "
            f"canaries that are much slower; a quieter environment helps more than this policy"
        )
    yield from _chance(document)
    if document["one_host"]:
        yield (
            "both roles drove one host: what sets two pods apart is not in these runs; two "
            "deployments of the same version tell more"
        )
    if document["ended_early"]:
        yield (
            f"{document['ended_early']} of {document['runs']} runs ended early, which makes them "
            "noisier; give A/A runs a --min-run-time equal to their --run-time"
        )


def percent(fraction: float) -> str:
    """0.1234 → `12.3 %`; without a digit after the point where it would be 0."""
    return f"{100 * fraction:.1f}".removesuffix(".0") + " %"


def _origin(document: Mapping[str, Any]) -> Iterator[str]:
    settings = document["settings"]
    yield f"Written by `canarygate calibrate` from {document['runs']} A/A runs of these settings,"
    yield f"{document['first_run']} to {document['last_run']}:"
    yield ", ".join(f"{label} {value}" for label, value in settings.items()) + "."
    yield (
        "A canary that is slower by no more than the tolerance differs from stable by no more "
        "than two roles of one version differ from each other here."
    )
    yield from (f"Note: {each}" for each in document["words"])


def _bias(bias: Mapping[str, Any]) -> str:
    is_canary = bias["ratio"] > 1
    slower = bias["ratio"] if is_canary else 1 / bias["ratio"]
    where = f" at {shown(' '.join(bias['endpoint']))}" if bias["endpoint"] else ""
    often = (
        "every run"
        if bias["runs"] == bias["of_runs"]
        else f"{bias['runs']} of {bias['of_runs']} runs"
    )
    role = "the canary's host" if is_canary else "stable's host"
    return (
        f"{role} is {100 * (slower - 1):.0f} % slower{where} in {often}: "
        "look at the hosts before you accept this tolerance"
    )


def _chance(document: Mapping[str, Any]) -> Iterator[str]:
    """The endpoint that decides differs more by too few requests than by its pods."""
    for row in document["endpoints"]:
        mine = [row["method"], row["name"]] == document["decided_by"]
        if mine and row["chance"] ** 2 > row["spread"] ** 2 / 2:
            yield (
                f"most of it is chance: {shown(row['method'])} {shown(row['name'])} has "
                f"{row['successes']} successes in a run; longer runs or more users lower it"
            )


def _endpoints(rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(box=None, width=WIDTH, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("endpoint", ratio=1, overflow="ellipsis", no_wrap=True)
    for name in ("runs", "successes", "median", "spread", "by chance", "alone"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows[:ENDPOINTS_SHOWN]:
        table.add_row(
            Text(shown(f"{row['method']} {row['name']}")),
            str(row["runs"]),
            f"{row['successes']:,}",
            f"{100 * (row['ratio'] - 1):+.1f} %",
            f"{100 * row['spread']:.1f} %",
            f"{100 * row['chance']:.1f} %",
            _alone(row),
        )
    if len(rows) > ENDPOINTS_SHOWN:
        table.add_row(f"… and {len(rows) - ENDPOINTS_SHOWN} more with --json")
    return table


def _legend(document: Mapping[str, Any]) -> Iterator[RenderableType]:
    if any(row["is_covered"] and row["needed"] is not None for row in document["endpoints"]):
        forgiven = f"{1000 * document['forgiven_seconds']:g} ms"
        yield Text(f"(…) is less than {forgiven}, which the judge forgives anyway", style="dim")


def _alone(row: Mapping[str, Any]) -> str:
    """The tolerance that an endpoint needs alone; in brackets where it decides nothing."""
    if row["needed"] is None:
        return "-"
    needed = f"{100 * row['needed']:.1f} %"
    return f"({needed})" if row["is_covered"] else needed


def _numbers(document: Mapping[str, Any]) -> Table:
    table = Table(box=None, width=WIDTH, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("policy", no_wrap=True)
    for name in ("built in", "here"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", ratio=1, overflow="fold")
    meanings = (
        "so much slower is no regression",
        "slower than that fails at any second",
        "more than that is ruled out by a pass",
    )
    for (section, key), meaning in zip(KEYS, meanings, strict=True):
        built_in, here = (document[each][section][key] for each in ("built_in", "policy"))
        table.add_row(f"{section}.{key}", percent(built_in), percent(here), meaning)
    return table
