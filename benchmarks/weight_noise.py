"""How far p99 out of buckets moves by chance: what equal versions are told at so many requests.

    python benchmarks/weight_noise.py [--pairs 2000] [--seed 1]

Bodies are log-normal (sigma 0.35) around a median of 10 to 300 ms, counted in the buckets of the
demo shop; stable has four times the canary's requests. With a tail, one request in fifty takes two
to ten times as long. Thresholds and formula are the weight service's defaults.
"""

import argparse

import numpy as np
import numpy.typing as npt
from _bench import put, table

from canarygate.shop.metrics import BUCKETS_S
from canarygate.weights.analysis import DEFAULT_RULES, safe_weight

REQUESTS = (100, 300, 500, 1000, 3000, 10_000)
STABLE_TIMES = 4
Floats = npt.NDArray[np.float64]


def main() -> None:
    """Simulate, and say what was seen."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=2000, help="at most 10000")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    generator = np.random.default_rng(options.seed)
    rows = {}
    for requests in REQUESTS:
        cells = []
        for tail in (0.0, 0.02):
            deltas = [one_pair(generator, requests, tail) for _ in range(min(options.pairs, 10000))]
            rolled_back = np.mean(np.asarray(deltas) > DEFAULT_RULES.latency_threshold)
            weights = [safe_weight(each, 0.0, DEFAULT_RULES) for each in deltas]
            low, median = np.quantile(weights, (0.1, 0.5))
            cells += [f"{rolled_back:.1%}", f"{low:.0f} / {median:.0f}"]
        rows[str(requests)] = cells
    put("equal versions: rolled back for p99, and the tenth and fiftieth percentile of the weight")
    table(("no tail", "weight", "2 % tail", "weight"), rows)


def one_pair(generator: np.random.Generator, requests: int, tail: float) -> float:
    """The latency delta of two equal versions."""
    median = float(np.exp(generator.uniform(np.log(0.01), np.log(0.3))))
    canary, stable = (
        p99(durations(generator, number, median, tail))
        for number in (requests, requests * STABLE_TIMES)
    )
    return (
        0.0 if 0 < canary - stable <= DEFAULT_RULES.latency_slack_seconds else canary / stable - 1
    )


def durations(generator: np.random.Generator, number: int, median: float, tail: float) -> Floats:
    """Seconds of so many requests."""
    found: Floats = median * np.exp(0.35 * generator.standard_normal(number))
    slow = generator.random(number) < tail
    found[slow] *= generator.uniform(2, 10, int(slow.sum()))
    return found


def p99(seconds: Floats) -> float:
    """As `histogram_quantile` has it."""
    bounds = np.asarray(BUCKETS_S, np.float64)
    counts = np.searchsorted(np.sort(seconds), bounds, side="right")
    rank = 0.99 * len(seconds)
    index = int(np.searchsorted(counts, rank))
    if index == len(bounds):
        return float(bounds[-1])
    low, below = (bounds[index - 1], counts[index - 1]) if index else (0.0, 0)
    return float(low + (bounds[index] - low) * (rank - below) / (counts[index] - below))


if __name__ == "__main__":
    main()
