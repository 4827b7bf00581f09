"""A user in open arrival, against servers that are pretended: nothing here waits."""

import math
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from canarygate.runner.plugin.pace import Lateness, Pace, first_turn

Answer = Callable[[float], float]
"""How long a request takes that is sent at a moment."""
MS = 0.001


def frozen(begin: float, seconds: float, service: float = 5 * MS) -> Answer:
    """A server that answers nothing from `begin` on, and then everything."""

    def answer(now: float) -> float:
        stuck = begin <= now < begin + seconds
        return (begin + seconds - now if stuck else 0.0) + service

    return answer


def drive(
    pace: Pace,
    answer: Answer,
    *,
    until: float,
    wait: float = 0.1,
    sleep: float = 0.0,
    requests: int = 1,
) -> list[tuple[float, float, float]]:
    """The user's requests: intended start, start, end."""
    asked = []
    now = pace.due
    pace.begin_rested(now)
    while now < until:
        for _ in range(requests):
            owed = pace.take_owed()
            end = now + answer(now)
            asked.append((now if owed is None else owed, now, end))
            pace.ask(end - now)
            now = end
        pace.sleep(sleep)
        now += sleep
        assert pace.end_turn(wait)
        if pace.due > now:
            now = pace.due
            pace.begin_rested(now)
        else:
            pace.begin_late(now)
    return asked


def latencies(asked: list[tuple[float, float, float]]) -> list[float]:
    return [end - intended for intended, _, end in asked]


def over(seconds: float, asked: list[tuple[float, float, float]]) -> int:
    """How many requests took longer, from their intended start."""
    return sum(latency > seconds for latency in latencies(asked))


def truth(service: float, freezes: list[tuple[float, float]], seconds: int) -> list[float]:
    """What visitors who know nothing of each other see, ten of them a second."""
    due = [each / 10 for each in range(seconds * 10)]
    ends = [max([each, *(end for begin, end in freezes if begin <= each < end)]) for each in due]
    return [end - each + service for each, end in zip(due, ends, strict=True)]


def test_on_time_every_request_counts_from_its_start() -> None:
    """The schedule is the sum of the waits."""
    asked = drive(Pace(7.0, interval=None), lambda _: 0.25, until=9.0, wait=0.5)

    assert [(each, each, each + 0.25) for each in (7.0, 7.5, 8.0, 8.5)] == asked


@pytest.mark.parametrize("service", [0.0, 5 * MS, 50 * MS, 80 * MS, 95 * MS])
def test_a_freeze_looks_as_it_does_to_visitors_who_do_not_wait_for_each_other(
    service: float,
) -> None:
    """With 95 ms of work each 100 ms the user catches up for 40 s, and looks none the slower."""
    asked = drive(Pace(0.0, interval=None), frozen(7.95, 2.0, service), until=60.0)

    expected = truth(service, [(7.95, 9.95)], 60)
    # The turn under way at the end of the freeze takes its own time after it.
    for mine, other in zip(latencies(asked), expected, strict=False):
        assert pytest.approx(other, abs=service + 1e-6) == mine
    assert len(asked) in (599, 600)
    assert abs(over(0.25, asked) - sum(each > 0.25 for each in expected)) <= 1


def test_two_freezes_are_two_even_where_the_first_is_still_being_caught_up_with() -> None:
    first, second = frozen(8.0, 2.0, 0.0), frozen(11.0, 2.0, 0.0)

    asked = drive(
        Pace(0.0, interval=None), lambda now: first(now) + second(now) + 80 * MS, until=40.0
    )

    slow = [each for each in latencies(asked) if each > 0.5]
    assert abs(len(slow) - sum(each > 0.5 for each in truth(0.08, [(8, 10), (11, 13)], 40))) <= 3


def test_a_server_too_slow_for_the_schedule_is_slow_and_the_delay_does_not_pile_up() -> None:
    """3 s for what is due every 2 s: a turn waits for the one before, and takes its own time."""
    pace = Pace(0.0, interval=None)
    asked = drive(pace, lambda _: 3.0, until=300.0, wait=2.0)

    assert 3.0 == latencies(asked)[0]
    assert {4.0, 5.0, 6.0} == set(latencies(asked)[1:])
    assert pytest.approx(100.0, abs=3.0) == pace.behind(300.0)


def test_only_the_first_request_of_a_turn_counts_from_the_schedule() -> None:
    """The later ones follow their predecessor; the turn's lateness is in the records once."""
    asked = drive(Pace(0.0, interval=None), frozen(1.0, 2.0), until=6.0, requests=3)

    turns = [asked[first : first + 3] for first in range(0, len(asked), 3)]
    assert all(intended == start for turn in turns for intended, start, _ in turn[1:])
    assert 20 == sum(intended < start for intended, start, _ in asked)


def test_what_a_task_sleeps_is_part_of_the_plan() -> None:
    asked = drive(Pace(0.0, interval=None), lambda _: 20 * MS, until=9.9, wait=0.5, sleep=0.5)

    assert [float(each) for each in range(10)] == [intended for intended, _, _ in asked]
    assert asked == [(start, start, end) for _, start, end in asked]


