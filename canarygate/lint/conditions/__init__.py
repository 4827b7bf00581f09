"""Argo Rollouts' conditions, as far as they are evaluated here without its engines.

An answer is the engine's own answer, or there is none: what is not covered raises Refused.
"""

from canarygate.lint.conditions.assessment import assess, problems
from canarygate.lint.conditions.values import (
    Engine,
    Json,
    Phase,
    Refused,
    Scalar,
    Value,
    Vector,
)

__all__ = [
    "Engine",
    "Json",
    "Phase",
    "Refused",
    "Scalar",
    "Value",
    "Vector",
    "assess",
    "problems",
]
