"""The cost model: its source's figures to the cent, and canarygate's as benchmarks/ measured them."""

import re
from dataclasses import fields, replace
from pathlib import Path

import pytest

from canarygate.weights import roi_measured
from canarygate.weights.roi import Inputs, Month, costs, costs_document, default_inputs
from canarygate.weights.roi_inputs import INPUTS, file_problems

CHECKOUT = Path(__file__).parents[2]
BENCHMARKS = " ".join((CHECKOUT / "benchmarks" / "README.md").read_text("utf-8").split())
PAGE = (CHECKOUT / "docs" / "roi.md").read_text("utf-8")


def cents(value: float) -> str:
    return f"{value:,.2f}"


def test_the_defaults_give_the_figures_of_the_source_to_the_cent() -> None:
    found = costs(default_inputs())

    assert ("66,388.44", "58,288.44", "8,100.00") == (
        cents(found.static.cost),
        cents(found.static.rollback_impact),
        cents(found.static.overprovisioning),
    )
    assert ("6,305.10", "5,400.00", "65,483.34") == (
        cents(found.dynamic.cost),
        cents(found.dynamic.right_sizing),
        cents(found.dynamic_saving.net),
    )
    assert (37, 4, 33) == (
        found.static.false_positives,
        found.dynamic.false_positives,
        found.dynamic_saving.false_positives_eliminated,
    )
    assert found.dynamic_saving.rollback_reduction is not None
    assert "89.2" == f"{found.dynamic_saving.rollback_reduction * 100:.1f}"


def test_a_month_under_canarygate_worked_out_by_hand() -> None:
    """100 releases, 10 bad: 8 stopped after 2 minutes and one more, 2 missed, 9 false alarms."""
    inputs = replace(
        default_inputs(),
        deployment_frequency=100,
        avg_incident_cost=1000,
        oncall_hourly_rate=60,
        cloud_monthly_spend=10_000,
        static_rollback_minutes=30,
        static_overprovisioning=0.1,
        dynamic_rollback_minutes=1,
        bad_release_share=0.1,
        caught_incident_share=0.5,
        false_alarm_cost=20,
        false_alarm_share=0.1,
        detection_share=0.8,
        detection_seconds=120,
    )

    assert (
        Month(
            rollbacks=19,
            false_positives=9,
            missed=2,
            rollback_impact=8 * (500 + 3) + 2 * (1000 + 30) + 9 * 20,
            overprovisioning=1000,
            right_sizing=0,
        )
        == costs(inputs).canarygate
    )


def test_nothing_is_saved_on_capacity_that_canarygate_does_not_change() -> None:
    found = costs(default_inputs())

    assert (found.static.overprovisioning, 0.0) == (
        found.canarygate.overprovisioning,
        found.canarygate.right_sizing,
    )


@pytest.mark.parametrize(
    "inputs",
    [
        replace(default_inputs(), deployment_frequency=0),
        replace(default_inputs(), avg_incident_cost=0, oncall_hourly_rate=0),
    ],
    ids=["no releases", "nothing costs anything"],
)
def test_a_share_of_nothing_is_none(inputs: Inputs) -> None:
    found = costs(inputs)

    assert (None, None) == (
        found.dynamic_saving.rollback_reduction,
        found.break_even_rollback_rate,
    )


def test_at_the_rollback_rate_of_breaking_even_rollbacks_cost_the_same() -> None:
    inputs = default_inputs()
    rate = costs(inputs).break_even_rollback_rate
    assert rate is not None

    even = costs(replace(inputs, static_rollback_rate=rate))

    assert pytest.approx(even.static.rollback_impact) == even.canarygate.rollback_impact


def test_every_field_of_the_inputs_is_an_input_with_a_default_in_its_range() -> None:
    assert [each.name for each in fields(Inputs)] == [each.name for each in INPUTS]
    assert [] == [each.name for each in INPUTS if each.problem(each.default)]


def test_what_is_wrong_with_a_file_is_told_at_once() -> None:
    assert [
        "key 'avg_incident_costs' is unknown; did you mean 'avg_incident_cost'?",
        "monthly_revenue does not enter the result; leave it out",
        "static_rollback_rate = 23 must be a share from 0 to 1 (5 % is 0.05)",
        "oncall_hourly_rate = -1 must be a number of money, 0 or more",
        "detection_seconds = True must be a number of seconds, 0 or more",
        "deployment_frequency = 1.5 must be a whole number, 0 or more",
        "false_alarm_cost = inf must be a number of money, 0 or more",
        "cloud_monthly_spend = '1' must be a number of money, 0 or more",
    ] == list(
        file_problems(
            {
                "avg_incident_costs": 1,
                "monthly_revenue": 2_400_000,
                "static_rollback_rate": 23,
                "oncall_hourly_rate": -1,
                "detection_seconds": True,
                "deployment_frequency": 1.5,
                "false_alarm_cost": float("inf"),
                "cloud_monthly_spend": "1",
            }
        )
    )


