"""What a month of releases costs: static canary, dynamic canary, and gated by canarygate. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from canarygate.weights import roi_measured as measured
from canarygate.weights.roi_inputs import INPUTS

VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """The numbers of `roi_inputs.INPUTS`: shares from 0 to 1, money in one currency, a month."""

    deployment_frequency: float
    avg_incident_cost: float
    oncall_hourly_rate: float
    cloud_monthly_spend: float
    static_rollback_rate: float
    static_rollback_minutes: float
    static_false_positive_rate: float
    static_overprovisioning: float
    dynamic_rollback_rate: float
    dynamic_rollback_minutes: float
    dynamic_false_positive_rate: float
    dynamic_right_sizing: float
    bad_release_share: float
    caught_incident_share: float
    false_alarm_cost: float
    false_alarm_share: float
    detection_share: float
    detection_seconds: float


@dataclass(frozen=True, kw_only=True)
class Month:
    """One month of one strategy; money unless a name says otherwise."""

    rollbacks: float
    """Releases."""
    false_positives: float
    """Good releases that were stopped."""
    missed: float | None
    """Bad releases that the gate let through; None where the model does not say."""
    rollback_impact: float
    overprovisioning: float
    right_sizing: float

    @property
    def cost(self) -> float:
        """Without what right-sizing saves."""
        return self.rollback_impact + self.overprovisioning


@dataclass(frozen=True, kw_only=True)
class Saving:
    """One strategy against the static one."""

    net: float
    """Money a month."""
    rollback_reduction: float | None
    """Share of the static strategy's rollback impact; None where that is 0."""
    false_positives_eliminated: float


@dataclass(frozen=True, kw_only=True)
class Costs:
    """All three strategies, and what the later two save."""

    static: Month
    dynamic: Month
    canarygate: Month
    dynamic_saving: Saving
    canarygate_saving: Saving
    break_even_rollback_rate: float | None
    """Below this share of static rollbacks canarygate's rollbacks cost more than they did."""


def default_inputs() -> Inputs:
    """The source's own numbers, and what was measured of canarygate."""
    return Inputs(**{each.name: each.default for each in INPUTS})


def costs(inputs: Inputs) -> Costs:
    """The model; docs/roi.md has its formulas."""
    static, dynamic, gated = _static(inputs), _dynamic(inputs), _gated(inputs)
    each = _rollback_cost(inputs, inputs.static_rollback_minutes)
    all_rolled_back = inputs.deployment_frequency * each
    return Costs(
        static=static,
        dynamic=dynamic,
        canarygate=gated,
        dynamic_saving=_saving(static, dynamic),
        canarygate_saving=_saving(static, gated),
        break_even_rollback_rate=(
            gated.rollback_impact / all_rolled_back if all_rolled_back else None
        ),
    )


def costs_document(inputs: Inputs, sources: Mapping[str, str]) -> dict[str, Any]:
    """What `canarygate roi --json` prints; money to the cent."""
    found = costs(inputs)
    months = {"static": found.static, "dynamic": found.dynamic, "canarygate": found.canarygate}
    savings = {"dynamic": found.dynamic_saving, "canarygate": found.canarygate_saving}
    return {
        "version": VERSION,
        "inputs": {
            name: {"value": value, "source": sources.get(name, "default")}
            for name, value in asdict(inputs).items()
        },
        "months": {
            name: {**_rounded(asdict(month)), "cost": round(month.cost, 2)}
            for name, month in months.items()
        },
        "savings_against_static": {
            name: {
                **_rounded(asdict(saving)),
                "rollback_reduction": _part(saving.rollback_reduction),
            }
            for name, saving in savings.items()
        },
        "break_even_rollback_rate": _part(found.break_even_rollback_rate),
        "measured": {
            "source": measured.SOURCE,
            "faults": [asdict(fault) for fault in measured.FAULTS],
        },
    }


def _static(inputs: Inputs) -> Month:
    rollbacks = inputs.deployment_frequency * inputs.static_rollback_rate
    return Month(
        rollbacks=rollbacks,
        # Whole ones, as the source counts them.
        false_positives=int(inputs.deployment_frequency * inputs.static_false_positive_rate),
        missed=None,
        rollback_impact=rollbacks * _rollback_cost(inputs, inputs.static_rollback_minutes),
        overprovisioning=inputs.cloud_monthly_spend * inputs.static_overprovisioning,
        right_sizing=0.0,
    )


def _dynamic(inputs: Inputs) -> Month:
    rollbacks = inputs.deployment_frequency * inputs.dynamic_rollback_rate
    return Month(
        rollbacks=rollbacks,
        false_positives=int(inputs.deployment_frequency * inputs.dynamic_false_positive_rate),
        missed=None,
        rollback_impact=rollbacks * _rollback_cost(inputs, inputs.dynamic_rollback_minutes),
        overprovisioning=0.0,
        right_sizing=inputs.cloud_monthly_spend * inputs.dynamic_right_sizing,
    )


def _gated(inputs: Inputs) -> Month:
    """Capacity is nothing that canarygate changes: what static wastes there is still wasted."""
    bad = inputs.deployment_frequency * inputs.bad_release_share
    alarms = (inputs.deployment_frequency - bad) * inputs.false_alarm_share
    caught = bad * inputs.detection_share
    caught_minutes = inputs.detection_seconds / 60 + inputs.dynamic_rollback_minutes
    caught_cost = (
        inputs.avg_incident_cost * inputs.caught_incident_share
        + caught_minutes / 60 * inputs.oncall_hourly_rate
    )
    missed_cost = _rollback_cost(inputs, inputs.static_rollback_minutes)
    return Month(
        rollbacks=bad + alarms,
        false_positives=alarms,
        missed=bad - caught,
        rollback_impact=caught * caught_cost
        + (bad - caught) * missed_cost
        + alarms * inputs.false_alarm_cost,
        overprovisioning=inputs.cloud_monthly_spend * inputs.static_overprovisioning,
        right_sizing=0.0,
    )


def _rollback_cost(inputs: Inputs, minutes: float) -> float:
    return inputs.avg_incident_cost + minutes / 60 * inputs.oncall_hourly_rate


def _saving(static: Month, other: Month) -> Saving:
    before = static.rollback_impact
    return Saving(
        net=static.cost - other.cost + other.right_sizing,
        rollback_reduction=(before - other.rollback_impact) / before if before else None,
        false_positives_eliminated=static.false_positives - other.false_positives,
    )


def _rounded(values: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: None if value is None else round(value, 2) for name, value in values.items()}


def _part(share: float | None) -> float | None:
    return None if share is None else round(share, 4)
