"""Its shape; that every expression parses and names what there is stands in test_series.py."""

import itertools
import re
from pathlib import Path
from typing import Any

import pytest

from tests.monitoring.expressions import VARIABLES, asked, dashboard
from tests.monitoring.test_agreement import run_unit_test

BOARD = dashboard()
PANELS: list[dict[str, Any]] = BOARD["panels"]
WIDTH = 24


def test_it_can_be_imported_anywhere_and_again() -> None:
    """An id is a database's own; the uid stays, so that links and a second import find it."""
    assert (None, "canarygate") == (BOARD["id"], BOARD["uid"])
    assert "__inputs" not in BOARD


def test_every_panel_asks_the_data_source_that_was_chosen() -> None:
    kinds = {each["name"]: each["type"] for each in BOARD["templating"]["list"]}
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    asking = [*PANELS, *(target for panel in PANELS for target in panel["targets"])]

    assert "datasource" == kinds["datasource"]
    assert {f"${name}" for name in kinds if name != "datasource"} | {"${datasource}"} == set(
        VARIABLES
    )
    assert [] == [each for each in asking if each["datasource"] != chosen]


def test_ids_and_titles_and_letters_of_queries_are_unique() -> None:
    for found in (
        [panel["id"] for panel in PANELS],
        [panel["title"] for panel in PANELS],
        *([target["refId"] for target in panel["targets"]] for panel in PANELS),
    ):
        assert len(set(found)) == len(found)


def test_no_panel_lies_on_another_or_beyond_the_edge() -> None:
    cells = [
        (panel["gridPos"]["x"] + across, panel["gridPos"]["y"] + down)
        for panel in PANELS
        for across, down in itertools.product(
            range(panel["gridPos"]["w"]), range(panel["gridPos"]["h"])
        )
    ]

    assert len(set(cells)) == len(cells)
    assert all(0 <= across < WIDTH for across, _ in cells)


@pytest.mark.parametrize("panel", PANELS, ids=lambda each: str(each["title"]))
def test_a_panel_says_what_it_shows_in_which_unit_and_uses_known_variables_only(
    panel: dict[str, Any],
) -> None:
    used = {
        name
        for target in panel["targets"]
        for name in re.findall(r"\$\{?\w+\}?", target["expr"])
        if not name[1:].isdigit()
    }

    assert 20 < len(panel["description"])
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["targets"]
    assert used <= set(VARIABLES)


def test_units_are_grafana_s_and_every_line_has_a_name() -> None:
    units = {panel["fieldConfig"]["defaults"]["unit"] for panel in PANELS}
    lines = [
        target for panel in PANELS if panel["type"] == "timeseries" for target in panel["targets"]
    ]

    assert {"bytes", "ops", "percent", "percentunit", "reqps", "s", "short"} == units
    assert [] == [each["expr"] for each in lines if not each.get("legendFormat")]
    assert {"stat", "timeseries", "table"} == {panel["type"] for panel in PANELS}


def test_tables_and_single_numbers_are_asked_for_once_and_lines_over_time() -> None:
    for panel in PANELS:
        for target in panel["targets"]:
            assert (panel["type"] != "timeseries") == bool(target.get("instant")), panel["title"]
            assert (panel["type"] == "table") == (target.get("format") == "table"), panel["title"]


def test_the_newest_verdict_of_a_stage_is_one_whatever_was_before(tmp_path: Path) -> None:
    """The group of an earlier revision stays on the gateway for a day."""
    [query] = [each.text for each in asked() if "Newest verdict" in each.place]
    given = []
    for revision, ended, verdict in (("old", 100, "fail"), ("new", 300, "pass")):
        group = f'job="canarygate",service="checkout",role="canary",stage="5",pod_template_hash="{revision}"'
        given.append((f"canarygate_run_end_timestamp_seconds{{{group}}}", ended))
        given += [
            (f'canarygate_verdict{{{group},verdict="{each}"}}', int(each == verdict))
            for each in ("pass", "fail", "inconclusive")
        ]

    run_unit_test(
        tmp_path,
        {
            "input_series": [{"series": name, "values": f"{value}x40"} for name, value in given],
            "promql_expr_test": [
                {
                    "expr": f"sum by (stage, pod_template_hash) ({query})",
                    "eval_time": "6m",
                    "exp_samples": [{"labels": '{stage="5",pod_template_hash="new"}', "value": 1}],
                }
            ],
        },
    )


def test_it_shows_what_it_was_made_for() -> None:
    titles = " / ".join(panel["title"] for panel in PANELS)

    for wanted in ("Weight curve", "Service level", "p99 of stable and canary", "Errors by status"):
        assert wanted in titles
    for wanted in ("Memory projection", "Load tests and their verdicts", "Alerts that fire"):
        assert wanted in titles


def test_every_renamed_column_of_the_table_of_runs_has_its_query() -> None:
    [table] = [each for each in PANELS if each["title"].startswith("Load tests")]
    [renamed] = [
        each["options"]["renameByName"]
        for each in table["transformations"]
        if each["id"] == "organize"
    ]

    letters = {target["refId"] for target in table["targets"]}
    assert letters - {"A"} == {name.removeprefix("Value #") for name in renamed}
    assert {"verdict", *renamed.values()} >= {
        each["matcher"]["options"] for each in table["fieldConfig"]["overrides"]
    }
