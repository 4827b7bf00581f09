from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canarygate.settings import (
    PushSettings,
    RunSettings,
    parse_duration,
    parse_labels,
    without_secrets,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        (" 90s ", 90),
        ("2.5s", 2.5),
        ("0", 0),
        ("5m", 300),
        ("1m30s", 90),
        ("1m30", 90),
        ("1h", 3600),
        ("1h2m3.5s", 3723.5),
    ],
)
def test_a_duration_is_read_as_locust_reads_it(text: str, seconds: float) -> None:
    assert seconds == parse_duration(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", "s", "30x", "-5s", "1.5m", "5 m", "1e3", "inf", "nan", "30s5m", "٣s", "1" * 400],
)
def test_what_is_no_duration_is_refused_with_what_would_be(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a duration; try 90s, 5m or 1m30s"):
        parse_duration(text)


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_hours_minutes_and_seconds_add_up(hours: int, minutes: int, seconds: int) -> None:
    assert hours * 3600 + minutes * 60 + seconds == parse_duration(f"{hours}h{minutes}m{seconds}s")


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("", {}),
        (",", {}),
        ("a=b", {"a": "b"}),
        (" a = b , c_1=d ", {"a": "b", "c_1": "d"}),
        ("a=b=c", {"a": "b=c"}),
        ("a=", {"a": ""}),
        ("a=ü/ö", {"a": "ü/ö"}),
    ],
)
def test_labels_are_read_as_pairs(text: str, labels: dict[str, str]) -> None:
    assert labels == parse_labels(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a", "'a' has no '='; write name=value,name=value"),
        ("a=b,c", "'c' has no '='; write name=value,name=value"),
        ("1a=b", "'1a' is not a label name (letters, digits and _, not __ first)"),
        ("a-b=c", "'a-b' is not a label name (letters, digits and _, not __ first)"),
        ("__a=b", "'__a' is not a label name (letters, digits and _, not __ first)"),
        ("=b", "'' is not a label name (letters, digits and _, not __ first)"),
        ("a=b,a=c", "label 'a' is given twice"),
    ],
)
def test_what_is_no_label_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 (the whole message is asserted)
        parse_labels(text)

    assert problem == str(refused.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://host:8080/shop", "http://host:8080/shop"),
        ("http://user:secret@host:8080/shop", "http://host:8080/shop"),
        ("http://secret@host", "http://host"),
        ("http://user:sec/ret@host", "http://host"),
        ("http://user:sec?ret@host", "http://host"),
        ("http://user:sec#ret@host", "http://host"),
        ("http://user:sec@ret@host", "http://host"),
        ("http://host/?token=secret", "http://host/"),
        ("user:secret@host", "host"),
        ("http://[::1]:80", "http://[::1]:80"),
        ("", ""),
    ],
)
def test_a_url_is_shown_without_what_may_be_secret(url: str, shown: str) -> None:
    assert shown == without_secrets(url)


@given(st.text(min_size=1).filter(lambda text: text not in "http://host:80/a"))
def test_no_password_is_ever_shown(password: str) -> None:
    assert "http://host:80/a" == without_secrets(f"http://user:{password}@host:80/a")


def test_secrets_stay_out_of_what_is_logged() -> None:
    settings = PushSettings(url="http://gateway", username="me", password="hush", token="hushhush")

    assert "hush" not in repr(settings)


def test_a_run_knows_its_folder() -> None:
    run = RunSettings(
        hosts={},
        locust_file=Path("flow.py"),
        seed="1",
        results_dir=Path("results"),
        run_id="run-1",
        service="shop",
    )

    assert Path("results/run-1") == run.folder
