import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canarygate.shop.api import Shop
from canarygate.shop.catalogue import PRODUCTS, search_products
from canarygate.shop.messages import Answer, Request
from canarygate.shop.routes import match_route
from canarygate.shop.store import Store

JSON_HEADERS = {"content-type": "application/json"}


def ask(
    shop: Shop,
    target: str,
    *,
    method: str = "GET",
    body: object = None,
    headers: Mapping[str, str] = JSON_HEADERS,
) -> tuple[int, Any]:
    answer = answer_of(shop, target, method=method, body=body, headers=headers)
    return answer.status, json.loads(answer.body)


def answer_of(
    shop: Shop, target: str, *, method: str, body: object, headers: Mapping[str, str]
) -> Answer:
    path, _, query = target.partition("?")
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return shop.answer(Request(method, path, query, dict(headers), data), *match_route(path))


def session(name: str) -> dict[str, str]:
    return {**JSON_HEADERS, "cookie": f"theme=dark; shop_session={name}"}


def test_a_product_is_shown() -> None:
    expected = {
        "id": 42,
        "name": "Recycled Earbuds",
        "category": "audio",
        "price": 85.97,
        "currency": "EUR",
        "stock": 47,
        "description": "Recycled Earbuds: a reliable choice in audio.",
    }

    assert (200, expected) == ask(Shop(), "/api/products/42")


def test_the_catalogue_has_a_few_hundred_products_of_their_own_names() -> None:
    assert 300 == len(PRODUCTS)
    assert 300 == len({product.name for product in PRODUCTS.values()})


@pytest.mark.parametrize("key", ["0", "301", "nil", "042", "-1", "1e2"])
def test_what_is_no_product_is_not_found(key: str) -> None:
    assert (404, {"error": "there is no such product"}) == ask(Shop(), f"/api/products/{key}")


def test_a_search_finds_what_holds_every_term_and_shows_no_more_than_the_limit() -> None:
    status, page = ask(Shop(), "/api/products?q=WIRELESS+audio&limit=2")
    names = [item.pop("name") for item in page["items"]]

    assert 200 == status
    assert ["Wireless Headphones", "Wireless Speaker"] == names
    assert ("WIRELESS audio", 2, 5) == (page["query"], page["limit"], page["total"])


def test_a_search_for_nothing_shows_the_first_twenty() -> None:
    _, page = ask(Shop(), "/api/products")

    assert list(range(1, 21)) == [item["id"] for item in page["items"]]
    assert 300 == page["total"]


@given(st.text(max_size=12))
def test_what_a_search_finds_really_holds_the_terms(query: str) -> None:
    for product in search_products(query):
        haystack = f"{product.name} {product.category}".lower()
        assert all(term in haystack for term in query.lower().split())


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=many", "limit=", "q=" + "a" * 101]
)
def test_a_search_out_of_bounds_is_a_bad_request(query: str) -> None:
    assert 400 == ask(Shop(), f"/api/products?{query}")[0]


def test_a_customer_puts_things_in_a_cart_buys_them_and_sees_the_order() -> None:
    shop = Shop()
    cart = {"items": [{"productId": 42, "quantity": 3}], "total": 257.91, "currency": "EUR"}
    ask(shop, "/api/cart/items", method="POST", body={"productId": 42}, headers=session("a"))
    added = ask(
        shop,
        "/api/cart/items",
        method="POST",
        body={"productId": 42, "quantity": 2},
        headers=session("a"),
    )
    status, order = ask(
        shop,
        "/api/checkout",
        method="POST",
        body={"paymentMethod": "card_test"},
        headers=session("a"),
    )
    expected = {
        "orderId": order["orderId"],
        "status": "confirmed",
        "paymentMethod": "card_test",
        **cart,
    }

    assert (201, cart) == added
    assert (201, expected) == (status, order)
    assert (200, expected) == ask(shop, f"/api/orders/{order['orderId']}")


