"""What no change of the records may do to the answer, tried on many records."""

from dataclasses import fields, replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from canarygate.judge.checks import judge
from canarygate.records import OUTCOMES, Outcome, Records
from canarygate.verdict import Judgement, Verdict
from tests.judge.samples import POLICY, Traffic, judged, role, run_of, traffic

HTTP_5XX = OUTCOMES.index(Outcome.HTTP_5XX)
TIMEOUT = OUTCOMES.index(Outcome.TIMEOUT)


@st.composite
def arms(draw: st.DrawFn, least: int = 1) -> Traffic:
    """Near the limits more often than far from them, at random times."""
    requests = draw(st.integers(least, 1_200))
    share = st.sampled_from([0.0, 0.001, 0.004, 0.01, 0.03, 0.06, 0.3, 1.0])
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    seconds = random.gamma(2, 0.03, requests)
    seconds[random.random(requests) < draw(share)] += 0.5
    seconds[random.random(requests) < draw(share)] += 1.0
    outcome = np.zeros(requests, np.int64)
    outcome[random.random(requests) < draw(share)] = draw(st.sampled_from([HTTP_5XX, TIMEOUT]))
    ended = random.uniform(draw(st.sampled_from([0.0, 15.0])), 45.0, requests)
    return Traffic(ended=ended, seconds=seconds, outcome=outcome)


def picked(data: st.DataObject, arm: Traffic) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Some of its rows."""
    random = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    chosen: np.ndarray[tuple[int], np.dtype[np.bool_]] = random.random(len(arm)) < data.draw(
        st.sampled_from([0.0, 0.003, 0.02, 0.2, 1.0])
    )
    return chosen


stables = st.one_of(st.none(), arms(), st.just(traffic(526)))


@given(arm=arms(), stable=stables, data=st.data())
def test_the_order_of_the_rows_never_matters(
    arm: Traffic, stable: Traffic | None, data: st.DataObject
) -> None:
    random = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    roles, records = {"canary": role(arm)}, {"canary": arm.records()}
    if stable is not None:
        roles["stable"], records["stable"] = role(stable), stable.records()
    shuffled = {name: reordered(each, random) for name, each in records.items()}

    assert judge(run_of(roles), records, POLICY) == judge(run_of(roles), shuffled, POLICY)


def reordered(records: Records, random: np.random.Generator) -> Records:
    """The same records in another order of the file."""
    order = random.permutation(len(records))
    columns = {
        each.name: getattr(records, each.name)[order]
        for each in fields(records)
        if each.name not in ("endpoints", "users")
    }
    return replace(records, **columns)


@given(arm=arms(300), stable=stables, data=st.data())
def test_failing_more_never_turns_into_a_pass(
    arm: Traffic, stable: Traffic | None, data: st.DataObject
) -> None:
    """Not even where the requests that fail now are the slow ones."""
    worse = replace(arm, outcome=np.where(picked(data, arm), HTTP_5XX, arm.outcome))

    assert_no_better(judged(arm, stable), judged(worse, stable))


@given(arm=arms(300), stable=stables, data=st.data())
def test_failing_fast_instead_of_being_slow_never_turns_into_a_pass(
    arm: Traffic, stable: Traffic | None, data: st.DataObject
) -> None:
    chosen = picked(data, arm) & (arm.seconds > 0.5)
    worse = replace(
        arm,
        outcome=np.where(chosen, HTTP_5XX, arm.outcome),
        seconds=np.where(chosen, 0.001, arm.seconds),
        # Sent when it was sent before: a request does not leave the warm-up by failing.
        ended=np.where(chosen, arm.ended - arm.seconds + 0.001, arm.ended),
    )

    assert_no_better(judged(arm, stable), judged(worse, stable))


@given(
    arm=arms(300), stable=stables, data=st.data(), factor=st.floats(1, 100), more=st.floats(0, 3)
)
def test_being_slower_never_turns_into_a_pass_and_never_ends_a_failure(
    arm: Traffic, stable: Traffic | None, data: st.DataObject, factor: float, more: float
) -> None:
    chosen = picked(data, arm)
    slower = np.where(chosen, arm.seconds * factor + more, arm.seconds)
    roles, records = {"canary": role(arm)}, {"canary": arm.records()}
    if stable is not None:
        roles["stable"], records["stable"] = role(stable), stable.records()
    worse = records | {"canary": replace(records["canary"], duration_ms=slower * 1000)}
    before, after = (judge(run_of(roles), each, POLICY) for each in (records, worse))

    assert_no_better(before, after)
    assert before.verdict is not Verdict.FAIL or after.verdict is Verdict.FAIL


def assert_no_better(before: Judgement, after: Judgement) -> None:
    """Neither a fail nor an open answer may have become a pass.

    Of any limit alone too, where limits alone were judged and both at the end of the run.
    """
    assert before.verdict is Verdict.PASS or after.verdict is not Verdict.PASS
    decided = {before.decided_at_seconds, after.decided_at_seconds}
    if before.comparison is not None or decided != {None}:
        return
    for old, new in zip(before.checks, after.checks, strict=True):
        if old.name.startswith("canary."):
            assert old.state is Verdict.PASS or new.state is not Verdict.PASS, old.name


@given(arm=arms(300), data=st.data())
def test_records_that_went_missing_never_pass(arm: Traffic, data: st.DataObject) -> None:
    keep = ~picked(data, arm)
    left = {"canary": arm.taken(keep).records()}
    verdict = judge(run_of({"canary": role(arm)}), left, POLICY).verdict

    assert keep.all() or verdict is not Verdict.PASS


@given(arm=arms(300), data=st.data())
def test_fewer_good_answers_never_turn_into_a_pass(arm: Traffic, data: st.DataObject) -> None:
    good = (arm.outcome == 0) & (arm.seconds <= 0.5)
    fewer = arm.taken(~(picked(data, arm) & good))

    assert_no_better(judged(arm), judged(fewer))


@given(arm=arms(), stable=arms(), data=st.data())
@settings(max_examples=50)
def test_the_clock_of_an_arm_never_matters(
    arm: Traffic, stable: Traffic, data: st.DataObject
) -> None:
    """Each role's times are measured from its own start."""
    seconds = data.draw(st.integers(-18_000, 18_000))
    answers = []
    for offset in (0, seconds):
        records = stable.records()
        shifted = replace(
            records,
            start=records.start + offset,
            intended_start=records.intended_start + offset,
            end=records.end + offset,
        )
        facts = role(stable)
        facts = replace(facts, start=(facts.start or 0) + offset, end=(facts.end or 0) + offset)
        run = run_of({"canary": role(arm), "stable": facts})
        answers.append(judge(run, {"canary": arm.records(), "stable": shifted}, POLICY).verdict)

    assert answers[0] == answers[1]


def test_a_canary_exactly_at_the_limits_is_rarely_failed_and_rarely_passed() -> None:
    """1,000 runs of 2,000 requests, 1 % of them failing: alpha and confidence are kept."""
    random = np.random.default_rng(11)
    verdicts = []
    for _ in range(1_000):
        outcome = np.where(random.random(2_000) < 0.01, HTTP_5XX, 0)
        ended = random.uniform(12, 45, 2_000)
        arm = Traffic(ended=ended, seconds=np.full(2_000, 0.05), outcome=outcome)
        verdicts.append(judged(arm).checks[0].state)
    counts = {state: verdicts.count(state) for state in Verdict}

    assert counts == {Verdict.PASS: 35, Verdict.FAIL: 0, Verdict.INCONCLUSIVE: 965}
    assert counts[Verdict.FAIL] <= 10
    assert counts[Verdict.PASS] <= 50
