"""A saved run's traffic, played again by two simulated arms, one of them with a fault.

Requests come as often and as mixed as they were in the saved run; each duration is drawn from those
of the same endpoint, and pods differ as typical ones do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from random import Random

import numpy as np
from numpy.typing import NDArray

from canarygate.errors import ConfigError
from canarygate.judge.arm import MICROSECONDS, Arm, make_arm
from canarygate.judge.policy import Policy
from canarygate.judge.replay import Plan, decide
from canarygate.judge.simulation_noise import STEP_SECONDS, TYPICAL, pod_slowness
from canarygate.judge.traffic import Scene
from canarygate.results import CANARY, STABLE, RoleRun
from canarygate.verdict import Verdict

MOST_REQUESTS = 4_000
"""Per arm of a simulated run; more traffic is thinned, which can only understate what is seen."""
HINT = "name a run that took longer or drove more users"


@dataclass(frozen=True, kw_only=True)
class Template:
    """The requests of the saved run after its warm-up; columns of one length, by time."""

    seconds: float
    """How long they took to be sent."""
    sent: NDArray[np.float64]
    """Since the first of them."""
    endpoint: NDArray[np.int64]
    user: NDArray[np.int64]
    endpoints: tuple[tuple[str, str], ...]
    users: tuple[str, ...]
    durations: Mapping[int, NDArray[np.float64]]
    """Of the successes, by endpoint."""
    failing: float
    """Share of all requests."""

    def shown(self, most: int) -> list[int]:
        """Endpoints that get a row: the busiest, the rarest, and some evenly between."""
        ranked = sorted(self.durations, key=lambda each: -len(self.durations[each]))
        if len(ranked) <= most:
            return ranked
        places = np.linspace(0, len(ranked) - 1, most)
        return [ranked[round(place)] for place in places.tolist()]


def read_template(arm: Arm, requests: int) -> Template:
    """The requests of a saved run that were sent after its warm-up.

    Raises:
        ConfigError: no endpoint has enough successes to draw from.
    """
    warm = arm.warm
    sent = arm.sent[warm] / MICROSECONDS
    order = np.argsort(sent, kind="stable")
    endpoint = arm.endpoint[warm][order]
    ok = arm.ok[warm][order]
    taken = arm.duration_seconds[warm][order]
    durations = {
        int(each): taken[ok & (endpoint == each)]
        for each in np.unique(endpoint)
        if np.sum(ok & (endpoint == each)) >= requests
    }
    if not durations:
        most = int(np.bincount(endpoint[ok], minlength=1).max())
        raise ConfigError(
            f"{arm.role}: no endpoint has {requests} successes after the warm-up to draw from"
            f" (at most {most})",
            hint=HINT,
        )
    kept = np.isin(endpoint, list(durations))
    sent = sent[order][kept] - sent[order][kept][0]
    return Template(
        # As if the next one were sent after the usual pause: the traffic is played in a circle.
        seconds=float(sent[-1]) * len(sent) / max(len(sent) - 1, 1),
        sent=sent,
        endpoint=endpoint[kept],
        user=arm.user[warm][order][kept],
        endpoints=arm.endpoints,
        users=arm.users,
        durations=durations,
        failing=float(1 - ok[kept].mean()),
    )


@dataclass(frozen=True, kw_only=True)
class Requests:
    """What both arms of a simulated run send; columns of one length."""

    sent: NDArray[np.float64]
    endpoint: NDArray[np.int64]
    user: NDArray[np.int64]
    sequence: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """The saved run's traffic as simulated runs send it."""

    template: Template
    scale: float
    """So many times as many users."""
    warm_up_seconds: float
    policy: Policy

    def thinning(self, seconds: float) -> float:
        """The share of the traffic that is simulated."""
        rate = self.scale * len(self.template.sent) / self.template.seconds
        return min(1.0, MOST_REQUESTS / (rate * seconds))

    def requests(self, draw: np.random.RandomState, seconds: float) -> Requests:
        """The saved traffic in a circle, from a random place, as often as users ask for it."""
        template = self.template
        copies = self.scale * self.thinning(seconds)
        rounds = ceil(seconds / template.seconds) + 1
        sent, endpoint, user = [], [], []
        for copy in range(ceil(copies)):
            begin = draw.random_sample() * template.seconds
            for each in range(rounds):
                moments = template.sent + each * template.seconds - begin
                kept = (moments >= 0) & (moments < seconds)
                kept &= draw.random_sample(len(kept)) < copies - copy
                sent.append(moments[kept])
                endpoint.append(template.endpoint[kept])
                user.append(template.user[kept] + copy * len(template.users))
        order = np.argsort(np.concatenate(sent), kind="stable")
        users = np.concatenate(user)[order]
        return Requests(
            sent=np.concatenate(sent)[order],
            endpoint=np.concatenate(endpoint)[order],
            user=users,
            sequence=_numbered(users),
        )

    def pair(self, seed: int, seconds: float) -> "Pair":
        """A run of two equal arms on two typical pods."""
        seeds = Random(seed)
        draw = np.random.RandomState(seeds.getrandbits(32))
        requests = self.requests(draw, seconds)
        steps = int(seconds / STEP_SECONDS) + 1
        step = (requests.sent / STEP_SECONDS).astype(np.int64)
        taken, failed = [], []
        for _ in (CANARY, STABLE):
            own = np.empty(len(step))
            for endpoint, durations in self.template.durations.items():
                mine = requests.endpoint == endpoint
                own[mine] = durations[draw.randint(0, len(durations), int(mine.sum()))]
            taken.append(own * pod_slowness(draw, steps, TYPICAL)[step])
            failed.append(draw.random_sample(len(own)) < self.template.failing)
        return Pair(
            traffic=self,
            seconds=seconds,
            requests=requests,
            taken=taken,
            failed=failed,
            luck=draw.random_sample(len(step)),
        )


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Both arms of a simulated run, before any fault."""

    traffic: Traffic
    seconds: float
    requests: Requests
    taken: Sequence[NDArray[np.float64]]
    failed: Sequence[NDArray[np.bool_]]
    luck: NDArray[np.float64]
    """Of the canary's requests, uniform; below a share of errors they fail."""

    def failed_after(self, endpoint: int | None, size: float) -> float | None:
        """When the judge fails a canary with that fault; None where it does not."""
        own, broken = self.taken[0], self.failed[0]
        if endpoint is None:
            broken = broken | (self.luck < size)
        else:
            own = np.where(self.requests.endpoint == endpoint, own * (1 + size), own)
        scene = Scene(
            canary=self._arm(CANARY, own, broken),
            stable=self._arm(STABLE, self.taken[1], self.failed[1]),
            generator_short=False,
            warm_up_seconds=self.traffic.warm_up_seconds,
        )
        decision = decide(scene, self.traffic.policy, Plan(planned_seconds=self.seconds))
        is_failed = decision is not None and decision.verdict is Verdict.FAIL
        return decision.at_seconds if decision is not None and is_failed else None

    def _arm(self, role: str, taken: NDArray[np.float64], failed: NDArray[np.bool_]) -> Arm:
        requests = self.requests
        number = len(taken)
        names = int(requests.user.max(initial=0)) + 1
        return make_arm(
            role,
            ended_seconds=requests.sent + taken,
            sent_seconds=requests.sent,
            duration_seconds=taken,
            ok=~failed,
            endpoint=requests.endpoint,
            endpoints=self.traffic.template.endpoints,
            user=requests.user,
            users=tuple(f"{index:09}" for index in range(names)),
            sequence=requests.sequence,
            warm_up_seconds=self.traffic.warm_up_seconds,
            facts=RoleRun(
                host=f"http://{role}",
                users=names,
                users_wanted=names,
                started=number,
                returned=number,
                recorded=number,
                start=0.0,
                end=self.seconds,
                planned_seconds=self.seconds,
                complete=True,
            ),
        )


def _numbered(users: NDArray[np.int64]) -> NDArray[np.int64]:
    """Each user's own request number, from 1, in the order they are sent."""
    order = np.argsort(users, kind="stable")
    ordered = users[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    lengths = np.diff(np.concatenate([starts, [len(users)]]))
    numbers = np.empty(len(users), np.int64)
    numbers[order] = np.arange(len(users)) - np.repeat(starts, lengths) + 1
    return numbers
