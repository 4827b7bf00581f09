"""What will happen to one request: every draw that its faults need, from one seeded generator."""

from dataclasses import dataclass
from enum import Enum
from random import Random

from canarygate.shop.fault import Fault
from canarygate.shop.faults import Faults
from canarygate.shop.kinds import (
    Base,
    Body,
    Cold,
    Drop,
    Error,
    Freeze,
    Hang,
    Latency,
    Leak,
    Slow,
    Unready,
)
from canarygate.shop.routes import SHOP_ROUTES


class Fate(Enum):
    """How a request ends; where several are drawn, the highest wins."""

    ANSWER = 0
    HANG = 1
    DROP = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """After the delay, the fate; an answer may be an error, or carry another body."""

    delay_s: float = 0.0
    fate: Fate = Fate.ANSWER
    error_status: int | None = None
    body: str | None = None
    leak_bytes: int = 0


NOTHING = Plan()


class Planner:
    """Plans requests as they arrive; the same seed and the same order give the same plans."""

    def __init__(self, faults: Faults, seed: int) -> None:
        self._random = Random(seed)
        self._faults = {route: _faults_of_requests(faults, route) for route in SHOP_ROUTES}

    def plan(self, route: str, age_s: float) -> Plan:
        """What happens to a request of this route that arrives when the shop is this old."""
        faults = self._faults[route]
        if not faults:
            return NOTHING
        base_ms, factor, extra_ms, leak_bytes = 0.0, 1.0, 0.0, 0
        fate, error_status, body = Fate.ANSWER, None, None
        for fault in faults:
            if not fault.is_on(age_s) or not self._happens(fault):
                continue
            match fault:
                case Base():
                    base_ms = self._random.uniform(fault.low_ms, fault.high_ms)
                case Latency():
                    extra_ms += self._random.uniform(fault.low_ms, fault.high_ms)
                case Slow():
                    factor *= fault.factor
                case Cold():
                    coldness = fault.coldness(age_s)
                    extra_ms += fault.extra_ms * coldness
                    factor *= 1 + (fault.factor - 1) * coldness
                case Error():
                    error_status = fault.status
                case Body():
                    body = fault.variant
                case Leak():
                    leak_bytes += fault.size_bytes
                case Hang():
                    fate = max(fate, Fate.HANG, key=lambda each: each.value)
                case Drop():
                    fate = Fate.DROP
        return Plan(
            delay_s=(base_ms * factor + extra_ms) / 1000,
            fate=fate,
            error_status=error_status,
            body=body,
            leak_bytes=leak_bytes,
        )

    def _happens(self, fault: Fault) -> bool:
        return fault.percent == 100 or self._random.random() * 100 < fault.percent


def _faults_of_requests(faults: Faults, route: str) -> tuple[Fault, ...]:
    """Those that can touch a request of the route, the general before the particular."""
    by_clock = [
        fault
        for fault in faults.items
        if isinstance(fault, Freeze | Unready) or (isinstance(fault, Leak) and fault.per_second)
    ]
    reaching = [fault for fault in faults.items if fault.reaches(route) and fault not in by_clock]
    return tuple(sorted(reaching, key=lambda fault: fault.route is not None))
