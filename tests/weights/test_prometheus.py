"""One query, one number: everything else that a Prometheus, or what stands in its place, may say."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canarygate.weights.prometheus import MOST_BYTES, Failure, QueryFailed, ask, read_value
from canarygate.weights.settings import PrometheusSettings
from tests.weights.stand_in import Act, StandIn, always, dripping, http, slowly, vector

NOW = 1_795_000_000.0
TLS = Path(__file__).resolve().parent.parent / "data" / "tls"


def sample(value: Any, at: Any = NOW) -> dict[str, Any]:
    document = vector("1")
    document["data"]["result"][0]["value"] = [at, value]
    return document


def changed(**data: Any) -> dict[str, Any]:
    document = vector("1", at=NOW)
    document["data"] |= data
    return document


@pytest.mark.parametrize(
    ("text", "value"), [("0", 0.0), ("1.5", 1.5), ("-2e-05", -2e-5), ("1e+21", 1e21), ("007", 7.0)]
)
def test_a_number(text: str, value: float) -> None:
    assert value == read_value(json.dumps(sample(text)).encode(), NOW)


def test_an_empty_vector_is_nothing() -> None:
    assert read_value(json.dumps(vector()).encode(), NOW) is None


def test_information_is_no_warning() -> None:
    """Prometheus 3 remarks that a metric may not be a counter."""
    document = vector("1", at=NOW, infos=["PromQL info: metric might not be a counter"])

    assert 1.0 == read_value(json.dumps(document).encode(), NOW)


LIES: list[tuple[Any, Failure]] = [
    (sample("NaN"), Failure.NOT_A_NUMBER),
    (sample("+Inf"), Failure.NOT_A_NUMBER),
    (sample("-Inf"), Failure.NOT_A_NUMBER),
    (sample("1e999"), Failure.NOT_A_NUMBER),
    (sample("healthy"), Failure.NOT_A_NUMBER),
    (sample(""), Failure.NOT_A_NUMBER),
    (sample("1_000"), Failure.NOT_A_NUMBER),
    (sample(" 1"), Failure.NOT_A_NUMBER),
    (sample("0x10"), Failure.NOT_A_NUMBER),
    (sample("٣"), Failure.NOT_A_NUMBER),
    (sample(1.0), Failure.GARBAGE),
    (sample(None), Failure.GARBAGE),
    (sample("1", at="now"), Failure.GARBAGE),
    (sample("1", at=True), Failure.GARBAGE),
    (sample("1", at=NOW - 61), Failure.OLD),
    (sample("1", at=NOW + 61), Failure.OLD),
    (sample("1", at=float("nan")), Failure.OLD),
    (vector("1", "1", at=NOW), Failure.AMBIGUOUS),
    (changed(resultType="scalar", result=[NOW, "1"]), Failure.AMBIGUOUS),
    (changed(resultType="matrix"), Failure.AMBIGUOUS),
    (changed(resultType=None), Failure.AMBIGUOUS),
    (changed(result="1"), Failure.GARBAGE),
    (changed(result=[1]), Failure.GARBAGE),
    (changed(result=[{}]), Failure.GARBAGE),
    (changed(result=[{"value": [NOW]}]), Failure.GARBAGE),
    (changed(result=[{"histogram": [NOW, {"count": "1"}]}]), Failure.GARBAGE),
    (vector("1", at=NOW, warnings=["one store did not answer"]), Failure.PARTIAL),
    ({"status": "error", "errorType": "bad_data", "error": "parse error"}, Failure.REFUSED),
    ({"status": "error"}, Failure.REFUSED),
    ({"status": "success"}, Failure.GARBAGE),
    ({"status": "success", "data": None}, Failure.GARBAGE),
    ({"status": 200}, Failure.GARBAGE),
    ({}, Failure.GARBAGE),
    ([], Failure.GARBAGE),
    (None, Failure.GARBAGE),
    ("success", Failure.GARBAGE),
]


@pytest.mark.parametrize(("document", "failure"), LIES)
def test_what_is_no_single_finite_number_of_now(document: Any, failure: Failure) -> None:
    with pytest.raises(QueryFailed) as failed:
        read_value(json.dumps(document).encode(), NOW)

    assert failure is failed.value.failure


@pytest.mark.parametrize(
    "body", [b"", b"<html>Log in</html>", b"{", b"\xff\xfe", b"[" * 100_000, b'{"status":'],
    ids=["empty", "page", "cut", "bytes", "deep", "half"],
)  # fmt: skip
def test_what_is_no_json(body: bytes) -> None:
    with pytest.raises(QueryFailed) as failed:
        read_value(body, NOW)

    assert Failure.GARBAGE is failed.value.failure


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["status", "data", "result", "resultType", "value", "warnings"]), inner
        )
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(json_values)
def test_no_document_is_an_accident(document: Any) -> None:
    try:
        value = read_value(json.dumps(document).encode(), NOW)
    except QueryFailed:
        return
    assert value is None or isinstance(value, float)


def asking(stand_in: StandIn, seconds: float = 5.0, **changes: Any) -> float | None:
    settings = replace(
        PrometheusSettings(url=stand_in.url, query_timeout_seconds=seconds), **changes
    )
    return ask(settings, "up{a='b'} + 1", deadline=time.monotonic() + 30)


def test_the_query_arrives_as_it_is(stand_in: StandIn) -> None:
    assert 1.0 == asking(stand_in)
    assert ["up{a='b'} + 1"] == stand_in.queries


@pytest.mark.parametrize(
    ("act", "failure", "said"),
    [
        (
            always(http(json.dumps({"status": "error", "error": "1:2: parse error"}), "400 No")),
            Failure.REFUSED,
            "Prometheus answered 400: 1:2: parse error",
        ),
        (always(http("<h1>secret page</h1>", "500 Oh")), Failure.STATUS, "Prometheus answered 500"),
        (always(http("", "503 Later")), Failure.STATUS, "Prometheus answered 503"),
        (always(http("", "204 Nothing")), Failure.STATUS, "Prometheus answered 204"),
        (
            always(http("", "302 Found", "Location: http://127.0.0.1:1/login\r\n")),
            Failure.STATUS,
            "Prometheus answered 302; redirects are not followed",
        ),
        (always(http("<html>")), Failure.GARBAGE, "that is no answer of a Prometheus"),
        (
            always(http(b" " * (MOST_BYTES + 1))),
            Failure.TOO_LARGE,
            "the answer is longer than 1 MiB",
        ),
        (
            always(http(vector("1"))[:-5]),
            Failure.GARBAGE,
            "the answer was cut short|no HTTP answer",
        ),
        (always(b"SSH-2.0\r\n\r\n"), Failure.GARBAGE, "no HTTP answer"),
        (always(b""), Failure.GARBAGE, "no HTTP answer"),
        (slowly(3), Failure.TIMEOUT, "Prometheus did not answer in time"),
        (dripping(), Failure.TIMEOUT, "Prometheus did not answer in time"),
        (dripping(head=True), Failure.TIMEOUT, "Prometheus did not answer in time"),
    ],
    ids=[
        *("refused", "500", "503", "204", "redirect", "page", "huge", "cut", "not http", "silent"),
        *("slow", "drips", "drips its head"),
    ],
)
def test_what_may_come_instead_of_an_answer(
    stand_in: StandIn, act: Act, failure: Failure, said: str
) -> None:
    stand_in.act = act
    began = time.monotonic()
    with pytest.raises(QueryFailed, match=said) as failed:
        asking(stand_in, 0.3)

    assert failure is failed.value.failure
    assert time.monotonic() - began < 2.9
    assert "secret" not in str(failed.value)


def test_nobody_there(stand_in: StandIn) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        stand_in.port = bound.getsockname()[1]
        with pytest.raises(QueryFailed, match="Prometheus cannot be reached: connection refused"):
            asking(stand_in)


def test_no_such_host() -> None:
    settings = PrometheusSettings(url="http://prometheus.invalid:9090")
    with pytest.raises(QueryFailed, match="cannot be reached") as failed:
        ask(settings, "up", deadline=time.monotonic() + 20)

    assert failed.value.failure in (Failure.UNREACHABLE, Failure.TIMEOUT)


def test_the_deadline_of_the_answer_ends_a_query_too(stand_in: StandIn) -> None:
    stand_in.act = slowly(3)
    began = time.monotonic()
    with pytest.raises(QueryFailed, match="in time"):
        ask(PrometheusSettings(url=stand_in.url), "up", deadline=time.monotonic() + 0.2)
    with pytest.raises(QueryFailed, match="did not answer in time"):
        ask(PrometheusSettings(url=stand_in.url), "up", deadline=time.monotonic() - 1)

    assert time.monotonic() - began < 2.9


def test_who_we_are(stand_in: StandIn, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("of-today\n")
    asking(stand_in, username="ann", password="ä")
    asking(stand_in, token="abc")
    asking(stand_in, token="abc", token_file=token)
    token.write_text("of-tomorrow\n")
    asking(stand_in, token="abc", token_file=token)
    asking(stand_in, url=f"http://ann:p%2F@127.0.0.1:{stand_in.port}/prefix/")
    sent = [
        line.removeprefix("Authorization: ")
        for head in stand_in.heads
        for line in head.splitlines()
        if line.startswith("Authorization")
    ]

    assert [
        "Basic YW5uOsOk",
        "Bearer abc",
        "Bearer of-today",
        "Bearer of-tomorrow",
        "Basic YW5uOnAv",
    ] == sent
    assert stand_in.heads[-1].startswith("GET /prefix/api/v1/query?query=")


def test_a_token_that_is_gone_or_no_header_is_told_without_itself(
    stand_in: StandIn, tmp_path: Path
) -> None:
    with pytest.raises(QueryFailed, match=r"the token in .*none cannot be read"):
        asking(stand_in, token_file=tmp_path / "none")
    with pytest.raises(QueryFailed) as failed:
        asking(stand_in, token="sec\nret")

    assert "sec" not in str(failed.value).replace("second", "")
    assert [] == stand_in.queries


def test_settings_never_show_a_secret() -> None:
    settings = PrometheusSettings(
        url="http://ann:hunter2@prom:9090", password="hunter2", token="hunter2"
    )

    assert "hunter2" not in repr(settings)
    assert "http://prom:9090" == settings.shown


@pytest.fixture
def with_tls() -> Iterator[int]:
    """A Prometheus behind a certificate of a private authority."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(TLS / "cert.pem", TLS / "key.pem")
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                try:
                    with context.wrap_socket(connection, server_side=True) as wrapped:
                        wrapped.recv(65536)
                        wrapped.sendall(http(vector("1")))
                except OSError:
                    connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def test_a_private_authority(with_tls: int) -> None:
    settings = PrometheusSettings(url=f"https://127.0.0.1:{with_tls}")
    with pytest.raises(QueryFailed, match="its certificate is not trusted"):
        ask(settings, "up", deadline=time.monotonic() + 5)
    trusting = replace(settings, ca_file=TLS / "cert.pem")

    assert 1.0 == ask(trusting, "up", deadline=time.monotonic() + 5)


def test_an_authority_that_cannot_be_read(with_tls: int, tmp_path: Path) -> None:
    settings = PrometheusSettings(url=f"https://127.0.0.1:{with_tls}", ca_file=tmp_path / "none")
    with pytest.raises(QueryFailed, match=r"the certificates in .*none cannot be read"):
        ask(settings, "up", deadline=time.monotonic() + 5)
