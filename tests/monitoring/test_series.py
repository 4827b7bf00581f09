import re
import subprocess
from pathlib import Path

import pytest
import yaml

from canarygate.verdict import Verdict
from push_metrics.catalogue import GROUPING_LABELS, MEASURES, METRICS
from tests.monitoring.expressions import MONITORING, OF_OTHERS, asked, known, series_of
from tests.push_metrics.conftest import find_program

OURS = {metric.name: metric for metric in METRICS}
SELECTOR = re.compile(r"\b(canarygate_\w+)\{([^}]*)\}")
MATCHER = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"')
PUSH_LABELS = ("namespace", "pod_template_hash")
"""Which locust-canary-validation pushes; what selects by them has to take results without them too."""
CLOSED: dict[str, set[str]] = {
    "verdict": {str(each) for each in Verdict},
    "state": {str(each) for each in Verdict},
    "measure": set(MEASURES),
}


def test_every_expression_names_only_series_that_exist() -> None:
    unknown = {each.place: series_of(each.text) - known() for each in asked()}

    assert {} == {place: names for place, names in unknown.items() if names}
    assert 40 < len(asked())


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('sum by (le, role) (rate(a_bucket{x=~"b|c"}[5m] offset 10m)) > bool 0.5', {"a_bucket"}),
        ("job:a:b / ignoring (role) c - 1e-9 * on (x) group_left (y) d", {"job:a:b", "c", "d"}),
        ('label_replace(a unless b, "service", "$1", "job", "(.+)")', {"a", "b"}),
        ('{__name__=~"a|b:c"}', {"a", "b:c"}),
        ("histogram_quantile(0.99, x_bucket) >= 0 and up", {"x_bucket", "up"}),
    ],
)
def test_names_are_read_out_of_an_expression(text: str, names: set[str]) -> None:
    assert names == series_of(text)


def test_what_is_pushed_is_selected_by_labels_that_it_has_and_values_that_there_are() -> None:
    wrong = []
    for each in asked():
        for name, inner in SELECTOR.findall(each.text):
            metric = OURS.get(name)
            for label, value in MATCHER.findall(inner) if metric else ():
                if metric and label not in {*GROUPING_LABELS, *PUSH_LABELS, *metric.labels}:
                    wrong.append(f"{each.place}: {name} has no label {label}")
                if not set(value.split("|")) <= CLOSED.get(label, set(value.split("|"))):
                    wrong.append(f"{each.place}: {label} is never {value}")

    assert [] == wrong


def test_a_result_that_was_pushed_without_a_namespace_is_not_lost() -> None:
    """PUSH_LABELS is the user's; a gate outside of a cluster has none."""
    asking = re.compile(r'canarygate_(?!weight_)\w+\{[^}]*namespace(=~?|!=)"([^"]*)"')
    ways = {
        each.place: {"".join(found) for found in asking.findall(each.text)}
        for each in asked(namespace="shop")
        if asking.search(each.text)
    }

    assert {"!=", "="} == ways.pop("alerts.yaml CanaryLoadTestResultStale")
    assert {"=~shop|"} == set().union(*ways.values())


def test_no_rate_is_taken_of_what_is_pushed_once() -> None:
    """It is always 0."""
    pushed = r"(?:rate|increase|deriv|delta)\(\s*canarygate_(?!weight_)"

    assert [] == [each.place for each in asked() if re.search(pushed, each.text)]


def test_every_expression_parses(tmp_path: Path) -> None:
    """As rules of one file, which promtool reads."""
    rules = [{"record": f"r{number}", "expr": each.text} for number, each in enumerate(asked())]
    file = tmp_path / "all.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": rules}]}))

    done = subprocess.run(
        [find_program("promtool"), "check", "rules", file],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert 0 == done.returncode, done.stderr
    assert f"{len(rules)} rules found" in done.stdout


def test_the_series_of_others_are_documented_and_used() -> None:
    page = (MONITORING.parent / "docs" / "monitoring.md").read_text("utf-8")
    used = {name for each in asked() for name in series_of(each.text)}

    assert [] == [name for name in OF_OTHERS if f"`{name}`" not in page]
    assert set() == set(OF_OTHERS) - used
