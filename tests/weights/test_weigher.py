"""One computation for everybody who asks the same; kept for seconds; never too late, never too many."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from canarygate.weights import weigher
from canarygate.weights.analysis import Status
from canarygate.weights.answer import WeightAnswer
from canarygate.weights.matchers import parse_matchers
from canarygate.weights.queries import DEFAULT_SELECTION, Measure
from canarygate.weights.settings import WeightSettings
from canarygate.weights.weigher import BUSY, BadRequest, Weigher
from tests.weights.stand_in import StandIn, always, dripping, healthy, http, only, slowly, vector

NAMES = {"service": "checkout", "canary": "v2", "stable": "v1"}
QUESTIONS = 12
MakeService = Callable[..., WeightSettings]


def status_and_weight(answer: WeightAnswer) -> tuple[Status, float]:
    return answer.decision.status, answer.decision.weight


def test_a_healthy_canary(a_service: MakeService, stand_in: StandIn) -> None:
    answer = Weigher(a_service()).answer(NAMES)

    assert (Status.PROCEED, 100.0) == status_and_weight(answer)
    assert NAMES == answer.values
    assert (1000.0, 0.1, 1000.0, 0.1) == (
        answer.canary.requests,
        answer.canary.latency_seconds,
        answer.stable.requests,
        answer.stable.latency_seconds,
    )
    assert QUESTIONS == stand_in.asked


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"canary_latency": "0.11"}, (Status.PROCEED, 39.9)),
        ({"canary_errors": "0.01"}, (Status.PROCEED, 81.0)),
        ({"canary_latency": "0.2"}, (Status.ROLLBACK, 0.0)),
        ({"canary_errors": "0.2"}, (Status.ROLLBACK, 0.0)),
        ({"stable_latency": "0.2", "stable_errors": "0.2"}, (Status.PROCEED, 100.0)),
        ({"canary_beyond": "0.5"}, (Status.HOLD, 0.0)),
        ({"stable_requests": "3"}, (Status.HOLD, 0.0)),
        ({"canary_age": "500"}, (Status.HOLD, 0.0)),
        ({"canary_resets": "1"}, (Status.HOLD, 0.0)),
    ],
)
def test_what_prometheus_says_is_what_is_decided(
    a_service: MakeService,
    stand_in: StandIn,
    changes: dict[str, str],
    expected: tuple[Status, float],
) -> None:
    stand_in.act = healthy(**changes)

    assert expected == status_and_weight(Weigher(a_service()).answer(NAMES))


@pytest.mark.parametrize("role", ["canary", "stable"])
@pytest.mark.parametrize("measure", list(Measure))
@pytest.mark.parametrize(
    "lie",
    [
        http(vector()),
        http(vector("NaN")),
        http(vector("+Inf")),
        http(vector("fine")),
        http(vector("1", "1")),
        http(vector("1", warnings=["partial"])),
        http("<html>"),
        http("", "500 Oh"),
        http(vector("1"))[:-3],
        b"",
    ],
    ids=["empty", "nan", "inf", "text", "two", "partial", "page", "500", "cut", "silent"],
)
def test_one_answer_that_is_none_is_enough_to_hold(
    a_service: MakeService, stand_in: StandIn, role: str, measure: Measure, lie: bytes
) -> None:
    """All the others say that the canary is well."""
    stand_in.act = only(measure, role, lie)
    answer = Weigher(a_service()).answer(NAMES)

    assert (Status.HOLD, 0.0) == status_and_weight(answer)
    assert any(role in reason for reason in answer.decision.reasons)


@pytest.mark.parametrize(
    "act",
    [
        always(http(vector("1000000"))),
        always(http(vector("0"))),
        always(http(vector("0.5"))),
        always(http(vector("-1"))),
        always(http(b"x" * 2_000_000)),
        always(http("", "302 Found", "Location: /\r\n")),
        dripping(),
    ],
    ids=["a million", "zero", "half", "negative", "huge", "redirect", "drips"],
)
def test_the_same_answer_to_everything_holds(
    a_service: MakeService, stand_in: StandIn, act: Any
) -> None:
    stand_in.act = act

    assert (Status.HOLD, 0.0) == status_and_weight(
        Weigher(a_service(deadline_seconds=1.0)).answer(NAMES)
    )


def test_one_reason_is_told_once(a_service: MakeService, stand_in: StandIn) -> None:
    stand_in.act = always(http("", "500 Oh"))

    assert ("Prometheus answered 500",) == Weigher(a_service()).answer(NAMES).decision.reasons


def test_what_failed_is_named(a_service: MakeService, stand_in: StandIn) -> None:
    stand_in.act = only(Measure.LATENCY, "stable", http("", "500 Oh"))

    assert ("Prometheus answered 500 (stable latency)",) == Weigher(a_service()).answer(
        NAMES
    ).decision.reasons


def test_a_slow_prometheus_holds_by_the_deadline(a_service: MakeService, stand_in: StandIn) -> None:
    stand_in.act = slowly(6)
    began = time.monotonic()
    answer = Weigher(a_service(deadline_seconds=0.8)).answer(NAMES)

    assert (Status.HOLD, 0.0) == status_and_weight(answer)
    assert "in time" in answer.decision.reasons[0]
    assert time.monotonic() - began < 0.8 + 3


def test_twenty_at_once_are_one_computation(a_service: MakeService, stand_in: StandIn) -> None:
    stand_in.act = slowly(0.2)
    computed: list[WeightAnswer] = []
    service = Weigher(a_service(), on_answer=computed.append)
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: service.answer(NAMES), range(20)))

    assert [(Status.PROCEED, 100.0)] * 20 == [status_and_weight(each) for each in answers]
    assert 1 == len({id(each) for each in answers}) == len(computed)
    assert QUESTIONS == stand_in.asked


def test_an_answer_is_kept_and_then_computed_anew(
    a_service: MakeService, stand_in: StandIn
) -> None:
    service = Weigher(a_service(cache_seconds=60.0))
    first = service.answer(NAMES)

    assert first is service.answer(NAMES)
    service._settings = replace(service._settings, cache_seconds=0.01)
    time.sleep(0.01)
    assert first is not service.answer(NAMES)
    assert 2 * QUESTIONS == stand_in.asked


def test_nothing_is_kept_when_nothing_shall_be(a_service: MakeService, stand_in: StandIn) -> None:
    service = Weigher(a_service(cache_seconds=0.0))
    service.answer(NAMES)
    service.answer(NAMES)

    assert 2 * QUESTIONS == stand_in.asked


def test_a_failure_is_forgotten_sooner(
    a_service: MakeService, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weigher, "INCOMPLETE_SECONDS", 30.0)
    service = Weigher(a_service(cache_seconds=60.0))
    stand_in.act = always(http("", "500 Oh"))
    failed = service.answer(NAMES)

    assert failed is service.answer(NAMES)
    monkeypatch.setattr(weigher, "INCOMPLETE_SECONDS", 0.0)
    stand_in.act = healthy()
    assert Status.PROCEED is service.answer(NAMES).decision.status


def test_names_of_chance_take_no_more_memory(
    a_service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weigher, "MOST_KEPT", 3)
    service = Weigher(a_service(cache_seconds=60.0))
    for number in range(5):
        service.answer(NAMES | {"canary": f"c{number}"})

    assert 3 == len(service._kept)
    assert not service._running


def test_the_one_that_was_asked_for_last_stays(
    a_service: MakeService, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weigher, "MOST_KEPT", 2)
    service = Weigher(a_service(cache_seconds=60.0))
    for canary in ("a", "b", "a", "c", "a"):
        service.answer(NAMES | {"canary": canary})

    assert 3 * QUESTIONS == stand_in.asked


def test_too_many_different_questions_at_once_are_held_in_time(
    a_service: MakeService, stand_in: StandIn
) -> None:
    stand_in.act = slowly(2)
    service = Weigher(a_service(deadline_seconds=0.6))
    began = time.monotonic()
    with ThreadPoolExecutor(10) as pool:
        answers = list(
            pool.map(lambda each: service.answer(NAMES | {"canary": f"c{each}"}), range(10))
        )

    assert {(Status.HOLD, 0.0)} == {status_and_weight(each) for each in answers}
    assert stand_in.asked <= QUESTIONS * weigher.COMPUTATIONS_AT_ONCE
    assert time.monotonic() - began < 0.6 + 3


def test_whoever_gets_no_turn_is_told_so(a_service: MakeService, stand_in: StandIn) -> None:
    service = Weigher(a_service(deadline_seconds=0.1))
    service._slots = threading.Semaphore(0)

    assert (BUSY,) == service.answer(NAMES).decision.reasons
    assert [] == stand_in.queries


def test_a_bug_leaves_nobody_waiting(
    a_service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Weigher(a_service())
    inside, on = threading.Event(), threading.Event()

    def broken(*_: object, **__: object) -> None:
        inside.set()
        on.wait(5)
        raise RuntimeError("a bug")

    monkeypatch.setattr(weigher, "measure", broken)
    with ThreadPoolExecutor(2) as pool:
        leading = pool.submit(service.answer, NAMES)
        inside.wait(5)
        following = pool.submit(service.answer, NAMES)
        time.sleep(0.05)
        on.set()

        assert (Status.HOLD, 0.0) == status_and_weight(following.result(5))
        with pytest.raises(RuntimeError):
            leading.result(5)
    assert not service._running


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (
            {"stable": ""},
            "there is no stable version to compare with, as in a first deployment",
        ),
        (
            {"stable": "v2"},
            "canary and stable are the same series, so there is nothing to compare",
        ),
    ],
)
def test_what_needs_no_question_is_held_at_once(
    a_service: MakeService, stand_in: StandIn, names: Mapping[str, str], reason: str
) -> None:
    answer = Weigher(a_service()).answer(NAMES | dict(names))

    assert (Status.HOLD, 0.0, (reason,)) == (*status_and_weight(answer), answer.decision.reasons)
    assert [] == stand_in.queries


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        (
            {},
            [f"parameter {name!r} is missing" for name in NAMES],
        ),
        (
            NAMES | {"canary": "", "stble": "v1"},
            [
                "unknown parameter 'stble'; did you mean 'stable'?",
                "canary: '' has to be letters, digits and . _ + / - between them, at most 128",
            ],
        ),
        (
            NAMES | {"stable": 'v1"} or up{x="'},
            [
                "stable: 'v1\"} or up{x=\"' has to be letters, digits and . _ + / - between them, "
                "at most 128"
            ],
        ),
    ],
)
def test_what_can_never_be_answered(
    a_service: MakeService, stand_in: StandIn, given: Mapping[str, str], problems: list[str]
) -> None:
    with pytest.raises(BadRequest) as bad:
        Weigher(a_service()).answer(given)

    assert problems == bad.value.problems
    assert [] == stand_in.queries


def test_the_services_own_names_stand_in_for_a_requests(a_service: MakeService) -> None:
    settings = a_service(parameters={"service": "checkout", "canary": "v3", "stable": "v1"})

    assert {"service": "checkout", "canary": "v2", "stable": "v1"} == Weigher(settings).answer(
        {"canary": "v2"}
    ).values


def test_a_service_names_the_answer_even_where_no_matcher_uses_it(a_service: MakeService) -> None:
    selection = replace(DEFAULT_SELECTION, matchers=parse_matchers(""))

    assert NAMES == Weigher(a_service(selection=selection)).answer(NAMES).values
