"""What the judge saw, laid out over time for pictures: plain arrays that decide nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One role's sound records as the judge reads them: columns of one length, ascending by `ended`.

    Times are seconds since the role's load began.
    """

    ended: "NDArray[np.float64]"
    duration: "NDArray[np.float64]"
    """Seconds, from the moment it was meant to be sent."""
    ok: "NDArray[np.bool_]"
    warm: "NDArray[np.bool_]"
    """Sent when the warm-up was over: judged for latency."""
    endpoint: "NDArray[np.int64]"
    """Indexes `endpoints`."""
    endpoints: tuple[tuple[str, str], ...]
    """(method, name)."""
    seconds: float | None
    """How long the load lasted; None where it never started or has not ended."""

    def __len__(self) -> int:
        return len(self.ended)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The evidence E of one test over time, as log10: columns of one length, ascending by time."""

    check: str
    """Name of the check that it decides."""
    at_seconds: "NDArray[np.float64]"
    log10_e: "NDArray[np.float64]"
    """-inf where there is none."""
    log10_needed: "NDArray[np.float64]"
    reached_at: float | None = None
    """When it was enough and everything else that the test asks for held too."""


@dataclass(frozen=True, kw_only=True)
class Trace:
    """A run as it was judged. Times are seconds since the load began."""

    roles: Mapping[str, Seen]
    evidence: tuple[Evidence, ...]
    looks: tuple[float, ...]
    """When both roles were compared, as far as the load lasted."""
    generator_short: bool
    """The generator lacked CPU: slowness and time-outs were held against nobody."""
