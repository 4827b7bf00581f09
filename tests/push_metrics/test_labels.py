import pytest
from hypothesis import given
from hypothesis import strategies as st

from push_metrics.labels import MAX_BYTES, label_value

ANY_TEXT = st.text(st.characters()) | st.text(st.sampled_from("a\r\n\0\u2028é…\\x0"))


@pytest.mark.parametrize(
    "text", ["", "/checkout", "größe/日本語", "👩‍🚀", 'a "b", c\\d', "x" * 128]
)
def test_an_ordinary_value_stays_as_it_is(text: str) -> None:
    assert text == label_value(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\rb\0", "a\\x0db\\x00…a2e66c21"),
        ("\u2028", "\\u2028…"),
        ("tab\there", "tab\\x09here…"),
        ("x" * 129, "x" * 117 + "…"),
        ("é" * 65, "é" * 58 + "…"),
    ],
)
def test_another_value_gets_a_visible_stand_in(text: str, shown: str) -> None:
    value = label_value(text)

    assert shown.partition("…")[0] == value.partition("…")[0]
    assert 8 == len(value.rpartition("…")[2])


@given(ANY_TEXT)
def test_every_value_is_short_printable_on_one_line_and_stays_what_it_is(text: str) -> None:
    value = label_value(text)

    assert MAX_BYTES >= len(value.encode("utf-8"))
    assert [value] == (value.splitlines() or [""])
    assert value == label_value(value)


@given(ANY_TEXT, ANY_TEXT)
def test_two_values_stay_two(one: str, other: str) -> None:
    assert (one == other) == (label_value(one) == label_value(other))
