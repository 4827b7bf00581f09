"""Shoppers who know what they want: `locust -f locustfiles/search_flow.py -H https://shop.example`.

The product opened after a search is drawn, not taken from the hits: an answer must not steer the
traffic, or two versions of a shop would no longer see the same.
"""

from _data import draw_product, draw_search
from _shop import ShopUser
from locust import task


class SearchUser(ShopUser):
    """Searches, and now and then opens a product afterwards."""

    weight = 3

    @task(3)
    def search_products(self) -> None:
        """Search once."""
        self.search(draw_search(self.rng))

    @task(1)
    def search_and_open(self) -> None:
        """Search, then open a product."""
        words, product_id = draw_search(self.rng), draw_product(self.rng)
        self.search(words)
        self.view_product(product_id)
