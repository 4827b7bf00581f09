import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canarygate.shop.bodies import spoil
from canarygate.shop.messages import (
    INSTANCE,
    Answer,
    BadRequest,
    Request,
    encode_answer,
    parse_head,
)


def test_a_head_is_read_in_full() -> None:
    head = (
        b"POST /api/checkout?a=b HTTP/1.1\r\nHost: shop\r\nContent-LENGTH:  12 \r\n"
        b"Accept: a\r\nAccept: b"
    )
    expected = Request(
        "POST",
        "/api/checkout",
        "a=b",
        {"host": "shop", "content-length": "12", "accept": "a, b"},
        length=12,
        keeps_alive=True,
    )

    assert expected == parse_head(head)


@pytest.mark.parametrize(
    ("head", "keeps_alive"),
    [
        (b"GET / HTTP/1.1", True),
        (b"GET / HTTP/1.1\r\nConnection: Close", False),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive", False),
    ],
)
def test_a_connection_stays_unless_the_client_is_old_or_asks(
    head: bytes, keeps_alive: bool
) -> None:
    assert keeps_alive is parse_head(head).keeps_alive


def test_a_target_as_a_proxy_sends_it_means_its_path() -> None:
    assert "/api/products" == parse_head(b"GET http://shop:80/api/products HTTP/1.1").path
    assert "/" == parse_head(b"GET http://shop HTTP/1.1").path


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"", 400),
        (b"\x16\x03\x01\x02", 400),
        (b"GET /", 400),
        (b"GET / HTTP/2", 505),
        (b"GET / HTTP/1.1\r\nHost shop", 400),
        (b"GET / HTTP/1.1\r\n folded: x", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 65537", 413),
        (b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 5_000, 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked", 411),
    ],
)
def test_what_is_no_request_is_refused(head: bytes, status: int) -> None:
    with pytest.raises(BadRequest) as refused:
        parse_head(head)

    assert status == refused.value.status


@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_refused(head: bytes) -> None:
    try:
        request = parse_head(head)
    except BadRequest:
        return

    assert 0 <= request.length <= 65_536


def test_an_answer_is_whole_on_the_wire() -> None:
    answer = Answer(503, b"{}", (("Allow", "GET"),))
    head, _, body = encode_answer(answer, "v2", keeps_alive=False, has_body=True).partition(
        b"\r\n\r\n"
    )
    lines = [line for line in head.decode().split("\r\n") if not line.startswith("Date: ")]

    assert [
        "HTTP/1.1 503 Service Unavailable",
        "Content-Type: application/json",
        "X-Version: v2",
        f"X-Instance: {INSTANCE}",
        "Content-Length: 2",
        "Allow: GET",
        "Connection: close",
    ] == lines
    assert b"{}" == body


def test_an_answer_to_head_tells_the_length_and_keeps_the_body() -> None:
    wire = encode_answer(Answer(200, b"{}"), "v1", keeps_alive=True, has_body=False)

    assert b"Content-Length: 2\r\n" in wire
    assert wire.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("status", [419, 430, 599])
def test_a_status_without_a_name_can_be_sent(status: int) -> None:
    """The grammar takes any from 400 to 599."""
    wire = encode_answer(Answer(status, b""), "v1", keeps_alive=True, has_body=True)

    assert wire.startswith(f"HTTP/1.1 {status} Fault\r\n".encode())


PAGE = Answer(201, json.dumps({"orderId": "o-1", "items": [{"id": 1}], "bill": {"n": 2}}).encode())


@pytest.mark.parametrize(
    ("variant", "body"),
    [
        ("wrong", b'{"orderId": "", "items": -1, "bill": {"n": -1}}'),
        ("broken", b"<html>It works!</html>"),
        ("empty", b""),
    ],
)
def test_a_spoilt_body_keeps_its_status(variant: str, body: bytes) -> None:
    assert Answer(201, body) == spoil(PAGE, variant)


def test_an_answer_that_says_no_is_not_spoilt() -> None:
    refusal = Answer(404, b'{"error": "x"}')

    assert refusal == spoil(refusal, "broken")
