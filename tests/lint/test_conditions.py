"""Argo's conditions: what is answered is what the real engines answered."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canarygate.lint.conditions import (
    Engine,
    Json,
    Phase,
    Refused,
    Scalar,
    Value,
    Vector,
    assess,
    problems,
)

GOLDEN = Path(__file__).resolve().parent.parent / "data" / "argo-conditions.json"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "conditions.md"
PHASES = {Engine.V1_9: "phase_v1_9", Engine.HEAD: "phase_head"}
NAN = float("nan")
ONE = Vector((0.005,))
# As they stand in the analysis templates that are shipped or were asked about, args filled in.
IN_USE = [
    *[("result[0] < 0.01", ""), ("result[0] < 0.8", ""), ("result[0] < 500", "")],
    *[("result[0] >= 95", ""), ("result[0] <= 0.01", ""), ("result[0] <= 0.5", "")],
    *[("result[0] <= 0.02", ""), ("result[0] <= 1.0", ""), ("result > 0", "")],
    *[("result[0] >= 500", "false"), ("result[0] <= 0.01", "result[0] > 0.01")],
    *[("result[0] <= 1.5", "result[0] > 1.5"), ("result[0] <= 1.25", "result[0] > 1.5")],
    *[("result[0] <= 0.85", "result[0] > 0.95"), ("result[0] <= 0.30", "result[0] > 1")],
]
RESULTS: list[Value] = [
    Vector(()),
    Vector((NAN,)),
    Vector((float("inf"),)),
    Vector((1.0, 2.0)),
    Scalar(3.0),
    Json(None),
    Json("pass"),
    Json({"ok": True, "n": 5}),
    Json([1, "a", None]),
]


def a_value(case: Mapping[str, object]) -> Value:
    kind, value = case["kind"], case["value"]
    if kind == "vector":
        assert isinstance(value, list)
        return Vector(tuple(float(each) for each in value))
    return Scalar(float(str(value))) if kind == "scalar" else Json(value)


def phase_or_refused(success: str, failure: str, result: Value, engine: Engine) -> str:
    try:
        return assess(success, failure, result, engine)
    except Refused as refused:
        return "refused" if str(refused) else "refused without a reason"


@pytest.mark.parametrize("engine", Engine)
def test_no_answer_differs_from_the_real_engine_and_nearly_all_are_given(engine: Engine) -> None:
    """The cases were made with the real evaluators.

    Argo's own function, compiled with antonmedv/expr v1.15.5 and with expr-lang/expr v1.17.8.
    """
    cases: list[dict[str, str]] = json.loads(GOLDEN.read_text())
    answers = [
        phase_or_refused(case["success"], case["failure"], a_value(case), engine) for case in cases
    ]
    wrong = [
        (answer, case)
        for answer, case in zip(answers, cases, strict=True)
        if answer not in ("refused", case[PHASES[engine]])
    ]

    assert [] == wrong
    assert 0.95 < 1 - answers.count("refused") / len(answers)


@pytest.mark.parametrize("engine", Engine)
@pytest.mark.parametrize(("success", "failure"), IN_USE)
def test_conditions_as_templates_have_them_are_all_answered(
    success: str, failure: str, engine: Engine
) -> None:
    assert "refused" not in [
        phase_or_refused(success, failure, result, engine) for result in RESULTS
    ]


@pytest.mark.parametrize(
    ("success", "failure", "expected"),
    [
        ("", "", Phase.SUCCESSFUL),
        ("true", "", Phase.SUCCESSFUL),
        ("false", "", Phase.FAILED),
        ("", "true", Phase.FAILED),
        ("", "false", Phase.SUCCESSFUL),
        ("true", "true", Phase.FAILED),
        ("false", "true", Phase.FAILED),
        ("false", "false", Phase.INCONCLUSIVE),
        ("true", "1", Phase.ERROR),
        ("result[1] > 0", "true", Phase.ERROR),
        ("   ", "", Phase.ERROR),
    ],
)
def test_failure_wins_and_neither_of_two_is_inconclusive(
    success: str, failure: str, expected: Phase
) -> None:
    assert expected == assess(success, failure, ONE, Engine.HEAD)


@pytest.mark.parametrize(
    ("condition", "result", "expected"),
    [
        ("result[0] < 0.01", Vector(()), Phase.ERROR),
        ("result[0] < 0.01", Vector((NAN,)), Phase.FAILED),
        ("all(result, # < 1)", Vector(()), Phase.SUCCESSFUL),
        ("isNaN(result)", ONE, Phase.ERROR),
        ("default(result, 0) < 1", Vector(()), Phase.ERROR),
        ("result && result[0] >= 0.9", ONE, Phase.ERROR),
        ("len(result) > 0 && result[0] < 1", Vector(()), Phase.FAILED),
        ("true || isNaN(result)", ONE, Phase.ERROR),
        # Folded away before it runs, though its left side would fail.
        ("result[0] < 1 || true", Vector(()), Phase.SUCCESSFUL),
        ("result.verdict == 'pass'", Json({"verdict": "pass"}), Phase.SUCCESSFUL),
        ("result.weight >= 10", Json({}), Phase.ERROR),
    ],
)
def test_the_traps_are_seen(condition: str, result: Value, expected: Phase) -> None:
    assert [expected, expected] == [assess(condition, "", result, each) for each in Engine]


@pytest.mark.parametrize(
    ("condition", "result", "old", "new"),
    [
        ("max(result) < 1", ONE, Phase.ERROR, Phase.SUCCESSFUL),
        ("0 < result[0] < 1", ONE, Phase.ERROR, Phase.SUCCESSFUL),
        ("result + 'x' == 'ax' not in [true]", Json("a"), Phase.SUCCESSFUL, Phase.FAILED),
        ("len(result) == 1", Json("é"), Phase.FAILED, Phase.SUCCESSFUL),
        ("count(result) == 1", Json([True]), Phase.ERROR, Phase.SUCCESSFUL),
        ("get(result.a, 'b') == nil", Json({"a": [1]}), Phase.SUCCESSFUL, Phase.ERROR),
    ],
)
def test_the_engines_differ_where_they_do(
    condition: str, result: Value, old: Phase, new: Phase
) -> None:
    assert [old, new] == [assess(condition, "", result, each) for each in Engine]


@pytest.mark.parametrize(
    ("condition", "named"),
    [
        ("result[0] in 1..3", "a range"),
        ("int(result[0]) == 0", "the integer of a number"),
        ("result[0] ** 0.3 < 1", "a power"),
        ("{a: 1}.a == 1", "a map in braces"),
        ("toJSON(result) == ''", "the function toJSON"),
        ("now() == now()", "the function now"),
        ("'aa' matches '(a*)*b'", "a regular expression"),
        ("isNaN == nil", "the function isNaN as a value"),
        ("resúlt", "a character beyond ASCII"),
        ("(" * 100, "inside each other"),
        ("1" + " + 1" * 500, "words"),
        ("reduce([1" + ", 1" * 99 + "], #acc + #acc, 'a') == ''", "a very long text"),
        ("reduce([1" + ", 1" * 99 + "], [#acc, #acc], 1) == []", "an array of very many items"),
        ("findLast(result, # > 1) == 1", "the function findLast"),
    ],
)
def test_what_is_not_evaluated_is_refused_by_name(condition: str, named: str) -> None:
    with pytest.raises(Refused, match=named.replace("(", r"\(")):
        assess(condition, "", Vector((NAN,)), Engine.V1_9)


def test_problems_are_told_in_words() -> None:
    assert () == problems("result[0] < 1", ONE, Engine.HEAD)
    assert ("unknown name results",) == problems("results[0] < 1", ONE, Engine.HEAD)
    assert ("isNaN takes a float64, not []float64",) == problems("isNaN(result)", ONE, Engine.V1_9)
    assert ("< does not go between []float64 and int",) == problems("result < 1", ONE, Engine.V1_9)
    assert ("the condition ends too early",) == problems("len(", ONE, Engine.V1_9)


def rows(columns: int) -> list[list[str]]:
    """The rows of the page's tables of so many columns that begin with a condition and a vector."""
    cells = [
        [
            cell.strip().replace("\\|", "|").strip("`")
            for cell in re.split(r" (?<!\\)\| ", line[2:-2])
        ]
        for line in PAGE.read_text("utf-8").splitlines()
        if line.startswith("| `")
    ]
    return [row for row in cells if len(row) == columns and row[1].startswith("[")]


