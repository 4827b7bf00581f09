"""The same seed sends the same requests: every simulated user draws from a generator of its own.

Locust and locustfiles draw from the process-wide `random`, which greenlets interleave as the server's
answers arrive. Here its functions hand on to the current user's generator, and that is reseeded for
each choice, task body and wait, so that a body which draws more on a slow answer shifts nothing after it.
Not covered: numpy, Faker, `uuid4`, a `random.Random()` of one's own, greenlets that a user spawns.
"""

import random
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from typing import Any

import gevent
from locust import TaskSet, User
from locust.user.task import DefaultTaskSet

DRAWS = tuple(
    name
    for name in random.__all__
    if callable(getattr(random, name)) and hasattr(random.Random, name)
)


class Draws:
    """One user's generator, and the place in its traffic that the next draw belongs to.

    It is seeded by the first draw there: most bodies and waits draw nothing, and seeding costs more
    than all the rest that we do for a task.
    """

    __slots__ = ("_is_seeded", "_random", "_stream", "_user", "iteration")

    def __init__(self, user: str) -> None:
        """`user` names the run's seed and the user."""
        self._user = user
        self._random = random.Random(user)
        self._is_seeded = True
        self._stream = ""
        self.iteration = 0

    def move(self, stream: str) -> None:
        """Whatever was drawn before, what is drawn from here on depends on the place alone."""
        self._stream = stream
        self._is_seeded = False

    def generator(self) -> random.Random:
        """To draw from, here."""
        if not self._is_seeded:
            self._random.seed(f"{self._user}/{self.iteration}/{self._stream}")
            self._is_seeded = True
        return self._random


class Sequences:
    """Gives each user its place and its generator.

    `seed` is the run's; `stride` the number of worker processes and `offset` this one's index, which
    together make a user's index unique within its role and the same on both roles.
    """

    def __init__(self, *, seed: str, stride: int, on_task: Callable[[], None]) -> None:
        self._on_task = on_task
        self.seed = seed
        self.stride = stride
        self.offset = 0
        self._counts: defaultdict[str, int] = defaultdict(int)
        self._fallback = random.Random(f"{seed}/process")
        self._constructing: Draws | None = None

    def install(self) -> None:
        """Patch Locust's users and tasks, and the functions of `random`."""
        User.__init__ = self._constructor(User.__init__)
        User.start = self._starter(User.start)
        TaskSet.get_next_task = self._choosing(TaskSet.get_next_task, lambda mine: mine.tasks)
        DefaultTaskSet.get_next_task = self._choosing(
            DefaultTaskSet.get_next_task, lambda mine: mine.user.tasks
        )
        TaskSet.execute_next_task = self._reseeding(TaskSet.execute_next_task, "body")
        TaskSet.wait = self._reseeding(TaskSet.wait, "wait")
        for name in DRAWS:
            setattr(random, name, self._draw(name))

    def _draw(self, name: str) -> Callable[..., Any]:
        method = getattr(random.Random, name)

        @wraps(method)
        def draw(*args: Any, **kwargs: Any) -> Any:
            mine = getattr(gevent.getcurrent(), "canarygate_draws", None) or self._constructing
            return method(mine.generator() if mine else self._fallback, *args, **kwargs)

        return draw

    def _constructor(self, original: Callable[..., None]) -> Callable[..., None]:
        @wraps(original)
        def construct(user: Any, *args: Any, **kwargs: Any) -> None:
            name = type(user).__name__
            user.canarygate_index = self._counts[name] * self.stride + self.offset
            user.canarygate_name = f"{name}/{user.canarygate_index}"
            user.canarygate_place = sum(self._counts.values()) * self.stride + self.offset
            user.canarygate_sequence = 0
            user.canarygate_pace = None  # in open arrival its schedule
            user.canarygate_draws = Draws(f"{self.seed}/{user.canarygate_name}")
            self._counts[name] += 1
            self._constructing = user.canarygate_draws
            original(user, *args, **kwargs)

        return construct

    def _starter(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        def start(user: Any, group: Any) -> Any:
            self._constructing = None
            greenlet = original(user, group)
            greenlet.canarygate_draws = user.canarygate_draws
            greenlet.canarygate_user = user
            return greenlet

        return start

    def _choosing(
        self, original: Callable[..., Any], tasks_of: Callable[[Any], list[Any]]
    ) -> Callable[..., Any]:
        reseeded = self._reseeding(original, "choice")

        @wraps(original)
        def get_next_task(task_set: Any) -> Any:
            tasks = tasks_of(task_set)
            if tasks and len(tasks) == 1:
                return tasks[0]  # nothing to draw
            return reseeded(task_set)

        return get_next_task

    def _reseeding(self, original: Callable[..., Any], stream: str) -> Callable[..., Any]:
        is_body = stream == "body"

        @wraps(original)
        def reseeded(task_set: Any) -> Any:
            draws = task_set.user.canarygate_draws
            if is_body:
                draws.iteration += 1
                self._on_task()
            draws.move(stream)
            return original(task_set)

        return reseeded
