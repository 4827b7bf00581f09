"""Numbers and counts as people read them."""


def percent(share: float) -> str:
    """0.01 → `1 %`, 0.00568 → `0.568 %`: three digits that count."""
    return f"{100 * share:.3g} %"


def count(number: int, noun: str) -> str:
    """1 request, 2 requests, 10,000 requests."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def seconds(number: float) -> str:
    """12.5 → `12.5 s`, 3700 → `3,700 s`."""
    return f"{number:.3g} s" if abs(number) < 1000 else f"{number:,.0f} s"
