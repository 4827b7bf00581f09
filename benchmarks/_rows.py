"""The rows of the table of verdict quality: which runs, under which policy, and what is to be reached."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from typing import Any

from canarygate.judge.policy import Policy
from canarygate.judge.simulation import HEALTHY, Fault
from canarygate.judge.simulation_memory import MEGABYTE, QUICK, SLOW, Collector
from canarygate.judge.simulation_noise import IDEAL, NOISY, TYPICAL, PodNoise
from canarygate.judge.simulation_traffic import BUSIEST, RAREST, Load

Faults = Callable[[int], tuple[Fault, Fault]]
"""The canary's and stable's, of a seed."""


def _same(canary: Fault, stable: Fault, _: int) -> tuple[Fault, Fault]:
    # A function, and no lambda: rows travel to other processes.
    return canary, stable


NO_FAULTS: Faults = partial(_same, HEALTHY, HEALTHY)


@dataclass(frozen=True, kw_only=True)
class Target:
    """One number to reach."""

    measure: str
    """`fail`, `pass` and `inconclusive` are shares of the runs; what is in seconds says so."""
    limit: float | None = None
    """None: there is no target, it is measured for comparison."""
    at_least: bool = False
    """Else at most."""

    @property
    def text(self) -> str:
        """As it is printed."""
        if self.limit is None:
            return ""
        sign = ">=" if self.at_least else "<="
        is_time = self.measure.startswith("seconds")
        return f"{sign} {self.limit:g} s" if is_time else f"{sign} {100 * self.limit:g} %"

    def is_met(self, value: float) -> bool:
        """By the figure itself, whatever its interval."""
        if self.limit is None:
            return True
        return value >= self.limit if self.at_least else value <= self.limit


FALSE_ALARMS = (Target(measure="fail"), Target(measure="inconclusive"))


@dataclass(frozen=True, kw_only=True)
class Row:
    """Runs of one kind."""

    name: str
    targets: Sequence[Target] = FALSE_ALARMS
    faults: Faults = NO_FAULTS
    seconds: float = 300.0
    noise: PodNoise = TYPICAL
    medians: tuple[float, ...] = Load().medians
    memory: Collector | None = None
    is_calibrated: bool = False
    """The policy is calibrated anew for each ten runs, from ten A/A runs of the same kind."""

    def load(self, *, is_open: bool) -> Load:
        """Its users."""
        return Load(seconds=self.seconds, medians=self.medians, is_open=is_open)

    def policy(self, policy: Policy) -> Policy:
        """Its owner's: a slow service cannot keep limits made for a quick one."""
        slowest = max(self.medians)
        if slowest < min(limit.slower_than_seconds for limit in policy.slow):
            return policy
        limits = tuple(
            replace(limit, slower_than_seconds=10 * slowest * limit.slower_than_seconds)
            for limit in policy.slow
        )
        return replace(policy, slow=limits)


def own_limits(row: Row, policy: Policy) -> str:
    """In words, where a row's owner has set other limits; else empty."""
    own = row.policy(policy).slow
    if own == policy.slow:
        return ""
    return ", ".join(f"{limit.share:.0%} over {limit.slower_than_seconds:g} s" for limit in own)


def _canary(**fault: Any) -> Faults:
    return partial(_same, Fault(**fault), HEALTHY)


def _both(**fault: Any) -> Faults:
    return partial(_same, Fault(**fault), Fault(**fault))


def _delayed(seed: int) -> tuple[Fault, Fault]:
    return Fault(delay_seconds=Random(seed).uniform(0.2, 0.8)), HEALTHY


def _leaking(seed: int) -> tuple[Fault, Fault]:
    megabytes = (0.5, 1.0, 2.0)[seed % 3]
    return Fault(leak_bytes_per_second=megabytes * MEGABYTE), HEALTHY


def _most(measure: str, limit: float) -> Target:
    return Target(measure=measure, limit=limit)


def _least(measure: str, limit: float) -> Target:
    return Target(measure=measure, limit=limit, at_least=True)


_SERVICES: Mapping[str, float] = {"5 ms": 0.005, "1 s": 1.0, "3 s": 3.0}

