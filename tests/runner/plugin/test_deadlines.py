import time

import gevent
import pytest

from canarygate.runner.plugin.deadlines import Deadlines
from canarygate.runner.plugin.ledger import now

LIMIT = 0.1


def ask(deadlines: Deadlines, seconds: float) -> str:
    """A request that is answered after so many seconds, and how it ended."""
    request = object()
    began = now()
    try:
        deadlines.watch(request, began, lambda: TimeoutError("late"))
        gevent.sleep(seconds)
        return "answered"
    except TimeoutError:
        took = now() - began
        return "late" if LIMIT <= took < LIMIT + 0.05 else f"late after {took:.3f} s"
    finally:
        deadlines.forget(request)


def started_apart(deadlines: Deadlines, seconds: list[float]) -> list[str]:
    asking = []
    for each in seconds:
        asking.append(gevent.spawn(ask, deadlines, each))
        gevent.sleep(0.01)
    gevent.joinall(asking, raise_error=True)
    return [each.value for each in asking]


def test_each_request_has_the_whole_time_and_no_more() -> None:
    found = started_apart(Deadlines(LIMIT), [0.05, 1.0, 0.08, 1.0, 0.0, 1.0])
    assert ["answered", "late", "answered", "late", "answered", "late"] == found


def test_requests_that_are_late_together_all_end() -> None:
    deadlines = Deadlines(LIMIT)
    asking = [gevent.spawn(ask, deadlines, 1.0) for _ in range(50)]
    gevent.joinall(asking, raise_error=True)
    assert ["late"] * 50 == [each.value for each in asking]


def test_a_request_after_a_quiet_time_is_timed_afresh() -> None:
    deadlines = Deadlines(LIMIT)
    assert "answered" == ask(deadlines, 0.01)
    gevent.sleep(2.5 * LIMIT)
    assert "late" == gevent.spawn(ask, deadlines, 1.0).get()


def test_a_request_that_has_ended_is_never_disturbed() -> None:
    deadlines = Deadlines(LIMIT)

    def ask_and_go_on() -> str:
        ask(deadlines, 0.0)
        gevent.sleep(2 * LIMIT)
        return "undisturbed"

    assert "undisturbed" == gevent.spawn(ask_and_go_on).get()


def test_a_user_that_was_killed_meanwhile_is_forgotten() -> None:
    deadlines = Deadlines(LIMIT)
    user = gevent.spawn(ask, deadlines, 1.0)
    gevent.sleep(LIMIT / 2)
    user.kill()
    assert "late" == gevent.spawn(ask, deadlines, 1.0).get()


def test_the_deadline_passes_where_a_request_catches_it_and_waits_again() -> None:
    deadlines = Deadlines(LIMIT)

    def stubborn() -> float:
        began = time.monotonic()
        request = object()
        deadlines.watch(request, now(), lambda: TimeoutError("late"))
        with pytest.raises(TimeoutError):
            gevent.sleep(1.0)
        gevent.sleep(2 * LIMIT)
        return time.monotonic() - began

    other = gevent.spawn(ask, deadlines, 1.0)
    assert gevent.spawn(stubborn).get() == pytest.approx(3 * LIMIT, abs=0.05)
    assert "late" == other.get()


def test_a_user_may_ask_again_at_once_after_a_late_request() -> None:
    deadlines = Deadlines(LIMIT)

    def ask_thrice() -> list[str]:
        return [ask(deadlines, 1.0) for _ in range(3)]

    asking = [gevent.spawn(ask_thrice) for _ in range(5)]
    gevent.joinall(asking, raise_error=True)
    assert [["late"] * 3] * 5 == [each.value for each in asking]
