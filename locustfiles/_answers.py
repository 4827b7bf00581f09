"""What a right answer looks like; pure, without Locust.

Each `read_…` takes the parsed JSON and gives back what the flow needs, or raises `WrongAnswer`.
They accept the shapes that shops commonly use and ask for no field that the flow does not rely on.
Messages name no id and no value, so that a thousand wrong answers are one row among the failures.
"""

import json
import re
from collections.abc import Iterator

LARGEST_BODY = 1_000_000
"""Bytes; parsing more would stop every user of this Locust process for tens of milliseconds."""

ORDER_ID = re.compile(r"[!-~]{1,200}")
"""What can be part of a path."""

SEARCH_KEYS = ("products", "items", "results")


class WrongAnswer(Exception):
    """The server answered, and the answer is not what was asked for."""


def parse_body(body: bytes | None) -> object:
    """The JSON in a body.

    Raises:
        WrongAnswer: there is none, or too much of it.
    """
    if not body:
        raise WrongAnswer("the body is empty")
    if len(body) > LARGEST_BODY:
        raise WrongAnswer("the body is larger than 1 MB")
    try:
        parsed: object = json.loads(body)
    except (ValueError, RecursionError):  # RecursionError: brackets nested a thousand deep
        raise WrongAnswer("the body is not JSON") from None
    return parsed


def read_product(body: object, product_id: int) -> None:
    """`{"id": 42, …}`, the id as a number or a string."""
    if not _is_same(_fields(body).get("id"), product_id):
        raise WrongAnswer("not the product that was asked for")


def read_search(body: object, limit: int) -> None:
    """A list of at most `limit` hits, bare or under `products`, `items` or `results`."""
    hits = body
    if isinstance(body, dict):
        hits = next((body[key] for key in SEARCH_KEYS if key in body), None)
    if not isinstance(hits, list):
        raise WrongAnswer("no list of products")
    if len(hits) > limit:
        raise WrongAnswer("more products than the limit")


def read_cart(body: object, product_id: int, quantity: int) -> None:
    """The line that was added: the body itself, its `item`, or among the `items` of the cart.

    A cart adds up, so more than the quantity just added is right; less is not.
    """
    for line in _cart_lines(body):
        if _is_same(line.get("productId"), product_id):
            count = line.get("quantity")
            if isinstance(count, int) and count >= quantity:
                return
            raise WrongAnswer("not the quantity that was added")
    raise WrongAnswer("not the product that was added")


def read_checkout(body: object) -> str:
    """`{"orderId": …}`: the order's id, a number or a string."""
    order_id = _fields(body).get("orderId")
    if isinstance(order_id, bool) or not isinstance(order_id, int | str):
        raise WrongAnswer("no orderId")
    if not ORDER_ID.fullmatch(str(order_id)):
        raise WrongAnswer("no usable orderId")
    return str(order_id)


def read_order(body: object, order_id: str) -> None:
    """`{"orderId": …, "status": "…"}`; the id may be called `id`."""
    fields = _fields(body)
    if not _is_same(fields.get("orderId", fields.get("id")), order_id):
        raise WrongAnswer("not the order that was asked for")
    status = fields.get("status")
    if not isinstance(status, str) or not status:
        raise WrongAnswer("the order has no status")


def _fields(body: object) -> dict[str, object]:
    if not isinstance(body, dict):
        raise WrongAnswer("the body is not a JSON object")
    return body


def _is_same(found: object, wanted: int | str) -> bool:
    return isinstance(found, int | str) and str(found) == str(wanted)


def _cart_lines(body: object) -> Iterator[dict[str, object]]:
    fields = _fields(body)
    cart = fields.get("cart")
    items = (cart if isinstance(cart, dict) else fields).get("items")
    candidates = [fields, fields.get("item"), *(items if isinstance(items, list) else [])]
    for line in candidates:
        if isinstance(line, dict) and "productId" in line:
            yield line
