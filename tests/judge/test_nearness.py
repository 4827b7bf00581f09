"""How near an answer is: from what the judge itself uses, and never as if it were certain."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canarygate.judge.checks import certain, read_scene
from canarygate.judge.nearness import Nearness, find_nearness, words
from canarygate.judge.policy import Policy
from canarygate.records import Records
from canarygate.results import RunFile, RunOutcome
from tests.judge.samples import LIMITS_ONLY, POLICY, START, Traffic, role, run_of, traffic

HEALTHY = traffic(3_600, first=1.0, last=299.9)
FAILING = traffic(3_600, failed=72, first=1.0, last=299.9)
SLOW = replace(HEALTHY, seconds=HEALTHY.seconds * 1.6)
OPEN = {"end": None, "exit_status": None, "complete": False, "planned_seconds": 300.0}


def running(
    canary: Traffic, stable: Traffic | None, **changes: Any
) -> tuple[RunFile, dict[str, Records]]:
    arms = {"canary": canary} | ({} if stable is None else {"stable": stable})
    plan = {"run_time_seconds": 300, "min_run_time_seconds": 0, "memory": None}
    plan |= changes.pop("plan", {})
    run = run_of(
        {name: role(arm, **(OPEN | changes.pop("facts", {}))) for name, arm in arms.items()},
        settings=plan,
        outcome=RunOutcome.RUNNING,
        **changes,
    )
    return run, {name: arm.records() for name, arm in arms.items()}


def near(
    canary: Traffic, stable: Traffic | None, until: float, policy: Policy = POLICY, **changes: Any
) -> Nearness:
    return of_run(*running(canary, stable, **changes), policy, until)


def of_run(run: RunFile, records: dict[str, Records], policy: Policy, until: float) -> Nearness:
    read = read_scene(run, records, policy)
    return find_nearness(*read, policy, until, same_identity=bool(run.same_identity))


def test_a_healthy_canary_is_told_the_next_look_and_what_is_missing() -> None:
    assert (
        "next look at 45 s",
        "requests for a pass: 120 of at least 398 after warm-up",
    ) == words(near(HEALTHY, HEALTHY, 20.0))


@pytest.mark.parametrize(
    ("until", "told"),
    [
        (0.5, "next look at 45 s"),
        (45.0, "next look at 90 s"),
        (200.0, "last look at 300 s"),
        (299.9, "last look at 300 s"),
    ],
)
def test_the_next_look_is_one_of_the_judges(until: float, told: str) -> None:
    assert told in words(near(HEALTHY, HEALTHY, until))


def test_requests_are_told_as_long_as_there_are_too_few() -> None:
    enough = near(HEALTHY, HEALTHY, 44.0)

    assert enough.requests >= enough.requests_needed
    assert ("next look at 45 s",) == words(enough)


def test_the_evidence_of_errors_is_whole_just_when_the_judge_is_certain() -> None:
    run, records = running(FAILING, HEALTHY)
    moment = next(
        at for second in range(1, 300) if (at := certain(run, records, POLICY, None, second))
    )

    before = of_run(run, records, POLICY, moment - 0.01)
    after = of_run(run, records, POLICY, moment)

    assert before.more_errors < 1 <= after.more_errors
    assert words(before)[0] == (
        f"evidence of more errors: {int(before.more_errors * 100)} % of what a fail takes"
    )
    assert before.more_errors > 0.5


def test_evidence_that_is_not_confirmed_is_not_called_an_answer() -> None:
    assert (
        "evidence of more errors: strong, not confirmed"
        == words(replace(near(HEALTHY, HEALTHY, 20.0), more_errors=1.0))[0]
    )
    assert (
        "evidence of being much slower: 99 % of what a fail takes"
        == words(replace(near(HEALTHY, HEALTHY, 20.0), much_slower=0.9999))[0]
    )


def test_gross_slowness_is_told_when_it_is_judged() -> None:
    """Not in the warm-up and the two seconds after it."""
    early, late = (near(SLOW, HEALTHY, until) for until in (11.9, 13.0))

    assert early.much_slower is None
    assert late.much_slower is not None
    assert late.much_slower > 0
    assert words(late)[0].startswith("evidence of being much slower: ")


def test_faint_evidence_is_not_worth_a_word() -> None:
    faint = replace(near(HEALTHY, HEALTHY, 20.0), more_errors=0.049, much_slower=0.01)

    assert words(faint)[0] == "next look at 45 s"


@pytest.mark.parametrize(
    ("stable", "policy"), [(None, POLICY), (HEALTHY, LIMITS_ONLY)], ids=["no stable", "limits only"]
)
def test_without_a_comparison_a_pass_comes_at_the_end(
    stable: Traffic | None, policy: Policy
) -> None:
    assert ("limits only: a pass at 300 s at the earliest",) == words(
        near(HEALTHY, stable, 20.0, policy)
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"plan": {"memory": {"limit": 1}}}, "a pass waits for memory as well"),
        ({"plan": {"min_run_time_seconds": 60}}, "lasts 60 s at least"),
        (
            {"facts": {"generator_cpu": 0.999}},
            "the generator is short of CPU: slowness is not judged",
        ),
    ],
    ids=["memory", "the shortest time", "a short generator"],
)
def test_what_else_an_answer_waits_for_is_told(changes: dict[str, Any], told: str) -> None:
    assert told == words(near(HEALTHY, HEALTHY, 44.0, **changes))[-1]


def test_of_one_process_against_itself_nothing_is_promised() -> None:
    assert ("both hosts are the same process: nothing can be compared",) == words(
        near(HEALTHY, HEALTHY, 44.0, same_identity="version v1")
    )


@given(
    requests=st.lists(st.integers(0, 60), min_size=2, max_size=2),
    failed=st.integers(0, 60),
    until=st.floats(0, 400),
    share=st.sampled_from([1e-6, 0.01, 0.999]),
    has_begun=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_it_never_breaks_a_run_and_never_tells_a_whole_share(
    requests: list[int], failed: int, until: float, share: float, has_begun: bool
) -> None:
    canary, stable = (
        traffic(number, failed=min(failed, number), first=1.0, last=60.0) for number in requests
    )
    policy = replace(POLICY, clear=replace(POLICY.clear, share=share, last_share=share))
    run, records = running(
        canary, stable, facts={"start": START if has_begun else None} if not has_begun else {}
    )

    told = words(of_run(run, records, policy, until))

    assert told
    assert not [each for each in told if "100 %" in each]
    assert np.isfinite(of_run(run, records, policy, until).more_errors)
