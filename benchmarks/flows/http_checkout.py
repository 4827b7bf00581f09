"""The checkout flow without a pause, on Locust's HttpUser (requests) instead of its fast client.

Everything but the client is the flow's own: its methods are lent to a user of the other class.
"""

import sys
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "locustfiles"))

import _shop
import checkout_flow
from locust import HttpUser
from locust.env import Environment


class HurriedHttpUser(HttpUser):
    """Never stops to think."""

    think_seconds = (0.0, 0.0)

    iterate = _shop.ShopUser.iterate
    wait_time = _shop.ShopUser.wait_time
    view_product = _shop.ShopUser.view_product
    search = _shop.ShopUser.search
    add_to_cart = _shop.ShopUser.add_to_cart
    check_out = _shop.ShopUser.check_out
    view_order = _shop.ShopUser.view_order
    ask = _shop.ShopUser.ask

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)  # type: ignore[no-untyped-call]
        self.identity = f"{type(self).__name__}/{id(self)}"
        self.rng = Random()
        self.iteration = 0
        self._pause_seconds = 0.0
        self._choices = checkout_flow.CheckoutUser.tasks
        self.tasks = [HurriedHttpUser.iterate]
