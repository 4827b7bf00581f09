"""Durations as Go reads them."""

import re

UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)")


def go_duration(text: str) -> float | None:
    """Seconds of `30s`, `1h30m`, `0`; None where Go's parser refuses it: `30`, `1d`, `5 m`."""
    sign, rest = (-1, text[1:]) if text[:1] == "-" else (1, text.removeprefix("+"))
    if rest == "0":
        return 0.0
    if not re.fullmatch(f"({PART.pattern})+", rest):
        return None
    return sign * sum(float(count) * UNITS[unit] for count, unit in PART.findall(rest))


def pause_duration(text: str) -> float | None:
    """The same of a pause, which takes bare seconds as well."""
    return float(text) if re.fullmatch(r"[-+]?\d{1,10}", text) else go_duration(text)
