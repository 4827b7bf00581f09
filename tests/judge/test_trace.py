"""The evidence over time is the judge's own: it is enough when, and only when, the judge says so."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canarygate.judge.arm import Arm
from canarygate.judge.checks import read_scene
from canarygate.judge.sequential import error_evidence, first_errors, first_gross, gross_evidence
from canarygate.judge.trace import MOMENTS, trace
from canarygate.judge.traffic import first_broken
from canarygate.records import OUTCOMES, Outcome, Records
from canarygate.results import RunFile
from canarygate.trace import Evidence, Trace
from tests.judge.samples import POLICY
from tests.report.pages import role_of, run_of, traffic

OK, FAILED = OUTCOMES.index(Outcome.OK), OUTCOMES.index(Outcome.HTTP_5XX)


def line(found: Trace, check: str) -> Evidence:
    [each] = [each for each in found.evidence if each.check == check]
    return each


def arms(run: RunFile, records: dict[str, Records]) -> tuple[Arm, Arm]:
    scene, _plan = read_scene(run, records, POLICY)
    assert scene.stable is not None
    return scene.canary, scene.stable


def first_enough(each: Evidence) -> float | None:
    enough = np.flatnonzero(each.log10_e >= each.log10_needed)
    return float(each.at_seconds[enough[0]]) if len(enough) else None


@pytest.mark.parametrize("share", [0.0, 0.02, 0.05, 0.12, 0.6, 1.1])
@pytest.mark.parametrize("requests", [60, 900, 20_000])
def test_errors_are_enough_when_the_judge_first_says_so(share: float, requests: int) -> None:
    """Where the first error comes late: then nothing but E is lacking before."""
    records = {"canary": traffic(requests, failing=share), "stable": traffic(requests, seed=2)}
    run = run_of(records)
    canary, stable = arms(run, records)

    errors = line(trace(run, records, POLICY), "compare.errors")

    assert errors.reached_at == first_errors(canary, stable, POLICY.compare_errors)
    assert bool(share) is (errors.reached_at is not None) or requests == 60
    if errors.reached_at is not None:
        at = np.searchsorted(errors.at_seconds, errors.reached_at)
        assert errors.reached_at == errors.at_seconds[at]
        assert errors.log10_e[at] >= errors.log10_needed[at] == pytest.approx(2.0)


@given(
    ours=st.lists(st.integers(1, 59), max_size=25, unique=True),
    others=st.lists(st.integers(1, 59), max_size=6, unique=True),
)
@settings(max_examples=60, deadline=None)
def test_errors_seconds_apart_are_enough_the_moment_that_e_is(
    ours: list[int], others: list[int]
) -> None:
    """Every error a second from the next, of few requests: E is the only condition that binds."""
    records = {"canary": failing_at(ours), "stable": failing_at(others)}
    run = run_of(records)
    canary, stable = arms(run, records)

    errors = line(trace(run, records, POLICY), "compare.errors")

    assert first_enough(errors) == errors.reached_at
    assert errors.reached_at == first_errors(canary, stable, POLICY.compare_errors)


def failing_at(seconds: list[int]) -> Records:
    """Ten requests a second, one of which fails in these."""
    every = traffic(600)
    end = every.end[0] - every.end[0] % 1 + 0.05 + np.arange(600) / 10
    outcome = np.full(600, OK, np.int64)
    outcome[[10 * second for second in seconds]] = FAILED
    start = end - 0.02
    return replace(every, end=end, start=start, intended_start=start, outcome=outcome)


@pytest.mark.parametrize("slower", [1.0, 1.2, 1.5, 4.0])
def test_slowness_is_enough_when_the_judge_first_says_so(slower: float) -> None:
    records = {"canary": traffic(3000, slower=slower), "stable": traffic(3000, seed=2)}
    run = run_of(records)
    canary, stable = arms(run, records)

    gross = line(trace(run, records, POLICY), "compare.gross_slowness")

    found = first_gross(canary, stable, POLICY.compare_gross, run.warm_up_seconds)
    assert (slower >= 1.5) is (found is not None)
    assert gross.reached_at == (None if found is None else found.at_seconds)
    if found is not None:
        at = np.searchsorted(gross.at_seconds, found.at_seconds)
        assert gross.log10_e[at] >= gross.log10_needed[at]
        enough = first_enough(gross)
        assert enough is not None
        assert enough <= found.at_seconds


def test_the_last_point_of_each_line_is_what_the_checks_tell() -> None:
    records = {"canary": traffic(failing=0.01), "stable": traffic(seed=2, failing=0.02)}
    run = run_of(records)
    canary, stable = arms(run, records)

    found = trace(run, records, POLICY)

    errors = error_evidence(canary, stable, POLICY.compare_errors)
    gross = gross_evidence(canary, stable, POLICY.compare_gross)
    assert gross is not None
    ends = [
        float(line(found, name).log10_e[-1])
        for name in ("compare.errors", "compare.gross_slowness")
    ]
    assert pytest.approx([errors.log_e / np.log(10), gross.log_e / np.log(10)]) == ends


def test_limits_are_broken_when_the_judge_first_says_so() -> None:
    records = {"canary": traffic(failing=0.2)}
    run = run_of(records)
    scene, _plan = read_scene(run, records, POLICY)

    found = trace(run, records, POLICY)

    limits = {each.check: each.reached_at for each in found.evidence}
    assert [
        "canary.error_ratio",
        "canary.slower_than_0.5s_ratio",
        "canary.slower_than_1s_ratio",
    ] == [*limits]
    assert first_broken(scene, POLICY) == limits["canary.error_ratio"] is not None
    assert () == found.looks


def test_a_line_has_few_points_whatever_the_number_of_records() -> None:
    """And the moment that counts is among them."""
    records = {
        "canary": traffic(50_000, lasting=3600, failing=0.011),
        "stable": traffic(50_000, lasting=3600, seed=2),
    }
    run = run_of(records, roles={role: role_of(each, 3600.0) for role, each in records.items()})

    found = trace(run, records, POLICY)

    assert all(len(each.at_seconds) <= MOMENTS + 1 for each in found.evidence)
    errors = line(found, "compare.errors")
    assert errors.reached_at in errors.at_seconds


def test_the_order_of_the_records_does_not_matter() -> None:
    records = {"canary": traffic(failing=0.05), "stable": traffic(seed=2)}
    back = {role: reversed_order(each) for role, each in records.items()}
    run = run_of(records)

    forth, found = trace(run, records, POLICY), trace(run, back, POLICY)

    for one, other in zip(forth.evidence, found.evidence, strict=True):
        assert one.reached_at == other.reached_at
        np.testing.assert_array_equal(one.log10_e, other.log10_e)
    for role in forth.roles:
        np.testing.assert_array_equal(forth.roles[role].duration, found.roles[role].duration)


def reversed_order(records: Records) -> Records:
    changed: dict[str, Any] = {
        name: value[::-1] for name, value in vars(records).items() if isinstance(value, np.ndarray)
    }
    return replace(records, **changed)


def test_a_generator_without_cpu_gathers_no_evidence_of_slowness() -> None:
    records = {"canary": traffic(slower=4.0), "stable": traffic(seed=2)}
    roles = {role: role_of(each, generator_cpu=0.99) for role, each in records.items()}

    found = trace(run_of(records, roles=roles), records, POLICY)

    assert found.generator_short
    assert ["compare.errors", "canary.error_ratio"] == [each.check for each in found.evidence]


def test_nothing_at_all_has_no_evidence() -> None:
    found = trace(run_of({}, roles={}), {}, POLICY)

    assert ({}, (), ()) == (found.roles, found.evidence, found.looks)


def test_looks_are_those_that_the_load_lasted_for() -> None:
    records = {"canary": traffic(), "stable": traffic(seed=2)}

    found = trace(run_of(records, settings={"run_time_seconds": 300}), records, POLICY)

    assert (45.0,) == found.looks  # it lasted 60 s
