"""Is an endpoint of the canary slower than stable's, beyond the tolerance, and lastingly so?"""

from collections.abc import Sequence
from dataclasses import dataclass

from canarygate.judge.groups import Group
from canarygate.judge.policy import CompareRules
from canarygate.judge.ranks import holm_levels, pooled_score, upper_p


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Against one endpoint, or against all of them together."""

    p: float
    p_needed: float
    """After the correction for all endpoints and looks (Holm)."""
    p_late: float
    """Of the second half alone."""
    is_slower: bool


@dataclass(frozen=True, kw_only=True)
class Slowness:
    """What the durations say about slowness at one look."""

    endpoints: dict[int, Evidence]
    """By the index of its group; those with enough successes."""
    together: Evidence | None
    """None where there are too few successes, or one endpoint only, which stands for itself."""

    @property
    def tested(self) -> int:
        """How many tests were made."""
        return len(self.endpoints) + (self.together is not None)

    @property
    def smallest_p(self) -> float:
        """Of all tests; 1 without any."""
        together = [] if self.together is None else [self.together.p]
        return min([each.p for each in self.endpoints.values()] + together, default=1.0)

    @property
    def slower(self) -> list[int]:
        """Indexes of the groups that are slower, the surest first."""
        found = [index for index, evidence in self.endpoints.items() if evidence.is_slower]
        return sorted(found, key=lambda index: self.endpoints[index].p)

    @property
    def is_any(self) -> bool:
        """An endpoint is slower, or all of them together are."""
        return bool(self.slower) or (self.together is not None and self.together.is_slower)


FEWEST_LOOKS = 2
"""A run with one look is held to the level of two: of 2,000 simulated pairs of equal versions, with
pods of typical noise, 0.1 % then failed at their one look at 45 s instead of 0.3 %; after a cold
start 0.3 % instead of 0.55 %."""


def find_slowness(groups: Sequence[Group], rules: CompareRules, number_of_looks: int) -> Slowness:
    """Test every endpoint that has enough successes, and all endpoints together.

    Endpoints too rare to be tested alone take part in the common test. Whatever is found has to
    show in the second half alone too, so that something which is over is no regression.
    """
    scores = [group.score(rules.tolerance, rules.tolerance_seconds) for group in groups]
    late = [group.late for group in groups]
    p = {
        index: upper_p(scores[index])
        for index, group in enumerate(groups)
        if group.fewest >= rules.requests
    }
    asked: list[int | None] = [*p]
    tested = list(p.values())
    present = [index for index, group in enumerate(groups) if group.fewest]
    if len(present) > 1 and _fewest(groups) >= rules.requests:
        asked.append(None)
        tested.append(upper_p(_pooled(groups, scores)))
    levels = holm_levels(tested, rules.slower_alpha / max(number_of_looks, FEWEST_LOOKS))
    found: dict[int | None, Evidence] = {}
    for which, chance, level in zip(asked, tested, levels, strict=True):
        late_p = 1.0
        if chance <= level:
            late_p = _late_p(late, which, rules)
        found[which] = Evidence(
            p=chance,
            p_needed=level,
            p_late=late_p,
            is_slower=chance <= level and late_p < rules.persistence,
        )
    return Slowness(
        endpoints={index: evidence for index, evidence in found.items() if index is not None},
        together=found.get(None),
    )


def _late_p(late: Sequence[Group], which: int | None, rules: CompareRules) -> float:
    if which is not None:
        return upper_p(late[which].score(rules.tolerance, rules.tolerance_seconds))
    return upper_p(
        _pooled(late, [group.score(rules.tolerance, rules.tolerance_seconds) for group in late])
    )


def _pooled(groups: Sequence[Group], scores: Sequence[float]) -> float:
    canary = [len(group.canary) for group in groups]
    return pooled_score(scores, canary, [len(group.stable) for group in groups])


def _fewest(groups: Sequence[Group]) -> int:
    """Successes that take part in the common test, of the arm that has fewer."""
    both = [group for group in groups if group.fewest]
    canary = sum(len(group.canary) for group in both)
    return min(canary, sum(len(group.stable) for group in both))
