"""Specs of Rollouts that the controller refuses: InvalidSpec, whatever the steps say."""

from collections.abc import Iterator

from canarygate.lint.arguments import is_filled_elsewhere
from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.manifests import Manifest
from canarygate.lint.nodes import Node
from canarygate.lint.rules.refused import INVALID
from canarygate.lint.world import World

Problem = tuple[Node, str, str]
"""Where, what is wrong, and the remedy."""
PAIRS = (("canaryService", "stableService"), ("activeService", "previewService"))
WEIGHT_MAX = 100


def _refused(world: World) -> Iterator[Told]:
    for rollout in world.rollouts:
        for node, wrong, remedy in _problems(rollout):
            yield told(rollout, node, f"{wrong}: {INVALID}", remedy)


def _problems(rollout: Manifest) -> Iterator[Problem]:
    spec = rollout.spec
    strategy = spec["strategy"]
    yield from _strategy(spec, strategy)
    yield from _selector(spec)
    yield from _numbers(spec, strategy)
    for kind in ("canary", "blueGreen"):
        yield from _pairs(strategy[kind])
        yield from _affinity(strategy[kind]["antiAffinity"])
    yield from _routed(strategy["canary"])


def _strategy(spec: Node, strategy: Node) -> Iterator[Problem]:
    given = [name for name in ("canary", "blueGreen") if strategy[name]]
    if len(given) > 1:
        yield strategy["blueGreen"], "canary and blueGreen stand in one strategy", "keep one"
    elif not given and (spec["template"] or spec["workloadRef"]):  # else it is half an object
        wrong = "the strategy is neither canary nor blueGreen"
        yield strategy or spec, wrong, "strategy.canary or strategy.blueGreen, {} at least"


def _selector(spec: Node) -> Iterator[Problem]:
    template, selector = spec["template"], spec["selector"]
    if spec["workloadRef"]:
        if template["spec"]:
            wrong = "workloadRef and template stand in one spec"
            yield template, wrong, "take the template away: it is that of the workload"
        return
    if not template:
        return
    if not selector:
        yield (
            template,
            "spec.selector is missing",
            "selector.matchLabels with labels of the template",
        )
        return
    if not (selector["matchLabels"].entries or selector["matchExpressions"].items):
        yield selector, "spec.selector is empty", "matchLabels with labels of the template"
    labels = template.at("metadata", "labels")
    for key, value in selector["matchLabels"].entries.items():
        if is_filled_elsewhere(value.text + labels[key].text) or is_filled_elsewhere(key):
            continue
        if labels[key].text != value.text:
            wrong = (
                f"the selector wants {key}: {value.text}, and the template's labels do not say so"
            )
            yield value, wrong, "the same label in template.metadata.labels"


def _numbers(spec: Node, strategy: Node) -> Iterator[Problem]:
    canary, blue = strategy["canary"], strategy["blueGreen"]
    if {canary[name].text.removesuffix("%") for name in ("maxSurge", "maxUnavailable")} == {"0"}:
        wrong = "maxSurge and maxUnavailable are both 0"
        yield (
            canary["maxUnavailable"],
            wrong,
            "maxUnavailable: 0 with maxSurge: 1, or the other way",
        )
    deadline, ready = spec["progressDeadlineSeconds"], spec["minReadySeconds"].whole or 0
    if (deadline.whole if deadline else 600) is not None and (deadline.whole or 600) <= ready:
        wrong = f"progressDeadlineSeconds, {deadline.whole or 600}, is not more than minReadySeconds, {ready}"
        yield deadline or spec["minReadySeconds"], wrong, "a longer progressDeadlineSeconds"
    kept, limit = spec["revisionHistoryLimit"].whole, blue["scaleDownDelayRevisionLimit"]
    if limit.whole is not None and limit.whole > (10 if kept is None else kept):
        wrong = f"scaleDownDelayRevisionLimit {limit.whole} is above revisionHistoryLimit"
        yield limit, wrong, "a larger revisionHistoryLimit"


def _pairs(strategy: Node) -> Iterator[Problem]:
    for first, second in PAIRS:
        one, other = strategy[first], strategy[second]
        if one and one.text == other.text:
            wrong = f"{first} and {second} are both {one.text}"
            yield other, wrong, "a Service of its own for each; the controller sets their selectors"
    ping, pong = strategy["pingPong"]["pingService"], strategy["pingPong"]["pongService"]
    if strategy["pingPong"] and ping.text == pong.text:
        yield strategy["pingPong"], "pingService and pongService are the same", "two Services"


def _affinity(node: Node) -> Iterator[Problem]:
    preferred = node["preferredDuringSchedulingIgnoredDuringExecution"]
    required = node["requiredDuringSchedulingIgnoredDuringExecution"]
    if node and bool(preferred) == bool(required):
        yield node, "antiAffinity takes exactly one of preferred… and required…", "keep one"
    elif preferred["weight"] and not 1 <= (preferred["weight"].whole or 1) <= WEIGHT_MAX:
        yield (
            preferred["weight"],
            "the weight of antiAffinity is not between 1 and 100",
            "weight: 1",
        )


def _routed(canary: Node) -> Iterator[Problem]:
    routing = canary["trafficRouting"]
    if not routing:
        return
    if canary["dynamicStableScale"].is_true and canary["scaleDownDelaySeconds"]:
        wrong = "dynamicStableScale and scaleDownDelaySeconds exclude each other"
        yield canary["dynamicStableScale"], wrong, "keep one"
    if routing["maxTrafficWeight"] and not (routing["nginx"] or routing["plugins"]):
        wrong = "maxTrafficWeight is for nginx and plugins"
        yield routing["maxTrafficWeight"], wrong, "take it away, and count to 100"


RULES = (
    Rule(
        name="rollout-refused",
        remedy="mend the spec",
        find=_refused,
    ),
)
