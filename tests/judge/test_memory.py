"""Memory that grows towards its limit fails, and what only looks like it does not."""

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from canarygate.judge.memory import MemoryFinding, memory_checks
from canarygate.judge.policy import load_policy
from canarygate.memory import MemorySamples, Sample, columns
from tests.judge.memory_samples import (
    LIMIT,
    MIB,
    START,
    ages,
    line,
    memory,
    pair,
    samples,
)

RULES = load_policy(None).memory
STARTS = {"canary": START, "stable": START}
FLAT = line(200, 0)
REST = ("oom_kills", "process_start")


def judged(
    given: Mapping[str, MemorySamples] | None, until: float | None = None, **rules: Any
) -> MemoryFinding:
    return memory_checks(given, STARTS, replace(RULES, **rules), asked=True, until=until)


def told(found: MemoryFinding) -> tuple[str, str]:
    (check,) = found.checks
    return str(check.state), check.reason


def role(name: str, slope: float = 0.0, seconds: float = 300.0, **more: Any) -> list[Sample]:
    return samples(name, ages(seconds), line(200, slope)(ages(seconds)), **more)


# --- growth ---


def test_the_leak_that_would_kill_after_minutes_fails_with_all_its_numbers() -> None:
    found = judged(memory(role("canary", 1.0), role("stable")))

    (check,) = found.checks
    assert 90.0 == found.fail_at
    assert {"canary": pytest.approx(226.0)} == found.seconds_to_limit
    assert (
        "memory.growth",
        "fail",
        "memory of the canary grows 1 MiB/s and reaches its limit of 512 MiB in 4 min; that is "
        "1 MiB/s more than stable's",
    ) == (check.name, str(check.state), check.reason)
    assert {
        "canary_seconds_to_limit": pytest.approx(226.0),
        "stable_seconds_to_limit": None,
        "pod": "",
        "samples": 12,
        "span_seconds": 60.0,
        "last_bytes": 286 * MIB,
        "limit_bytes": LIMIT,
        "slope": pytest.approx(MIB),
        "slope_low": pytest.approx(MIB),
        "difference_slope": pytest.approx(MIB),
        "difference_slope_low": pytest.approx(MIB),
        "need": pytest.approx(226 * MIB / 900),
    } == check.numbers
    assert (check.numbers["slope_low"], check.numbers["need"]) == (check.value, check.limit)


def test_memory_that_keeps_still_passes() -> None:
    found = judged(memory(role("canary"), role("stable")))

    assert (
        "pass",
        "memory of the canary does not surely grow towards its limit: 200 MiB of 512 MiB, "
        "changing 0 MiB/s, 54 samples over 270 s",
    ) == told(found)
    assert (None, {}) == (found.fail_at, found.seconds_to_limit)


def test_growth_that_stable_shows_too_is_not_the_canarys_doing() -> None:
    found = judged(memory(role("canary", 1.0), role("stable", 1.0)))

    assert "pass" == told(found)[0]
    assert "no more than stable's moves by itself" in told(found)[1]
    assert {"canary", "stable"} == set(found.seconds_to_limit)


def test_growth_too_slow_to_reach_the_limit_within_the_horizon_passes() -> None:
    assert "pass" == told(judged(memory(role("canary", 0.05), role("stable"))))[0]


def test_a_warm_up_that_levels_off_is_no_leak() -> None:
    """A cache that fills for the first 100 s: the second half does not go on."""
    age = ages(200.0)
    filled = line(200, 2)(np.minimum(age, 100.0))

    found = [
        judged(
            memory(samples("canary", age, filled), role("stable", seconds=200.0)), until=until
        ).fail_at
        for until in (180.0, 200.0, None)
    ]

    assert [90.0, 90.0, 90.0] == found, "while it climbs nobody can tell"
    late = line(200, 2)(np.minimum(age, 50.0))
    assert (
        "pass"
        == told(judged(memory(samples("canary", age, late), role("stable", seconds=200.0))))[0]
    )


