"""How long one verdict takes and how much memory, measured in a process of its own."""

import resource
import time
from typing import Any

import numpy as np

from canarygate.judge.arm import MICROSECONDS, Arm
from canarygate.judge.checks import judge
from canarygate.judge.policy import load_policy
from canarygate.judge.simulation import START, Fault, simulate
from canarygate.judge.simulation_traffic import BUSIEST, Load
from canarygate.records import OUTCOMES, Outcome, Records
from canarygate.results import CANARY, STABLE, RunFile, RunOutcome

FREEZES = tuple(float(second) for second in range(20, 300, 20))
KINDS: dict[str, tuple[Fault, Fault]] = {
    "A/A": (Fault(), Fault()),
    "almost slower": (Fault(factors={BUSIEST: 1.12}), Fault()),
    "errors in both": (Fault(error_share=0.02), Fault(error_share=0.02)),
    "frozen every 20 s, both": (Fault(freezes=FREEZES), Fault(freezes=FREEZES)),
}
"""The last two keep the judge busy: nothing is certain before the end."""
RATE = 11.7
SECONDS = 300.0


def time_one(records: int, kind: str) -> dict[str, Any]:
    """Judge so many records of both roles together."""
    users = max(1, round(20 * records / (2 * RATE * SECONDS)))
    load = Load(users=users, spawn_rate=users / 4, seconds=SECONDS)
    scene = simulate(1, load, *KINDS[kind])
    assert scene.stable is not None
    arms = {CANARY: scene.canary, STABLE: scene.stable}
    kept = {role: _records(arm) for role, arm in arms.items()}
    run = RunFile(
        run_id="timing",
        service="simulated",
        outcome=RunOutcome.FINISHED,
        warm_up_seconds=load.warm_up_seconds,
        settings={"run_time_seconds": int(SECONDS), "min_run_time_seconds": 0, "memory": None},
        roles={role: arm.facts for role, arm in arms.items()},
    )
    del scene, arms
    policy = load_policy(None)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    judgement = judge(run, kept, policy)
    return {
        "records": sum(map(len, kept.values())),
        "kind": kind,
        "seconds": time.perf_counter() - began,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "before_mib": before / 1024,
        "verdict": judgement.verdict,
        "decided_at": judgement.decided_at_seconds,
    }


def _records(arm: Arm) -> Records:
    """As a reader of its file would have them."""
    sent, ended = (START + times / MICROSECONDS for times in (arm.sent, arm.ended))
    good, bad = OUTCOMES.index(Outcome.OK), OUTCOMES.index(Outcome.HTTP_5XX)
    nothing = np.zeros(len(arm), np.int64)
    return Records(
        start=sent,
        intended_start=sent,
        end=ended,
        user=arm.user,
        sequence=arm.sequence,
        endpoint=arm.endpoint,
        duration_ms=arm.duration_seconds * 1000,
        status=np.where(arm.ok, 200, 500),
        outcome=np.where(arm.ok, good, bad),
        bytes=nothing,
        worker=nothing,
        endpoints=arm.endpoints,
        users=arm.users,
    )
