"""What the shop answers: a request and its route in, an answer out. No sockets, no faults."""

import json
import re
import secrets
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from canarygate.shop import routes
from canarygate.shop.catalogue import PRODUCTS, search_products
from canarygate.shop.messages import JSON, Answer, Request
from canarygate.shop.store import LINES_PER_CART, Store

SESSION_COOKIE = "shop_session"
SESSION_HEADER = "x-session-id"
SESSION = re.compile(r"[A-Za-z0-9_-]{1,64}")
QUANTITY_LIMIT = 99
QUERY_LIMIT = 100
DEFAULT_LIMIT = 20
LIMIT_LIMIT = 100


class Shop:
    """The API over one store."""

    def __init__(self, store: Store | None = None) -> None:
        self._store = store or Store()
        self._handlers: dict[str, tuple[str, Callable[[Request, str], Answer]]] = {
            routes.PRODUCTS: ("GET", self._search),
            routes.PRODUCT: ("GET", self._product),
            routes.CART: ("POST", self._add_to_cart),
            routes.CHECKOUT: ("POST", self._check_out),
            routes.ORDER: ("GET", self._order),
        }

    def answer(self, request: Request, route: str, key: str) -> Answer:
        """Do what the request asks for; `key` is the id in its path."""
        if route not in self._handlers:
            return refuse(HTTPStatus.NOT_FOUND, "there is nothing at this path")
        method, handle = self._handlers[route]
        asked = "GET" if request.method == "HEAD" else request.method
        if asked != method:
            allowed = "GET, HEAD" if method == "GET" else method
            return refuse(
                HTTPStatus.METHOD_NOT_ALLOWED, f"use {allowed} here", headers=(("Allow", allowed),)
            )
        return handle(request, key)

    def _search(self, request: Request, _key: str) -> Answer:
        return _search_page(request.query)

    def _product(self, _request: Request, key: str) -> Answer:
        answer = _PRODUCT_PAGES.get(key)
        if answer is None:
            return refuse(HTTPStatus.NOT_FOUND, "there is no such product")
        return answer

    def _add_to_cart(self, request: Request, _key: str) -> Answer:
        values = _read_json(request)
        if isinstance(values, Answer):
            return values
        product_id, quantity = values.get("productId"), values.get("quantity", 1)
        if type(product_id) is not int or type(quantity) is not int:
            return refuse(HTTPStatus.BAD_REQUEST, "productId and quantity must be whole numbers")
        if not 1 <= quantity <= QUANTITY_LIMIT:
            return refuse(HTTPStatus.BAD_REQUEST, f"quantity must be 1 to {QUANTITY_LIMIT}")
        if product_id not in PRODUCTS:
            return refuse(HTTPStatus.NOT_FOUND, "there is no such product")
        known = _session(request)
        session = known or secrets.token_hex(8)
        cart = self._store.add(session, product_id, quantity)
        if cart is None:
            return refuse(HTTPStatus.CONFLICT, f"a cart holds {LINES_PER_CART} products")
        cookie = ("Set-Cookie", f"{SESSION_COOKIE}={session}; Path=/; HttpOnly; SameSite=Lax")
        return Answer(HTTPStatus.CREATED, json.dumps(cart).encode(), () if known else (cookie,))

    def _check_out(self, request: Request, _key: str) -> Answer:
        values = _read_json(request)
        if isinstance(values, Answer):
            return values
        method = values.get("paymentMethod")
        if not isinstance(method, str) or not 1 <= len(method) <= 64:
            return refuse(HTTPStatus.BAD_REQUEST, "paymentMethod must be a short text")
        order = self._store.order(_session(request), method)
        if order is None:
            return refuse(HTTPStatus.CONFLICT, "the cart is empty")
        return Answer(HTTPStatus.CREATED, order)

    def _order(self, _request: Request, key: str) -> Answer:
        order = self._store.find_order(key)
        if order is None:
            return refuse(HTTPStatus.NOT_FOUND, "there is no such order")
        return Answer(HTTPStatus.OK, order)


def refuse(status: int, message: str, *, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """An answer that says no, and why."""
    return Answer(status, json.dumps({"error": message}).encode(), headers)


@lru_cache(maxsize=256)
def _search_page(query_string: str) -> Answer:
    try:
        values = parse_qs(query_string, keep_blank_values=True, max_num_fields=10)
        query = values.get("q", [""])[-1]
        limit = int(values.get("limit", [str(DEFAULT_LIMIT)])[-1])
    except ValueError:
        return refuse(HTTPStatus.BAD_REQUEST, "limit must be a whole number")
    if not 1 <= limit <= LIMIT_LIMIT or len(query) > QUERY_LIMIT:
        return refuse(
            HTTPStatus.BAD_REQUEST,
            f"limit must be 1 to {LIMIT_LIMIT}, and q at most {QUERY_LIMIT} characters",
        )
    found = search_products(query)
    page = {
        "query": query,
        "limit": limit,
        "total": len(found),
        "items": [product.document() for product in found[:limit]],
    }
    return Answer(HTTPStatus.OK, json.dumps(page).encode())


_PRODUCT_PAGES = {
    str(number): Answer(HTTPStatus.OK, json.dumps(product.document()).encode())
    for number, product in PRODUCTS.items()
}


def _read_json(request: Request) -> dict[str, Any] | Answer:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        return refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send {JSON}")
    try:
        values = json.loads(request.body)
    except (ValueError, RecursionError):
        return refuse(HTTPStatus.BAD_REQUEST, "the body is not JSON")
    return (
        values
        if isinstance(values, dict)
        else refuse(HTTPStatus.BAD_REQUEST, "the body is not a JSON object")
    )


def _session(request: Request) -> str:
    """The header's, for clients without cookies; else the cookie's; else none."""
    named = request.headers.get(SESSION_HEADER, "")
    for part in request.headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == SESSION_COOKIE:
            named = named or value
    return named if SESSION.fullmatch(named) else ""