def test_a_sleep_before_the_first_request_moves_its_intended_start() -> None:
    pace = Pace(0.0, interval=None)
    pace.begin_rested(0.0)
    pace.ask(3.0)
    pace.end_turn(1.0)
    pace.begin_late(3.0)
    pace.sleep(0.5)

    assert 1.5 == pace.take_owed()
    assert pace.take_owed() is None


def test_time_that_a_task_spends_outside_of_requests_is_no_servers() -> None:
    """A lock, a slow parser: the user is late, and nobody is blamed for it."""
    pace = Pace(0.0, interval=None)
    pace.begin_rested(0.0)
    pace.ask(0.4)
    pace.end_turn(1.0)
    late = pace.begin_late(3.0)

    assert 2.0 == late
    assert pytest.approx(2.6) == pace.take_owed()


def test_a_generator_that_wakes_late_blames_no_server() -> None:
    pace = Pace(0.0, interval=None)
    late = [pace.begin_rested(5.0)]
    asked = []
    for _ in range(4):
        pace.ask(5 * MS)
        pace.end_turn(1.0)
        late.append(pace.begin_late(5.0 + 5 * MS * len(late)))
        asked.append(pace.take_owed())

    assert [5.0, 4.005, 3.01, 2.015, 1.02] == [pytest.approx(each) for each in late]
    assert [None] * 4 == asked


def test_no_wait_is_no_turn_of_its_own() -> None:
    """Tasks without a wait between them follow each other, as the requests of one task do."""
    pace = Pace(0.0, interval=None)
    pace.begin_rested(0.0)

    assert [False, False, True] == [pace.end_turn(wait) for wait in (0.0, -1.0, 2.0)]
    assert 2.0 == pace.due


@pytest.mark.parametrize("wait", [math.nan, math.inf])
def test_a_wait_without_end_is_refused(wait: float) -> None:
    """The user would be silent from there on, and nothing would look wrong."""
    with pytest.raises(ValueError, match=f"wait_time gave {wait}, which is no number of seconds"):
        Pace(0.0, interval=None).end_turn(wait)


def test_at_a_rate_no_wait_is_asked_for_and_sleeps_that_fit_move_nothing() -> None:
    asked = drive(Pace(3.0, interval=0.5), lambda _: 20 * MS, until=5.0, wait=0.0, sleep=0.4)

    assert [3.0, 3.5, 4.0, 4.5] == [intended for intended, _, _ in asked]


def test_tasks_that_sleep_longer_than_the_rate_allows_leave_turns_out() -> None:
    pace = Pace(0.0, interval=0.5)
    asked = drive(pace, lambda _: 0.0, until=10.0, wait=0.0, sleep=1.0)

    assert [float(each) for each in range(10)] == [intended for intended, _, _ in asked]
    assert pytest.approx(5.0) == pace.behind(10.0)


def test_users_start_when_they_are_meant_to_be_started() -> None:
    assert [10.0, 10.2, 10.4, 11.0] == [
        first_turn(place, begin=10.0, spawn_rate=5.0, users=20, interval=None)
        for place in (0, 1, 2, 5)
    ]


def firsts(users: int, spawn_rate: float, rate: float) -> list[float]:
    interval = users / rate
    return [
        first_turn(place, begin=0.0, spawn_rate=spawn_rate, users=users, interval=interval)
        for place in range(users)
    ]


@pytest.mark.parametrize(
    ("users", "spawn_rate", "rate"), [(20, 5.0, 10.0), (7, 1.0, 3.0), (5, 50, 50)]
)
def test_at_a_rate_turns_lie_evenly_once_every_user_has_started(
    users: int, spawn_rate: float, rate: float
) -> None:
    first, interval = firsts(users, spawn_rate, rate), users / rate
    moments = sorted(each + turn * interval for each in first for turn in range(100))
    steady = [each for each in moments if max(first) <= each < 80 * interval]

    assert all(moment >= place / spawn_rate - 1e-9 for place, moment in enumerate(first))
    assert all(moment < place / spawn_rate + interval for place, moment in enumerate(first))
    assert [pytest.approx(1 / rate)] * (len(steady) - 1) == list(gaps(steady))


def gaps(moments: list[float]) -> Iterator[float]:
    return (later - earlier for earlier, later in pairwise(moments))


def test_lateness_is_told_to_ten_percent() -> None:
    lateness = Lateness()
    before = lateness.quantile(0.95)
    for each in range(1, 1001):
        lateness.add(each * MS)

    found = lateness.quantile(0.95)
    assert before is None
    assert found is not None
    assert 0.95 <= found <= 0.95 * 1.1


def test_who_is_never_late_is_late_by_nothing() -> None:
    lateness = Lateness()
    lateness.add(0.0)

    assert 0.0 == lateness.quantile(0.95)
