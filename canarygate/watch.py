"""While the load runs: is the answer certain already?"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from canarygate.judge.policy import Policy
from canarygate.records import Records
from canarygate.results import RoleRun, RunFile
from canarygate.settings import GateSettings

IsCertain = Callable[[Mapping[str, RoleRun], Mapping[str, Records]], bool]


def certainty(settings: GateSettings, file: RunFile, policy: Policy) -> IsCertain:
    """What asks the judge, with everything that every role has reported so far.

    The judge goes over the whole run again each time, as it does once more at the end, so that the
    answer that ends a load is the answer that its report gives.
    """

    def is_certain(roles: Mapping[str, RoleRun], records: Mapping[str, Records]) -> bool:
        from canarygate.judge.checks import certain

        until = watched_seconds(roles)
        if not settings.stop_early or until is None or until < settings.run.min_run_time_seconds:
            return False
        moment = certain(replace(file, roles=roles), records, policy, None, until)
        return moment is not None

    return is_certain


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
