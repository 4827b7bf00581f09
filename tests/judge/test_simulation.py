"""The model behind the judge's figures keeps its constants, and a seed keeps its run."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from canarygate.judge.arm import MICROSECONDS, Arm
from canarygate.judge.simulation import HEALTHY, Fault, simulate, simulate_memory
from canarygate.judge.simulation_memory import LIMIT_BYTES, MEGABYTE, MIB, SLOW
from canarygate.judge.simulation_noise import IDEAL, NOISY, TYPICAL, PodNoise, make_weather
from canarygate.judge.simulation_traffic import BUSIEST, GAMMA, MEDIANS, RAREST, Load
from canarygate.judge.traffic import Scene

SHORT = Load(seconds=45.0)
OPEN = Load(seconds=45.0, is_open=True)


def arms(scene: Scene) -> tuple[Arm, Arm]:
    assert scene.stable is not None
    return scene.canary, scene.stable


def digest(arm: Arm) -> str:
    columns = (arm.ended, arm.sent, arm.endpoint, arm.user, arm.sequence, arm.ok)
    return hashlib.sha256(b"".join(column.tobytes() for column in columns)).hexdigest()[:16]


def same(arm: Arm, other: Arm) -> bool:
    return digest(arm) == digest(other)


def by_twin(arm: Arm) -> dict[tuple[int, int], int]:
    return {
        (int(user), int(number)): int(endpoint)
        for user, number, endpoint in zip(arm.user, arm.sequence, arm.endpoint, strict=True)
    }


@pytest.mark.parametrize("load", [SHORT, OPEN])
def test_a_seed_is_a_run(load: Load) -> None:
    first, again, other = (arms(simulate(seed, load)) for seed in (7, 7, 8))

    assert same(first[0], again[0])
    assert same(first[1], again[1])
    assert not same(first[0], other[0])


def test_both_arms_are_sent_the_same_by_the_same_users() -> None:
    """Users and their numbers are twins; how many of them fit is up to the answers."""
    canary, stable = (by_twin(arm) for arm in arms(simulate(1, SHORT)))
    shared = canary.keys() & stable.keys()

    assert len(shared) > 0.97 * len(canary)
    assert [] == [twin for twin in shared if canary[twin] != stable[twin]]


def test_arms_answer_by_themselves() -> None:
    canary, stable = arms(simulate(1, SHORT, noise=IDEAL))
    taken = dict(zip(by_twin(stable), stable.duration_seconds.tolist(), strict=True))
    pairs = [
        (own, taken[twin])
        for twin, own in zip(by_twin(canary), canary.duration_seconds.tolist(), strict=True)
        if twin in taken
    ]

    assert not [own for own, other in pairs if own == other]


@pytest.mark.parametrize("load", [SHORT, OPEN])
def test_traffic_is_the_models(load: Load) -> None:
    """20 users who think 1-3 s send about 11.7 requests/s, the busiest endpoint 5.3."""
    canary = [arms(simulate(seed, load))[0] for seed in range(20)]
    per_second = np.mean([np.bincount(arm.endpoint, minlength=5) / 45.0 for arm in canary], axis=0)

    assert 11.3 == pytest.approx(per_second.sum(), abs=0.5)
    assert 5.2 == pytest.approx(per_second[BUSIEST], abs=0.3)
    assert 1.0 == pytest.approx(per_second[RAREST], abs=0.12)


def test_latencies_are_the_models() -> None:
    canary = [arms(simulate(seed, Load(seconds=90.0), noise=IDEAL))[0] for seed in range(40)]
    taken = [
        np.concatenate([arm.duration_seconds[arm.endpoint == each] for arm in canary])
        for each in range(5)
    ]

    for median, durations in zip(MEDIANS, taken, strict=True):
        # Shared bursts and the tail lift the median of a run by some percent.
        assert median * 1.04 == pytest.approx(np.median(durations), rel=0.06)
    # Bodies spread by 0.35 (the gamma as well), medians by 9 % and the weather by 0.12.
    middle = np.diff(np.log(np.quantile(taken[GAMMA], [0.25, 0.75])))[0] / 1.349
    assert 0.40 == pytest.approx(middle, abs=0.04)
    everything = np.concatenate(taken)
    assert 0.0001 < np.mean(everything > 1.0) < 0.0004


def test_errors_are_rare_and_the_same_on_both_arms() -> None:
    """None, 0.1 % or 0.3 % of the requests, in 50, 30 and 20 % of the runs."""
    runs = [arms(simulate(seed, Load(seconds=60.0))) for seed in range(200)]
    shares = [[1 - arm.succeeded / len(arm) for arm in both] for both in runs]

    assert 0.5 < np.mean([sum(both) == 0.0 for both in shares]) < 0.75
    assert 0.0005 < np.mean(shares) < 0.0025


def test_a_fault_changes_nothing_else() -> None:
    """The same users, weather and luck with a fault and without one: figures compare run by run."""
    plain, slow = (arms(simulate(3, OPEN, fault)) for fault in (HEALTHY, Fault(delay_seconds=0.2)))

    assert same(plain[1], slow[1])
    both = [
        dict(zip(by_twin(arm), arm.duration_seconds, strict=True)) for arm in (plain[0], slow[0])
    ]
    shared = both[0].keys() & both[1].keys()
    gained = [both[1][twin] - both[0][twin] for twin in shared]
    # Calls that follow another of their task fall into other weather.
    assert 0.2 == pytest.approx(np.median(gained), abs=1e-6)


@pytest.mark.parametrize(
    ("fault", "error_share", "slow_share"),
    [
        (Fault(error_share=0.12), 0.12, 0.0),
        (Fault(stall_share=0.05), 0.0, 0.05),
        (Fault(delay_seconds=0.9), 0.0, 1.0),
    ],
)
def test_faults_are_as_frequent_as_they_say(
    fault: Fault, error_share: float, slow_share: float
) -> None:
    runs = [arms(simulate(seed, Load(seconds=120.0), fault))[0] for seed in range(10)]
    failed = np.concatenate([~arm.ok for arm in runs])
    slow = np.concatenate([arm.duration_seconds > 0.9 for arm in runs])

    assert error_share == pytest.approx(np.mean(failed), abs=0.01)
    assert slow_share == pytest.approx(np.mean(slow), abs=0.01)


def test_failures_may_be_quick() -> None:
    canary, _ = arms(simulate(1, SHORT, Fault(error_share=0.5, error_seconds=0.001)))
    quick = canary.duration_seconds[~canary.ok]

    assert 0.001 == pytest.approx(np.median(quick), abs=2e-6)


def test_an_endpoint_is_slower_alone() -> None:
    plain, slow = (
        arms(simulate(5, SHORT, fault))[0] for fault in (HEALTHY, Fault(factors={RAREST: 2.0}))
    )
    ratio = [
        np.median(slow.duration_seconds[slow.endpoint == each])
        / np.median(plain.duration_seconds[plain.endpoint == each])
        for each in (BUSIEST, RAREST)
    ]

    assert 1.0 == pytest.approx(ratio[0], abs=0.05)
    assert 2.0 == pytest.approx(ratio[1], abs=0.15)


@pytest.mark.parametrize("load", [SHORT, OPEN])
def test_a_frozen_service_answers_nothing(load: Load) -> None:
    canary, stable = arms(simulate(2, load, Fault(freezes=(20.0,), freeze_seconds=2.0)))
    during = [
        int(((arm.ended > 20 * MICROSECONDS) & (arm.ended < 22 * MICROSECONDS)).sum())
        for arm in (canary, stable)
    ]

    assert 0 == during[0]
    assert 10 < during[1]
    assert 1.5 < canary.duration_seconds.max()


def test_an_open_schedule_shows_a_freeze_that_a_closed_loop_hides() -> None:
    """On the schedule, who should have come meanwhile waits as well."""
    frozen = Fault(freezes=(20.0,), freeze_seconds=4.0)
    waited = [
        int((arms(simulate(2, load, frozen))[0].duration_seconds > 0.8).sum())
        for load in (SHORT, OPEN)
    ]

    assert waited[1] > waited[0] + 5


def test_an_open_schedule_keeps_the_arms_in_step() -> None:
    """However slow the canary is; on a closed loop it falls behind."""
    slow = Fault(delay_seconds=0.3)
    drift = []
    for load in (SHORT, OPEN):
        canary, stable = (
            dict(zip(by_twin(arm), (arm.sent / MICROSECONDS).tolist(), strict=True))
            for arm in arms(simulate(1, load, slow))
        )
        shared = canary.keys() & stable.keys()
        drift.append(float(np.median([canary[twin] - stable[twin] for twin in shared])))

    assert 0.5 < drift[0]
    assert 0.0 == drift[1]


def test_a_cold_canary_warms_up() -> None:
    load = Load(seconds=60.0)
    runs = [(simulate(seed, load, Fault(is_cold=True)), simulate(seed, load)) for seed in range(8)]

    def slower(after: float, until: float) -> float:
        cold, warm = (
            np.concatenate(
                [each[index].canary.between(after, until).duration_seconds for each in runs]
            )
            for index in (0, 1)
        )
        return float(np.median(cold) / np.median(warm))

    assert 2.0 < slower(0.0, 4.0) < 6.0
    assert 1.0 == pytest.approx(slower(30.0, 60.0), abs=0.05)


@pytest.mark.parametrize(("noise", "spread"), [(IDEAL, 0.0), (TYPICAL, 0.035), (NOISY, 0.085)])
def test_pods_differ_as_much_as_their_environment_says(noise: PodNoise, spread: float) -> None:
    """Each pod has an offset of its own, so that two differ by 1.4 times as much."""
    draw = np.random.RandomState(1)
    logs = []
    for _ in range(200):
        slowness = make_weather(draw, 300.0, noise, [False, False]).slowness
        logs.append(np.median(np.log(slowness[0])) - np.median(np.log(slowness[1])))

    assert spread == pytest.approx(np.std(logs), rel=0.25)


def test_weather_is_shared() -> None:
    pods = replace(TYPICAL, bursts_every=None)
    weather = make_weather(np.random.RandomState(3), 3600.0, pods, [False, False])
    calm = np.log(weather.slowness[:, ~weather.in_burst])

    assert 0.8 < np.corrcoef(calm)[0, 1] < 0.95
    # Once a minute, for 3 s on average.
    assert 0.05 == pytest.approx(np.mean(weather.in_burst), abs=0.02)


def test_memory_is_the_models() -> None:
    leaking = Fault(leak_bytes_per_second=0.5 * MEGABYTE)
    memory = simulate_memory(1, 300.0, leaking)
    sound = simulate_memory(1, 300.0)

    assert ["canary", "stable"] == list(memory)
    assert 61 == len(memory["canary"])
    assert 5.0 == memory["canary"].time[1] - memory["canary"].time[0]
    assert [LIMIT_BYTES] == np.unique(memory["canary"].limit_bytes).tolist()
    assert np.array_equal(memory["stable"].bytes, sound["stable"].bytes)
    grown = memory["canary"].bytes - sound["canary"].bytes
    assert 150 * MEGABYTE == pytest.approx(grown[-1])
    used = sound["canary"].bytes / MIB
    assert 204.8 <= used.min() <= used.max() <= 204.8 + 60


def test_a_fresh_pod_climbs_and_a_slow_collector_climbs_for_long() -> None:
    fresh = simulate_memory(4, 300.0, Fault(is_cold=True))["canary"].bytes
    warm = simulate_memory(4, 300.0)["canary"].bytes
    slow = np.diff(simulate_memory(4, 300.0, collector=SLOW)["stable"].bytes)

    assert 0.0 == fresh[0] - warm[0]
    assert 10 * MIB < (fresh - warm)[-1] <= 60 * MIB
    assert np.sum(slow < 0) <= 2


def test_a_slow_service_takes_its_time() -> None:
    canary, _ = arms(simulate(1, Load(seconds=90.0, medians=(3.0,) * 5)))

    assert 3.0 == pytest.approx(np.median(canary.duration_seconds), rel=0.25)


def test_the_records_of_a_seed_are_frozen() -> None:
    """Figures of last year stay comparable: a change of the model has to be meant."""
    assert {
        "closed": ["512 11909280552", "512 11918484972"],
        "open": ["517 12037763418", "517 12039188659"],
    } == {
        name: [f"{len(arm)} {int(arm.ended.sum())}" for arm in arms(simulate(1, load))]
        for name, load in (("closed", SHORT), ("open", OPEN))
    }
