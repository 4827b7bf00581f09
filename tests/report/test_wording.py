import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from canarygate.report import wording


@given(st.text(max_size=60), st.integers(4, 40))
def test_a_shortened_name_fits_and_is_a_beginning_and_an_end(text: str, cells: int) -> None:
    """Wide letters take two cells each."""
    text = wording.shown(text)

    short = wording.shortened(text, cells)

    start, _, end = short.partition("…")
    assert cell_len(short) <= cells
    assert short == text or (text.startswith(start.rstrip()) and text.endswith(end))


def test_a_name_is_cut_where_it_tells_the_least() -> None:
    name = "GET /api/customers/:id/orders/:order/items/:item"

    assert "GET /api/…/:order/items/:item" == wording.shortened(name, 29)
    assert name == wording.shortened(name, len(name))


def test_what_a_terminal_would_obey_is_not_shown() -> None:
    assert "GET ?[31m/a?b 商品" == wording.shown("GET \x1b[31m/a\u2028b 商品")


@pytest.mark.parametrize(
    ("stable", "canary", "text"),
    [
        (0.168, 0.231, "168 → 231 ms"),
        (0.0047, 0.005, "4.7 → 5.0 ms"),
        (0.0094, 0.0123, "9.4 → 12 ms"),
        (1.2, 12.34, "1.2 → 12.3 s"),
        (None, 0.02, "- → 20 ms"),
        (0.02, None, "20 → - ms"),
        (None, None, "-"),
    ],
)
def test_two_durations_share_one_unit(
    stable: float | None, canary: float | None, text: str
) -> None:
    assert text == wording.durations(stable, canary)


@pytest.mark.parametrize(
    ("ratio", "low", "high", "texts"),
    [
        (1.38, 1.21, 1.57, ("+38 %", "[+21, +57]")),
        (1.012, 0.995, 1.029, ("+1.2 %", "[-0.5, +2.9]")),
        (1.0, 1.0, 1.0, ("+0.0 %", "[+0.0, +0.0]")),
        (0.5, 0.4, 0.6, ("-50 %", "[-60, -40]")),
        (12.3, 9.0, 151.0, ("12.3x", "[9x, 151x]")),
        (1.2, None, 1.3, ("+20 %", "-")),
        (None, None, None, ("-", "-")),
    ],
)
def test_a_ratio_is_a_change(
    ratio: float | None, low: float | None, high: float | None, texts: tuple[str, str]
) -> None:
    assert texts == (wording.change(ratio), wording.interval(ratio, low, high))


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (1.0, "1"),
        (0.314, "0.31"),
        (0.0058, "0.0058"),
        (0.001, "0.001"),
        (0.00021, "2e-4"),
        (2.1e-5, "2e-5"),
        (1e-300, "<1e-9"),
        (0.0, "<1e-9"),
    ],
)
def test_a_probability_takes_six_cells_at_most(p: float, text: str) -> None:
    assert text == wording.probability(p)
    assert len(text) <= 6


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (99_999, "99,999"), (1_234_567, "1,235k"), (12_345_678, "12M")],
)
def test_a_count_is_exact_while_anybody_would_read_its_digits(number: int, text: str) -> None:
    assert text == wording.count(number)


@pytest.mark.parametrize(
    ("seconds", "text"), [(40.2, "40 s"), (2520.0, "42 min"), (12_600.0, "3.5 h")]
)
def test_a_time_to_come_is_told_roughly(seconds: float, text: str) -> None:
    assert text == wording.span(seconds)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0004, "0.4 ms"), (0.12, "120 ms"), (1.98, "2.0 s"), (75.0, "75.0 s")]
)
def test_a_distance_in_time_has_two_digits(seconds: float, text: str) -> None:
    assert text == wording.apart(seconds)


def test_a_share_is_percent_and_nothing_is_a_dash() -> None:
    assert ("10 %", "7.5 %", "-") == tuple(map(wording.share, (0.1, 0.075, None)))
