"""Computes answers: one at a time for the same question, some seconds old at most, never too late."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence

from canarygate.weights.analysis import Decision, decide, hold
from canarygate.weights.answer import WeightAnswer
from canarygate.weights.matchers import value_problem
from canarygate.weights.measuring import QUERIES_AT_ONCE, Asked, measure
from canarygate.weights.pool import Pool
from canarygate.weights.queries import are_the_same, unknown_parameters
from canarygate.weights.settings import WeightSettings

COMPUTATIONS_AT_ONCE = 4
MOST_KEPT = 256
"""Answers; whoever asks with parameters of chance pushes out others' and takes no more memory."""
INCOMPLETE_SECONDS = 1.0
"""How long an answer is kept that something was missing from."""
NO_STABLE = "there is no stable version to compare with, as in a first deployment"
SAME = "canary and stable are the same series, so there is nothing to compare"
BUSY = "too many other questions are being answered"

Key = tuple[tuple[str, str], ...]


class BadRequest(Exception):
    """A question that no waiting will ever answer; holds every problem."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class _Computation:
    """Somebody is at it; the others wait."""

    def __init__(self) -> None:
        self.is_done = threading.Event()
        self.answer: WeightAnswer | None = None


class Weigher:
    """Answers for any number of threads."""

    def __init__(
        self,
        settings: WeightSettings,
        *,
        on_queries: Callable[[Sequence[Asked]], None] = lambda _asked: None,
        on_answer: Callable[[WeightAnswer], None] = lambda _answer: None,
    ) -> None:
        self._settings = settings
        self._on_queries = on_queries
        self._on_answer = on_answer
        self._pool = Pool(QUERIES_AT_ONCE)
        self._slots = threading.Semaphore(COMPUTATIONS_AT_ONCE)
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, WeightAnswer] = OrderedDict()
        self._running: dict[Key, _Computation] = {}

    def answer(self, given: Mapping[str, str]) -> WeightAnswer:
        """The answer to a request with these parameters, kept or new.

        Raises:
            BadRequest: it can never be answered.
        """
        values = self.read_values(given)
        deadline = time.monotonic() + self._settings.deadline_seconds
        if reason := self._hopeless(values):
            return self._without_data(hold(reason), values)
        key = tuple(sorted(values.items()))
        with self._lock:
            if kept := self._fresh(key):
                return kept
            computation = self._running.get(key)
            is_ours = computation is None
            if computation is None:
                computation = self._running[key] = _Computation()
        if is_ours:
            self._lead(key, computation, values, deadline)
        else:
            computation.is_done.wait(max(0.0, deadline - time.monotonic()))
        return computation.answer or self._without_data(hold(BUSY), values)

    def read_values(self, given: Mapping[str, str]) -> dict[str, str]:
        """The parameters of a request over the service's own.

        Raises:
            BadRequest: one is unknown, missing or cannot be a name; only `stable` may be empty.
        """
        problems = list(self._problems(given))
        if problems:
            raise BadRequest(problems)
        return {**self._settings.parameters, **given}

    def _problems(self, given: Mapping[str, str]) -> Iterator[str]:
        selection = self._settings.selection
        yield from unknown_parameters(list(given), selection)
        values = {**self._settings.parameters, **given}
        for name in selection.parameters:
            if name not in values:
                yield f"parameter {name!r} is missing"
        for name, value in values.items():
            if value or name != "stable":
                yield from filter(None, [value_problem(name, value)])

    def _hopeless(self, values: Mapping[str, str]) -> str:
        """Why Prometheus need not be asked."""
        if "stable" in self._settings.selection.parameters and not values["stable"]:
            return NO_STABLE
        return SAME if are_the_same(self._settings.selection, values) else ""

    def _fresh(self, key: Key) -> WeightAnswer | None:
        kept = self._kept.get(key)
        if kept is None:
            return None
        seconds = self._settings.cache_seconds
        if not kept.is_complete:
            seconds = min(seconds, INCOMPLETE_SECONDS)
        if time.monotonic() - kept.computed_clock >= seconds:
            del self._kept[key]
            return None
        self._kept.move_to_end(key)
        return kept

    def _lead(
        self, key: Key, computation: _Computation, values: dict[str, str], deadline: float
    ) -> None:
        answer = None
        try:
            if self._slots.acquire(timeout=max(0.0, deadline - time.monotonic())):
                try:
                    answer = self._compute(values, deadline)
                finally:
                    self._slots.release()
        finally:
            with self._lock:
                computation.answer = answer
                del self._running[key]
                if answer is not None:
                    self._kept[key] = answer
                    while len(self._kept) > MOST_KEPT:
                        self._kept.popitem(last=False)
            computation.is_done.set()
        if answer is not None:
            self._on_answer(answer)

    def _compute(self, values: dict[str, str], deadline: float) -> WeightAnswer:
        settings = self._settings
        began = time.monotonic()
        found = measure(
            settings.prometheus,
            settings.selection,
            values,
            pool=self._pool,
            deadline=deadline,
            listen=self._on_queries,
        )
        return WeightAnswer(
            decision=decide(found.canary, found.stable, settings.rules, found.problems),
            values=values,
            canary=found.canary,
            stable=found.stable,
            computed_at=time.time(),
            computed_clock=time.monotonic(),
            took_seconds=time.monotonic() - began,
            is_complete=not found.problems,
        )

    def _without_data(self, decision: Decision, values: Mapping[str, str]) -> WeightAnswer:
        answer = WeightAnswer(
            decision=decision,
            values=values,
            computed_at=time.time(),
            computed_clock=time.monotonic(),
            is_complete=False,
        )
        self._on_answer(answer)
        return answer
