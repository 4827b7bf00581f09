import re
from pathlib import Path

from push_metrics.catalogue import BODY_LABELS, GROUPING_LABELS, MEASURES, METRICS
from push_metrics.reference import markdown

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "metrics.md"


def test_the_page_is_what_the_catalogue_says() -> None:
    """Write it anew with `make docs`."""
    written = PAGE.read_text(encoding="utf-8")

    assert markdown() == written


def test_every_name_is_declared_once() -> None:
    names = [metric.name for metric in METRICS]

    assert sorted(set(names)) == sorted(names)


def test_every_name_is_ours_and_in_base_units() -> None:
    wrong = [
        metric.name
        for metric in METRICS
        if not re.fullmatch(r"canarygate_[a-z_]+", metric.name)
        or re.search(r"_(ms|milliseconds|percent|total|count|sum)$", metric.name)
    ]

    assert [] == wrong


def test_no_series_has_a_label_that_the_gateway_would_overwrite() -> None:
    assert set() == set(GROUPING_LABELS) & BODY_LABELS


def test_every_measure_is_explained_on_the_page() -> None:
    rows = re.findall(r"^\| `([a-z0-9_]+)` \| ([^|]+) \|$", PAGE.read_text("utf-8"), re.MULTILINE)

    assert list(MEASURES.items()) == rows
