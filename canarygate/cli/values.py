"""How the text of an option becomes a value. Each raises ValueError with what would be understood."""

import math
import re
from urllib.parse import urlsplit

from canarygate.near import did_you_mean
from canarygate.settings import parse_duration, without_secrets

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def whole(text: str) -> int:
    """A whole number of 1 or more."""
    if not re.fullmatch(r"[0-9]{1,9}", text.strip()) or int(text) < 1:
        raise ValueError(f"{text!r} is not a whole number of 1 or more")
    return int(text)


def rate(text: str) -> float:
    """A finite number above 0, `5` or `5/s`."""
    digits = text.strip().removesuffix("/s")
    if not re.fullmatch(r"[0-9]*\.?[0-9]+", digits) or not 0 < float(digits) < math.inf:
        raise ValueError(f"{text!r} is not a number above 0")
    return float(digits)


def arrival(text: str) -> str:
    """`closed` or `open`."""
    kind = text.strip().lower()
    if kind not in ("closed", "open"):
        near = did_you_mean(kind, ["closed", "open"])
        raise ValueError(f"{text!r} is neither closed nor open{near}")
    return kind


def duration(text: str) -> float:
    """Seconds, 0 or more."""
    return parse_duration(text)


def some_time(text: str) -> float:
    """Seconds, more than 0."""
    seconds = parse_duration(text)
    if seconds <= 0:
        raise ValueError(f"{text!r} is no time at all; try 45s")
    return seconds


def whole_seconds(text: str) -> int:
    """Whole seconds, more than 0: Locust knows no others."""
    seconds = some_time(text)
    if seconds != int(seconds):
        raise ValueError(f"{text!r} is not in whole seconds, and Locust knows no others")
    return int(seconds)


def base_url(text: str) -> str:
    """`http://host:port/prefix`, without a slash at the end."""
    text = text.strip()
    shown = without_secrets(text)
    try:
        parts = urlsplit(text)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise ValueError(
            f"{shown!r} has a host or a port that cannot be one; try http://checkout-canary:8080"
        ) from None
    if parts.scheme not in ("http", "https"):
        near = f"http://{shown}" if "://" not in text and shown else "http://checkout-canary:8080"
        raise ValueError(f"{shown!r} has no http:// or https:// in front; try {near}")
    if not usable or any(space in text for space in " \t\r\n"):
        raise ValueError(f"{shown!r} names no host; try http://checkout-canary:8080")
    if "@" in parts.path:
        raise ValueError(f"{shown!r} has an @ in its path; in a password write / as %2F")
    if parts.query or parts.fragment:
        raise ValueError(f"{shown!r} has a query or a fragment; give the base URL alone")
    return text.rstrip("/")


def name(text: str) -> str:
    """A name that is safe as a folder and as a header: letters, digits, `.`, `_`, `-`."""
    if not NAME.fullmatch(text):
        raise ValueError(f"{text!r} must be letters, digits, '.', '_' or '-', at most 128")
    return text
