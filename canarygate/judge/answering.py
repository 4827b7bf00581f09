"""Did both arms answer until the end of what is judged? What hangs has left no error yet."""

from dataclasses import dataclass

from canarygate.judge.arm import Arm
from canarygate.judge.stalls import hypergeometric_p
from canarygate.judge.traffic import Scene


@dataclass(frozen=True, kw_only=True)
class Windows:
    """The last seconds, looked at in several lengths: a longer one sees what a shorter sees late."""

    seconds: tuple[float, ...]
    alpha: float
    """How often an arm that answers is called silent."""


BEFORE_A_LOOK = Windows(seconds=(1.0, 2.0, 5.0), alpha=0.01)
"""A mistake puts a pass off to the next look."""
AT_THE_END = Windows(seconds=(5.0, 10.0, 30.0), alpha=0.0001)
"""A mistake costs the pass."""


def silent_role(scene: Scene, at: float, windows: Windows) -> str | None:
    """The role that answered provably less, just before `at`, than its part of the whole.

    A canary that stopped answering has no error to show before its requests reach their timeout;
    in a closed loop it sends nothing more meanwhile. Were a window like the time before it, the
    number of an arm's requests in it would be hypergeometric. (Not binomial with the arm's share
    before it: of a run of 30 s, the last 30 leave a dozen requests to know that share from, and one
    healthy canary in six had stopped answering.)
    """
    if scene.stable is None:
        return None
    tests = 2 * len(windows.seconds)
    for arm, other in ((scene.canary, scene.stable), (scene.stable, scene.canary)):
        for window in windows.seconds:
            if _chance(arm, other, at, window) < windows.alpha / tests:
                return arm.role
    return None


def _chance(arm: Arm, other: Arm, at: float, window: float) -> float:
    before, other_before = (len(each.up_to(at - window)) for each in (arm, other))
    if not before:
        return 1.0
    within, other_within = (len(each.between(at - window, at)) for each in (arm, other))
    # That the arm has no more is that the other has no fewer.
    return hypergeometric_p(
        other_within,
        before + other_before + within + other_within,
        other_before + other_within,
        within + other_within,
    )
