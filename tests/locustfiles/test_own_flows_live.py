"""A team's own flow, built on the same base."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.locustfiles.conftest import Locust, StandIn

pytestmark = pytest.mark.live

FLOWS = Path(__file__).parents[2] / "locustfiles"
OWN_FLOW = """
from _shop import ShopUser
from locust import TaskSet, task


class Wander(TaskSet):
    @task
    def look(self):
        self.user.view_product(7)
        self.interrupt()


class OwnUser(ShopUser):
    tasks = [Wander]

    @task
    def check_badly(self):
        self.ask("GET", "/api/products/8", name="badly", read=lambda body: body["no such key"])
"""


def test_task_sets_run_and_a_check_that_raises_is_a_recorded_failure(
    locust: "Locust", shop: "StandIn", tmp_path: Path
) -> None:
    flow = tmp_path / "own_flow.py"
    flow.write_text(OWN_FLOW)
    run = locust.start("-u", "1", "-H", shop.url, flow=str(flow), PYTHONPATH=str(FLOWS))()

    assert (0, []) == (run.returncode, run.raised)
    assert {
        "GET /api/products/:id": {None},
        "GET badly": {"CatchResponseError('the check itself raised KeyError')"},
    } == run.errors
