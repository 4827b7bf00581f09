"""The kinds of fault: what each is told, and how it is written. Nothing happens here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from canarygate.shop import quantities
from canarygate.shop.fault import Fault


@dataclass(frozen=True, kw_only=True)
class _Delay(Fault):
    low_ms: float
    high_ms: float

    @classmethod
    def read(cls, text: str) -> Mapping[str, Any]:
        low_ms, high_ms = quantities.read_ms_range(text)
        return {"low_ms": low_ms, "high_ms": high_ms}

    def write(self) -> str:
        return quantities.write_ms_range(self.low_ms, self.high_ms)


@dataclass(frozen=True, kw_only=True)
class Base(_Delay):
    """How long the work takes in health, drawn evenly; a route's own wins over the general."""

    kind = "base"
    example = "base=25-120ms route=/api/products"


@dataclass(frozen=True, kw_only=True)
class Latency(_Delay):
    """Waits this much longer, drawn evenly from the range."""

    kind = "latency"
    example = "latency=200-800ms:30%"


@dataclass(frozen=True, kw_only=True)
class Slow(Fault):
    """Multiplies the base latency."""

    kind = "slow"
    example = "slow=2x route=/api/checkout"

    factor: float

    @classmethod
    def read(cls, text: str) -> Mapping[str, Any]:
        """`2x`."""
        return {"factor": quantities.read_factor(text)}

    def write(self) -> str:
        """`2x`."""
        return quantities.write_factor(self.factor)


@dataclass(frozen=True, kw_only=True)
class Cold(Fault):
    """Starts this much slower and warms up evenly until `for` is over; ready all along."""

    kind = "cold"
    example = "cold=1500ms for=20s"
    words = ("route", "for")

    extra_ms: float = 0.0
    factor: float = 1.0

    @classmethod
    def read(cls, text: str) -> Mapping[str, Any]:
        """`1500ms` more at first, or `5x` of the base latency."""
        if text.endswith("x"):
            return {"factor": quantities.read_factor(text)}
        return {"extra_ms": quantities.read_ms(text)}

    def write(self) -> str:
        """`1500ms` or `5x`."""
        if self.factor != 1:
            return quantities.write_factor(self.factor)
        return quantities.write_ms_range(self.extra_ms, self.extra_ms)

    def problems(self) -> Iterator[str]:
        """A cold start ends."""
        if not self.for_s:
            yield "cold needs for=, how long it takes to get warm, such as for=20s"

    def coldness(self, age_s: float) -> float:
        """1 at the start, 0 when warm."""
        return max(0.0, 1 - age_s / self.for_s) if self.for_s else 0.0


@dataclass(frozen=True, kw_only=True)
class Error(Fault):
    """Answers with this status instead of doing the work."""

    kind = "error"
    example = "error=503:12%"

    status: int

    @classmethod
    def read(cls, text: str) -> Mapping[str, Any]:
        """`503`."""
        if not (text.isascii() and text.isdigit() and 400 <= int(text) <= 599):
            raise ValueError(f"{text!r} is not an error status; try 500, 503 or 429")
        return {"status": int(text)}

    def write(self) -> str:
        """`503`."""
        return str(self.status)


@dataclass(frozen=True, kw_only=True)
class _Share(Fault):
    share_is_value = True

    @classmethod
    def read(cls, text: str) -> Mapping[str, Any]:
        return {"percent": quantities.read_percent(text)}

    def write(self) -> str:
        return self.share_text


@dataclass(frozen=True, kw_only=True)
class Drop(_Share):
    """Reads the request and closes the connection without a word."""

    kind = "drop"
    example = "drop=2%"


@dataclass(frozen=True, kw_only=True)
class Hang(_Share):
    """Never answers; the connection stays open until the client gives up."""

    kind = "hang"
    example = "hang=1% route=/api/checkout"


@dataclass(frozen=True, kw_only=True)
class Body(Fault):
    """Says success with a body that is `wrong` (its keys, other values), `broken` or `empty`."""

    kind = "body"
    example = "body=wrong:5%"
    variants: ClassVar[tuple[str, ...]] = ("wrong", "broken", "empty")

    variant: str

    @classmethod
    def read(cls, text: str) -> Mapping[str, Any]:
        """`wrong`, `broken` or `empty`."""
        if text not in cls.variants:
            raise ValueError(f"{text!r} is not a kind of body; try wrong, broken or empty")
        return {"variant": text}

    def write(self) -> str:
        """`wrong`, `broken` or `empty`."""
        return self.variant


@dataclass(frozen=True, kw_only=True)
class Leak(Fault):
    """Keeps this much memory for ever, with every request (`1MB`) or every second (`1MB/s`)."""

    kind = "leak"
    example = "leak=64KB, or leak=1MB/s"

    size_bytes: int
    per_second: bool = False

    @classmethod
    def read(cls, text: str) -> Mapping[str, Any]:
        """`64KB` or `1MB/s`."""
        size = text.removesuffix("/s")
        return {"size_bytes": quantities.read_bytes(size), "per_second": size != text}

    def write(self) -> str:
        """`64KB` or `1MB/s`."""
        return quantities.write_bytes(self.size_bytes) + ("/s" if self.per_second else "")

    def problems(self) -> Iterator[str]:
        """A leak by the clock belongs to no request."""
        if self.per_second and (self.route is not None or self.percent != 100):
            yield "a leak per second takes no route and no share; it grows by the clock"


@dataclass(frozen=True, kw_only=True)
class Freeze(Fault):
    """Stops the whole process, probes and metrics too: once at `after`, or again at `every`."""

    kind = "freeze"
    example = "freeze=3s every=30s"
    words = ("after", "every")
    takes_share = False

    freeze_s: float
    every_s: float | None = None

    @classmethod
    def read(cls, text: str) -> Mapping[str, Any]:
        """`3s`."""
        return {"freeze_s": quantities.read_seconds(text)}

    def write(self) -> str:
        """`3s`."""
        return quantities.write_seconds(self.freeze_s)

    def problems(self) -> Iterator[str]:
        """When, and with time to breathe between two freezes."""
        if not self.after_s and self.every_s is None:
            yield "freeze needs after= or every=, such as after=10s"
        if self.every_s is not None and self.every_s <= self.freeze_s:
            yield "freeze needs every= to be longer than the freeze itself"

    def _limits(self) -> Iterator[str]:
        yield from super()._limits()
        if self.every_s is not None:
            yield f"every={quantities.write_seconds(self.every_s)}"


@dataclass(frozen=True, kw_only=True)
class Unready(Fault):
    """/readyz says 503 for so long after the start; the shop answers all the same."""

    kind = "unready"
    example = "unready=5s"
    words = ()
    takes_share = False

    unready_s: float

    @classmethod
    def read(cls, text: str) -> Mapping[str, Any]:
        """`5s`."""
        return {"unready_s": quantities.read_seconds(text)}

    def write(self) -> str:
        """`5s`."""
        return quantities.write_seconds(self.unready_s)


KINDS: Mapping[str, type[Fault]] = {
    kind.kind: kind
    for kind in (Base, Slow, Latency, Cold, Error, Drop, Hang, Body, Leak, Freeze, Unready)
}
