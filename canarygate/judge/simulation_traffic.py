"""What simulated users do and what they would be answered in still weather."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ENDPOINTS = (
    ("GET", "/busiest"),
    ("GET", "/second"),
    ("POST", "/cart"),
    ("POST", "/order"),
    ("POST", "/rarest"),
)
BUSIEST, RAREST = 0, 4
TASKS: tuple[tuple[int, ...], ...] = ((0,), (1,), (2, 3, 4))
"""Which endpoints a task calls, one after the other."""
TASK_WEIGHTS = (5, 3, 1)
MEDIANS = (0.025, 0.040, 0.060, 0.090, 0.120)
"""By endpoint, seconds."""
MEDIAN_RANGE = (0.85, 1.15)
"""Every run's services are of their own; both arms have the same."""
SPREADS = (0.30, 0.35, 0.40, 0.30, 0.40)
"""By endpoint, of the log of a body's latency."""
GAMMA, GAMMA_SHAPE, GAMMA_MEDIAN = 2, 8.0, 7.6692
"""One endpoint's bodies are gamma instead (shape 8: as wide as a spread of 0.35), with its median."""
TAIL_SHARE, TAIL_MEDIAN, TAIL_SPREAD = 0.015, 0.120, 0.7
"""Added to so many answers: lognormal."""
FAR_SHARE, FAR_SECONDS = 0.001, 0.300
"""Added to one answer in a thousand: Pareto with exponent 2, at least this."""
BASE_ERRORS = ((0.5, 0.0), (0.8, 0.001), (1.0, 0.003))
"""(share of the runs up to here, share of requests that fail on both arms alike)."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """How the users of each arm behave. Durations are seconds."""

    users: int = 20
    seconds: float = 300.0
    warm_up_seconds: float = 10.0
    spawn_rate: float = 5.0
    think_seconds: tuple[float, float] = (1.0, 3.0)
    is_open: bool = False
    """Tasks are due at moments fixed beforehand, the same on both arms; else after the answers."""
    medians: tuple[float, ...] = MEDIANS


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The calls that the users of both arms are going to make: arrays of calls times users."""

    endpoint: NDArray[np.int64]
    is_first: NDArray[np.bool_]
    """The first call of its task."""
    pause: NDArray[np.float64]
    """Before the call: the think time where it is its task's first, else none."""
    due: NDArray[np.float64]
    """On an open schedule, of a task's first call; its other calls follow when they can."""
    medians: NDArray[np.float64]
    """By endpoint; this run's."""
    base_errors: float


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What would come back in still weather: arrays of calls times arms times users."""

    body: NDArray[np.float64]
    """Seconds that the weather stretches."""
    added: NDArray[np.float64]
    """Seconds that it does not."""
    luck: NDArray[np.float64]
    """Uniform: the call fails where its chance to is higher."""
    broken: NDArray[np.bool_]
    """Fails whatever the weather."""


def make_plan(draw: np.random.RandomState, load: Load) -> Plan:
    """Draw what the users do: enough tasks to fill the time."""
    mean = load.seconds / (sum(load.think_seconds) / 2)
    # Their number spreads by about 0.3 sqrt(mean): this is far more than any user needs.
    tasks = int(mean + 2 * mean**0.5 + 8)
    edges = np.cumsum(TASK_WEIGHTS) / sum(TASK_WEIGHTS)
    task = np.searchsorted(edges, draw.random_sample((load.users, tasks)), "right")
    think = draw.uniform(*load.think_seconds, (load.users, tasks))
    think[:, 0] = np.arange(load.users) / load.spawn_rate
    medians = np.array(load.medians) * draw.uniform(*MEDIAN_RANGE, len(ENDPOINTS))
    chance = draw.random_sample()
    lengths = np.array([len(calls) for calls in TASKS])[task]
    # A schedule has to leave time for the answers, which matters where they take seconds.
    needs = np.array([sum(load.medians[call] for call in calls) for calls in TASKS])[task]
    due = np.cumsum(think, axis=1) + np.cumsum(needs, axis=1) - needs
    place = np.cumsum(lengths, axis=1) - lengths
    width = int(lengths.sum(axis=1).max())
    plan = Plan(
        endpoint=np.zeros((width, load.users), np.int64),
        is_first=np.zeros((width, load.users), np.bool_),
        # A user that has no calls left is past the end.
        pause=np.full((width, load.users), load.seconds, np.float64),
        due=np.full((width, load.users), 2 * load.seconds, np.float64),
        medians=medians,
        base_errors=next(share for upto, share in BASE_ERRORS if chance < upto),
    )
    user = np.broadcast_to(np.arange(load.users)[:, None], task.shape)
    for kind, calls in enumerate(TASKS):
        chosen = task == kind
        for offset, endpoint in enumerate(calls):
            rows = place[chosen] + offset, user[chosen]
            plan.endpoint[rows] = endpoint
            plan.pause[rows] = 0.0
    first = place, user
    plan.is_first[first], plan.pause[first], plan.due[first] = True, think, due
    return plan


def make_answers(draw: np.random.RandomState, plan: Plan, arms: int) -> Answers:
    """Draw every answer of a healthy service, each arm's apart."""
    shape = (plan.endpoint.shape[0], arms, plan.endpoint.shape[1])
    endpoint = np.broadcast_to(plan.endpoint[:, None, :], shape)
    body = np.exp(np.array(SPREADS)[endpoint] * draw.standard_normal(shape))
    gamma = endpoint == GAMMA
    body[gamma] = draw.standard_gamma(GAMMA_SHAPE, int(gamma.sum())) / GAMMA_MEDIAN
    body *= plan.medians[endpoint]
    kind = draw.random_sample(shape)
    tail, far = kind < TAIL_SHARE, kind > 1 - FAR_SHARE
    body[tail] += TAIL_MEDIAN * np.exp(TAIL_SPREAD * draw.standard_normal(int(tail.sum())))
    body[far] += FAR_SECONDS / np.sqrt(1 - draw.random_sample(int(far.sum())))
    return Answers(
        body=body,
        added=np.zeros(shape),
        luck=draw.random_sample(shape),
        broken=np.zeros(shape, np.bool_),
    )