def test_without_stable_growth_is_a_warning_and_never_fails() -> None:
    found = judged(memory(role("canary", 1.0)))

    assert (
        "pass",
        "warning: memory of the canary grows 1 MiB/s and reaches its limit of 512 MiB in 16 s; "
        "without stable nobody knows whether that is new",
    ) == told(judged(memory(role("canary", 1.0, seconds=300.0)), full_share=1.0))
    assert "fail" == told(found)[0], "it used 90 % of its limit before the end"


def test_a_growing_canary_and_a_stable_that_could_not_be_read_is_no_pass() -> None:
    unread = [Sample(time=each.time, role="stable", error="refused") for each in role("stable")]

    state, reason = told(judged(memory(role("canary", 0.5), unread)))

    assert "inconclusive" == state
    assert reason.endswith("and stable has too few samples to be held against")


def test_the_worst_pod_counts() -> None:
    pods = [
        sample
        for number, slope in enumerate((0.0, 1.0, 0.3))
        for sample in role("canary", slope, pod=f"web-{number}")
    ]
    stable = [each for pod in "ab" for each in role("stable", pod=pod)]

    found = judged(memory(pods, stable))

    assert "web-1" == found.checks[0].numbers["pod"]
    assert told(found)[1].startswith("memory of the canary's web-1 grows 1 MiB/s")


def test_a_pod_too_young_to_be_judged_is_told_of() -> None:
    young = [each for each in role("canary", pod="new") if each.time > START + 250]

    state, reason = told(judged(memory([*role("canary", pod="old"), *young], role("stable"))))

    assert "pass" == state
    assert reason.endswith("; pods seen for too short a time to be judged: 1")


# --- at once ---


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"restarts": 4.0, "oom_kills": 0.0}, "was restarted"),
        ({"restarts": 4.0, "oom_kills": 1.0}, "was killed for want of memory (OOM)"),
        ({"restarts": 3.0, "oom_kills": 1.0}, "was killed for want of memory (OOM)"),
    ],
)
def test_a_restart_or_an_oom_kill_fails_at_once(changes: dict[str, Any], words: str) -> None:
    """Long before growth could be judged, and without stable too."""
    canary = role("canary", restarts=3.0, oom_kills=0.0, pod="web-1")
    canary[4:] = [replace(each, **changes) for each in canary[4:]]

    for given in (memory(canary), memory(canary, role("stable", restarts=0.0, oom_kills=0.0))):
        found = judged(given)
        assert 25.0 == found.fail_at, "asked for at 21 s, settled 4 s later"
        assert told(found)[1].startswith(f"the canary's web-1 {words} 21 s after the load began")


def test_an_oom_kill_of_an_earlier_life_is_not_held_against_it() -> None:
    assert "pass" == told(judged(memory(role("canary", restarts=3.0, oom_kills=1.0))))[0]


def test_what_befell_stable_as_well_is_no_pass_and_no_failure() -> None:
    canary, stable = role("canary", restarts=0.0), role("stable", restarts=0.0)
    canary[6:] = [replace(each, restarts=1.0) for each in canary[6:]]
    stable[5:] = [replace(each, restarts=1.0) for each in stable[5:]]

    assert (
        "inconclusive",
        "memory was asked for and could not be judged: the canary and stable were both restarted "
        "during the run",
    ) == told(judged(memory(canary, stable)))


def test_more_than_nine_tenths_of_the_limit_fails_at_once_unless_stable_uses_them_too() -> None:
    canary = samples("canary", ages(), np.where(ages() > 50, 470.0, 300.0) * MIB)

    found = judged(memory(canary, role("stable")))

    assert (55.0, "the canary uses 92 % of its memory limit 51 s after the load began") == (
        found.fail_at,
        told(found)[1].partition(",")[0],
    )
    high = samples("stable", ages(), np.full(len(ages()), 480 * MIB))
    assert "pass" == told(judged(memory(canary, high)))[0]


