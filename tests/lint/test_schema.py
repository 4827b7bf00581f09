"""The table of fields: whole for both releases, and read as the API server reads an object."""

import pytest

from canarygate.lint.documents import read_documents
from canarygate.lint.linting import lint
from canarygate.lint.manifests import CHECKED, manifests
from canarygate.lint.reading import Read
from canarygate.lint.schema import Missing, NoNumber, Unknown, WrongKind, field_table, misfits

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
metadata: {labels: {any: label}, annotations: {any.one/of: them}}
spec:
  selector: {matchLabels: {any: label}}
  template:
    metadata: {labels: {any: label}}
    spec: {containers: [{name: a, resources: {limits: {any/thing: 1, cpu: 500m}}}]}
status: {whatever: 1}
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


def test_a_field_of_another_release_is_told_as_that() -> None:
    read = Read(["a.yaml"], read_documents(WITH_TIMEOUT, "a.yaml"))

    [found] = [
        each
        for each in lint(read, argo_version="1.9", scrape_seconds=15.0).findings
        if each.rule == "unknown-field"
    ]

    assert found.happens.startswith(
        "requestTimeout is a field of Argo Rollouts 1.10, and none of 1.9"
    )
    assert "--argo-version 1.10, if that is the controller's" == found.remedy


def kinds_found(text: str) -> list[tuple[str, str, int]]:
    [manifest] = manifests(read_documents(text, "a.yaml"))
    return [
        (
            type(each).__name__,
            each.key,
            (each.place if isinstance(each, Unknown) else each.node.place).line,
        )
        for each in misfits(manifest, "1.9")
    ]


def test_kinds_that_stand_beside_a_rollout_are_compared_too() -> None:
    text = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
  annotations: {prometheus.io/scrape: true}
spec:
  replica: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
      - image: shop:1.2
        env: [{name: PORT, value: 8080}]
        ports: {containerPort: 8080}
        readinessProbe: {httpGet: {path: /, port: http}, initialDelaySeconds: "5"}
"""

    assert [
        ("WrongKind", "prometheus.io/scrape", 5),
        ("Unknown", "replica", 7),
        ("WrongKind", "value", 14),
        ("WrongKind", "ports", 15),
        ("NoNumber", "initialDelaySeconds", 16),
        ("Missing", "name", 13),
    ] == kinds_found(text)


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: apps/v1beta1\nkind: Deployment\nspec: {unknown: 1}\n",
        "apiVersion: serving.knative.dev/v1\nkind: Service\nspec: {unknown: 1}\n",
        "apiVersion: v1\nkind: Service\n"
        "spec: {ports: [{port: 80, targetPort: http}, {port: 81, targetPort: 8080}]}\n",
        "apiVersion: v1\nkind: ConfigMap\ndata: {time: 10:30, day: 2026-11-21, count: '3'}\n",
        "apiVersion: v1\nkind: Service\nmetadata:\n  annotations:\nspec: {selector: null}\n",
    ],
    ids=["older version", "another group", "number or name", "texts without quotes", "nothing"],
)
def test_what_the_definition_does_not_forbid_fits(text: str) -> None:
    assert [] == kinds_found(text)


def test_a_value_of_another_kind_says_what_belongs_there() -> None:
    text = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nspec: {paused: 'no', strategy: [a]}\n"
    [manifest] = manifests(read_documents(text, "a.yaml"))

    assert [
        ("paused", "true or false", "a text"),
        ("strategy", "a mapping", "a list"),
    ] == [
        (each.key, each.wanted, each.written)
        for each in misfits(manifest, "1.9")
        if isinstance(each, WrongKind)
    ]


def test_what_has_to_be_there_is_missing_where_it_is_empty_too() -> None:
    text = "apiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nspec:\n"
    [manifest] = manifests(read_documents(text, "a.yaml"))

    assert ["spec"] == [x.key for x in misfits(manifest, "1.9") if isinstance(x, Missing)]
