import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from canarygate.errors import ConfigError
from canarygate.judge.arm import Arm, make_arm
from canarygate.judge.calibration import (
    Bias,
    Calibration,
    Endpoint,
    EndpointSpread,
    Ratio,
    calibrate,
    measure,
    upper_spread,
)
from canarygate.judge.policy import load_policy
from canarygate.judge.simulation import simulate
from canarygate.judge.simulation_noise import NOISY, TYPICAL, PodNoise
from canarygate.judge.simulation_traffic import Load

POLICY = load_policy(None)
CHECKOUT, CART = ("POST", "/checkout"), ("GET", "/cart")
LOWER_CHI_SQUARE = 6.1791
"""What a chi-square of 10 degrees of freedom exceeds in 80 of 100 cases; any table has it."""


def ratio(log_ratio: float, **changes: Any) -> Ratio:
    """Of 100 successes of 60 ms on each role."""
    return replace(
        Ratio(
            log_ratio=log_ratio,
            canary_successes=100,
            stable_successes=100,
            typical_seconds=0.06,
            chance=0.01,
        ),
        **changes,
    )


def runs_of(*logs: float, endpoint: Endpoint = CHECKOUT) -> list[Mapping[Endpoint, Ratio]]:
    return [{endpoint: ratio(each)} for each in logs]


SWINGING = (0.05, -0.05) * 5
"""Log ratios of ten runs: their root mean square is 0.05, their mean 0."""


def test_the_tolerance_of_ten_runs_by_hand() -> None:
    """s = 0.05 sqrt(10 / 6.1791) = 0.06361, and exp(2.5 s) - 1 = 17.24 %, rounded up."""
    s = 0.05 * math.sqrt(10 / LOWER_CHI_SQUARE)
    needed = math.exp(2.5 * s) - 1

    assert math.isclose(0.1724, needed, abs_tol=1e-4)
    assert Calibration(
        runs=10,
        tolerance=0.173,
        gross=0.346,
        clear=0.323,
        decided_by=CHECKOUT,
        endpoints=[
            EndpointSpread(
                method="POST",
                name="/checkout",
                runs=10,
                successes=100,
                ratio=1.0,
                spread=pytest.approx(0.05),  # type: ignore[arg-type]
                chance=pytest.approx(0.01),  # type: ignore[arg-type]
                typical_seconds=0.06,
                needed=pytest.approx(needed, abs=1e-5),  # type: ignore[arg-type]
                is_covered=False,
            )
        ],
        bias=[],
    ) == calibrate(runs_of(*SWINGING), POLICY)


def test_the_bound_is_that_of_a_chi_square_with_as_many_degrees_as_runs() -> None:
    """The mean is known to be 0, so none is lost to it."""
    for runs in (10, 11, 25, 100):
        bound = math.sqrt(runs * 0.04**2 / chi2.ppf(0.2, runs))

        assert math.isclose(bound, upper_spread([0.04] * runs), rel_tol=1e-9)


def test_the_bound_covers_the_true_spread_in_80_of_100_environments() -> None:
    random = np.random.default_rng(3)
    covered = [upper_spread(random.normal(0, 0.06, 10).tolist()) >= 0.06 for _ in range(4000)]

    assert math.isclose(0.80, np.mean(covered), abs_tol=0.02)


def test_quiet_roles_leave_the_built_in_policy_as_it_is() -> None:
    calibration = calibrate(runs_of(*(0.001, -0.001) * 5), POLICY)

    assert (0.10, 0.30, 0.25, None) == (
        calibration.tolerance,
        calibration.gross,
        calibration.clear,
        calibration.decided_by,
    )


def test_a_steady_bias_counts_and_is_told() -> None:
    """Around the mean these runs would not differ at all."""
    calibration = calibrate(runs_of(*[math.log(1.06)] * 10), POLICY)

    assert 0.204 == calibration.tolerance
    assert [
        Bias(ratio=pytest.approx(1.06), runs=10, of_runs=10, endpoint=None)  # type: ignore[arg-type]
    ] == calibration.bias


