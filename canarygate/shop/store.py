"""Carts and orders in memory, with a roof: the oldest go, so health never looks like a leak."""

import json
import secrets
from collections import OrderedDict
from typing import TypeVar

from canarygate.shop.catalogue import PRODUCTS

KEPT = 2_000
"""Carts, and orders: many times what any demo has in flight, and under 2 MB together."""
LINES_PER_CART = 50

Value = TypeVar("Value")


class Kept(OrderedDict[str, Value]):
    """The newest so many values; what is put or read last is newest."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def keep(self, key: str, value: Value) -> None:
        """Take in a value, and let the oldest go if there are too many."""
        self[key] = value
        self.move_to_end(key)
        if len(self) > self._most:
            self.popitem(last=False)


class Store:
    """What customers put in and buy, by session."""

    def __init__(self, kept: int = KEPT) -> None:
        self._carts: Kept[dict[int, int]] = Kept(kept)
        self._orders: Kept[bytes] = Kept(kept)

    def add(self, session: str, product_id: int, quantity: int) -> dict[str, object] | None:
        """The cart with the product in it, or None where no other product fits in."""
        cart = self._carts.get(session, {})
        if product_id not in cart and len(cart) >= LINES_PER_CART:
            return None
        cart[product_id] = cart.get(product_id, 0) + quantity
        self._carts.keep(session, cart)
        return _bill(cart)

    def order(self, session: str, payment_method: str) -> bytes | None:
        """Turn the session's cart into an order, as the API shows it; None if the cart is empty."""
        cart = self._carts.pop(session, None)
        if cart is None:
            return None
        order_id = f"o-{secrets.token_hex(6)}"
        head = {"orderId": order_id, "status": "confirmed", "paymentMethod": payment_method}
        document = json.dumps({**head, **_bill(cart)}).encode()
        self._orders.keep(order_id, document)
        return document

    def find_order(self, order_id: str) -> bytes | None:
        """The order, as the API shows it."""
        return self._orders.get(order_id)


def _bill(cart: dict[int, int]) -> dict[str, object]:
    total_cents = sum(PRODUCTS[number].price_cents * count for number, count in cart.items())
    return {
        "items": [{"productId": number, "quantity": count} for number, count in cart.items()],
        "total": total_cents / 100,
        "currency": "EUR",
    }
