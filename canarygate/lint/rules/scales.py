"""How many canary pods there are while the steps pass."""

from collections.abc import Iterator

from canarygate.lint.arguments import names_in, passed
from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.manifests import Manifest, job_of, metrics
from canarygate.lint.nodes import Node
from canarygate.lint.rules.jobs import makes_load
from canarygate.lint.rules.services import beside
from canarygate.lint.world import BACKGROUND, STEP, Use, World, steps


def _kept(world: World) -> Iterator[Told]:
    for rollout in world.rollouts:
        if not rollout.spec.at("strategy", "canary", "trafficRouting"):
            continue  # routing-needed
        replicas = _replicas(world, rollout)
        kept: Node | None = None
        found = steps(rollout)
        for index, step in enumerate(found):
            if scale := step["setCanaryScale"]:
                kept = None if scale["matchTrafficWeight"].is_true else scale
            # The hand-over belongs right behind the first weight; that moment is not worth a word.
            if any(each["setCanaryScale"] for each in found[index + 1 : index + 2]):
                continue
            weight = step["setWeight"].whole
            if weight and kept is not None and (short := _too_few(kept, weight, replicas)):
                yield told(
                    rollout,
                    kept,
                    f"the canary keeps {short} through every later setWeight: it carries {weight} % of "
                    "the traffic on them",
                )
                kept = None


def _replicas(world: World, rollout: Manifest) -> int | None:
    """Of the Rollout, or the least that its autoscaler leaves it."""
    for scaler in beside(world, rollout, "HorizontalPodAutoscaler", "autoscaling/").values():
        if scaler is not None and scaler.spec.at("scaleTargetRef", "name").text == rollout.name:
            least = scaler.spec["minReplicas"].whole
            return max(least or 1, rollout.spec["replicas"].whole or 1)
    return rollout.spec["replicas"].whole


def _too_few(scale: Node, weight: int, replicas: int | None) -> str:
    if (share := scale["weight"].whole) is not None:
        return f"{share} % of the replicas" if share < weight else ""
    count = scale["replicas"].whole
    if count is None or (replicas is not None and count * 100 >= weight * replicas):
        return ""
    # Where nobody says how many there are, half of the users is too much for a number that stays.
    if replicas is None and weight < 50:
        return ""
    return f"{count} replicas" if count != 1 else "1 replica"


def _pods(rollout: Manifest, steps_before: list[Node]) -> bool:
    """Whether canary pods run after these steps; without traffic routing a scale is ignored."""
    routed = bool(rollout.spec.at("strategy", "canary", "trafficRouting"))
    weight, scale = 0, None
    for step in steps_before:
        if "setWeight" in step.entries:
            weight = 1 if (step["setWeight"].whole is None) else step["setWeight"].whole or 0
        if routed and (given := step["setCanaryScale"]):
            scale = None if given["matchTrafficWeight"].is_true else given
    if scale is None:
        return weight > 0
    number = scale["replicas"] or scale["weight"]
    return number.whole != 0


def _away(world: World) -> Iterator[Told]:
    for rollout in world.rollouts:
        found = steps(rollout)
        for index, step in enumerate(found):
            match = step["setCanaryScale"]["matchTrafficWeight"]
            if (
                match.is_true
                and _pods(rollout, found[:index])
                and not _pods(rollout, found[: index + 1])
            ):
                yield told(
                    rollout,
                    match,
                    "the weight is still 0 here, so matchTrafficWeight scales the canary to no pods: those "
                    "that were tested are gone, and the next setWeight begins with cold ones",
                )


def _none_yet(world: World) -> Iterator[Told]:
    for use in (each for each in world.uses if each.kind == STEP):
        earlier = steps(use.by)[: use.step]
        # An experiment runs pods of its own, and what it pushed may be asked for afterwards.
        if _pods(use.by, earlier) or any(each["experiment"] for each in earlier):
            continue
        for template in world.templates(use):
            for metric in metrics(template):
                if makes_load(job_of(metric)["spec"]):
                    why = f"the load of metric {metric.name!r} finds no pod"
                elif _asks_for(_hashes(use), metric.query.text):
                    why = f"metric {metric.name!r} asks for its hash and finds nothing"
                else:
                    continue
                yield told(
                    use.by,
                    use.node,
                    f"step {use.step} comes before any setWeight or setCanaryScale, so the canary has no "
                    f"pods yet: {why}",
                )
                break


def _asks_for(hashes: set[str], query: str) -> bool:
    """Of pods; what was pushed is there without any."""
    pushed = "canarygate_" in query or "push_time_seconds" in query
    return not pushed and any(name in hashes for name in names_in(query))


def _hashes(use: Use) -> set[str]:
    """The args of a use that are the canary's hash."""
    return {
        name
        for name, arg in passed(use.args).items()
        if arg.at("valueFrom", "podTemplateHashValue").text == "Latest"
    }


def _never_starts(world: World) -> Iterator[Told]:
    for use in (each for each in world.uses if each.kind == BACKGROUND):
        start, count = use.node["startingStep"], len(steps(use.by))
        if count and start.whole is not None and start.whole >= count:
            yield told(
                use.by,
                start,
                f"steps are counted from 0 and the last one is {count - 1}: the background analysis "
                "never starts, and nothing is measured",
            )


RULES = (
    Rule(
        name="canary-scale-kept",
        remedy="setCanaryScale: {matchTrafficWeight: true} right after the first setWeight",
        find=_kept,
    ),
    Rule(
        name="canary-scaled-away",
        remedy="setCanaryScale: {matchTrafficWeight: true} right after the first setWeight, not before it",
        find=_away,
    ),
    Rule(
        name="no-canary-yet",
        remedy="a setCanaryScale (with traffic routing) or a setWeight before it",
        find=_none_yet,
    ),
    Rule(
        name="background-never-starts",
        remedy="a startingStep below the number of steps",
        find=_never_starts,
    ),
)
