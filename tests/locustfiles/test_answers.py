"""What passes for a right answer, and that nothing a server says can raise anything else."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from _answers import (
    LARGEST_BODY,
    WrongAnswer,
    parse_body,
    read_cart,
    read_checkout,
    read_order,
    read_product,
    read_search,
)
from hypothesis import given
from hypothesis import strategies as st

READERS: dict[str, Callable[[object], object]] = {
    "product": lambda body: read_product(body, 42),
    "search": lambda body: read_search(body, 2),
    "cart": lambda body: read_cart(body, 42, 3),
    "checkout": read_checkout,
    "order": lambda body: read_order(body, "o-1"),
}
MESSAGES = {
    "the body is empty",
    "the body is larger than 1 MB",
    "the body is not JSON",
    "the body is not a JSON object",
    "not the product that was asked for",
    "no list of products",
    "more products than the limit",
    "not the quantity that was added",
    "not the product that was added",
    "no orderId",
    "no usable orderId",
    "not the order that was asked for",
    "the order has no status",
}
KEYS = st.sampled_from(
    [
        "id",
        "products",
        "items",
        "results",
        "item",
        "cart",
        "productId",
        "quantity",
        "orderId",
        "status",
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(42)
ANY_JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.dictionaries(KEYS | st.text(), inner),
    max_leaves=20,
)


def refusal(read: Callable[[Any], object], said: object) -> str:
    """Why an answer was refused; "" if it was not."""
    try:
        read(said)
    except WrongAnswer as wrong:
        return str(wrong)
    return ""


@pytest.mark.parametrize(
    ("reader", "body"),
    [
        ("product", {"id": 42}),
        ("product", {"id": "42", "name": "Wireless mouse"}),
        ("search", []),
        ("search", [{"id": 1}, {"id": 2}]),
        ("search", {"products": []}),
        ("search", {"items": [{"id": 1}], "total": 300}),
        ("search", {"results": [1, 2]}),
        ("cart", {"productId": 42, "quantity": 3}),
        ("cart", {"item": {"productId": "42", "quantity": 3}}),
        ("cart", {"items": [{"productId": 1, "quantity": 1}, {"productId": 42, "quantity": 4}]}),
        ("cart", {"cart": {"items": [{"productId": 42, "quantity": 3}]}}),
        ("order", {"orderId": "o-1", "status": "confirmed"}),
        ("order", {"id": "o-1", "status": "paid", "items": []}),
    ],
)
def test_a_right_answer_is_accepted(reader: str, body: object) -> None:
    assert "" == refusal(READERS[reader], body)


@pytest.mark.parametrize(
    ("reader", "body", "reason"),
    [
        ("product", {"id": 43}, "not the product that was asked for"),
        ("product", {"id": 42.0}, "not the product that was asked for"),
        ("product", {"name": "Wireless mouse"}, "not the product that was asked for"),
        ("product", [{"id": 42}], "the body is not a JSON object"),
        ("product", None, "the body is not a JSON object"),
        ("search", {"error": "sorry"}, "no list of products"),
        ("search", {"products": None}, "no list of products"),
        ("search", "wireless", "no list of products"),
        ("search", [1, 2, 3], "more products than the limit"),
        ("cart", {}, "not the product that was added"),
        ("cart", {"items": []}, "not the product that was added"),
        ("cart", {"items": [{"productId": 42}]}, "not the quantity that was added"),
        ("cart", {"productId": 42, "quantity": 2}, "not the quantity that was added"),
        ("cart", {"productId": 42, "quantity": "3"}, "not the quantity that was added"),
        ("checkout", {}, "no orderId"),
        ("checkout", {"orderId": None}, "no orderId"),
        ("checkout", {"orderId": True}, "no orderId"),
        ("checkout", {"orderId": ""}, "no usable orderId"),
        ("checkout", {"orderId": "\ud800"}, "no usable orderId"),
        ("checkout", {"orderId": "x" * 201}, "no usable orderId"),
        ("order", {"orderId": "o-2", "status": "confirmed"}, "not the order that was asked for"),
        ("order", {"status": "confirmed"}, "not the order that was asked for"),
        ("order", {"orderId": "o-1"}, "the order has no status"),
        ("order", {"orderId": "o-1", "status": ""}, "the order has no status"),
    ],
)
def test_a_wrong_answer_is_refused_with_its_reason(reader: str, body: object, reason: str) -> None:
    assert reason == refusal(READERS[reader], body)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (None, "the body is empty"),
        (b"", "the body is empty"),
        (b"<html>", "the body is not JSON"),
        (b"\xff\xfe\xff", "the body is not JSON"),
        (b"[" * 100_000, "the body is not JSON"),
        (b"9" * 5_000, "the body is not JSON"),
        (b" " * (LARGEST_BODY + 1), "the body is larger than 1 MB"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_with_its_reason(
    body: bytes | None, reason: str
) -> None:
    assert reason == refusal(parse_body, body)


@pytest.mark.parametrize("order_id", [17, "17"])
def test_an_order_id_may_be_a_number_or_text(order_id: object) -> None:
    assert "17" == read_checkout({"orderId": order_id})


@given(body=ANY_JSON, reader=st.sampled_from(sorted(READERS)))
def test_nothing_in_a_body_makes_a_check_raise_anything_but_a_known_reason(
    body: object, reader: str
) -> None:
    """Locust keeps no record of a request whose check raises."""
    assert refusal(READERS[reader], body) in {"", *MESSAGES}


@given(body=st.binary() | ANY_JSON.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_make_parsing_raise_anything_but_a_known_reason(body: bytes) -> None:
    assert refusal(parse_body, body) in {"", *MESSAGES}


@given(order_id=st.text() | st.characters(categories=["Cs"]))
def test_every_accepted_order_id_fits_into_a_path(order_id: str) -> None:
    body = {"orderId": order_id}
    if not refusal(read_checkout, body):
        assert quote(order_id, safe="").isascii()