def test_a_bias_of_one_endpoint_is_told_by_its_name() -> None:
    runs = [
        {CART: ratio(0.01 * (-1) ** run, canary_successes=900, stable_successes=900)}
        | {CHECKOUT: ratio(math.log(0.94), canary_successes=20, stable_successes=20)}
        for run in range(10)
    ]

    assert [
        Bias(ratio=pytest.approx(0.94), runs=10, of_runs=10, endpoint=CHECKOUT)  # type: ignore[arg-type]
    ] == calibrate(runs, POLICY).bias


@pytest.mark.parametrize(
    "logs",
    [
        pytest.param(SWINGING, id="to both sides alike"),
        pytest.param([0.015] * 10, id="too small to matter"),
        pytest.param([0.3] + [0.0] * 9, id="once"),
    ],
)
def test_what_is_no_bias(logs: list[float]) -> None:
    assert [] == calibrate(runs_of(*logs), POLICY).bias


def test_the_endpoint_that_needs_most_decides_for_all() -> None:
    """Its runs count, not all endpoints' together: they share what the pods do."""
    runs = [{CART: ratio(0.01), CHECKOUT: ratio(each)} for each in SWINGING]
    calibration = calibrate(runs, POLICY)

    assert (0.173, CHECKOUT) == (calibration.tolerance, calibration.decided_by)


def test_an_endpoint_that_differs_by_less_than_the_judge_forgives_in_seconds_decides_nothing() -> (
    None
):
    """2 ms that differ by 28 % are 0.6 ms, and 3 ms are never a regression."""
    runs = [
        {CART: ratio(each / 2), ("GET", "/health"): ratio(each * 1.5, typical_seconds=0.002)}
        for each in SWINGING
    ]
    calibration = calibrate(runs, POLICY)

    assert 0.10 == calibration.tolerance
    assert [False, True] == [each.is_covered for each in calibration.endpoints]


def test_an_endpoint_with_too_few_runs_is_shown_and_decides_nothing() -> None:
    runs = [{CART: ratio(0.01)} for _ in range(10)]
    runs[0] = runs[0] | {CHECKOUT: ratio(1.0)}
    calibration = calibrate(runs, POLICY)

    assert 0.10 == calibration.tolerance
    assert {"/cart": 10, "/checkout": 1} == {each.name: each.runs for each in calibration.endpoints}
    assert None is calibration.endpoints[1].needed


@pytest.mark.parametrize(("spread", "is_noisy"), [(0.10, False), (0.13, True)])
def test_an_environment_in_which_a_gate_would_see_nothing_is_called_so(
    spread: float, is_noisy: bool
) -> None:
    logs = [spread, -spread] * 5

    assert is_noisy == calibrate(runs_of(*logs), POLICY).is_too_noisy


