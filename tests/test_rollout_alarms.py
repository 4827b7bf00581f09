"""`benchmarks/rollout_alarms.py` plays the Rollout that is shipped, and counts as Argo does."""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from canarygate.shop.metrics import BUCKETS_S
from tests.jobs.test_memory_growth import DEFAULTS, LIMIT_MIB, RECENT, WINDOW, moving, predicted

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.append(str(CHECKOUT / "benchmarks"))

import rollout_alarms  # noqa: E402 - a script's folder is no package
from _ended import Ended, both, wilson  # noqa: E402
from _rollout import Metric, Stage, stages  # noqa: E402
from _users import SIMULATED, Service, Users, Window, measure, quantile  # noqa: E402
from rollout_alarms import ABORTED, MEMORY, PAUSED, WENT_ON, analysis, seconds, users  # noqa: E402
from weight_noise import p99  # noqa: E402

OF_PODS = {"pods-ready", "restarts", "memory-saturation", "memory-growth"}
OF_THE_GATE = {"locust-validation", "verdict"}


def test_every_metric_of_the_rollout_has_its_part_in_the_figures() -> None:
    """A new one would be left out of the alarms without a word."""
    names = {each.name for stage in stages() for each in stage.metrics}

    assert names == SIMULATED | OF_PODS | OF_THE_GATE


def test_the_steps_are_read_with_the_numbers_that_they_are_given() -> None:
    found = stages()

    assert [0, 0, 5, 20, 20, 50, 50] == [each.weight for each in found]
    assert (300.0, 420.0) == seconds(found[0])
    assert (90.0, 180.0) == seconds(found[3])
    assert (360.0, 360.0) == seconds(found[6])
    [errors] = [each for each in found[2].metrics if each.name == "error-rate"]
    assert (
        Metric(
            name="error-rate",
            count=3,
            failure_limit=1,
            inconclusive_limit=1,
            delay=120.0,
            interval=120.0,
            success=("<=", 0.01),
            failure=(">", 0.02),
            is_job=False,
        )
        == errors
    )


def of_answers(monkeypatch: pytest.MonkeyPatch, **answers: Sequence[float]) -> int:
    """How an analysis ends whose metrics answer these, look by look."""
    looks = {name: iter(each) for name, each in answers.items()}
    monkeypatch.setattr(
        rollout_alarms, "measure", lambda name, *_: np.asarray([next(looks[name])], np.float64)
    )
    metrics = tuple(
        Metric(
            name=name,
            count=3,
            failure_limit=1,
            inconclusive_limit=1,
            delay=120,
            interval=120,
            success=("<=", 1),
            failure=(">", 2),
            is_job=False,
        )
        for name in answers
    )
    stage = Stage(weight=50, templates=(), metrics=metrics, given={})
    traffic = Users(np.random.default_rng(1), Service(), 1)
    [found] = analysis(traffic, stage, metrics, 1.0)
    return int(found)


NAN = float("nan")


@pytest.mark.parametrize(
    ("answers", "ended"),
    [
        ([1, 1, 1], WENT_ON),
        ([3, 1, 1], WENT_ON),
        ([1.5, 1, 1], WENT_ON),
        # One bad and one unclear look are forgiven together: one good one is left.
        ([3, 1.5, 1], WENT_ON),
        ([3, 1, 3], ABORTED),
        ([NAN, 1, NAN], PAUSED),
        ([1.5, 3, 1.5], PAUSED),
        ([3, float("inf"), 1], ABORTED),
    ],
)
def test_looks_are_counted_as_argo_counts_them(
    monkeypatch: pytest.MonkeyPatch, answers: Sequence[float], ended: int
) -> None:
    assert ended == of_answers(monkeypatch, one=answers)


def test_the_first_look_that_breaks_a_limit_ends_it_and_failed_is_worse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert PAUSED == of_answers(monkeypatch, one=[NAN, NAN, 1], other=[1, 3, 3])
    assert ABORTED == of_answers(monkeypatch, one=[NAN, NAN, 1], other=[3, 3, 1])


def test_too_few_users_pause_and_bad_canaries_never_go_unseen() -> None:
    draw, ours = np.random.default_rng(1), stages()

    assert Ended(aborted=0, paused=200, of=200) == users(draw, ours, Service(), 20, 200)
    assert Ended(aborted=200, paused=0, of=200) == users(
        draw, ours, Service(more_errors=0.12), 500, 200
    )
    assert 0 == users(draw, ours, Service(factor=20.0), 500, 200).unseen
    assert 0.95 < users(draw, ours, Service(), 500, 200).unseen


def test_a_quantile_is_the_one_of_the_other_benchmark() -> None:
    """Which was held against Prometheus' own."""
    draw = np.random.default_rng(3)
    durations = [draw.lognormal(-3, 1.5, 400) for _ in range(50)]
    bounds = (0, *BUCKETS_S, np.inf)
    buckets = np.asarray([np.histogram(each, bounds)[0] for each in durations])

    assert np.allclose([p99(each) for each in durations], quantile(0.99, buckets))
    assert np.isnan(quantile(0.95, np.zeros((1, buckets.shape[1]), int))).all()


def window(requests: int, errors: int) -> Window:
    buckets = np.zeros((1, len(BUCKETS_S) + 1), int)
    buckets[0, 6] = requests - errors
    return Window(requests=np.asarray([requests]), errors=np.asarray([errors]), buckets=buckets)


@pytest.mark.parametrize(
    ("requests", "errors", "expected"),
    [(199, 4, NAN), (199, 5, 5 / 199), (200, 0, 0.0), (0, 0, NAN)],
)
def test_few_requests_say_nothing_unless_many_failed(
    requests: int, errors: int, expected: float
) -> None:
    given = stages()[2].given
    found = measure("error-rate", window(requests, errors), window(0, 0), given)

    assert np.array_equal([expected], found, equal_nan=True)


def test_the_memory_of_the_figures_is_that_of_the_templates_own_test() -> None:
    times, mib = moving("steady")
    share = np.minimum(predicted(times, mib, WINDOW), predicted(times, mib, RECENT)) / LIMIT_MIB
    failed = int((share > float(DEFAULTS["fail-projected"])).sum())
    unclear = int((share > float(DEFAULTS["max-projected"])).sum()) - failed

    assert Ended(aborted=failed, paused=unclear, of=len(share)) == MEMORY


def test_shares_of_parts_add_up_and_so_do_their_intervals() -> None:
    one, other = (Ended(aborted=5, paused=10, of=1000), Ended(aborted=0, paused=0, of=10))

    assert "0.5 [0.21, 1.2] / 1 [0.54, 1.8]" == both([one])
    assert "0.5 [0.21, 28] / 1 [0.54, 29]" == both([one, other])
    assert pytest.approx((0.0, 0.2775), abs=1e-4) == wilson(0, 10)
