"""How rollouts or parts of them ended, in percent with intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod, sqrt

Z = 1.96
"""Of 95 %."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How so many rollouts, or parts of them, ended."""

    aborted: int
    paused: int
    of: int

    @property
    def unseen(self) -> float:
        """The share that went on."""
        return 1 - (self.aborted + self.paused) / self.of


def both(parts: Sequence[Ended]) -> str:
    """Aborted and paused by any of these, one after the other, the users' first."""
    of = [each.of for each in parts]
    return f"{_share([each.aborted for each in parts], of)} / {_share([each.paused for each in parts], of)}"


def _share(hits: Sequence[int], of: Sequence[int]) -> str:
    """Percent of any of these, with the interval of their sum (MOVER, from Wilson's of each)."""
    shares = [hit / count for hit, count in zip(hits, of, strict=True)]
    bounds = [wilson(hit, count) for hit, count in zip(hits, of, strict=True)]
    point = 1 - prod(1 - share for share in shares)
    down = sqrt(sum((share - low) ** 2 for share, (low, _) in zip(shares, bounds, strict=True)))
    up = sqrt(sum((high - share) ** 2 for share, (_, high) in zip(shares, bounds, strict=True)))
    low, high = max(point - down, 0.0), min(point + up, 1.0)
    return f"{_percent(point)} [{_percent(low)}, {_percent(high)}]"


def _percent(share: float) -> str:
    return f"{100 * share:.0f}" if share >= 0.1 else f"{100 * share:.2g}"


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    middle = (hits + Z * Z / 2) / (of + Z * Z)
    half = Z / (of + Z * Z) * sqrt(hits * (of - hits) / of + Z * Z / 4)
    return max(middle - half, 0.0), min(middle + half, 1.0)
