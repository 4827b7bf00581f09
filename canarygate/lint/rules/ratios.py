"""Quotients that are empty, NaN or of two different things."""

import re
from collections.abc import Iterator

from canarygate.lint.findings import Rule
from canarygate.lint.probes import after
from canarygate.lint.promql import Query, Selector, divided, read_query
from canarygate.lint.rules.queries import Asked, asked, is_pushed, once
from canarygate.lint.world import World

ERRORS = re.compile(r"(^|_)(errors?|failures?|failed)(_|$)")
STATUS = ("code", "status", "status_code", "http_status_code", "response_code", "http_status")
ZERO = re.compile(r"\bor\s+(?:on\s*\(\s*\)\s*)?vector\s*\(\s*0\s*\)\s*$")
PER_POD = ("container_", "kube_pod_", "process_", "jvm_", "go_")
GUARDS = ("or", "and", "unless", "bool", "clamp_min", "absent", "vector", "count_over_time")


def _sides(query: Query) -> tuple[Query, Query] | None:
    parts = divided(query.text)
    return (read_query(parts[0]), read_query(parts[1])) if parts else None


def _is_of_errors(selector: Selector) -> bool:
    status = any(re.match(r"5|\[45\]", text) for text in selector.values(*STATUS))
    return status or bool(ERRORS.search(selector.name))


def _no_errors_yet(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        sides = _sides(each.query)
        if sides is None or each.query.has("or"):
            continue
        counted = [x for x in sides[0].selectors if not is_pushed(x)]
        if not counted or not all(map(_is_of_errors, counted)):
            continue
        if after(world, each.metric, each.values, ()) == "Error":
            yield (
                each,
                "a canary without a single error has no series above the line, so the result is empty: an "
                "Error each time, and the fifth in a row aborts a healthy release",
            )


def _no_traffic(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        sides = _sides(each.query)
        if sides is None or each.query.has(*GUARDS):
            continue
        below = sides[1].selectors
        if not below or not all({"rate", "increase"} & set(x.functions) for x in below):
            continue
        if (
            ">" in sides[1].text
            or after(world, each.metric, each.values, (float("nan"),)) != "Failed"
        ):
            continue
        yield (
            each,
            "without traffic it is 0/0 = NaN, which no comparison holds for: with a successCondition "
            "alone that is Failed, and a release is aborted because nobody called",
        )


def _zero(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        found = ZERO.search(each.query.text)
        if found is None:
            continue
        before = each.query.text[: found.start()]
        # `or` binds least, so this stands after a whole quotient; within its brackets it does not.
        if divided(before) is None or before.count("(") != before.count(")"):
            continue
        if after(world, each.metric, each.values, (0.0,)) == "Successful":
            yield (
                each,
                "`or vector(0)` stands behind the whole quotient: no traffic, a wrong label and a dead "
                "target all read as 0, which is Successful",
            )


def _two_pods(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        sides = _sides(each.query)
        if sides is None:
            continue
        ends = [
            re.match(r"\s*(max|min|avg|quantile)\s*\(", side.text)
            and all(x.name.startswith(PER_POD) for x in side.selectors)
            and side.selectors
            for side in sides
        ]
        if all(ends):
            yield (
                each,
                "the largest of one series is divided by the largest of another: the pod that is "
                "nearest to its own limit need not be the pod with the largest of either",
            )


def _only_2xx(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        sides = _sides(each.query)
        if sides is None or not sides[0].selectors or not sides[1].selectors:
            continue
        above = [text for x in sides[0].selectors for text in x.values(*STATUS)]
        below = [text for x in sides[1].selectors for text in x.values(*STATUS)]
        if (
            above
            and not below
            and all(re.fullmatch(r"\^?2(\.\.|\.\*|\[0-9\]\{2\}|xx)\$?", x) for x in above)
        ):
            yield (
                each,
                "only 2xx counts as success, so redirects, 304s and a caller's own 4xx are failures of "
                "the canary",
            )


RULES = (
    Rule(
        name="no-errors-yet",
        remedy="`(… or vector(0))` around what is above the line, and only there",
        find=lambda world: once(_no_errors_yet(world)),
    ),
    Rule(
        name="no-traffic-aborts",
        remedy="give a failureCondition too (`result[0] >= …`): NaN is then neither, so Inconclusive",
        find=lambda world: once(_no_traffic(world)),
    ),
    Rule(
        name="no-data-as-zero",
        remedy="`or vector(0)` around the upper side alone; what has no traffic then stays empty or NaN",
        find=lambda world: once(_zero(world)),
    ),
    Rule(
        name="max-over-max",
        remedy="divide per container first, `/ on (namespace, pod, container)`, then take max() of it",
        find=lambda world: once(_two_pods(world)),
    ),
    Rule(
        name="only-2xx-succeeds",
        remedy='count what the service did wrong: code!~"5.." above the line',
        find=lambda world: once(_only_2xx(world)),
    ),
)
