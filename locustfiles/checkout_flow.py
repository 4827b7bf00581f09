"""Shoppers who buy: `locust -f locustfiles/checkout_flow.py -H https://shop.example`.

Of nine visits five browse, three search and one buys.
"""

from _data import draw_product, draw_quantity, draw_search
from _shop import ShopUser
from locust import task


class CheckoutUser(ShopUser):
    """Browses, searches, and buys: into the cart, check out, ask for the order."""

    weight = 2

    @task(5)
    def browse(self) -> None:
        """Open one product."""
        self.view_product(draw_product(self.rng))

    @task(3)
    def search_products(self) -> None:
        """Search once."""
        self.search(draw_search(self.rng))

    @task(1)
    def checkout(self) -> None:
        """Buy one product; the first step that fails ends it."""
        product_id, quantity = draw_product(self.rng), draw_quantity(self.rng)
        self.add_to_cart(product_id, quantity)
        order_id = self.check_out()
        self.view_order(order_id)
