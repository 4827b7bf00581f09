"""The questions, as a whole; and which templates are refused."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canarygate.weights.analysis import CANARY, STABLE
from canarygate.weights.matchers import VALUE, parse_matchers
from canarygate.weights.queries import (
    DEFAULT_SELECTION,
    TEMPLATES,
    Measure,
    Query,
    are_the_same,
    build_queries,
    template_problems,
    unknown_parameters,
)

NAMES = {"service": "checkout", "canary": "v2", "stable": "v1"}
COUNT = "http_request_duration_seconds_count"
BUCKET = "http_request_duration_seconds_bucket"


def asked(role: str, measure: Measure) -> str:
    [text] = [
        each.text
        for each in build_queries(DEFAULT_SELECTION, NAMES)
        if (each.role, each.measure) == (role, measure)
    ]
    return text


def test_every_question_is_asked_of_both() -> None:
    queries = build_queries(DEFAULT_SELECTION, NAMES)

    assert [(role, measure) for role in (CANARY, STABLE) for measure in Measure] == [
        (each.role, each.measure) for each in queries
    ]
    assert all("<" not in each.text for each in queries)


def counted(more: str = "", series: str = COUNT, version: str = "v2") -> str:
    series = f'{series}{{job="checkout",traffic!="synthetic",version="{version}"{more}}}'
    return (
        f"({series} unless last_over_time({series}[300s] offset 300s)) or increase({series}[300s])"
    )


def test_p99_is_of_all_successes_of_a_role_together() -> None:
    buckets = counted(',status_code!~"5.."', BUCKET)

    assert f"histogram_quantile(0.99, sum by (le) ({buckets})) >= 0" == asked(
        CANARY, Measure.LATENCY
    )


def test_what_is_beyond_the_highest_finite_bound() -> None:
    of = ',status_code!~"5..",le'
    finite, everything = (
        counted(f'{of}{operator}"+Inf"', BUCKET, "v1") for operator in ("!=", "=")
    )

    assert f"1 - max(sum by (le) ({finite})) / sum({everything}) > -1" == asked(
        STABLE, Measure.BEYOND
    )


def test_requests_of_new_series_count_whole() -> None:
    assert f"sum({counted()})" == asked(CANARY, Measure.REQUESTS)


def test_no_series_of_errors_is_a_share_of_0_where_the_label_is_known() -> None:
    errors, told = counted(',status_code=~"5.."'), counted(',status_code!=""')

    assert f"(sum({errors}) or 0 * sum({told})) / sum({told}) >= 0" == asked(CANARY, Measure.ERRORS)


def test_age_and_resets() -> None:
    series = f'{COUNT}{{job="checkout",traffic!="synthetic",version="v2"}}'

    assert f"time() - max(timestamp({series}))" == asked(CANARY, Measure.AGE)
    assert f"sum(resets({series}[300s]))" == asked(CANARY, Measure.RESETS)


def test_another_latency_query_has_no_bounds_to_ask_for() -> None:
    own = "job:p99{<matchers>}"
    selection = replace(
        DEFAULT_SELECTION, templates={**TEMPLATES, Measure.LATENCY: own}, window_seconds=0.5
    )
    queries = build_queries(selection, NAMES)

    assert Measure.BEYOND not in {each.measure for each in queries}
    assert (
        Query(CANARY, Measure.LATENCY, 'job:p99{job="checkout",traffic!="synthetic",version="v2"}')
        in queries
    )
    assert any("[500ms]" in each.text for each in queries)


@settings(deadline=None)
@given(st.fixed_dictionaries({name: st.from_regex(VALUE, fullmatch=True) for name in NAMES}))
def test_no_name_changes_what_is_asked(names: dict[str, str]) -> None:
    """The query is the same but for what stands between the quotes."""

    def shape(values: dict[str, str]) -> list[str]:
        return [
            re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', each.text)
            for each in build_queries(DEFAULT_SELECTION, values)
        ]

    assert shape(NAMES) == shape(names)


@settings(deadline=None)
@given(st.fixed_dictionaries({name: st.text() for name in NAMES}))
def test_not_even_one_that_was_never_checked(names: dict[str, str]) -> None:
    def shape(values: dict[str, str]) -> list[str]:
        return [
            re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', each.text)
            for each in build_queries(DEFAULT_SELECTION, values)
        ]

    assert shape(NAMES) == shape(names)


@pytest.mark.parametrize(
    ("template", "problems"),
    [
        ("sum(x{<matchers>})", []),
        ('sum(x{<matchers>,a="("})', []),
        ("sum(x{<matchers>}[<window>])", []),
        ("sum(x{<matcher>})", ["did you mean <matchers>?", "there is no <matchers> in it"]),
        ("sum(x{<matchers>}[<windw>])", ["<windw> is no placeholder; did you mean <window>?"]),
        ("sum(x)", ["there is no <matchers> in it, so canary and stable would be the same"]),
        ("", ["there is no <matchers> in it"]),
        ("sum(x{<matchers>}", ["a '(' is not closed"]),
        ("sum(x{<matchers>)}", ["there is a ')' without its '('"]),
        ('x{<matchers>,a="b}', ['a quote (") is not closed']),
    ],
)
def test_what_is_wrong_with_a_template(template: str, problems: list[str]) -> None:
    found = list(template_problems(template))

    assert len(problems) == len(found)
    assert all(each in told for each, told in zip(problems, found, strict=True))


def test_the_same_name_twice_is_nothing_to_compare() -> None:
    assert are_the_same(DEFAULT_SELECTION, NAMES | {"stable": "v2"})
    assert not are_the_same(DEFAULT_SELECTION, NAMES)


def test_a_parameter_that_changes_nothing_is_refused() -> None:
    assert [
        "parameter 'namespace' is given, and no matcher uses <namespace>",
        "unknown parameter 'canry'; did you mean 'canary'?",
        "unknown parameter 'xyz'; there are service, namespace, canary, stable",
    ] == list(unknown_parameters(["service", "namespace", "canry", "xyz"], DEFAULT_SELECTION))


def test_the_parameters_are_those_that_a_matcher_waits_for() -> None:
    selection = replace(DEFAULT_SELECTION, matchers=parse_matchers('namespace="<namespace>"'))

    assert ("service", "canary", "stable") == DEFAULT_SELECTION.parameters
    assert ("namespace", "canary", "stable") == selection.parameters
