"""While the load runs: is the answer certain already?"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from canarygate.judge.policy import Policy
from canarygate.memory import MemoryReader
from canarygate.records import Records
from canarygate.results import RoleRun, RunFile
from canarygate.settings import GateSettings

MOST_OF_A_CORE = 0.04
"""Judging a growing run takes longer each second; beyond this it is done less often."""


class Watcher:
    """Asks the judge, with everything that every role has reported so far.

    The judge goes over the whole run again each time, as it does once more at the end, so that the
    answer that ends a load is the answer that its report gives, whenever it was asked for.
    """

    def __init__(self, settings: GateSettings, file: RunFile, policy: Policy) -> None:
        self._settings = settings
        self._file = file
        self._policy = policy
        self._memory = MemoryReader(settings.run.folder) if settings.run.memory else None
        self._rests_until = 0.0
        self._near: Sequence[str] = ()

    def near(self) -> Sequence[str]:
        """How near the answer is, in phrases, as it stood when the judge was asked last."""
        return self._near

    def is_certain(self, roles: Mapping[str, RoleRun], records: Mapping[str, Records]) -> bool:
        """Whether the load may end; asked about once a second.

        At its planned end it ends by itself, and the last requests are waited for.
        """
        until, run = watched_seconds(roles), self._settings.run
        if not self._settings.stop_early or until is None:
            return False
        if not self._rests_until <= until < run.run_time_seconds:
            return False
        began = time.thread_time()
        moment = self._ask(replace(self._file, roles=roles), records, until)
        self._rests_until = until + (time.thread_time() - began) / MOST_OF_A_CORE
        return moment is not None

    def _ask(self, file: RunFile, records: Mapping[str, Records], until: float) -> float | None:
        from canarygate.judge.checks import certain, read_scene
        from canarygate.judge.nearness import find_nearness, words

        read = read_scene(file, records, self._policy)
        moment = None
        if until >= self._settings.run.min_run_time_seconds:
            memory = self._memory.read() if self._memory is not None else None
            moment = certain(file, records, self._policy, memory, until, read=read)
        if moment is None:
            is_one = bool(file.same_identity)
            near = find_nearness(*read, self._policy, until, same_identity=is_one)
            self._near = words(near)
        return moment


def watched_seconds(roles: Mapping[str, RoleRun]) -> float | None:
    """Up to when every writer of every role has reported, since its load began.

    None before every role has begun. The clocks of the roles need not agree.
    """
    seconds = [
        facts.watermark - facts.start
        for facts in roles.values()
        if facts.watermark is not None and facts.start is not None
    ]
    return min(seconds) if len(seconds) == len(roles) else None
