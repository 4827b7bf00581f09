"""Rank tests: is the canary slower, what several endpoints say together, and what many tests cost.

Durations are seconds. Scores are standard normal deviates: positive where the canary is slower
than its margin allows, and their one-sided p is the chance of such a score without a difference.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr


def within_margin(canary: NDArray[np.float64], share: float, seconds: float) -> NDArray[np.float64]:
    """The canary's durations less what is granted: `share` of stable's, or so many seconds.

    The larger of both is granted. Held against stable's durations, the margin is inside the null
    hypothesis: a canary slower by exactly the margin is called slower as rarely as an equal one.
    The order of durations is kept.
    """
    return np.minimum(canary / (1 + share), canary - seconds)


def rank_score(
    canary: NDArray[np.float64], stable: NDArray[np.float64], *, continuity: bool = False
) -> float:
    """The score of the rank sum test (Mann & Whitney 1947), its variance corrected for ties.

    The same as `scipy.stats.mannwhitneyu(canary, stable, method="asymptotic")`, which would cost
    0.7 s to import; 0 where one arm is empty or everything is equal.

    Args:
        canary: durations, in any order.
        stable: as well.
        continuity: move the statistic by half a step towards "no difference", as a test of a
            handful of requests needs (scipy's `use_continuity`, which knows one direction only).
    """
    n, m = len(canary), len(stable)
    if not n or not m:
        return 0.0
    own, other = np.sort(canary), np.sort(stable)
    below = np.searchsorted(other, own, "left").sum() + np.searchsorted(other, own, "right").sum()
    above_expected = (float(below) - n * m) / 2
    total = n + m
    ties = _tie_lengths(np.concatenate([own, other]))
    tied = float((ties * (ties * ties - 1)).sum()) / (total * (total - 1))
    variance = n * m / 12 * (total + 1 - tied)
    return _score(above_expected, variance, continuity)


def signed_rank_score(differences: NDArray[np.float64], *, continuity: bool = False) -> float:
    """The score of the signed rank test (Wilcoxon 1945) of paired differences, ties corrected.

    Differences of 0 take part in the ranking and then count for neither side (Pratt 1959), as in
    `scipy.stats.wilcoxon(differences, zero_method="zsplit")` but for the variance they lack.
    """
    if not len(differences):
        return 0.0
    size = np.abs(differences)
    order = np.argsort(size, kind="stable")
    ties = _tie_lengths(size[order])
    last = np.cumsum(ties)
    sign = np.sign(differences[order])
    ranks = np.repeat(last - (ties - 1) / 2, ties.astype(np.int64)) * (sign != 0)
    above_expected = float((ranks * sign).sum()) / 2
    return _score(above_expected, float((ranks * ranks).sum()) / 4, continuity)


def rank_p(canary: NDArray[np.float64], stable: NDArray[np.float64]) -> float:
    """One-sided p of `rank_score`: small where the canary is slower; 0.5 without any difference."""
    return upper_p(rank_score(canary, stable))


def upper_p(score: float) -> float:
    """Chance of a score at least as high without a difference."""
    return float(ndtr(-score))


def pooled_score(scores: ArrayLike, canary: ArrayLike, stable: ArrayLike) -> float:
    """Stouffer's score of several endpoints (1949), weighted by the root of n m / (n + m).

    Args:
        scores: one per endpoint.
        canary: n, the requests behind each on the canary.
        stable: m, on stable.
    """
    n, m = np.asarray(canary, np.float64), np.asarray(stable, np.float64)
    weights = np.sqrt(n * m / np.maximum(n + m, 1))
    length = float(np.sqrt((weights * weights).sum()))
    return float((weights * np.asarray(scores, np.float64)).sum()) / length if length else 0.0


def holm_levels(p: Sequence[float], alpha: float) -> list[float]:
    """What each p has to be at most, such that any false rejection is as rare as alpha (Holm 1979).

    The smallest p of k meets alpha / k, the next alpha / (k - 1) and so on; after the first that
    does not meet its level, the level stays, so that none of the later ones meets it either.
    """
    levels = [0.0] * len(p)
    level, stopped = 0.0, False
    for rank, index in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        level = level if stopped else alpha / (len(p) - rank)
        stopped = stopped or p[index] > level
        levels[index] = level
    return levels


def _score(above_expected: float, variance: float, continuity: bool) -> float:
    """(U - E U) / sd, 0 where nothing varies."""
    if continuity:
        step = min(0.5, abs(above_expected))
        above_expected -= step if above_expected > 0 else -step
    return above_expected / variance**0.5 if variance > 0 else 0.0


def _tie_lengths(durations: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many share each distinct duration; floats, as their cubes leave 64 bits."""
    # Two ascending runs one after the other: a stable sort only has to merge them.
    ordered = np.sort(durations, kind="stable")
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    return np.diff(np.concatenate([starts, [len(ordered)]])).astype(np.float64)
