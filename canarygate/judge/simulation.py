"""Runs of both arms as real services would leave them, made from a seed: what judges are held against.

The constants of the model stay as they are, so that figures of today and of next year compare.
Times are seconds since the load began. The same seed gives the same run.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

import numpy as np
from numpy.typing import NDArray

from canarygate.judge.arm import FARTHEST, Arm, make_arm
from canarygate.judge.simulation_memory import ALIKE, QUICK, Collector, make_samples
from canarygate.judge.simulation_noise import TYPICAL, PodNoise, Weather, make_weather
from canarygate.judge.simulation_traffic import (
    ENDPOINTS,
    Answers,
    Load,
    Plan,
    make_answers,
    make_plan,
)
from canarygate.judge.traffic import Scene
from canarygate.memory import MemorySamples
from canarygate.results import CANARY, ROLES, STABLE, RoleRun

BURST_ERRORS = 5.0
"""While a shared burst lasts both arms fail so many times more often."""
START = 1_790_000_000.0
"""When every simulated load begins, seconds since the epoch."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong with one arm; by default nothing."""

    error_share: float = 0.0
    error_seconds: float | None = None
    """How long a failure takes; None: as long as a success."""
    delay_seconds: float = 0.0
    """Added to every answer."""
    factors: Mapping[int, float] = field(default_factory=dict)
    """Slower by endpoint; 1.3 is 30 % slower."""
    stall_share: float = 0.0
    stall_seconds: float = 1.0
    freezes: tuple[float, ...] = ()
    """When it stops answering for `freeze_seconds`; further apart than that."""
    freeze_seconds: float = 2.0
    is_cold: bool = False
    """Just started: three to seven times slower until it is warm, and its memory climbs."""
    leak_bytes_per_second: float = 0.0


HEALTHY = Fault()


def simulate(
    seed: int,
    load: Load,
    canary: Fault = HEALTHY,
    stable: Fault = HEALTHY,
    noise: PodNoise = TYPICAL,
) -> Scene:
    """One run: the users of both arms do the same things in the same order.

    Faults draw from streams of their own: the same seed gives the same users, weather and answers
    with a fault and without it, on a closed loop and on an open schedule.
    """
    # NumPy keeps the streams of this legacy generator as they are (NEP 19), unlike default_rng's;
    # Python does the same for `random`, which seeds it.
    seeds = Random(seed)
    streams = [np.random.RandomState(seeds.getrandbits(32)) for _ in range(5)]
    faults = {CANARY: canary, STABLE: stable}
    plan = make_plan(streams[0], load)
    cold = [fault.is_cold for fault in faults.values()]
    weather = make_weather(streams[1], load.seconds, noise, cold)
    answers = make_answers(streams[2], plan, len(faults))
    for arm, fault in enumerate(faults.values()):
        _spoil(streams[3 + arm], plan, answers, arm, fault)
    sent, ended = _drive(plan, answers, weather, load, list(faults.values()))
    chance = plan.base_errors * np.where(weather.in_burst, BURST_ERRORS, 1.0)
    failed = answers.broken | (answers.luck < chance[weather.step_at(sent)])
    due = sent.copy()
    if load.is_open:
        _count_from_the_schedule(due, plan)
    arms = {
        role: _arm(role, plan, load, sent[:, arm], due[:, arm], ended[:, arm], failed[:, arm])
        for arm, role in enumerate(ROLES)
    }
    return Scene(
        canary=arms[CANARY],
        stable=arms[STABLE],
        generator_short=False,
        warm_up_seconds=load.warm_up_seconds,
    )


def simulate_memory(
    seed: int,
    seconds: float,
    canary: Fault = HEALTHY,
    stable: Fault = HEALTHY,
    collector: Collector = QUICK,
) -> Mapping[str, MemorySamples]:
    """The memory samples of a run of that seed, by role; its requests play no part in them."""
    seeds = Random(f"memory {seed}")
    # Two versions of one service are run by one collector, with one set of options.
    height, length = seeds.uniform(*collector.bytes), seeds.uniform(*collector.seconds)
    samples = {}
    for role, fault in ((CANARY, canary), (STABLE, stable)):
        samples[role] = make_samples(
            np.random.RandomState(seeds.getrandbits(32)),
            START,
            seconds,
            leak_bytes_per_second=fault.leak_bytes_per_second,
            is_fresh=fault.is_cold,
            height=height * seeds.uniform(*ALIKE),
            length=length * seeds.uniform(*ALIKE),
        )
    return samples


