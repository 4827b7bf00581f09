"""The gateway's base URL, and what authenticates us there: checked before anything is sent."""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from canarygate.errors import ConfigError
from canarygate.settings import PushSettings

HINT = "--pushgateway-url (PUSHGATEWAY_URL) takes the base URL, such as http://pushgateway:9091"


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where the gateway is. `base` has no userinfo and no slash at its end; safe to print."""

    base: str
    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    @property
    def secrets(self) -> list[str]:
        """What must never be printed; the longest first, so that none is cut by another."""
        known = {self.password, self.token}
        if self.username or self.password:
            known.add(base64.b64encode(b":".join(self.basic)).decode("ascii"))
        return sorted(filter(None, known), key=len, reverse=True)

    @property
    def basic(self) -> tuple[bytes, bytes]:
        """Username and password as they go over the wire."""
        return self.username.encode(), self.password.encode()


def address_of(settings: PushSettings) -> Address:
    """Read the settings' URL, and the credentials in it or beside it.

    Raises:
        ConfigError: it is no base URL of a gateway, or there are two ways to authenticate.
    """
    problems = list(address_problems(settings))
    if problems:
        raise ConfigError(problems, hint=HINT)
    parts = urlsplit(settings.url.strip())
    host = parts.netloc.rpartition("@")[2]
    return Address(
        base=f"{parts.scheme}://{host}{parts.path.rstrip('/')}",
        username=settings.username or unquote(parts.username or ""),
        password=settings.password or unquote(parts.password or ""),
        token=settings.token,
    )


def address_problems(settings: PushSettings) -> Iterator[str]:
    """What makes these settings unusable; the URL is named without what may be secret in it."""
    url = settings.url.strip()
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        yield "the Pushgateway URL has a host or a port that cannot be one"
        return
    if "@" in parts.path:
        yield "the Pushgateway URL has an @ in its path; write / in a password as %2F"
        return
    yield from _form_problems(parts, usable)
    if settings.token and (settings.username or settings.password or parts.username):
        yield "a token and a username or password are both given for the Pushgateway; give one"
    if (settings.username or settings.password) and (parts.username or parts.password):
        yield "the Pushgateway URL holds credentials, and others are given beside it; give one"
    if not settings.username and settings.password:
        yield "a password is given for the Pushgateway and no username (PUSH_USERNAME)"
    if not re.fullmatch(r"[!-~]*", settings.token):
        yield "the token for the Pushgateway has a character that no header can carry"
    if settings.ca_file is not None:
        yield from _authority_problems(settings.ca_file)


def _authority_problems(file: Path) -> Iterator[str]:
    import ssl

    try:
        ssl.create_default_context(cafile=str(file))
    except FileNotFoundError:
        yield f"PUSH_CA_FILE: no such file: {file}"
    except OSError:
        yield f"PUSH_CA_FILE: no certificate to be read in {file}"


def _form_problems(parts: SplitResult, usable: bool) -> Iterator[str]:
    shown = printable(parts.geturl())
    if parts.scheme not in ("http", "https") or "://" not in parts.geturl():
        yield f"the Pushgateway URL {shown!r} does not start with http:// or https://"
    elif not usable:
        yield f"the Pushgateway URL {shown!r} names no host"
    elif parts.query or parts.fragment:
        yield f"the Pushgateway URL {shown!r} has a part after ? or #"
    elif re.search(r"/metrics(/job(@base64)?/.*)?/*$", parts.path):
        yield f"the Pushgateway URL {shown!r} ends in /metrics, which we append ourselves"
    elif re.search(r"[\s\x00-\x1f\x7f]", parts.geturl()):
        yield f"the Pushgateway URL {shown!r} has a blank in it"


def printable(url: str) -> str:
    """The URL without userinfo and query, where people put passwords and tokens."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(unreadable)"
    host = parts.netloc.rpartition("@")[2]
    if host:
        return parts._replace(netloc=host, query="", fragment="").geturl()
    return re.split(r"[?#]", url.rpartition("@")[2])[0]
