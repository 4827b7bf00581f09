"""Reading YAML: places are right, and no input takes long or ends in a traceback."""

import pytest

from canarygate.lint.documents import MOST_DEEP, Unreadable, read_documents
from canarygate.lint.nodes import Node, Place


def read_one(text: str) -> Node:
    [document] = read_documents(text, "a.yaml")
    return document


def test_every_key_and_value_knows_its_line_and_column() -> None:
    node = read_one("spec:\n  metrics:\n  - name: load\n    count: 3\n")

    [metric] = node.at("spec", "metrics")
    assert Place("a.yaml", 3, 11) == metric["name"].place
    assert Place("a.yaml", 4, 5) == metric.key_place("count")
    assert ("int", "3") == (metric["count"].kind, metric["count"].text)


def test_documents_are_apart_and_empty_ones_are_left_out() -> None:
    documents = read_documents("---\n---\na: 1\n---\n# nothing\n---\nb: 2\n", "a.yaml")

    assert [["a"], ["b"]] == [list(each.entries) for each in documents]


def test_what_is_not_there_has_nothing_either() -> None:
    nothing = read_one("a: 1\n").at("b", "c", "d")

    assert not nothing
    assert ("", []) == (nothing.text, list(nothing))


def test_an_alias_is_what_its_anchor_is_with_the_place_of_the_anchor() -> None:
    node = read_one("first: &args [{name: a}]\nsecond: *args\n")

    assert node["first"] is node["second"]
    assert 1 == node["second"].place.line


def test_a_merged_mapping_gives_what_the_mapping_itself_does_not_say() -> None:
    node = read_one("base: &base {count: 3, name: a}\nmetric:\n  <<: *base\n  name: b\n")

    metric = node["metric"]
    assert {"name": "b", "count": "3"} == {key: each.text for key, each in metric.entries.items()}
    assert 1 == metric.key_place("count").line


def test_a_key_that_is_written_twice_is_kept_with_both_places() -> None:
    node = read_one("count: 1\nname: a\ncount: 2\n")

    assert [("count", Place("a.yaml", 1, 1), Place("a.yaml", 3, 1))] == node.twice
    assert "2" == node["count"].text


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("3", "int"),
        ('"3"', "str"),
        ("!!str 3", "str"),
        ("yes", "bool"),
        ("~", "null"),
        ("1.5", "float"),
    ],
)
def test_a_scalar_is_of_the_kind_that_it_is_written_as(text: str, kind: str) -> None:
    assert kind == read_one(f"a: {text}\n")["a"].kind


def test_a_tag_of_another_tool_is_read_as_what_it_stands_before() -> None:
    assert "str" == read_one("a: !reference x\n")["a"].kind


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + index)}: &{chr(98 + index)} [{','.join(['*' + chr(97 + index)] * 9)}]\n"
    for index in range(12)
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: {b", "a.yaml:2:1: is no YAML: "),
        ("a: *b", "a.yaml:1:4: is no YAML: there is no anchor &b before it"),
        ("a: &a [*a]", "a.yaml:1:8: *a contains itself"),
        ("\x00", "a.yaml: is no YAML: "),
        ("a: " + "[" * 100_000, f"a.yaml:1:103: nests deeper than {MOST_DEEP} levels"),
        ("{" * 5000, f"a.yaml:1:101: nests deeper than {MOST_DEEP} levels"),
        (BOMB, "a.yaml:6:8: its aliases repeat more than 100,000 nodes"),
    ],
    ids=["cut", "no anchor", "itself", "binary", "deep list", "deep mapping", "bomb"],
)
def test_what_cannot_be_read_is_told_with_its_place(text: str, told: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_documents(text, "a.yaml")

    assert str(caught.value).startswith(told)