def _spoil(
    draw: np.random.RandomState, plan: Plan, answers: Answers, arm: int, fault: Fault
) -> None:
    """Change one arm's answers in place, as its fault has it."""
    body, added, broken = answers.body[:, arm], answers.added[:, arm], answers.broken[:, arm]
    for endpoint, factor in fault.factors.items():
        body[plan.endpoint == endpoint] *= factor
    added += fault.delay_seconds
    if fault.stall_share:
        added[draw.random_sample(added.shape) < fault.stall_share] += fault.stall_seconds
    if fault.error_share:
        broken |= draw.random_sample(broken.shape) < fault.error_share
        if fault.error_seconds is not None:
            body[broken], added[broken] = 0.0, fault.error_seconds


def _drive(
    plan: Plan, answers: Answers, weather: Weather, load: Load, faults: Sequence[Fault]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """When each call is sent and answered: arrays of calls times arms times users.

    All users of all arms take their n-th call together: what a user waits for is only their own.
    """
    sent = np.full(answers.body.shape, 2 * load.seconds, np.float64)
    ended = np.full(answers.body.shape, 2 * load.seconds, np.float64)
    free = np.zeros(answers.body.shape[1:])
    arm = np.arange(len(faults))[:, None]
    for call in range(len(sent)):
        if load.is_open:
            start = np.where(plan.is_first[call], np.maximum(free, plan.due[call]), free)
        else:
            start = free + plan.pause[call]
        slowness = weather.slowness[arm, weather.step_at(start)]
        end = start + answers.body[call] * slowness + answers.added[call]
        for index, fault in enumerate(faults):
            if fault.freezes:
                end[index] = _thawed(start[index], end[index], fault)
        sent[call], ended[call], free = start, end, end
        if start.min() >= load.seconds:
            break
    return sent, ended


def _count_from_the_schedule(due: NDArray[np.float64], plan: Plan) -> None:
    """Turn when calls were sent into when they count from, in place, as the recorder has it.

    Who is late begins at once, and a late task's first call counts from when it should have been
    sent, as far as the server is to blame: up to the end of the task that overran. What is left of
    the lateness then is the user's own queue, which other visitors would not stand in. The other
    calls of a task follow as they did.
    """
    for user in range(due.shape[2]):
        calls = np.flatnonzero(plan.is_first[:, user])
        planned = plan.due[calls, user].tolist()
        for arm in range(due.shape[1]):
            begun = due[calls, arm, user].tolist()
            late, blocks = 0.0, deque[tuple[float, float]]()
            for call, moment, start in zip(calls.tolist(), planned, begun, strict=True):
                if start <= moment:
                    late = 0.0
                    blocks.clear()
                    continue
                if start - moment > late:
                    blocks.append((start, late))
                late = start - moment
                while blocks and blocks[0][0] <= moment:
                    blocks.popleft()
                if blocks and late > blocks[0][1]:
                    due[call, arm, user] = moment + blocks[0][1]


def _thawed(
    start: NDArray[np.float64], end: NDArray[np.float64], fault: Fault
) -> NDArray[np.float64]:
    """Answers that a freeze of the whole service holds up come so much later."""
    # The last one never comes; it stands for "no freeze ahead".
    freezes = np.array([*fault.freezes, FARTHEST])
    thaws = freezes + fault.freeze_seconds
    coming = np.searchsorted(thaws, start, "right")
    lost = thaws[coming] - np.maximum(start, freezes[coming])
    return np.where(end > freezes[coming], end + lost, end)


def _arm(
    role: str,
    plan: Plan,
    load: Load,
    sent: NDArray[np.float64],
    due: NDArray[np.float64],
    ended: NDArray[np.float64],
    failed: NDArray[np.bool_],
) -> Arm:
    """As records would have been read: what was sent before the load ended."""
    kept = sent < load.seconds
    call, user = np.nonzero(kept)
    return make_arm(
        role,
        ended_seconds=ended[kept],
        sent_seconds=due[kept],
        duration_seconds=ended[kept] - due[kept],
        waited_seconds=sent[kept] - due[kept],
        ok=~failed[kept],
        endpoint=plan.endpoint[kept],
        endpoints=ENDPOINTS,
        user=user,
        users=tuple(f"Shopper/{index}" for index in range(load.users)),
        sequence=call + 1,
        warm_up_seconds=load.warm_up_seconds,
        facts=RoleRun(
            host=f"http://{role}",
            users=load.users,
            users_wanted=load.users,
            started=len(call),
            returned=len(call),
            recorded=len(call),
            start=START,
            end=START + load.seconds,
            planned_seconds=load.seconds,
            generator_cpu=0.2,
            generator_lag_seconds=0.005,
            complete=True,
            exit_status=0,
        ),
    )