def test_the_page_says_what_the_engines_say() -> None:
    phases = [phase.value for phase in Phase]
    found = rows(4)

    assert [8, 4] == [sum((row[3] in phases) is both for row in found) for both in (False, True)]
    for condition, measured, *expected in found:
        result = Vector(tuple(float(each) for each in measured.strip("[]").split(",") if each))
        told = expected if expected[1] in phases else [expected[0]] * 2

        assert told == [assess(condition, "", result, each) for each in Engine], condition


def test_the_page_says_what_they_say_of_a_web_answer() -> None:
    found = [line.split(" | ") for line in PAGE.read_text("utf-8").splitlines() if "` | `{" in line]

    assert 7 == len(found)
    for condition, answer, phase, _ in found:
        result = Json(json.loads(answer.strip("`")))
        told = {assess(condition.strip("| `"), "", result, each).value for each in Engine}

        assert {phase} == told, condition


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
results = (
    st.lists(st.floats(), max_size=3).map(lambda each: Vector(tuple(each)))
    | st.floats().map(Scalar)
    | json_values.map(Json)
)
WORDS = [
    *["result", "result[0]", "result.a", "nil", "true", "false", "0", "1", "0.5", "1e400", "'a'"],
    *["isNaN", "asInt", "asFloat", "isNil", "default", "len", "all", "filter", "sum", "max", "get"],
    *["sort", "median", "reduce", "#", "#acc", ".a", "?.", "??", "(", ")", "[", "]", "{", "}"],
    *["let", "=", ";", ":", "?", "|", ",", "+", "-", "*", "/", "%", "**", "==", "!=", "<", ">="],
    *["and", "||", "!", "not", "in", "matches", "contains", "..", "//", "/*", "\\", '"', "`", "é"],
]
conditions = st.text() | st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)


@settings(max_examples=150, deadline=None)
@given(conditions, conditions, results, st.sampled_from(Engine))
def test_any_text_is_answered_or_refused_and_always_alike(
    success: str, failure: str, result: Value, engine: Engine
) -> None:
    first = phase_or_refused(success, failure, result, engine)

    assert first == phase_or_refused(success, failure, result, engine)


@given(json_values)
def test_a_result_that_is_no_json_is_refused(value: object) -> None:
    assert "refused" == phase_or_refused("true", "", Json({1: value}), Engine.HEAD)
    assert "refused" == phase_or_refused("true", "", Json(object()), Engine.HEAD)