def test_money_of_the_document_is_in_whole_cents() -> None:
    document = costs_document(default_inputs(), {"bad_release_share": "flag"})

    assert {"value": 0.025, "source": "flag"} == document["inputs"]["bad_release_share"]
    assert {
        "rollbacks": 27.6,
        "false_positives": 37,
        "missed": None,
        "rollback_impact": 58288.44,
        "overprovisioning": 8100.0,
        "right_sizing": 0.0,
        "cost": 66388.44,
    } == document["months"]["static"]
    assert {
        "net": 65483.34,
        "rollback_reduction": 0.8918,
        "false_positives_eliminated": 33,
    } == document["savings_against_static"]["dynamic"]


# A row of the benchmarks' table, and the figures of the first, closed, of its columns that we use.
MEASURED = {
    "12 % of requests fail": r"\| 12 % 5xx; median \|[^|]*\| ([\d.]+) / [\d.]+; ([\d.]+) / ",
    "200 to 800 ms slower": r"\| \+200 to \+800 ms; median \|[^|]*\| ([\d.]+) / [\d.]+; ([\d.]+) / ",
    "2 % of requests fail": r"\| 2 % 5xx; median \|[^|]*\| ([\d.]+) / [\d.]+; ([\d.]+) / ",
    "1 % of requests fail": r"\| 1 % 5xx; median \|[^|]*\| ([\d.]+) / [\d.]+; ([\d.]+) / ",
    "busiest endpoint 30 % slower": r"\| busiest endpoint \+30 %; \+20 % \|[^|]*\| ([\d.]+) / ",
    "busiest endpoint 20 % slower": r"\| busiest endpoint \+30 %; \+20 % \|[^|]*\| [\d./ ]+; ([\d.]+) / ",
    "rarest endpoint 30 % slower": r"\| rarest endpoint \+30 %; \+100 % \|[^|]*\| ([\d.]+) / ",
    "rarest endpoint twice as slow": r"\| rarest endpoint \+30 %; \+100 % \|[^|]*\| [\d./ ]+; ([\d.]+) / ",
    "1 % of requests stall for 1 s": r"\| 1 % stall 1 s \|[^|]*\| ([\d.]+) / ",
    "leak of 0.5 to 2 MB/s": r"\| leak of 0\.5, 1 or 2 MB/s, by (?:120) s;[^|]*\|[^|]*\| \**([\d.]+) / ",
    "leak of 0.2 MB/s": r"\| leak of [^|]*; of 0\.2 MB/s by 300 s \|[^|]*\| [\d./ *]+; \**([\d.]+) / ",
}


@pytest.mark.parametrize("fault", roi_measured.FAULTS, ids=lambda fault: fault.name)
def test_a_measured_figure_is_the_one_that_the_benchmarks_tell(fault: roi_measured.Fault) -> None:
    """Measured anew, it has to be changed in roi_measured.py as well."""
    found = re.search(MEASURED[fault.name], BENCHMARKS)
    assert found, "the row is not in benchmarks/README.md any more"

    detected, *seconds = map(float, found.groups())
    assert fault.detected == pytest.approx(detected / 100)
    assert fault.has_median == bool(seconds)
    assert fault.seconds in (*seconds, *(() if seconds else (120.0, 300.0)))


def test_the_false_alarms_are_those_that_the_benchmarks_tell() -> None:
    found = re.search(
        r"\| A/A: failed; inconclusive; mean seconds of a pass \|[^|]*\| ([\d.]+) / [\d.]+; ([\d.]+) / ",
        BENCHMARKS,
    )
    assert found

    failed, inconclusive = (float(each) / 100 for each in found.groups())
    assert pytest.approx(failed) == roi_measured.HEALTHY_FAILED
    assert pytest.approx(inconclusive) == roi_measured.HEALTHY_INCONCLUSIVE
    assert "verdict_quality.py --seed 10001 --pairs 500" in BENCHMARKS
    assert "simulated runs of up to 300 s, 20 users per arm" in BENCHMARKS


def test_the_page_has_the_figures_of_the_code() -> None:
    for fault in roi_measured.FAULTS:
        most = "" if fault.has_median else "at most "
        assert (
            f"| {fault.name} | {fault.detected * 100:.3g} % | {most}{fault.seconds:g} |\n" in PAGE
        )
    for each in INPUTS[12:]:
        assert f"| `{each.name}` | {each.default:g} |" in PAGE
    found = costs(default_inputs())
    for value in (found.static.cost, found.dynamic.cost, found.dynamic_saving.net):
        assert f" {cents(value)} |" in PAGE
    assert len(MEASURED) == len(roi_measured.FAULTS)
    assert "the eleven kinds of fault" in PAGE
