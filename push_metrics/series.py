"""A run and its judgement as the groups that go to the gateway, one per role."""

from collections.abc import Iterator, Mapping
from math import isfinite
from urllib.parse import urlsplit

from canarygate.records import Outcome, Records
from canarygate.results import CANARY, ROLES, STABLE, RoleRun, Run, RunOutcome
from canarygate.summary import Summary, summarise, summarise_endpoints
from canarygate.verdict import Judgement, Verdict
from push_metrics import catalogue
from push_metrics.exposition import Family, Group, Sample
from push_metrics.grouping import GroupKey
from push_metrics.labels import label_value
from push_metrics.values import BUCKETS, Latency, RoleValues, Traffic, families_of

FROM_RECORDS = "records"
ENDED_WELL = (RunOutcome.FINISHED, RunOutcome.DECIDED)


def group_keys(
    service: str, stage: str, push_labels: Mapping[str, str]
) -> tuple[GroupKey, GroupKey]:
    """The keys of the canary's and the stable version's group, in this order.

    Raises:
        ConfigError: one of these cannot be a grouping label; it holds every problem.
    """
    return (
        GroupKey.of(service, CANARY, stage, push_labels),
        GroupKey.of(service, STABLE, stage, push_labels),
    )


def groups_of_run(run: Run, judgement: Judgement | None, *, endpoints: bool) -> list[Group]:
    """One group per role of the run; the canary's comes last, so that a verdict is never early.

    Raises:
        ConfigError: the run's service or push labels cannot be grouping labels.
    """
    file = run.file
    keys = dict(zip(ROLES, group_keys(file.service, file.stage, file.push_labels), strict=True))
    groups = []
    for role in (STABLE, CANARY):
        if role not in file.roles:
            continue
        families = families_of(values_of_role(run, role), endpoints=endpoints)
        if judgement is not None:
            families += _memory_families(judgement, role)
        if role == CANARY and judgement is not None:
            families += answer_families(judgement, file.outcome)
        groups.append(Group(keys[role], families))
    return groups


def values_of_role(run: Run, role: str) -> RoleValues:
    """What the records and the frame of one role say."""
    frame = run.file.roles[role]
    records = run.records.get(role)
    facts = RoleValues(
        info=_info(run, frame),
        complete=frame.complete and run.file.outcome in ENDED_WELL,
        # Without the final report these are lower bounds, and a 0 would look like health.
        exceptions=frame.exceptions if frame.complete else None,
        unfinished=frame.unfinished if frame.complete else None,
        users=frame.users,
        start=frame.start,
        end=frame.end,
    )
    # A load that never started measured nothing; its 0 requests would be made up.
    if records is None or (frame.start is None and not len(records)):
        return facts
    return _with_records(facts, records)


def answer_families(judgement: Judgement, outcome: RunOutcome) -> list[Family]:
    """Comparison, verdict and checks; a run that did not end well has no verdict but open.

    Verdict and checks are state sets of 0 and 1.
    """
    verdict = judgement.verdict if outcome in ENDED_WELL else Verdict.INCONCLUSIVE
    measures = {} if judgement.comparison is None else judgement.comparison.measures
    ratios = [
        Sample(measures[name], {"measure": name})
        for name in catalogue.MEASURES
        if name in measures and isfinite(measures[name])
    ]
    decided = judgement.decided_at_seconds if outcome in ENDED_WELL else None
    verdicts = [Sample(float(each is verdict), {"verdict": each.value}) for each in Verdict]
    checks = [
        Sample(
            float(state is check.state), {"check": label_value(check.name), "state": state.value}
        )
        for check in judgement.checks
        for state in Verdict
    ]
    families = [
        Family(catalogue.COMPARISON_RATIO, ratios),
        Family(catalogue.DECIDED_SECONDS, [] if decided is None else [Sample(decided, {})]),
        Family(catalogue.VERDICT, verdicts),
        Family(catalogue.CHECK_STATE, checks),
    ]
    return [family for family in families if family.samples]


def _memory_families(judgement: Judgement, role: str) -> list[Family]:
    """Each role's own: whose memory it is stands in the grouping key."""
    seconds = judgement.memory_seconds_to_limit.get(role)
    if seconds is None or not isfinite(seconds):
        return []
    return [Family(catalogue.MEMORY_SECONDS_TO_LIMIT, [Sample(seconds, {})])]


def _info(run: Run, frame: RoleRun) -> Mapping[str, str]:
    return {
        "run_id": run.file.run_id,
        "outcome": run.file.outcome.value,
        "target_host": _without_userinfo(frame.host),
        "source": FROM_RECORDS,
        "canarygate_version": run.file.versions.get("canarygate", ""),
        "locust_version": run.file.versions.get("locust", ""),
    }


def _without_userinfo(host: str) -> str:
    parts = urlsplit(host)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _with_records(facts: RoleValues, records: Records) -> RoleValues:
    duration = facts.duration
    by_endpoint = summarise_endpoints(records)
    return RoleValues(
        **{
            **vars(facts),
            "total": _traffic_of(summarise(records), duration),
            "endpoints": [_traffic_of(each, duration) for each in by_endpoint],
            "failures_by_kind": dict(_failures(by_endpoint)),
        }
    )


def _failures(summaries: list[Summary]) -> Iterator[tuple[tuple[str, str, Outcome], int]]:
    for summary in summaries:
        for kind, count in summary.failures.items():
            yield (summary.method, summary.name, kind), count


def _traffic_of(summary: Summary, duration: float | None) -> Traffic:
    return Traffic(
        method=summary.method,
        name=summary.name,
        requests=summary.requests,
        failures=summary.failed,
        requests_per_second=summary.requests / duration if duration else None,
        latency=_latency_of(summary),
    )


def _latency_of(summary: Summary) -> Latency | None:
    if summary.maximum is None:
        return None
    durations = summary.durations
    return Latency(
        count=len(durations),
        sum=float(durations.sum()),
        maximum=summary.maximum,
        quantiles=summary.quantiles,
        buckets=[int(each) for each in durations.searchsorted(BUCKETS, side="right")],
    )
