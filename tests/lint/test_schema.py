"""The table of fields: whole for both releases, and read as the API server reads an object."""

import pytest

from canarygate.lint.documents import read_documents
from canarygate.lint.manifests import CHECKED, manifests
from canarygate.lint.schema import NoNumber, Unknown, field_table, misfits

WITH_TIMEOUT = """\
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
spec:
  metrics:
  - name: errors
    provider:
      datadog:
        query: avg:errors{*}
        requestTimeout: 5s
"""


def found_in(text: str, version: str) -> list[tuple[str, int]]:
    [manifest] = manifests(read_documents(text, "a.yaml"))
    return [
        (each.key, each.place.line if isinstance(each, Unknown) else each.node.place.line)
        for each in misfits(manifest, version)
    ]


@pytest.mark.parametrize(("version", "release"), [("1.9", "1.9.1"), ("1.10", "1.10.0")])
def test_every_kind_that_is_checked_has_its_fields_in_both_releases(
    version: str, release: str
) -> None:
    table = field_table()["releases"][version]

    assert release == table["release"]
    assert set(CHECKED) == table["kinds"].keys()


def test_a_field_is_known_from_the_release_on_that_brought_it() -> None:
    assert [("requestTimeout", 9)] == found_in(WITH_TIMEOUT, "1.9")
    assert [] == found_in(WITH_TIMEOUT, "1.10")


def test_what_the_definition_leaves_open_takes_anything() -> None:
    text = """\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {anything: {at: all}}
spec:
  selector: {matchLabels: {any: label}}
  template: {metadata: {labels: {any: label}}}
"""

    assert [] == found_in(text, "1.9")


def test_whole_numbers_are_wanted_as_such_and_may_be_percent_where_that_is_open() -> None:
    text = """\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
spec:
  replicas: "3"
  minReadySeconds: 0.5
  strategy: {canary: {maxSurge: 25%, maxUnavailable: 0}}
"""

    assert [("replicas", 4), ("minReadySeconds", 5)] == found_in(text, "1.9")
    assert NoNumber in {
        type(each)
        for manifest in manifests(read_documents(text, "a.yaml"))
        for each in misfits(manifest, "1.9")
    }


def test_another_groups_object_of_the_same_kind_is_not_compared() -> None:
    assert [] == found_in("apiVersion: other.io/v1\nkind: Rollout\nspec: {unknown: 1}\n", "1.9")
