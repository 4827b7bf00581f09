"""A Prometheus that says what a test wants, and settings that ask it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from canarygate.weights.settings import PrometheusSettings, WeightSettings
from tests.weights.stand_in import StandIn, standing_in


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    """Healthy unless told otherwise."""
    with standing_in() as server:
        yield server


MakeWeightSettings = Callable[..., WeightSettings]


@pytest.fixture
def a_service(stand_in: StandIn) -> MakeWeightSettings:
    """Settings that ask the stand-in."""

    def make(*, prometheus: dict[str, Any] | None = None, **changes: Any) -> WeightSettings:
        source = PrometheusSettings(url=stand_in.url, query_timeout_seconds=5.0)
        settings = WeightSettings(
            prometheus=replace(source, **(prometheus or {})), deadline_seconds=10.0
        )
        return replace(settings, **changes)

    return make