def test_a_new_customer_gets_a_cookie_and_a_known_one_does_not() -> None:
    shop = Shop()
    body = {"productId": 1, "quantity": 1}
    new = answer_of(shop, "/api/cart/items", method="POST", body=body, headers=JSON_HEADERS)
    known = answer_of(shop, "/api/cart/items", method="POST", body=body, headers=session("a"))

    assert ["Set-Cookie"] == [name for name, _ in new.headers]
    assert new.headers[0][1].startswith("shop_session=")
    assert () == known.headers


def test_a_client_without_cookies_can_name_its_session_in_a_header() -> None:
    shop = Shop()
    headers = {**JSON_HEADERS, "x-session-id": "robot-7"}
    ask(shop, "/api/cart/items", method="POST", body={"productId": 1}, headers=headers)

    assert (
        201
        == ask(
            shop, "/api/checkout", method="POST", body={"paymentMethod": "card"}, headers=headers
        )[0]
    )


def test_carts_are_apart_and_empty_after_a_checkout() -> None:
    shop = Shop()
    pay = {"paymentMethod": "card_test"}
    ask(shop, "/api/cart/items", method="POST", body={"productId": 1}, headers=session("a"))

    statuses = [
        ask(shop, "/api/checkout", method="POST", body=pay, headers=session(name))[0]
        for name in ("b", "a", "a")
    ]

    assert [409, 201, 409] == statuses


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[" * 60_000, 400),
        (b"\xff", 400),
        ([], 400),
        ({}, 400),
        ({"productId": "42"}, 400),
        ({"productId": True}, 400),
        ({"productId": 42, "quantity": 0}, 400),
        ({"productId": 42, "quantity": 100}, 400),
        ({"productId": 42, "quantity": 1.5}, 400),
        ({"productId": 9999}, 404),
    ],
)
def test_what_cannot_go_in_a_cart_is_refused(body: object, status: int) -> None:
    assert status == ask(Shop(), "/api/cart/items", method="POST", body=body)[0]


@pytest.mark.parametrize("payment", [None, "", "x" * 65, 7])
def test_a_payment_method_is_a_short_text(payment: object) -> None:
    body = {"paymentMethod": payment}

    assert 400 == ask(Shop(), "/api/checkout", method="POST", body=body)[0]


def test_a_full_cart_takes_no_more() -> None:
    shop = Shop()
    statuses = [
        ask(shop, "/api/cart/items", method="POST", body={"productId": n}, headers=session("a"))[0]
        for n in range(1, 52)
    ]

    assert [201] * 50 + [409] == statuses


def test_only_json_is_understood() -> None:
    answer = ask(Shop(), "/api/checkout", method="POST", body={}, headers={})

    assert (415, {"error": "send application/json"}) == answer


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("POST", "/api/products/42", "GET, HEAD"), ("GET", "/api/checkout", "POST")],
)
def test_the_wrong_method_is_told_the_right_one(method: str, path: str, allowed: str) -> None:
    answer = answer_of(Shop(), path, method=method, body=None, headers={})

    assert (405, (("Allow", allowed),)) == (answer.status, answer.headers)


@pytest.mark.parametrize("path", ["/", "/api", "/api/products/", "/api/orders/1/2", "", "x"])
def test_an_unknown_path_is_not_found(path: str) -> None:
    assert (404, {"error": "there is nothing at this path"}) == ask(Shop(), path)


def test_the_oldest_orders_and_carts_go_first() -> None:
    """A healthy shop's memory has a roof, or the gate would see a leak where there is none."""
    store = Store(kept=2)
    for name in ("first", "second", "third"):
        store.add(name, 1, 1)
    orders = [store.order(name, "card") for name in ("first", "second", "third")]

    assert [False, True, True] == [order is not None for order in orders]


@given(st.sampled_from(["GET", "POST", "PUT"]), st.text(max_size=30), st.binary(max_size=60))
def test_the_shop_answers_whatever_it_is_asked(method: str, target: str, body: bytes) -> None:
    path, _, query = f"/api/{target}".partition("?")
    request = Request(method, path, query, dict(JSON_HEADERS), body)
    answer = Shop().answer(request, *match_route(path))

    assert answer.status in {200, 201, 400, 404, 405, 409}
    assert isinstance(json.loads(answer.body), dict)
