"""What a comparison says in words."""

from collections.abc import Sequence

from canarygate.judge.groups import Group
from canarygate.judge.typical import typical_change
from canarygate.judge.wording import percent

MOST_NAMED = 3
MANIFOLD = 3
"""From this ratio on, a change is told in times."""
TIMES = "\N{MULTIPLICATION SIGN}"


def change(ratio: float) -> str:
    """1.38 → `+38 %`, 0.9 → `-10 %`; from three times on 6.2 → `6.2` and TIMES."""
    return _times(ratio) if ratio >= MANIFOLD else f"{100 * (ratio - 1):+.0f} %"


def interval(ratio: float, low: float, high: float) -> str:
    """`[+21, +57]`, in the unit that `change` has for the ratio itself."""
    if ratio >= MANIFOLD:
        return f"[{_times(low)}, {_times(high)}]"
    return f"[{100 * (low - 1):+.0f}, {100 * (high - 1):+.0f}]"


def _times(ratio: float) -> str:
    return f"{ratio:,.0f}{TIMES}" if ratio >= 1000 else f"{ratio:.3g}{TIMES}"


def milliseconds(seconds: float) -> str:
    """0.241 → `241`; three digits that count."""
    return f"{1000 * seconds:.3g}" if seconds < 1 else f"{1000 * seconds:.0f}"


def more_than(fraction: float) -> str:
    """0.25 → `25 %`, 1.0 → `2` and TIMES: what may be ruled out."""
    return percent(fraction) if fraction < 1 else f"{1 + fraction:.3g}{TIMES}"


def points(share: float) -> str:
    """A difference of shares: 0.0075 → `0.75 points`."""
    return f"{100 * share:.3g} point{'' if round(share, 6) == 0.01 else 's'}"


def named(group: Group) -> str:
    """`GET /api/cart`."""
    return " ".join(part for part in group.endpoint if part)


def listed(names: Sequence[str]) -> str:
    """The first few, and how many more there are."""
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def slower_by(group: Group, tolerance: float) -> str:
    """`POST /checkout is slower (typical +38 % [+21, +57], p95 241 → 330 ms; tolerance 10 %)`."""
    return (
        f"{named(group)} is slower ({_typical(group)}{_p95(group)}; tolerance {percent(tolerance)})"
    )


def _typical(group: Group) -> str:
    typical = typical_change(group.canary, group.stable)
    if typical is None:
        return ""
    bounds = interval(typical.ratio, typical.low, typical.high)
    return f"typical {change(typical.ratio)} {bounds}, "


def _p95(group: Group) -> str:
    canary, stable = group.quantiles(0.95)
    return f"p95 {milliseconds(stable)} → {milliseconds(canary)} ms"
