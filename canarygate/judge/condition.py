"""One condition of a believable run, as a check that is pass or inconclusive, never fail."""

from collections.abc import Callable, Iterable, Mapping

from canarygate.judge.arm import Arm
from canarygate.verdict import Check, Verdict

Numbers = Mapping[str, float | int | str | None]


def condition(
    name: str,
    problems: Iterable[str],
    good: str,
    *,
    value: float | None = None,
    limit: float | None = None,
    numbers: Numbers | None = None,
) -> Check:
    """Pass with the reason `good`, or inconclusive with every problem found."""
    found = "; ".join(problems)
    return Check(
        name=f"run.{name}",
        state=Verdict.INCONCLUSIVE if found else Verdict.PASS,
        reason=found or good,
        value=value,
        limit=limit,
        numbers=numbers or {},
    )


def per_role(
    arms: Iterable[Arm], read: Callable[[Arm], float | None]
) -> dict[str, float | int | str | None]:
    """One number per role, under the role's name."""
    return {arm.role: read(arm) for arm in arms}


def greatest(numbers: Numbers) -> float | None:
    """The greatest known number; None where there is none."""
    known = [number for number in numbers.values() if isinstance(number, int | float)]
    return max(known) if known else None