def test_a_peak_during_the_warm_up_is_none() -> None:
    canary = samples("canary", ages(), np.where(ages() < 25, 500.0, 200.0) * MIB)

    assert "pass" == told(judged(memory(canary, role("stable"))))[0]


# --- who answers ---


def starts(*process_starts: float) -> list[Sample]:
    return [
        replace(each, process_start=START + process_starts[min(i, len(process_starts) - 1)])
        for i, each in enumerate(role("canary"))
    ]


def test_a_start_time_that_changes_once_to_a_newer_one_is_a_restart() -> None:
    found = judged(memory(starts(-500, -500, -500, 13)))

    assert (20.0, "the canary was started again 16 s after the load began") == (
        found.fail_at,
        told(found)[1],
    )


@pytest.mark.parametrize(
    "seen",
    [(-500, -400, -500, -400), (-500, -400), (-400, -500), (-500.0, -499.5, -500.0, -499.5)],
    ids=["to and fro", "both there all along", "an older one", "started together"],
)
def test_several_pods_behind_one_address_cannot_be_judged(seen: tuple[float, ...]) -> None:
    assert (
        "inconclusive",
        "memory was asked for and could not be judged: process_start_time_seconds changes to and "
        "fro, so there are several pods behind the canary's metrics address; name one pod's, or "
        "use a Prometheus",
    ) == told(judged(memory(starts(*seen), role("stable"))))


def test_a_start_time_that_is_worked_out_anew_each_time_is_no_restart() -> None:
    drifting = starts(*(i * 0.01 for i in range(60)))

    assert "pass" == told(judged(memory(drifting, role("stable"))))[0]


# --- too little ---


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (None, "there is no sample of the canary"),
        ({}, "there is no sample of the canary"),
        (memory([], role("stable")), "there is no sample of the canary"),
        (
            memory(role("canary", 1.9, seconds=45.0), role("stable", seconds=45.0)),
            "3 samples over 15 s after the first 30 s, and it takes 12 over 60 s",
        ),
        (memory(role("canary", limit_bytes=None)), "no memory limit is known (--memory-limit"),
        (
            memory([Sample(time=START + at, role="canary", error="refused") for at in ages()]),
            "the canary's memory could not be read at all: refused",
        ),
        (
            memory(
                role("canary", seconds=200.0)
                + [Sample(time=START + at, role="canary", error="gone") for at in (205, 230)]
            ),
            "the canary's memory could not be read after 196 s: gone",
        ),
    ],
)
def test_too_little_is_inconclusive(given: Any, reason: str) -> None:
    state, words = told(judged(given))

    assert "inconclusive" == state
    assert words.startswith(f"memory was asked for and could not be judged: {reason}")


def test_what_nobody_asked_for_is_not_judged() -> None:
    assert MemoryFinding() == memory_checks(None, STARTS, RULES, asked=False, until=None)


def test_a_run_of_ninety_seconds_is_just_long_enough_however_late_its_first_user() -> None:
    for late in (0.0, 0.5, 1.0):
        given = memory(role("canary", seconds=90.0), role("stable", seconds=90.0))
        found = memory_checks(given, {"canary": START + late}, RULES, asked=True, until=None)
        assert "pass" == told(found)[0], late


def test_one_reading_per_scrape_is_what_counts() -> None:
    """Rounds without a new reading have no bytes, and are no errors."""
    canary = [
        each if i % 3 == 0 else replace(each, bytes=None) for i, each in enumerate(role("canary"))
    ]

    assert 18 == judged(memory(canary, role("stable"))).checks[0].numbers["samples"]


# --- while the load runs ---


