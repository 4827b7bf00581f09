"""Series that are read as something that they are not: counters, gauges, quantiles, patterns."""

import re
from collections.abc import Iterator

from canarygate.lint.findings import Rule
from canarygate.lint.promql import UNKNOWN
from canarygate.lint.rules.queries import Asked, asked, is_pushed, once
from canarygate.lint.trees import Tree
from canarygate.lint.world import World

COUNTER = re.compile(r"_(total|bucket)$")
GAUGE = re.compile(
    r"^(up|container_memory_(working_set|usage|rss|cache)_bytes|process_resident_memory_bytes"
    r"|go_goroutines|process_open_fds|kube_(?!.*_total$)\w+|[a-z]\w*_(ratio|percent))$"
)
OF_ONE_REVISION = re.compile(r"hash|revision|version|pod|replicaset|run", re.IGNORECASE)
PATTERN = re.compile(r"\.[*+]|\w\*$|^\^|\$$|\||^[1-5]\.\.$|\[[^\]]+\]")
GLOB = re.compile(r"[\w-]\*$")
SINCE = ("offset", "unless", "absent", "timestamp", "count", "changes", "resets", "delta", "deriv")
MEANS = ("avg", "sum", "avg_over_time")


def _counters(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        if each.query.has(*SINCE) or "count_over_time" in each.query.text:
            continue
        for selector in each.query.selectors:
            labels = [label for label, _, _ in selector.matchers]
            if not COUNTER.search(selector.name) or selector.range_text or is_pushed(selector):
                continue
            if selector.name.startswith("kube_") or any(map(OF_ONE_REVISION.search, labels)):
                continue
            if {"max_over_time", "min_over_time"} & {*selector.functions}:
                continue
            yield (
                each,
                f"{selector.name} is a counter and is read without rate(): it holds all since its "
                "process began, so old faults count for ever and new ones drown",
            )


def _gauges(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        for selector in each.query.selectors:
            function = next(iter(selector.functions[-1:]), "")
            if is_pushed(selector):
                continue
            if GAUGE.search(selector.name) and function in ("rate", "irate", "increase"):
                yield (
                    each,
                    f"{function}() over {selector.name}, which is a gauge: each fall is taken for a "
                    "restart of a counter, so the answer only ever grows",
                )


def _sums(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        for part in each.tree.walk() if each.tree else ():
            if part.kind == "call" and part.name in ("rate", "irate", "increase"):
                inner = part.parts[0] if part.parts else part
                if inner.kind == "range" and inner.parts[0].kind == "aggregate":
                    yield (
                        each,
                        f"{part.name}() over a {inner.parts[0].name}: when one pod goes away, the sum falls, "
                        "which is taken for a restart of all the others",
                    )


def _quantiles(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        for part in each.tree.walk() if each.tree else ():
            if part.name in MEANS and part.kind == "aggregate" and _is_quantile(part.parts[-1]):
                yield (
                    each,
                    f"{part.name}() of quantiles: the {'mean' if part.name == 'avg' else part.name} of "
                    "several pods' p99 is nobody's p99, and one slow pod is lost in it",
                )


def _is_quantile(tree: Tree) -> bool:
    if tree.selector is not None:
        return "quantile" in [label for label, _, _ in tree.selector.matchers]
    if tree.kind == "call" and tree.name == "histogram_quantile":
        return True
    return tree.kind in ("unary", "range") and _is_quantile(tree.parts[0])


def _texts(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        for selector in each.query.selectors:
            for label, op, text in selector.matchers:
                if op in ("=", "!=") and PATTERN.search(text) and UNKNOWN not in label:
                    what = "finds nothing" if op == "=" else "leaves nothing out"
                    yield each, f'{label}{op}"{text}" is a text, not a pattern, and {what}'


def _globs(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        for selector in each.query.selectors:
            for label, op, text in selector.matchers:
                if op in ("=~", "!~") and GLOB.search(text):
                    letter = text[-2]
                    yield (
                        each,
                        f'{label}{op}"{_shown(text)}" is no wildcard: the last * repeats the {letter!r} '
                        "before it, and the pattern is for the whole value",
                    )


def _endings(world: World) -> Iterator[tuple[Asked, str]]:
    for each in asked(world):
        for selector in each.query.selectors:
            for text in selector.values("pod", "pod_name"):
                if happens := _of_pods(text, each):
                    yield each, happens


def _of_pods(text: str, each: Asked) -> str:
    """Why no pod has such a name: `<rollout>-<hash>-<five letters>`, matched from end to end."""
    arg = re.search(rf"{UNKNOWN}(\w*?)__$", text)
    if arg and _is_hash(arg[1], each):
        return (
            f'pod=~"{_shown(text)}" ends with the hash, and a pattern is for the whole name: pods have '
            "five letters more"
        )
    arg = re.match(rf"{UNKNOWN}(\w*?)__", text)
    if arg and _is_hash(arg[1], each) and "|" not in text:
        return (
            f'pod=~"{_shown(text)}" begins with the hash, and pods begin with the Rollout\'s name'
        )
    name = each.use.by.name if each.use and each.use.by.kind == "Rollout" else ""
    words = [x for x in ("canary", "stable", "preview") if x in text.lower() and x not in name]
    if name and words and re.match(r"\.[*+]", text) and UNKNOWN not in text and "|" not in text:
        return (
            f'pod=~"{text}" finds no pod of Rollout {name}, whose pods are named {name}-<hash>-…, '
            "canary or not"
        )
    return ""


def _is_hash(arg: str, each: Asked) -> bool:
    given = {x["name"].text.replace("-", "_"): x for x in each.use.args} if each.use else {}
    from_rollout = given.get(arg)
    if from_rollout is not None and from_rollout.at("valueFrom", "podTemplateHashValue"):
        return True
    return arg.endswith("hash")


def _shown(text: str) -> str:
    return re.sub(rf"{UNKNOWN}(\w*?)__", lambda found: f"{{{{args.{found[1]}}}}}", text)


RULES = (
    Rule(
        name="counter-without-rate",
        remedy="rate(…_total[5m]), or increase()",
        find=lambda world: once(_counters(world)),
    ),
    Rule(
        name="rate-over-gauge",
        remedy="the value itself; deriv() for its growth",
        find=lambda world: once(_gauges(world)),
    ),
    Rule(
        name="sum-before-rate",
        remedy="sum(rate(…[5m])): the rate first",
        find=lambda world: once(_sums(world)),
    ),
    Rule(
        name="quantile-averaged",
        remedy="histogram_quantile(0.99, sum by (le) (rate(…_bucket[5m]))), or max() of the quantiles",
        find=lambda world: once(_quantiles(world)),
    ),
    Rule(
        name="pattern-as-text",
        remedy="=~ and !~ take patterns",
        find=lambda world: once(_texts(world)),
    ),
    Rule(
        name="glob-as-pattern",
        remedy="`.*` for anything, `5..` for 500 to 599",
        find=lambda world: once(_globs(world)),
    ),
    Rule(
        name="pods-cut-short",
        remedy='pod=~"{{args.rollout}}-{{args.canary-hash}}-.*"',
        find=lambda world: once(_endings(world)),
    ),
)
