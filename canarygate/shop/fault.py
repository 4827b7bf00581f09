"""What every kind of fault has in common, as a value and as text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from canarygate.shop import quantities


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What every fault may be limited to: a route, a share of requests, a part of the shop's life.

    Ages are seconds since the shop began to listen.
    """

    kind: ClassVar[str]
    example: ClassVar[str]
    words: ClassVar[tuple[str, ...]] = ("route", "after", "for")
    """The limits that this kind understands."""
    takes_share: ClassVar[bool] = True
    share_is_value: ClassVar[bool] = False

    route: str | None = None
    percent: float = 100.0
    after_s: float = 0.0
    for_s: float | None = None

    def __str__(self) -> str:
        share = "" if self.percent == 100 or self.share_is_value else f":{self.share_text}"
        return " ".join([f"{self.kind}={self.write()}{share}", *self._limits()])

    @classmethod
    def read(cls, text: str) -> Mapping[str, Any]:
        """The fields that the value after `=` stands for.

        Raises:
            ValueError: it stands for none.
        """
        raise NotImplementedError

    def write(self) -> str:
        """The value after `=`."""
        raise NotImplementedError

    def problems(self) -> Iterator[str]:
        """What is wrong with this combination, in words."""
        yield from ()

    def reaches(self, route: str) -> bool:
        """Whether it touches requests of this route at all."""
        return self.route in (None, route)

    def is_on(self, age_s: float) -> bool:
        """Whether it is in force when the shop is this old."""
        return self.after_s <= age_s and (self.for_s is None or age_s < self.after_s + self.for_s)

    @property
    def share_text(self) -> str:
        """The share of requests as it is written."""
        return quantities.write_percent(self.percent)

    def _limits(self) -> Iterator[str]:
        if self.route is not None:
            yield f"route={self.route}"
        if self.after_s:
            yield f"after={quantities.write_seconds(self.after_s)}"
        if self.for_s is not None:
            yield f"for={quantities.write_seconds(self.for_s)}"
