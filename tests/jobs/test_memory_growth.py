"""How often canary-memory's projection is right: what its query computes, over memory as it moves."""

import numpy as np
import numpy.typing as npt
import pytest

from tests.jobs.manifests import templates

RUNS = 4000
LIMIT_MIB = 512.0
SCRAPE_SECONDS = 15.0
Floats = npt.NDArray[np.float64]

DEFAULTS = {name: value or "" for name, value in templates()["canary-memory"].defaults.items()}
WINDOW, RECENT = (
    60 * float(DEFAULTS[f"memory-{each}"].removesuffix("m")) for each in ("window", "recent")
)


def moving(kind: str) -> tuple[Floats, Floats]:
    """Times and MiB of one window per run: 40 % of the limit, collections, and what `kind` adds."""
    chance = np.random.default_rng(7)

    def of_run(low: float, high: float) -> Floats:
        return chance.uniform(low, high, (RUNS, 1))

    seconds = np.arange(0, WINDOW, SCRAPE_SECONDS) + of_run(0, SCRAPE_SECONDS)
    teeth = of_run(10, 60) * ((seconds / of_run(5, 40) + of_run(0, 1)) % 1 - 0.5)
    filling = 0.2 * LIMIT_MIB * (1 - np.exp(-seconds / of_run(20, 60)))
    more = {
        "steady": 0 * seconds,
        "leaks 1 MiB/s": seconds,
        "leaks 0.2 MiB/s": 0.2 * seconds,
        "fills caches": filling,
    }
    return seconds, 0.4 * LIMIT_MIB + teeth + more[kind]


def predicted(seconds: Floats, mib: Floats, since: float) -> Floats:
    """predict_linear over the samples of the last `since` seconds."""
    weight = (seconds >= WINDOW - since).astype(float)
    count = weight.sum(axis=1)
    middle = (weight * seconds).sum(axis=1) / count
    mean = (weight * mib).sum(axis=1) / count
    distance = weight * (seconds - middle[:, None])
    slope = (distance * mib).sum(axis=1) / (distance * seconds).sum(axis=1)
    found: Floats = mean + slope * (WINDOW + float(DEFAULTS["horizon-seconds"]) - middle)
    return found


@pytest.mark.parametrize(
    ("kind", "failed", "passed"),
    [
        ("steady", (0.0, 0.004), (0.98, 1.0)),
        ("leaks 1 MiB/s", (1.0, 1.0), (0.0, 0.0)),
        ("leaks 0.2 MiB/s", (0.9, 1.0), (0.0, 0.04)),
        ("fills caches", (0.04, 0.1), (0.6, 0.8)),
    ],
)
def test_the_projection_fails_leaks_and_rarely_anything_else(
    kind: str, failed: tuple[float, float], passed: tuple[float, float]
) -> None:
    seconds, mib = moving(kind)
    share = np.minimum(predicted(seconds, mib, WINDOW), predicted(seconds, mib, RECENT)) / LIMIT_MIB

    fails = float(np.mean(share > float(DEFAULTS["fail-projected"])))
    passes = float(np.mean(share <= float(DEFAULTS["max-projected"])))

    assert failed[0] <= fails <= failed[1]
    assert passed[0] <= passes <= passed[1]
