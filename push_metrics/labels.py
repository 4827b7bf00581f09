"""Label values that no scrape limit and no text tool trips over, and that stay apart."""

import hashlib
import unicodedata

MAX_BYTES = 128
"""Prometheus can refuse a whole scrape for one long value, every other job's series with it."""

_CONTROL = {
    "Cc",  # control characters, NUL, CR and U+0085 among them
    "Cs",  # half of a surrogate pair: not encodable
    "Zl",  # U+2028
    "Zp",  # U+2029
}


def has_control_characters(text: str) -> bool:
    """Whether a tool that reads line by line, or UTF-8, could stumble over it."""
    return not text.isprintable() and any(_is_control(each) for each in text)


def label_value(text: str) -> str:
    """The text itself, or a visible stand-in of at most MAX_BYTES bytes of UTF-8.

    A stand-in ends with `…` and a hash of the whole text, so that two texts stay two.
    """
    shown = "".join(_escape(each) for each in text) if has_control_characters(text) else text
    if shown == text and len(text.encode("utf-8")) <= MAX_BYTES:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    ending = f"…{digest}".encode()
    kept = shown.encode("utf-8")[: MAX_BYTES - len(ending)]
    return kept.decode("utf-8", "ignore") + ending.decode("utf-8")


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in _CONTROL


def _escape(character: str) -> str:
    if not _is_control(character):
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
