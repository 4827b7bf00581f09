"""Two vectors beside each other: whether their series find each other, and whether they differ."""

import re
from collections.abc import Iterator

from canarygate.lint.findings import Rule
from canarygate.lint.promql import UNKNOWN, Selector
from canarygate.lint.rules.queries import Asked, asked, is_pushed, once
from canarygate.lint.shapes import never_match
from canarygate.lint.trees import Tree
from canarygate.lint.world import World

REVISION = re.compile(r"hash|revision|version|run|stage|build|commit|sha", re.IGNORECASE)
OF_A_SERIES = {"quantile", "le", "method", "name", "kind", "measure", "verdict", "check", "role"}
"""Labels of a pushed series that are not in the grouping key; `role` has a group of its own each."""
OF_ANSWERS = {
    *("code", "status", "status_code", "http_status_code", "response_code", "http_status", "le"),
    *("status_class", "envoy_response_code_class", "outcome", "result", "success", "error"),
}
"""Labels that say how a request ended."""
AGES = ("push_time_seconds",)


def _parts(tree: Tree | None) -> Iterator[Tree]:
    yield from tree.walk() if tree is not None else ()


def _unmatched(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        for part in _parts(each.tree):
            if happens := never_match(part):
                happens = re.sub(
                    rf"{UNKNOWN}(\w*?)__", lambda found: f"{{{{args.{found[1]}}}}}", happens
                )
                yield (
                    each,
                    f"the two sides of `{part.name}` have no series in common: {happens}; the result is "
                    "empty",
                )


def _same(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        for part in _parts(each.tree):
            is_of_two = part.name in ("/", "-") and part.kind == "binary" and part.selectors
            if is_of_two and part.parts[0] == part.parts[1]:
                answer = "1" if part.name == "/" else "0"
                yield (
                    each,
                    f"both sides of `{part.name}` are the same: the answer is {answer}, or NaN, "
                    "whatever happens",
                )


def _of_more(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        for part in _parts(each.tree):
            if part.name != "/" or part.kind != "binary":
                continue
            above, below = part.parts[0].selectors, part.parts[1].selectors
            if len(above) != 1 or len(below) != 1 or above[0].name != below[0].name:
                continue
            labels = {x[0] for x in above[0].matchers}
            lost = {x[0] for x in below[0].matchers if x[1] in ("=", "=~")} - labels - OF_ANSWERS
            if lost and not any(UNKNOWN in label for label in labels | lost):
                yield (
                    each,
                    f"below the line {', '.join(sorted(lost))} is asked for, and above it is not: a part is "
                    "divided by a part of itself",
                )


def _is_age(tree: Tree) -> list[Selector]:
    return [each for each in tree.selectors if each.name in AGES]


def _unjoined(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        for part in _parts(each.tree):
            if part.kind != "binary" or part.name not in ("and", "unless"):
                continue
            ages = _is_age(part.parts[1])
            read = [x for x in part.parts[0].selectors if x.name not in AGES]
            if not ages or not read:
                continue
            if lost := _lost(read[0], ages, part):
                yield (
                    each,
                    f"the age is not joined on {', '.join(lost)}: one fresh push of any other group makes "
                    f"an old {read[0].name} look fresh",
                )


def _lost(read: Selector, ages: list[Selector], joined: Tree) -> list[str]:
    """Labels that choose the group that is read, and not the age."""
    chosen = {x[0]: x for x in read.matchers if x[0] not in OF_A_SERIES and x[1] in ("=", "=~")}
    if joined.how != "on":
        return []
    same = {label for label, matcher in chosen.items() if all(matcher in x.matchers for x in ages)}
    return sorted({*chosen} - same - {*joined.labels} - {"job"})


def _any_revision(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        if not any(_is_age(part) for part in _parts(each.tree)):
            continue
        labels = " ".join(x[0] for read in each.query.selectors for x in read.matchers)
        for selector in [] if REVISION.search(labels) else each.query.selectors:
            if is_pushed(selector) and selector.name not in AGES:
                if selector.name.startswith("canarygate_run_") and "timestamp" in selector.name:
                    continue
                yield (
                    each,
                    f"{selector.name} is of any revision: a young enough push of the version before, or "
                    "of another stage, answers for this one",
                )


RULES = (
    Rule(
        name="sides-never-match",
        remedy="leave the label out on both sides: `sum by (le) (…)` on each, or `ignoring (version)`",
        find=lambda world: once(_unmatched(world)),
    ),
    Rule(
        name="same-on-both-sides",
        remedy="one side has to choose fewer series, such as the failed ones",
        find=lambda world: once(_same(world)),
    ),
    Rule(
        name="upper-side-of-more",
        remedy="the same matchers on both sides, but for the status",
        find=lambda world: once(_of_more(world)),
    ),
    Rule(
        name="age-not-joined",
        remedy="name every label of the grouping key in `on (…)`, or give push_time_seconds the same "
        "matchers",
        find=lambda world: once(_unjoined(world)),
    ),
    Rule(
        name="push-of-any-revision",
        remedy='pod_template_hash="{{args.canary-hash}}", stage="{{args.stage}}"',
        find=lambda world: once(_any_revision(world)),
    ),
)
