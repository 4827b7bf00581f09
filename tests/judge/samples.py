"""Runs to be judged, made from a few numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from canarygate.judge.checks import judge
from canarygate.judge.policy import Policy, load_policy
from canarygate.records import OUTCOMES, Outcome, Records
from canarygate.results import RoleRun, RunFile, RunOutcome
from canarygate.verdict import Check, Judgement

START = 1_790_000_000.0
WARM_UP_SECONDS = 10.0
POLICY = load_policy(None)
LIMITS_ONLY = replace(POLICY, compare=replace(POLICY.compare, enabled=False))


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """What one role answered: columns of one length."""

    ended: NDArray[np.float64]
    """Seconds since START."""
    seconds: NDArray[np.float64]
    outcome: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ended)

    def taken(self, order: NDArray[np.int64] | NDArray[np.bool_]) -> "Traffic":
        """Other rows, or another order of them."""
        return Traffic(
            ended=self.ended[order], seconds=self.seconds[order], outcome=self.outcome[order]
        )

    def records(self) -> Records:
        """As the recorder would have kept them."""
        end = START + self.ended
        nothing = np.zeros(len(self), np.int64)
        return Records(
            start=end - self.seconds,
            intended_start=end - self.seconds,
            end=end,
            user=nothing,
            sequence=np.arange(1, len(self) + 1),
            endpoint=nothing,
            duration_ms=self.seconds * 1000,
            status=np.where(self.outcome == OUTCOMES.index(Outcome.OK), 200, 500),
            outcome=self.outcome,
            bytes=nothing,
            worker=nothing,
            endpoints=(("GET", "/"),),
            users=("Shopper/0",),
        )


def traffic(
    requests: int,
    *,
    failed: int = 0,
    slow: Mapping[float, int] | None = None,
    kind: Outcome = Outcome.HTTP_5XX,
    first: float = 15.0,
    last: float = 45.0,
) -> Traffic:
    """Evenly spread requests of 50 ms; `failed` of them, and `slow` ones (seconds → how many).

    They are all sent after the warm-up unless `first` is earlier. What is failed or slow is spread
    evenly as well.
    """
    seconds = np.full(requests, 0.05)
    outcome = np.full(requests, OUTCOMES.index(Outcome.OK), np.int64)
    outcome[_spread(requests, failed)] = OUTCOMES.index(kind)
    successes = np.flatnonzero(outcome == OUTCOMES.index(Outcome.OK))
    picked = _spread(len(successes), sum((slow or {}).values()))
    long = [duration for duration, number in (slow or {}).items() for _ in range(number)]
    seconds[successes[picked]] = long
    return Traffic(ended=np.linspace(first, last, requests), seconds=seconds, outcome=outcome)


def _spread(length: int, number: int) -> NDArray[np.int64]:
    return np.linspace(0, length - 1, number).astype(np.int64)


def role(answered: Traffic | None, **changes: Any) -> RoleRun:
    """A role whose own counters agree with its records, and that had all it needed."""
    requests = 0 if answered is None else len(answered)
    ok = OUTCOMES.index(Outcome.OK)
    return replace(
        RoleRun(
            host="http://host",
            users=20,
            users_wanted=20,
            started=requests,
            returned=requests,
            recorded=requests,
            statistics_requests=requests,
            statistics_failures=0 if answered is None else int((answered.outcome != ok).sum()),
            start=START,
            end=START + 45.0,
            planned_seconds=45.0,
            generator_cpu=0.2,
            generator_lag_seconds=0.005,
            complete=True,
            exit_status=0,
        ),
        **changes,
    )


def run_of(roles: Mapping[str, RoleRun], **changes: Any) -> RunFile:
    """A finished run of these roles."""
    run = RunFile(
        run_id="run-1",
        service="checkout",
        outcome=RunOutcome.FINISHED,
        warm_up_seconds=WARM_UP_SECONDS,
        roles=roles,
    )
    return replace(run, **changes)


def judged(
    canary: Traffic | None,
    stable: Traffic | None = None,
    *,
    canary_facts: Mapping[str, Any] | None = None,
    stable_facts: Mapping[str, Any] | None = None,
    policy: Policy = POLICY,
    **run: Any,
) -> Judgement:
    """Judge what both roles answered; no stable traffic, no stable role."""
    roles = {"canary": role(canary, **(canary_facts or {}))}
    records = {} if canary is None else {"canary": canary.records()}
    if stable is not None:
        roles["stable"] = role(stable, **(stable_facts or {}))
        records["stable"] = stable.records()
    return judge(run_of(roles, **run), records, policy)


def check(judgement: Judgement, name: str) -> Check:
    """The check of that name."""
    return next(check for check in judgement.checks if check.name == name)


def states(checks: Sequence[Check]) -> dict[str, str]:
    """Each check's state that is not pass."""
    return {check.name: str(check.state) for check in checks if check.state != "pass"}
