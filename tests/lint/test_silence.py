"""Where a rule cannot know, it says nothing: a false alarm teaches people to read none."""

import io
from pathlib import Path

import pytest

from canarygate.lint.linting import lint
from canarygate.lint.reading import read_all

ROLLOUT = """\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: shop, namespace: production}
spec:
  replicas: 10
  strategy:
    canary:
      steps:
      - setWeight: 20
      - analysis:
          templates: [{templateName: check}]
          args: [{name: service, value: shop-canary}]
"""
TEMPLATE = """\
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: check, namespace: production}
spec:
  args:
  - name: service
  metrics:
  - name: errors
    successCondition: result[0] < 0.01
    failureCondition: result[0] >= 0.01
    provider:
      prometheus:
        query: |
          sum(rate(http_requests_total{service="{{args.service}}"}[2m]))
"""
OTHER = TEMPLATE.replace("name: check", "name: other").replace("- name: service", "- name: port")


TWICE = """\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: LABEL}}
  template:
    metadata: {labels: {app: LABEL}}
    spec: {containers: [{name: shop, image: "acme/shop:1.2"}]}
  strategy: {blueGreen: {activeService: shop}}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: LABEL}, ports: [{port: 80}]}
"""


def found_in(folder: Path, **texts: str) -> list[str]:
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)
    read = read_all([str(folder)], io.BytesIO())
    assert [] == read.problems
    return [each.rule for each in lint(read, argo_version="1.9", scrape_seconds=15.0).findings]


def test_the_two_together_are_clean(tmp_path: Path) -> None:
    assert [] == found_in(tmp_path, rollout=ROLLOUT, template=TEMPLATE)


def test_a_rollout_alone_may_have_its_templates_elsewhere(tmp_path: Path) -> None:
    assert [] == found_in(tmp_path, rollout=ROLLOUT)


def test_a_template_alone_may_be_given_any_args(tmp_path: Path) -> None:
    assert [] == found_in(tmp_path, template=TEMPLATE)


def test_of_one_name_in_several_files_none_is_followed(tmp_path: Path) -> None:
    another = TEMPLATE.replace("- name: service", "- name: service\n  - name: needed")
    another = another.replace('"{{args.service}}"', '"{{args.service}}{{args.needed}}"')

    assert [] == found_in(tmp_path, rollout=ROLLOUT, template=TEMPLATE, variant=another)
    assert ["arg-not-passed"] == found_in(tmp_path, rollout=f"{ROLLOUT}---\n{another}")


def test_a_kustomization_gives_the_namespace_that_a_template_does_not_have(tmp_path: Path) -> None:
    bare = TEMPLATE.replace(", namespace: production", "")
    kustomization = "resources: [rollout.yaml, template.yaml]\nnamespace: production\n"

    assert ["template-namespace"] == found_in(tmp_path, rollout=ROLLOUT, template=bare)
    assert [] == found_in(tmp_path, kustomization=kustomization)


def test_one_list_of_args_for_all_steps_is_no_slip(tmp_path: Path) -> None:
    shared = ROLLOUT.replace("args: [", "args: &all [{name: tier, value: shop-canary}, ") + (
        "      - setWeight: 50\n"
        "      - analysis:\n"
        "          templates: [{templateName: other}]\n"
        "          args: *all\n"
    )
    other = OTHER.replace("- name: port", "- name: tier").replace("args.service", "args.tier")

    assert [] == found_in(tmp_path, rollout=shared, template=TEMPLATE, other=other)


def test_a_default_in_one_template_of_a_run_serves_the_others(tmp_path: Path) -> None:
    both = ROLLOUT.replace("{templateName: check}", "{templateName: check}, {templateName: other}")
    both = both.replace("          args: [{name: service, value: shop-canary}]\n", "")
    other = TEMPLATE.replace("name: check", "name: other").replace("errors", "latency")
    other = other.replace("- name: service", "- name: service\n    value: shop-canary")

    assert [] == found_in(tmp_path, rollout=both, template=TEMPLATE, other=other)


