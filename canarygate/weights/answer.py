"""One answer of the weight service, and the JSON document that tells it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from canarygate.weights.analysis import NOTHING, Decision, Reading, hold
from canarygate.weights.settings import WeightSettings

VERSION = 1


@dataclass(frozen=True, kw_only=True)
class WeightAnswer:
    """A decision with what it was made from."""

    decision: Decision
    values: Mapping[str, str] = field(default_factory=dict)
    """The request's parameters."""
    canary: Reading = NOTHING
    stable: Reading = NOTHING
    computed_at: float
    """Seconds since the epoch."""
    computed_clock: float
    """The same on the monotonic clock, which nobody sets."""
    took_seconds: float = 0.0
    is_complete: bool = True
    """Every question had an answer."""


def weight_document(answer: WeightAnswer, settings: WeightSettings, now: float) -> dict[str, Any]:
    """What the service says; `now` is on the monotonic clock. Null is what is not known."""
    decision, canary, stable = answer.decision, answer.canary, answer.stable
    return {
        "version": VERSION,
        "weight": decision.weight,
        "status": str(decision.status),
        "reasons": list(decision.reasons),
        "service": answer.values.get("service", ""),
        "parameters": dict(answer.values),
        "window_seconds": settings.selection.window_seconds,
        "latency": {
            "canary_seconds": canary.latency_seconds,
            "stable_seconds": stable.latency_seconds,
            "delta": decision.latency_delta,
        },
        "errors": {
            "canary_ratio": canary.error_share,
            "stable_ratio": stable.error_share,
            "delta": decision.error_delta,
        },
        "requests": {"canary": canary.requests, "stable": stable.requests},
        "computed_at": round(answer.computed_at, 3),
        "age_seconds": round(max(0.0, now - answer.computed_clock), 3),
    }


def refusal_document(*reasons: str) -> dict[str, Any]:
    """What goes with a status that is no 200: still a number for whoever reads it nevertheless."""
    decision = hold(*reasons)
    return {
        "version": VERSION,
        "weight": decision.weight,
        "status": str(decision.status),
        "reasons": list(decision.reasons),
    }


def to_text(document: Mapping[str, Any]) -> str:
    """One line of JSON; never NaN, which is none."""
    return json.dumps(document, allow_nan=False, ensure_ascii=False) + "\n"