ROWS: Sequence[Row] = (
    Row(
        name="A/A, up to 300 s",
        targets=(
            _most("fail", 0.005),
            _most("inconclusive", 0.005),
            _most("seconds to pass, mean", 120),
        ),
    ),
    Row(
        name="A/A, 45 s",
        seconds=45,
        targets=(_most("fail", 0.005), _most("inconclusive", 0.02)),
    ),
    Row(name="A/A, cold start", faults=_canary(is_cold=True), targets=(_most("fail", 0.01),)),
    Row(
        name="A/A, cold start, 45 s",
        faults=_canary(is_cold=True),
        seconds=45,
        targets=(_most("fail", 0.01),),
    ),
    Row(name="A/A, ideal pods", noise=IDEAL),
    Row(
        name="A/A, ideal pods, calibrated",
        noise=IDEAL,
        is_calibrated=True,
        targets=(_most("fail", 0.01),),
    ),
    Row(name="A/A, typical pods, calibrated", is_calibrated=True, targets=(_most("fail", 0.01),)),
    Row(name="A/A, noisy pods", noise=NOISY),
    Row(
        name="A/A, noisy pods, calibrated",
        noise=NOISY,
        is_calibrated=True,
        targets=(_most("fail", 0.01),),
    ),
    Row(
        name="12 % 5xx",
        faults=_canary(error_share=0.12),
        targets=(_least("fail", 1.0), _most("seconds to fail, median", 8)),
    ),
    Row(
        name="+200 to +800 ms",
        faults=_delayed,
        targets=(_least("fail", 1.0), _most("seconds to fail, median", 15)),
    ),
    Row(
        name="2 % 5xx",
        faults=_canary(error_share=0.02),
        targets=(_least("fail", 1.0), _most("seconds to fail, median", 42)),
    ),
    Row(
        name="1 % 5xx",
        faults=_canary(error_share=0.01),
        targets=(_least("fail", 0.97), _most("seconds to fail, median", 90)),
    ),
    Row(
        name="busiest endpoint +30 %",
        faults=_canary(factors={BUSIEST: 1.3}),
        targets=(_least("fail", 0.96),),
    ),
    Row(
        name="busiest endpoint +20 %",
        faults=_canary(factors={BUSIEST: 1.2}),
        targets=(_least("fail", 0.57),),
    ),
    Row(
        name="rarest endpoint +30 %",
        faults=_canary(factors={RAREST: 1.3}),
        targets=(_least("fail", 0.86),),
    ),
    Row(
        name="rarest endpoint +100 %",
        faults=_canary(factors={RAREST: 2.0}),
        targets=(_least("fail", 0.99),),
    ),
    Row(
        name="1 % stall 1 s",
        faults=_canary(stall_share=0.01),
        targets=(_least("fail", 0.96),),
    ),
    Row(
        name="leak 0.5, 1 or 2 MB/s",
        faults=_leaking,
        memory=QUICK,
        targets=(_least("fail by memory by 120 s", 0.99),),
    ),
    Row(
        name="leak 0.2 MB/s",
        faults=_canary(leak_bytes_per_second=0.2 * MEGABYTE),
        memory=QUICK,
        targets=(_least("fail by memory", 0.90),),
    ),
    Row(
        name="A/A, memory of a fresh canary",
        faults=_canary(is_cold=True),
        memory=QUICK,
        targets=(_most("fail by memory", 0.0),),
    ),
    Row(name="A/A, memory, slow collector", memory=SLOW),
    Row(
        name="both +500 ms",
        faults=_both(delay_seconds=0.5),
        targets=(_most("fail", 0.02), _most("pass", 0.0)),
    ),
    Row(
        name="both 12 % 5xx",
        faults=_both(error_share=0.12),
        targets=(_most("fail", 0.02), _most("pass", 0.0)),
    ),
    *(
        Row(
            name=f"A/A, service of {text}",
            medians=(seconds,) * len(Load().medians),
            targets=(_most("fail", 0.005), _most("inconclusive", 0.02)),
        )
        for text, seconds in _SERVICES.items()
    ),
)

FIELD_ROWS: Sequence[Row] = tuple(
    Row(name=name, faults=faults, seconds=45)
    for name, faults in {
        "A/A": _canary(),
        "A/A, cold start": _canary(is_cold=True),
        "+200 ms": _canary(delay_seconds=0.2),
        "12 % 5xx": _canary(error_share=0.12),
        "2 % 5xx": _canary(error_share=0.02),
        "rarest +100 %": _canary(factors={RAREST: 2.0}),
    }.items()
)
"""What every judge of the field is shown, and ours beside them."""
