"""Of the live test of every query (tests/live/test_cluster_queries.py): that it forgets none."""

from pathlib import Path
from typing import Any, cast

import pytest

from tests.live.cluster_asked import everything, in_jobs, written_queries
from tests.live.cluster_expected import CASES, NAN, Answer, mismatches
from tests.live.cluster_panels import expected
from tests.live.cluster_parts import Users
from tests.live.cluster_pods import Pod
from tests.live.cluster_world import CANARIES, World

SAME_FOR_ALL = {"dashboard Service level: requests without a 5xx B"}
"""The objective, a line."""


@pytest.fixture
def world() -> World:
    """Of numbers only."""
    shop = cast("Any", None)
    pods = {name: Pod(name, shop, limit_bytes=1000.0) for name in CANARIES}
    users = {
        (name, role): Users(shop, 3, codes=[200, 503] * number)
        for number, name in enumerate(CANARIES, 1)
        for role in ("canary", "stable")
    }
    moments = {moment: 100.0 for _, moment in CASES.values()}
    return World(Path(), "", "", pods, pods, users=users, moments=moments)


def test_every_expression_has_its_answers_and_every_answer_its_expression(world: World) -> None:
    """A new query of a template, a rule or a panel wants an entry in cluster_expected or cluster_panels."""
    assert set(everything("healthy")) == set(expected(world))


def test_every_expression_is_asked_of_a_healthy_canary_and_of_one_that_is_not(world: World) -> None:
    of_place = {place: each.of for place, each in expected(world).items()}
    alike = {
        place
        for place, answers in of_place.items()
        if all(answers["healthy"] == each for each in answers.values())
    }

    assert SAME_FOR_ALL == alike
    assert [] == [place for place, answers in of_place.items() if len(answers) < 2]
    assert {case for answers in of_place.values() for case in answers} == set(CASES)


def test_no_query_of_jobs_is_overlooked() -> None:
    """Such as one in a patch that is written as text."""
    assert written_queries() == len(list(in_jobs("healthy")))


def sample(value: str, **labels: str) -> dict[str, Any]:
    return {"metric": labels, "value": [0, value]}


@pytest.mark.parametrize(
    ("answer", "samples", "wrong"),
    [
        ({"": (1, 2)}, [sample("1.5", role="x")], []),
        ({"": (1, 2)}, [sample("2.1")], ["'' is 2.1, and not from 1 to 2"]),
        ({"": (1, 2)}, [], ["'' is missing"]),
        ({"": (1, 2)}, [sample("NaN")], ["'' is nan, and not from 1 to 2"]),
        ({"": (1, 2)}, [sample("1"), sample("2", stage="x")], ["twice ''"]),
        ({"": (1, 2)}, [sample("1"), sample("7", service="another")], []),
        ({"": NAN}, [sample("NaN")], []),
        ({"": NAN}, [sample("3")], ["'' is 3, and not from inf to -inf"]),
        ({}, [sample("3")], ["unexpected {} 3"]),
        ({}, [], []),
        ({"?": (1, 2)}, [], []),
        ({"?": (1, 2)}, [sample("3")], ["'' is 3, and not from 1 to 2"]),
    ],
)
def test_another_answer_is_noticed(
    answer: Answer, samples: list[dict[str, Any]], wrong: list[str]
) -> None:
    assert wrong == mismatches(answer, (), samples, "checkout")


def test_whatever_else_there_is_has_its_range_too() -> None:
    answer = {"a": (1.0, 1.0), "*": (2.0, 3.0)}
    samples = [sample("1", check="a"), sample("2", check="b"), sample("4", check="c")]

    assert ["'c' is 4, and not from 2 to 3"] == mismatches(answer, ("check",), samples, "x")
