"""Ranges that reach back to before the canary."""

import re
from collections.abc import Iterator

from canarygate.lint.arguments import Values, filled
from canarygate.lint.durations import go_duration, pause_duration
from canarygate.lint.findings import Rule
from canarygate.lint.promql import COUNTS, seconds
from canarygate.lint.rules.limits import INFINITE, effective_count
from canarygate.lint.rules.queries import Asked, asked, is_pushed, once
from canarygate.lint.world import BACKGROUND, STEP, Use, World, steps

ONLY_THE_CANARY = re.compile(
    r"hash|revision|version|pod|replicaset|role|track|subset|stage|release", re.IGNORECASE
)
"""Labels by which the old version's samples are other series."""


def _range(each: Asked) -> float:
    """The longest range over series that old and new pods share, in seconds."""
    lengths = [
        seconds(x.range_text) or 0.0
        for x in each.query.selectors
        if {*COUNTS} & {*x.functions} and not is_pushed(x) and ":" not in x.name
        if not any(ONLY_THE_CANARY.search(label) for label, _, _ in x.matchers)
    ]
    return max(lengths, default=0.0)


def _since_traffic(use: Use, end: int) -> float | None:
    """Seconds from the canary's first traffic to a step; None where nobody can say."""
    total, begun = 0.0, False
    for step in steps(use.by)[:end]:
        if "setWeight" in step.entries or "setCanaryScale" in step.entries:
            begun = begun or step["setWeight"].whole != 0
        elif "pause" in step.entries:
            length = pause_duration(step.at("pause", "duration").text)
            if length is None:
                return None
            total += length if begun else 0.0
        elif begun:
            return None
    return total if begun or end == 0 else None


def _time(each: Asked, values: Values, field: str) -> float | None:
    """Seconds; 0 where it is not given, None where it is not known."""
    node = each.metric.node[field]
    text = filled(node.text, values)
    return 0.0 if not node else go_duration(text) if text else None


def _early(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        length = _range(each)
        if each.use is None or each.use.kind not in (STEP, BACKGROUND) or not length:
            continue
        delay, interval = (_time(each, each.values, x) for x in ("initialDelay", "interval"))
        count = effective_count(each.metric, each.values)
        # Without a delay nobody thought of the first window; small examples would all be told of.
        if not delay or interval is None or count is None or not steps(each.use.by):
            continue
        happens = (
            _in_step(each.use, length, delay + interval * (count - 1))
            if each.use.kind == STEP and count != INFINITE
            else _beside(each.use, length, delay)
        )
        if happens:
            yield each, happens


def _in_step(use: Use, length: float, last: float) -> str:
    since = _since_traffic(use, use.step)
    if since is None or since + last >= length / 2:
        return ""
    return (
        f"the last measurement is {since + last:g} s after the canary's first traffic and looks back over "
        f"{length:g} s: most of what it judges is from before the canary"
    )


def _beside(use: Use, length: float, delay: float) -> str:
    since = _since_traffic(use, use.node["startingStep"].whole or 0)
    if use.kind != BACKGROUND or since is None or since + delay >= length / 2:
        return ""
    return (
        f"the first measurement is {since + delay:g} s after the canary's first traffic and looks back over "
        f"{length:g} s: it judges the old version, or nobody's traffic"
    )


RULES = (
    Rule(
        name="window-before-canary",
        remedy="an initialDelay, or a pause before the analysis, as long as the range",
        find=lambda world: once(_early(world)),
    ),
)
