"""What a planned run could detect, from the traffic of a saved one."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from canarygate.errors import ConfigError
from canarygate.judge import power as subject
from canarygate.judge.arm import MICROSECONDS, Arm
from canarygate.judge.policy import load_policy
from canarygate.judge.power import Power, power
from canarygate.judge.simulation import START, Fault, simulate
from canarygate.judge.simulation_traffic import Load
from canarygate.records import OUTCOMES, Outcome, Records
from canarygate.results import RunFile, RunOutcome

POLICY = load_policy(None)
RUNS = 5
"""Of each kind; enough to see which way a figure goes."""


@pytest.fixture(autouse=True)
def little_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "RUNS", RUNS)
    monkeypatch.setattr(subject, "ENDPOINTS_SHOWN", 2)


def records(arm: Arm) -> Records:
    sent = START + arm.sent / MICROSECONDS
    nothing = np.zeros(len(arm), np.int64)
    good, bad = (OUTCOMES.index(each) for each in (Outcome.OK, Outcome.HTTP_5XX))
    return Records(
        start=sent,
        intended_start=sent,
        end=START + arm.ended / MICROSECONDS,
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


def saved(load: Load, canary: Fault | None = None) -> tuple[RunFile, Mapping[str, Records]]:
    scene = simulate(5, load, canary or Fault())
    assert scene.stable is not None
    arms = {"canary": scene.canary, "stable": scene.stable}
    run = RunFile(
        run_id="run-1",
        service="checkout",
        outcome=RunOutcome.FINISHED,
        warm_up_seconds=load.warm_up_seconds,
        roles={role: arm.facts for role, arm in arms.items()},
    )
    return run, {role: records(arm) for role, arm in arms.items()}


def sizes(found: Power) -> dict[str, list[float]]:
    """By endpoint; what nothing detects is larger than anything."""
    return {
        "errors" if row.endpoint is None else row.endpoint[1]: [
            float("inf") if each.size is None else each.size for each in row.detectable
        ]
        for row in found.detections
    }


def test_a_longer_run_sees_smaller_faults() -> None:
    run, kept = saved(Load(seconds=60.0))
    found = power(run, kept, POLICY, run_times=(45.0, 120.0))
    smallest = sizes(found)

    assert ["/busiest", "/rarest", "errors"] == list(smallest)
    assert [] == [name for name, (short, long) in smallest.items() if long > short]
    assert smallest["/busiest"][0] < smallest["/rarest"][0]
    assert smallest["errors"][1] < smallest["errors"][0] < 0.2
    assert ("stable", 20, RUNS, False, 3) == (
        found.role,
        found.users,
        found.runs,
        found.thinned,
        found.left_out,
    )


def test_more_users_see_smaller_faults() -> None:
    run, kept = saved(Load(seconds=60.0))
    few, many = (
        sizes(power(run, kept, POLICY, run_times=(45.0,), users=users)) for users in (8, 40)
    )

    assert many["errors"] < few["errors"]
    assert many["/rarest"] < few["/rarest"]


def test_the_same_run_always_gives_the_same_figures() -> None:
    run, kept = saved(Load(seconds=60.0, users=5))

    assert power(run, kept, POLICY, run_times=(45.0,)) == power(
        run, kept, POLICY, run_times=(45.0,)
    )


def test_a_faulty_canary_does_not_matter_where_there_is_a_stable() -> None:
    load = Load(seconds=60.0, users=5)
    plain, faulty = (
        power(*saved(load, fault), POLICY, run_times=(45.0,))
        for fault in (Fault(), Fault(delay_seconds=0.5, error_share=0.1))
    )

    assert plain == faulty


def test_without_a_stable_the_canarys_traffic_is_taken() -> None:
    run, kept = saved(Load(seconds=60.0, users=5))
    alone = replace(run, roles={"canary": run.roles["canary"]})

    assert "canary" == power(alone, {"canary": kept["canary"]}, POLICY, run_times=(45.0,)).role


def test_much_traffic_is_thinned() -> None:
    run, kept = saved(Load(seconds=40.0))
    found = power(run, kept, POLICY, run_times=(45.0,), users=400)

    assert found.thinned
    assert 200 < found.detections[-1].per_second


def test_too_little_traffic_is_told() -> None:
    run, kept = saved(Load(seconds=40.0, users=1))

    with pytest.raises(ConfigError) as caught:
        power(run, kept, POLICY)

    assert [
        "stable: no endpoint has 20 successes after the warm-up to draw from (at most 10)"
    ] == caught.value.problems


def test_no_traffic_at_all_is_told() -> None:
    run, _ = saved(Load(seconds=40.0, users=1))

    with pytest.raises(ConfigError) as caught:
        power(run, {}, POLICY)

    assert [
        "stable: no endpoint has 20 successes after the warm-up to draw from (at most 0)"
    ] == caught.value.problems


def test_a_run_too_short_to_compare_is_told() -> None:
    run, kept = saved(Load(seconds=40.0))

    with pytest.raises(ConfigError) as caught:
        power(run, kept, POLICY, run_times=(20.0,))

    assert [
        "--run-time 20s is too short to compare anything after a warm-up of 10 s"
    ] == caught.value.problems
    assert "plan 30s or more" == caught.value.hint