def moment_asked_live(given: Mapping[str, MemorySamples]) -> float | None:
    """The first failure that a watcher sees who asks each second, with the samples of that second."""
    for now in range(1, 302):
        there = {
            name: columns(
                [
                    Sample(time=float(t), role=name, bytes=float(b), limit_bytes=LIMIT)
                    for t, b in zip(each.time, each.bytes, strict=True)
                    if t <= START + now - 1
                ]
            )
            for name, each in given.items()
        }
        found = judged(there, until=float(now))
        if found.fail_at is not None:
            return found.fail_at
    return None


@pytest.mark.parametrize(("seed", "leak"), [(1, 2.0), (2, 0.5), (3, 0.2), (4, 0.0)])
def test_live_and_afterwards_it_fails_at_the_same_moment(seed: int, leak: float) -> None:
    given = pair(seed, leak=leak)
    live = moment_asked_live(given)

    assert live == judged(given).fail_at
    assert live == judged(given, until=1000.0).fail_at
    if live is not None:
        assert live == judged(given, until=live).fail_at
        assert judged(given, until=live - 0.01).fail_at is None


def test_the_order_of_samples_changes_nothing() -> None:
    given = pair(5, leak=0.5)
    order = list(range(len(given["canary"])))
    random.Random(1).shuffle(order)
    shuffled = {
        name: replace(
            each,
            **{
                column: getattr(each, column)[order]
                for column in (*("time", "pod", "bytes", "limit_bytes", "restarts"), *REST)
            },
            error=tuple(each.error[row] for row in order),
        )
        for name, each in given.items()
    }

    assert judged(given) == judged(shuffled)


def test_an_early_pass_waits_until_growth_is_ruled_out() -> None:
    """A leak of 0.5 MB/s is seldom certain at 90 s; a pass there would let it through."""
    passed = {
        leak: sum(
            told(judged(pair(seed, leak=leak), until=90.0))[0] == "pass" for seed in range(20)
        )
        for leak in (0.0, 0.5)
    }

    assert (10, 0) == (passed[0.0], passed[0.5])


@pytest.mark.parametrize(("planned", "state"), [(90.0, "pass"), (300.0, "inconclusive")])
def test_an_early_pass_is_no_easier_than_one_at_the_planned_end(planned: float, state: str) -> None:
    """0.2 MiB/s reaches the limit within the 50 minutes that 300 s look ahead, not within 15."""
    given = memory(role("canary", 0.2), role("stable"))

    found = memory_checks(given, STARTS, RULES, asked=True, until=90.0, planned_seconds=planned)

    assert state == told(found)[0]


def test_an_hour_of_several_pods_that_collect_garbage_passes() -> None:
    age = ages(3600.0)
    given = memory(
        [s for pod in "abc" for s in samples("canary", age, FLAT(age) + 1e5 * (age % 7), pod=pod)],
        [s for pod in "abc" for s in samples("stable", age, FLAT(age) + 1e5 * (age % 9), pod=pod)],
    )

    assert "pass" == told(judged(given))[0]


# --- how often ---


def first_failures(count: int, **kind: Any) -> list[float]:
    found = (judged(pair(seed, **kind)).fail_at for seed in range(count))
    return sorted(at for at in found if at is not None)


@pytest.mark.parametrize("kind", [{"fresh": False}, {"fresh": True}, {"slow": True}])
def test_a_healthy_canary_is_never_failed(kind: dict[str, bool]) -> None:
    assert [] == first_failures(60, **kind)


def test_leaks_are_caught_in_time() -> None:
    """Frozen counts of 20 pairs each."""
    caught = {
        leak: [sum(at <= by for at in first_failures(20, leak=leak)) for by in (105, 120, 180, 301)]
        for leak in (2.0, 1.0, 0.5, 0.2)
    }

    assert {
        2.0: [20, 20, 20, 20],
        1.0: [19, 20, 20, 20],
        0.5: [9, 10, 20, 20],
        0.2: [0, 0, 9, 17],
    } == caught