@pytest.mark.parametrize(
    "condition",
    [
        "len(result) == 3 && result[2] < 1",
        "len(result) >= 30",
        "result[0] < result[1]",
        "result[0] > result[1]",
        "result[0] / 1024 / 1024 < 500 && result[0] / 1024 / 1024 > 400",
        "result[0] > 0.5 && result[0] < 0.500002",
        "now().Unix() > 1",
        "result[0] < {{args.most}} && result[0] > {{args.least}}",
        "{{args.condition}}",
        "!({{args.condition}})",
    ],
)
def test_a_condition_that_some_result_meets_is_not_called_one_that_none_does(
    tmp_path: Path, condition: str
) -> None:
    changed = TEMPLATE.replace("result[0] < 0.01", f'"{condition}"')
    changed = changed.replace("    failureCondition: result[0] >= 0.01\n", "")
    changed = changed.replace("sum(rate(", "sum without (route) (rate(")
    declared = "- name: service\n  - name: most\n  - name: least\n  - name: condition"
    changed = changed.replace("- name: service", declared)

    told = set(found_in(tmp_path, template=changed)) - {"arg-unused"}
    assert set() == told


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("result[0] < 0.01", "result[0] < {{args.service}}"),
        ("result[0] < 0.01", "'reduce(result, #acc + #, 0) < 0.01'"),
        ("failureCondition: result[0] >= 0.01", 'failureCondition: "false"'),
        ("[2m]", "[{{args.service}}]"),
        ('service="{{args.service}}"', 'job="{{args.service}}"'),
    ],
)
def test_what_is_not_known_is_not_told_of(tmp_path: Path, before: str, after: str) -> None:
    changed = TEMPLATE.replace(before, after)

    assert TEMPLATE != changed
    assert [] == found_in(tmp_path, template=changed)


def test_a_secret_is_no_missing_arg_and_its_value_is_not_guessed(tmp_path: Path) -> None:
    secret = "- name: service\n    valueFrom: {secretKeyRef: {name: a, key: b}}"

    assert [] == found_in(tmp_path, template=TEMPLATE.replace("- name: service", secret))


def test_helms_own_braces_are_gone_when_it_is_applied(tmp_path: Path) -> None:
    helm = TEMPLATE.replace("name: errors", "name: '{{ .Values.name }}'")

    assert [] == found_in(tmp_path, template=helm)


@pytest.mark.parametrize("pattern", ["errors", ".*", "^err"])
def test_the_limits_of_a_metric_that_does_not_count_may_be_any(
    tmp_path: Path, pattern: str
) -> None:
    endless = TEMPLATE.replace("- name: errors", "- name: errors\n    failureLimit: 3")
    dry = endless + f"  dryRun: [{{metricName: '{pattern}'}}]\n"
    by_rollout = ROLLOUT + f"          dryRun: [{{metricName: '{pattern}'}}]\n"

    assert ["never-fails"] == found_in(tmp_path, rollout=ROLLOUT, template=endless)
    assert [] == found_in(tmp_path, rollout=ROLLOUT, template=dry)
    assert [] == found_in(tmp_path, rollout=by_rollout, template=endless)


def test_copies_for_several_places_are_not_mixed(tmp_path: Path) -> None:
    for place in ("dev", "prod"):
        text = TWICE.replace("LABEL", f"shop-{place}")
        (tmp_path / place).mkdir()
        for name, part in zip(("rollout", "service"), text.split("---\n"), strict=True):
            (tmp_path / place / f"{name}.yaml").write_text(part)

    assert [] == found_in(tmp_path)
    mixed = (tmp_path / "dev" / "service.yaml").read_text().replace("shop-dev", "shop-prod")
    (tmp_path / "dev" / "service.yaml").write_text(mixed)
    assert ["service-selects-others"] == found_in(tmp_path)
