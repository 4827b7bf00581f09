"""Metrics that ask a web service."""

import re
from collections.abc import Iterator

from canarygate.lint.arguments import names_in
from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.manifests import Metric
from canarygate.lint.nodes import Node
from canarygate.lint.world import World

STATUS = re.compile(
    r"""result\s*(==\s*["']?2\d\d["']?|>=\s*200\s*(&&|and)\s*result\s*<\s*[34]00|in\s*\[\s*2\d\d.*\])"""
)
ANY_WEIGHT = re.compile(
    r"weight\w*\s*(>\s*0(\.0+)?|>=\s*[01](\.0+)?|!=\s*0)\s*($|&&|\|\||and\b|or\b|\))"
)


def _asked(world: World) -> Iterator[tuple[Metric, Node, str]]:
    for metric in world.metrics:
        if metric.provider == "web":
            path = metric.asked["jsonPath"]
            yield metric, path, re.sub(r"\{\{.*?\}\}", "arg", path.text).strip()


def _texts(world: World) -> Iterator[Told]:
    for metric, node, path in _asked(world):
        if not path or (names_in(node.text) and not re.search(r"[.\[$]", path)):
            continue
        before = path.split("{")[0].strip()
        if before:
            yield told(
                metric.owner,
                node,
                f"metric {metric.name!r}: what stands outside of braces is text, and so the result is "
                f'always "{before}", whatever is answered',
            )
        elif path.count("{") != path.count("}") or re.match(r"\{\s*[A-Za-z_]", path):
            if re.match(r"\{\s*(range|end)\b", path):
                continue
            yield told(
                metric.owner,
                node,
                f"metric {metric.name!r}: {path!r} is no path, so each measurement is an Error, and the "
                "fifth aborts the rollout",
            )


def _first(world: World) -> Iterator[Told]:
    for metric, node, path in _asked(world):
        if path.startswith("{") and re.search(r"\[\*\]|\.\.|\[\d*:\d*\]|\{range\b", path):
            yield told(
                metric.owner,
                node,
                f"metric {metric.name!r}: of all that {path!r} finds only the first is the result; the "
                "others are not looked at",
            )


def _bodies(world: World) -> Iterator[Told]:
    for metric, _, _ in _asked(world):
        bodies = [metric.asked[x] for x in ("body", "jsonBody") if metric.asked[x]]
        method = metric.asked["method"].text
        if bodies and method in ("", "GET"):
            happens = "a body goes with POST or PUT, and this is a GET"
        elif len(bodies) > 1:
            happens = "it has body and jsonBody, and may have one"
        else:
            continue
        yield told(
            metric.owner,
            bodies[0],
            f"metric {metric.name!r}: {happens}; each measurement is an Error",
        )


def _weights(world: World) -> Iterator[Told]:
    for metric, _, path in _asked(world):
        condition = metric.node["successCondition"]
        of_weight = re.search(r"weight\w*\W*$", path, re.IGNORECASE)
        text = (
            re.sub(r"\bresult\b(?![.\[?])", "weight", condition.text)
            if of_weight
            else condition.text
        )
        if metric.node["failureCondition"] or not ANY_WEIGHT.search(text):
            continue
        yield told(
            metric.owner,
            condition,
            f"metric {metric.name!r}: any weight above 0 is Successful, so a service that allows 5 % lets a "
            "step to 50 % pass",
        )


def _statuses(world: World) -> Iterator[Told]:
    for metric, node, _ in _asked(world):
        condition = metric.node["successCondition"]
        if not node and STATUS.fullmatch(condition.text.strip()):
            yield told(
                metric.owner,
                condition,
                f"metric {metric.name!r}: the result is the answer's body, not its status; a status other "
                "than 2xx is an Error by itself",
            )


RULES = (
    Rule(
        name="json-path-as-text",
        remedy='jsonPath: "{$.data.ok}", with braces',
        find=_texts,
    ),
    Rule(
        name="first-match-only",
        remedy="take the whole list, `{$.checks}`, and look at each: `len(result) > 0 && all(result, …)`",
        find=_first,
    ),
    Rule(
        name="web-body",
        remedy="method: POST, and one of body and jsonBody",
        find=_bodies,
    ),
    Rule(
        name="status-as-result",
        remedy='a field of the body: jsonPath: "{$.status}", `result == "ok"`',
        find=_statuses,
    ),
    Rule(
        name="any-weight-passes",
        remedy="result.weight >= {{args.wanted}}, with the weight of the step that follows",
        find=_weights,
    ),
)
