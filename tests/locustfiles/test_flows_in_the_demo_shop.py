"""The flows and the demo shop agree on what a right answer is, and on what is not."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.locustfiles.conftest import Locust

pytestmark = pytest.mark.live

SERVE = """
import sys
from canarygate.shop.app import ShopSettings, serve
from canarygate.shop.faults import parse_faults

serve(ShopSettings(port=0, faults=parse_faults(sys.argv[1])))
"""
NAMES = {
    "/api/products/:id": "GET /api/products/:id",
    "/api/products": "GET /api/products?q=...",
    "/api/cart/items": "POST /api/cart/items",
    "/api/checkout": "POST /api/checkout",
    "/api/orders/:id": "GET /api/orders/:id",
}
"""The shop's route → the name of the flows' requests there."""


@contextmanager
def demo_shop(faults: str) -> Iterator[str]:
    command = [sys.executable, "-c", SERVE, faults]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


@pytest.fixture
def visit(locust: "Locust") -> Callable[[str], dict[str, set[str | None]]]:
    """What the requests of a mixed run in a demo shop with these faults ended with."""

    def visit(faults: str) -> dict[str, set[str | None]]:
        with demo_shop(faults) as url:
            run = locust.start("-u", "10", "-r", "10", "-H", url, flow="mixed_flow.py", SEED="1")()
        assert (0, []) == (run.returncode, run.raised)
        return dict(run.errors)

    return visit


@pytest.mark.smoke
def test_every_answer_of_a_healthy_demo_shop_is_right(
    visit: Callable[[str], dict[str, set[str | None]]],
) -> None:
    assert {name: {None} for name in NAMES.values()} == visit("")


@pytest.mark.parametrize("route", NAMES)
def test_bodies_that_lie_on_one_route_fail_every_request_there_and_no_other(
    visit: Callable[[str], dict[str, set[str | None]]], route: str
) -> None:
    errors = visit(f"body=wrong route={route}")
    failed = {name for name, ends in errors.items() if ends != {None}}

    assert {NAMES[route]} == failed
    assert None not in errors[NAMES[route]]
