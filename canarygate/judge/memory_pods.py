"""Memory samples by pod on the run's own clock, and what in them fails a canary at once."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from canarygate.judge.policy import MemoryRules
from canarygate.memory import SETTLED_SECONDS, MemorySamples

Floats = NDArray[np.float64]
SAME_START_SECONDS = 2.0
"""Some runtimes work their start time out anew at each reading."""
SKEW_SECONDS = 10.0
"""How far a pod's clock may be from ours."""


@dataclass(frozen=True, kw_only=True)
class Pod:
    """One pod's samples by time: columns of one length. Ages are seconds since the load began."""

    name: str
    time: Floats
    age: Floats
    bytes: Floats
    limit: Floats
    restarts: Floats
    oom_kills: Floats
    process_start: Floats

    def until(self, age: float) -> "Pod":
        """What was asked for by then."""
        end = int(np.searchsorted(self.age, age, "right"))
        cut = {name: getattr(self, name)[:end] for name in COLUMNS}
        return Pod(name=self.name, **cut)

    @property
    def last_limit(self) -> float | None:
        """The limit as it was last known."""
        known = self.limit[np.isfinite(self.limit) & (self.limit > 0)]
        return float(known[-1]) if len(known) else None


COLUMNS = ("time", "age", "bytes", "limit", "restarts", "oom_kills", "process_start")


@dataclass(frozen=True, kw_only=True)
class Loss:
    """Something that fails at once."""

    at: float
    """When it was known, seconds since the load began."""
    kind: str
    words: str


def pods_of(samples: MemorySamples, began: float) -> tuple[Pod, ...]:
    """The samples by pod and in order of time, however they were ordered; errors are left out."""
    readable = np.asarray([not error for error in samples.error], np.bool_)
    found = []
    for index, name in sorted(enumerate(samples.pods), key=lambda each: each[1]):
        rows = np.flatnonzero((samples.pod == index) & readable & np.isfinite(samples.time))
        rows = rows[np.argsort(samples.time[rows], kind="stable")]
        if len(rows):
            found.append(
                Pod(
                    name=name,
                    time=samples.time[rows],
                    age=samples.time[rows] - began,
                    bytes=samples.bytes[rows],
                    limit=samples.limit_bytes[rows],
                    restarts=samples.restarts[rows],
                    oom_kills=samples.oom_kills[rows],
                    process_start=samples.process_start[rows],
                )
            )
    return tuple(found)


def losses(pods: Iterable[Pod], rules: MemoryRules) -> list[Loss]:
    """The first of each kind that befell each pod."""
    return [
        loss
        for pod in pods
        for loss in (_killed(pod), _started_again(pod), _full(pod, rules))
        if loss is not None
    ]


def several_processes(pod: Pod) -> bool:
    """Its process start time alternates, or was there all along: several pods behind one address."""
    starts = _starts(pod)
    if any(start in starts[: index - 1] for index, start in enumerate(starts) if index > 1):
        return True
    return any(
        abs(later - earlier) > SAME_START_SECONDS and not _is_newer(pod, earlier, later)
        for earlier, later in pairwise(starts)
    )


def _starts(pod: Pod) -> list[float]:
    known = pod.process_start[np.isfinite(pod.process_start)]
    changed = np.r_[True, np.diff(known) != 0] if len(known) else np.zeros(0, np.bool_)
    return [float(start) for start in known[changed]]


def _is_newer(pod: Pod, earlier: float, later: float) -> bool:
    """It began after we had begun to look: what was alive before is not what came later."""
    return later > earlier + SAME_START_SECONDS and later >= pod.time[0] - SKEW_SECONDS


def _started_again(pod: Pod) -> Loss | None:
    rows = np.flatnonzero(np.isfinite(pod.process_start))
    for before, after in pairwise(rows):
        earlier, later = float(pod.process_start[before]), float(pod.process_start[after])
        if abs(later - earlier) > SAME_START_SECONDS:
            if not _is_newer(pod, earlier, later):
                return None
            return _loss(pod, int(after), "restart", f"{_the(pod)} was started again")
    return None


def _killed(pod: Pod) -> Loss | None:
    """A restart counter, or the mark of an OOM kill, that rose since the first sample."""
    risen = [
        int(rows[0])
        for counter in (pod.restarts, pod.oom_kills)
        for rows in (_above_first(counter),)
        if len(rows)
    ]
    if not risen:
        return None
    row = min(risen)
    was_oom = pod.oom_kills[row] >= 1
    words = "was killed for want of memory (OOM)" if was_oom else "was restarted"
    return _loss(pod, row, "restart", f"{_the(pod)} {words}")


def _above_first(counter: Floats) -> NDArray[np.int64]:
    known = counter[np.isfinite(counter)]
    return np.flatnonzero(counter > known[0]) if len(known) else np.zeros(0, np.int64)


def _full(pod: Pod, rules: MemoryRules) -> Loss | None:
    share = pod.bytes / np.where(pod.limit > 0, pod.limit, np.nan)
    rows = np.flatnonzero((share > rules.full_share) & (pod.age >= rules.warm_up_seconds))
    if not len(rows):
        return None
    words = f"{_the(pod)} uses {100 * share[rows[0]]:.0f} % of its memory limit"
    return _loss(pod, int(rows[0]), "full", words)


def _loss(pod: Pod, row: int, kind: str, words: str) -> Loss:
    return Loss(at=float(pod.age[row]) + SETTLED_SECONDS, kind=kind, words=words)


def _the(pod: Pod) -> str:
    return f"the canary's {pod.name}" if pod.name else "the canary"


def only_canarys(canary: Sequence[Loss], stable: Sequence[Loss]) -> Iterator[Loss]:
    """Those that no pod of stable had suffered by then, by time."""
    for loss in sorted(canary, key=lambda each: (each.at, each.words)):
        if not any(each.kind == loss.kind and each.at <= loss.at for each in stable):
            yield loss
