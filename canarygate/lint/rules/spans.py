"""Limits that a rollout is too short to reach."""

from collections.abc import Iterator

from canarygate.lint.arguments import filled, surroundings
from canarygate.lint.dry_runs import is_dry
from canarygate.lint.durations import go_duration
from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.manifests import metrics
from canarygate.lint.rules.limits import INFINITE, effective_count, number
from canarygate.lint.world import BACKGROUND, World, length_of_pauses

SLACK_SECONDS = 120.0
"""What pods take to start, on top of the pauses."""


def _too_short(world: World) -> Iterator[Told]:
    for use in (each for each in world.uses if each.kind == BACKGROUND):
        length = length_of_pauses(use.by, use.node["startingStep"].whole or 0)
        for template in world.templates(use) if length else ():
            values = next((each for at, each in surroundings(world, template) if at is use), {})
            for metric in metrics(template):
                limit = number(metric.node["failureLimit"], values)
                interval = go_duration(filled(metric.node["interval"].text, values) or "")
                delay = go_duration(filled(metric.node["initialDelay"].text, values) or "0")
                if not limit or not interval or delay is None or length is None:
                    continue
                if effective_count(metric, values) != INFINITE or is_dry(world, metric):
                    continue
                most = int((length + SLACK_SECONDS - delay) // interval) + 1
                if 0 < most <= limit:
                    yield told(
                        metric.owner,
                        metric.node["failureLimit"],
                        f"metric {metric.name!r} can hardly fail: the pauses of Rollout {use.by.name} take "
                        f"{length:g} s, which is time for {most} measurements, and it takes more than "
                        f"failureLimit, {limit}, that fail",
                    )


RULES = (
    Rule(
        name="too-few-to-fail",
        remedy="a smaller failureLimit or a shorter interval; consecutive failures abort sooner with 0 or 1",
        find=_too_short,
    ),
)
