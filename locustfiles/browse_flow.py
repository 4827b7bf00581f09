"""Shoppers who look around: `locust -f locustfiles/browse_flow.py -H https://shop.example`."""

from _data import draw_product, draw_products
from _shop import ShopUser
from locust import task


class BrowseUser(ShopUser):
    """Opens products, popular ones mostly, and now and then compares a few."""

    weight = 5

    @task(5)
    def browse(self) -> None:
        """Open one product."""
        self.view_product(draw_product(self.rng))

    @task(1)
    def compare(self) -> None:
        """Open two or three products in a row."""
        for product_id in draw_products(self.rng, counts=(2, 3)):
            self.view_product(product_id)
