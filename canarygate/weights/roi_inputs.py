"""What the cost model asks for: each input once, with its range, its default and what it means."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from canarygate.weights import roi_measured as measured

MOST = 1e12


@dataclass(frozen=True, kw_only=True)
class Input:
    """One number of the model."""

    name: str
    default: float
    unit: str
    """`share`, `money`, `minutes`, `seconds` or `count`."""
    help: str

    def problem(self, value: object) -> str | None:
        """Why this value cannot be; None where it can. A bool is no number."""
        most = 1.0 if self.unit == "share" else MOST
        if isinstance(value, int | float) and not isinstance(value, bool):
            is_whole = self.unit != "count" or float(value).is_integer()
            if math.isfinite(value) and 0 <= value <= most and is_whole:
                return None
        kind = {"share": "a share from 0 to 1 (5 % is 0.05)", "count": "a whole number, 0 or more"}
        return f"{value!r} must be {kind.get(self.unit, f'a number of {self.unit}, 0 or more')}"


INPUTS = (
    Input(name="deployment_frequency", default=120, unit="count", help="Releases a month."),
    Input(name="avg_incident_cost", default=2100, unit="money", help="What one incident costs."),
    Input(
        name="oncall_hourly_rate", default=85, unit="money", help="An hour of whoever is on call."
    ),
    Input(
        name="cloud_monthly_spend", default=45_000, unit="money", help="The cloud's bill a month."
    ),
    Input(
        name="static_rollback_rate",
        default=0.23,
        unit="share",
        help="Static canary: releases that are rolled back.",
    ),
    Input(
        name="static_rollback_minutes",
        default=8.4,
        unit="minutes",
        help="Static canary: until a release is rolled back.",
    ),
    Input(
        name="static_false_positive_rate",
        default=0.31,
        unit="share",
        help="Static canary: releases stopped without a reason; counted, not priced.",
    ),
    Input(
        name="static_overprovisioning",
        default=0.18,
        unit="share",
        help="Static canary: of the cloud's bill, spent on safety.",
    ),
    Input(
        name="dynamic_rollback_rate",
        default=0.025,
        unit="share",
        help="Dynamic canary, assumed: releases that are rolled back.",
    ),
    Input(
        name="dynamic_rollback_minutes",
        default=1.2,
        unit="minutes",
        help="Dynamic canary, assumed: until a release is rolled back.",
    ),
    Input(
        name="dynamic_false_positive_rate",
        default=0.04,
        unit="share",
        help="Dynamic canary, assumed: releases stopped without a reason; counted, not priced.",
    ),
    Input(
        name="dynamic_right_sizing",
        default=0.12,
        unit="share",
        help="Dynamic canary, assumed: of the cloud's bill, saved.",
    ),
    Input(
        name="bad_release_share",
        default=0.025,
        unit="share",
        help="canarygate: releases that are bad, your assumption.",
    ),
    Input(
        name="caught_incident_share",
        default=1.0,
        unit="share",
        help="canarygate: of an incident's cost, what a bad release costs that the gate stopped.",
    ),
    Input(
        name="false_alarm_cost",
        default=85,
        unit="money",
        help="canarygate: what it costs to look into a good release that was stopped.",
    ),
    Input(
        name="false_alarm_share",
        default=measured.FALSE_ALARM_SHARE,
        unit="share",
        help="canarygate, measured: good releases that are stopped.",
    ),
    Input(
        name="detection_share",
        default=measured.DETECTION_SHARE,
        unit="share",
        help="canarygate, measured: bad releases that are stopped.",
    ),
    Input(
        name="detection_seconds",
        default=measured.DETECTION_SECONDS,
        unit="seconds",
        help="canarygate, measured: of load until a bad release is stopped.",
    ),
)
BY_NAME: Mapping[str, Input] = {each.name: each for each in INPUTS}
UNUSED = "monthly_revenue"
"""The model's source asks for it and never uses it."""


def file_problems(document: Mapping[str, object]) -> Iterator[str]:
    """Everything that is wrong with a file of inputs."""
    for name, value in document.items():
        if name == UNUSED:
            yield f"{UNUSED} does not enter the result; leave it out"
        elif name not in BY_NAME:
            near = get_close_matches(name, BY_NAME, n=1)
            yield f"key {name!r} is unknown" + (
                f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(BY_NAME)}"
            )
        elif problem := BY_NAME[name].problem(value):
            yield f"{name} = {problem}"
