"""Two arms under the same traffic, made from a few numbers; no records and no run in between."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from canarygate.judge.arm import Arm, make_arm
from canarygate.judge.replay import Decision, Plan, decide
from canarygate.judge.traffic import Scene
from canarygate.verdict import Check
from tests.judge.samples import POLICY

Numbers = NDArray[np.float64]
ENDPOINTS = tuple(("GET", f"/{name}") for name in "abcde")
SHARES = (0.45, 0.20, 0.15, 0.12, 0.08)
MEDIANS = np.array([0.025, 0.040, 0.060, 0.090, 0.120])


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What one arm answered: columns of one length. Seconds since the load began."""

    sent: Numbers
    seconds: Numbers
    ok: NDArray[np.bool_]
    endpoint: NDArray[np.int64]

    def arm(self, role: str = "canary") -> Arm:
        """As the judge sees it."""
        return make_arm(
            role,
            ended_seconds=self.sent + self.seconds,
            sent_seconds=self.sent,
            duration_seconds=self.seconds,
            ok=self.ok,
            endpoint=self.endpoint,
            endpoints=ENDPOINTS,
        )

    def only(self, kept: NDArray[np.bool_]) -> "Answers":
        """Some of the requests, and no others."""
        return Answers(
            sent=self.sent[kept],
            seconds=self.seconds[kept],
            ok=self.ok[kept],
            endpoint=self.endpoint[kept],
        )

    def slower(self, seconds: Numbers) -> "Answers":
        """The same requests with these durations."""
        return replace(self, seconds=seconds)

    def failing(
        self, rows: NDArray[np.int64] | NDArray[np.bool_], seconds: float = 0.001
    ) -> "Answers":
        """Some of the requests failed, and fast."""
        ok, durations = self.ok.copy(), self.seconds.copy()
        ok[rows], durations[rows] = False, seconds
        return replace(self, ok=ok, seconds=durations)


def answers(
    seed: int = 1,
    *,
    per_second: float = 11.7,
    lasting: float = 300.0,
    constant: float | None = None,
) -> Answers:
    """Requests at random moments with random durations; the same ones for the same seed."""
    random = np.random.default_rng(seed)
    number = round(per_second * lasting)
    endpoint = random.choice(len(ENDPOINTS), number, p=SHARES)
    seconds = MEDIANS[endpoint] * np.exp(0.35 * random.standard_normal(number))
    if constant is not None:
        seconds = np.full(number, constant)
    return Answers(
        sent=np.sort(random.uniform(0, lasting - 1, number)),
        seconds=seconds,
        ok=np.ones(number, bool),
        endpoint=endpoint,
    )


def scene_of(canary: Answers, stable: Answers | None, *, generator_short: bool = False) -> Scene:
    """Both arms."""
    return Scene(
        canary=canary.arm(),
        stable=None if stable is None else stable.arm("stable"),
        generator_short=generator_short,
    )


def decided(
    canary: Answers,
    stable: Answers | None,
    *,
    lasting: float = 300.0,
    generator_short: bool = False,
    min_seconds: float = 0.0,
) -> Decision:
    """What the built-in policy makes of a run that is over."""
    scene = scene_of(canary, stable, generator_short=generator_short)
    decision = decide(scene, POLICY, Plan(planned_seconds=lasting, min_seconds=min_seconds))
    assert decision is not None
    return decision


def check_of(decision: Decision, name: str) -> Check:
    """The check of that name."""
    return next(check for check in decision.checks if check.name == name)


def failed_by(decision: Decision) -> list[str]:
    """Names of the checks that failed."""
    return [check.name for check in decision.checks if check.state == "fail"]