@pytest.mark.parametrize(
    ("runs", "problem"),
    [
        ([], "0 A/A runs are too few to calibrate from; it takes 10"),
        (runs_of(*SWINGING[:9]), "9 A/A runs are too few to calibrate from; it takes 10"),
        (
            [{} for _ in range(10)],
            "no endpoint has 20 successes of both roles after the warm-up in 10 of the runs",
        ),
        (
            runs_of(*(3.0, -3.0) * 5),
            "POST /checkout differs so widely between the roles that no tolerance covers it: these"
            " are hardly runs of one version on both roles",
        ),
        (
            runs_of(*(700.0, -700.0) * 5),
            "POST /checkout differs so widely between the roles that no tolerance covers it: these"
            " are hardly runs of one version on both roles",
        ),
    ],
)
def test_what_cannot_be_calibrated_from(runs: list[Mapping[Endpoint, Ratio]], problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        calibrate(runs, POLICY)

    assert [problem] == caught.value.problems


def arm(milliseconds: list[float], endpoint: Endpoint = CART, *, first: float = 12.0) -> Arm:
    """Successes of one endpoint, ten a second."""
    durations = np.array(milliseconds) / 1000
    return make_arm(
        "canary",
        ended_seconds=first + np.arange(len(durations)) / 10 + durations,
        duration_seconds=durations,
        endpoints=(endpoint,),
    )


def test_a_run_is_measured_by_its_typical_ratio() -> None:
    usual = [50.0, 52.0, 54.0, 56.0] * 10
    [(endpoint, found)] = measure(arm([1.2 * each for each in usual]), arm(usual), POLICY).items()

    assert CART == endpoint
    assert (40, 40) == (found.canary_successes, found.stable_successes)
    assert math.isclose(0.053, found.typical_seconds)
    assert math.isclose(math.log(1.2), found.log_ratio, abs_tol=1e-9)
    assert 0 < found.chance < 0.05


@pytest.mark.parametrize(
    ("canary", "stable"),
    [
        pytest.param(arm([50.0] * 19), arm([50.0] * 40), id="19 successes"),
        pytest.param(arm([50.0] * 40, first=0.0), arm([50.0] * 40), id="20 of 40 while warm-up"),
        pytest.param(arm([50.0] * 40), arm([50.0] * 40, CHECKOUT), id="an endpoint of one role"),
        pytest.param(arm([]), arm([]), id="nothing"),
    ],
)
def test_what_the_judge_would_not_compare_is_not_measured(canary: Arm, stable: Arm) -> None:
    assert {} == measure(canary, stable, POLICY)


def simulated(runs: int, noise: PodNoise) -> list[Mapping[Endpoint, Ratio]]:
    load = Load(seconds=180.0)
    scenes = [simulate(seed, load, noise=noise) for seed in range(runs)]
    return [
        measure(scene.canary, scene.stable, POLICY) for scene in scenes if scene.stable is not None
    ]


def test_a_noisier_environment_needs_a_greater_tolerance() -> None:
    """Frozen, as the simulated runs are; the chance of few requests is in both."""
    typical, noisy = (calibrate(simulated(10, noise), POLICY) for noise in (TYPICAL, NOISY))

    assert 0.10 < typical.tolerance < noisy.tolerance < 0.80
    assert 5 == len(typical.endpoints)


logs = st.lists(st.floats(-0.5, 0.5).map(lambda each: round(each, 6)), min_size=10, max_size=30)


@given(logs=logs, data=st.data())
def test_the_order_of_the_runs_never_matters(logs: list[float], data: st.DataObject) -> None:
    runs = [{CART: ratio(each), CHECKOUT: ratio(each * each)} for each in logs]
    shuffled = data.draw(st.permutations(runs))

    assert calibrate(runs, POLICY) == calibrate(shuffled, POLICY)


@given(logs=logs)
def test_swapping_the_roles_changes_no_tolerance(logs: list[float]) -> None:
    """Which of two equal versions is called the canary is chance."""
    here, swapped = (
        calibrate(runs_of(*(sign * each for each in logs)), POLICY) for sign in (1, -1)
    )

    assert here.tolerance == swapped.tolerance


@given(logs=logs, factor=st.floats(1.0, 1.5))
def test_wider_differences_never_lower_the_tolerance(logs: list[float], factor: float) -> None:
    wider = calibrate(runs_of(*(factor * each for each in logs)), POLICY)

    assert wider.tolerance >= calibrate(runs_of(*logs), POLICY).tolerance


@given(logs=logs)
def test_the_numbers_keep_their_distances(logs: list[float]) -> None:
    found = calibrate(runs_of(*logs), POLICY)

    assert found.tolerance >= 0.10
    assert found.gross == max(0.30, round(2 * found.tolerance, 3))
    assert found.clear == max(0.25, round(found.tolerance + 0.15, 3))
