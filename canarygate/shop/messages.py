"""HTTP/1.1 as bytes: a request read, an answer written. No sockets here."""

import time
import uuid
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

HEAD_LIMIT = 16_384
BODY_LIMIT = 65_536
HEAD_END = b"\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
JSON = "application/json"
INSTANCE = uuid.uuid4().hex
"""Names this process in X-Instance: two shops can start in one tick of the clock."""


class BadRequest(ValueError):
    """Bytes that are no request we can read; the connection has to end."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        self.status = status
        super().__init__(message)


@dataclass(slots=True)
class Request:
    """One request as it came. Header names are in lower case."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    length: int = 0
    keeps_alive: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer before it is bytes."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = JSON


def parse_head(head: bytes) -> Request:
    """The bytes before the empty line → a request without its body.

    Raises:
        BadRequest: they are none.
    """
    request_line, *lines = head.decode("latin-1").split("\r\n")
    try:
        method, target, version = request_line.split(" ")
    except ValueError as error:
        raise BadRequest(HTTPStatus.BAD_REQUEST, "not an HTTP request line") from error
    if version not in ("HTTP/1.1", "HTTP/1.0"):
        raise BadRequest(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "this server speaks HTTP/1.1")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.lower()
        if not colon or not name or name != name.strip():
            raise BadRequest(HTTPStatus.BAD_REQUEST, "a header line is damaged")
        value = value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    path, _, query = _without_host(target).partition("?")
    return Request(
        method=method,
        path=path,
        query=query,
        headers=headers,
        length=_body_length(headers),
        keeps_alive=version == "HTTP/1.1" and headers.get("connection", "").lower() != "close",
    )


def encode_answer(answer: Answer, version: str, *, keeps_alive: bool, has_body: bool) -> bytes:
    """The bytes of an answer; without its body for HEAD, which still tells the length."""
    head = (
        f"{_fixed_head(answer.status, version, answer.content_type)}"
        f"Content-Length: {len(answer.body)}\r\nDate: {_date(int(time.time()))}\r\n"
    )
    if answer.headers:
        head += "".join(f"{name}: {value}\r\n" for name, value in answer.headers)
    if not keeps_alive:
        head += "Connection: close\r\n"
    return f"{head}\r\n".encode("latin-1") + (answer.body if has_body else b"")


@lru_cache(maxsize=256)
def _fixed_head(status: int, version: str, content_type: str) -> str:
    reason = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Fault"
    return (
        f"HTTP/1.1 {status} {reason}\r\nContent-Type: {content_type}\r\n"
        f"X-Version: {version}\r\nX-Instance: {INSTANCE}\r\n"
    )


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


def _without_host(target: str) -> str:
    """`http://host/path`, as a proxy is asked, means `/path` here."""
    scheme, separator, rest = target.partition("://")
    if not separator or "/" in scheme:
        return target
    return "/" + rest.partition("/")[2]


def _body_length(headers: dict[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise BadRequest(HTTPStatus.LENGTH_REQUIRED, "send a Content-Length, not chunks")
    text = headers.get("content-length", "0")
    if not (text.isascii() and text.isdigit()):
        raise BadRequest(HTTPStatus.BAD_REQUEST, "Content-Length is not a number")
    if len(text) > 9 or int(text) > BODY_LIMIT:
        raise BadRequest(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body may have {BODY_LIMIT:,} bytes"
        )
    return int(text)
