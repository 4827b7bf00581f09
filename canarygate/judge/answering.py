"""Did both arms still answer shortly before a look? What hangs has left no error yet."""

from scipy.special import bdtr

from canarygate.judge.arm import Arm
from canarygate.judge.traffic import Scene

WINDOWS = (1.0, 2.0, 5.0)
"""Seconds before the look, each of them judged; a longer one sees what a shorter one sees late."""
ALPHA = 0.01
"""How often a pass is put off to the next look although both arms answer."""


def is_still_answering(scene: Scene, at: float) -> bool:
    """Neither arm answered provably less in the seconds before `at` than its part of the whole.

    A canary that stopped answering has no error to show before its requests reach their timeout;
    in a closed loop it sends nothing more meanwhile. Of the requests that ended in a window, the
    arm's number is binomial with its share of all requests before it.
    """
    if scene.stable is None:
        return True
    return all(
        _is_answering(arm, other, at, window)
        for arm, other in ((scene.canary, scene.stable), (scene.stable, scene.canary))
        for window in WINDOWS
    )


def _is_answering(arm: Arm, other: Arm, at: float, window: float) -> bool:
    before, other_before = (len(each.up_to(at - window)) for each in (arm, other))
    within, other_within = (len(each.between(at - window, at)) for each in (arm, other))
    if not before:
        return False
    share = before / (before + other_before)
    chance = float(bdtr(within, within + other_within, share))
    return chance >= ALPHA / (2 * len(WINDOWS))
