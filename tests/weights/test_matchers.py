"""What a request names comes into a query as text, and as nothing else."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canarygate.weights.matchers import (
    Matcher,
    escape,
    parse_matcher,
    parse_matchers,
    quote_regex,
    value_problem,
)


def test_matchers_are_read_whole_and_sorted() -> None:
    assert (
        Matcher("pod", "=~", r"web\\.<canary>-.*"),
        Matcher("version", "=", "<canary>"),
    ) == parse_matchers(r' { version = "<canary>" , pod=~"web\\.<canary>-.*", } ')


def test_no_text_is_no_matcher() -> None:
    assert () == parse_matchers("  ")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("version", 'is no label matcher; write label="value", quotes included'),
        ("version=v2", "is no label matcher"),
        ("version='v2'", "is no label matcher"),
        ('a="1" b="2"', "there is a comma missing before"),
        ('{a="1"', "has a brace without its other"),
        ('a="1"} or up{b="2"', "has to|comma missing"),
        ('__name__="up"', "__name__ cannot be chosen"),
        ('le="+Inf"', "le cannot be chosen"),
        ('version="<canry>"', r"<canry> is no placeholder; did you mean <canary>\?"),
        ('version="<xyz>"', "there are <service>, <namespace>, <canary>, <stable>"),
    ],
)
def test_what_is_no_matcher_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_matchers(text)


@pytest.mark.parametrize("text", ["", 'a="1",b="2"', 'version="<canary>"'])
def test_an_error_matcher_is_one_without_places(text: str) -> None:
    with pytest.raises(ValueError, match="has to be one label matcher"):
        parse_matcher(text)


def test_the_opposite_takes_what_is_left() -> None:
    assert ['a!="x"', 'a="x"', 'a!~"x"', 'a=~"x"'] == [
        str(Matcher("a", operator, "x").opposite) for operator in ("=", "!=", "=~", "!~")
    ]


@pytest.mark.parametrize(
    ("matcher", "filled"),
    [
        ('version="<canary>"', 'version="v1.2"'),
        ('pod=~"web-<canary>-.*"', r'pod=~"web-v1\\.2-.*"'),
        ('pod!~"<canary>|<canary>-x"', r'pod!~"v1\\.2|v1\\.2-x"'),
    ],
)
def test_a_name_is_no_pattern(matcher: str, filled: str) -> None:
    [found] = parse_matchers(matcher)

    assert filled == str(found.filled({"canary": "v1.2"}))


@pytest.mark.parametrize(
    "value", ["v2", "6b8c9d7f5", "shop/checkout", "1.2.3+build.4", "a", "A_b-c", "x" * 128]
)
def test_what_a_name_may_be(value: str) -> None:
    assert "" == value_problem("canary", value)


@pytest.mark.parametrize(
    "value",
    ["", " ", "v2 ", "v2\n", 'v2"', "v2\\", "v2}", "-v2", "v2-", "x" * 129, "v2,a", "é", "v٢"],
)
def test_what_it_may_not_be(value: str) -> None:
    assert "canary: " in value_problem("canary", value)


def unquoted(text: str) -> tuple[str, str]:
    """A PromQL string read back, and what stands behind it."""
    match = re.match(r'"((?:[^"\\\n]|\\.)*)"', text, re.DOTALL)
    assert match, text
    plain = re.sub(r"\\(.)", lambda each: "\n" if each[1] == "n" else each[1], match[1])
    return plain, text[match.end() :]


@settings(deadline=None)
@given(st.text())
def test_whatever_is_escaped_comes_back_as_one_string(value: str) -> None:
    """The strict form of names is the first fence; this is the second."""
    assert (value, '} or up{x="') == unquoted('"' + escape(value) + '"} or up{x="')


@settings(deadline=None)
@given(st.text())
def test_a_quoted_pattern_matches_its_text_and_nothing_longer(value: str) -> None:
    assert re.fullmatch(quote_regex(value), value)
    assert not re.fullmatch(quote_regex(value), value + "x")


@settings(deadline=None)
@given(st.text(), st.sampled_from(["=", "=~", "!=", "!~"]))
def test_a_filled_matcher_is_still_one_matcher(value: str, operator: str) -> None:
    filled = str(Matcher("version", operator, "<canary>").filled({"canary": value}))
    plain, rest = unquoted(filled.removeprefix(f"version{operator}"))

    assert "" == rest
    assert (quote_regex(value) if operator.endswith("~") else value) == plain
