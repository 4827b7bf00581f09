"""The same traps in the other places where Argo reads them."""

import pytest

from canarygate.lint.documents import read_documents
from canarygate.lint.linting import lint
from canarygate.lint.reading import Read

ARGO = "apiVersion: argoproj.io/v1alpha1\n"
TEMPLATE = f"""\
---
{ARGO}kind: AnalysisTemplate
metadata: {{name: check}}
spec:
  metrics:
  - name: errors
    interval: 30s
    successCondition: result[0] < 0.01
    provider: {{prometheus: {{query: "canary:errors:ratio"}}}}
"""
CLUSTER = TEMPLATE.replace("AnalysisTemplate", "ClusterAnalysisTemplate")
HASHED = (
    "analysis: {templates: [{templateName: check}], "
    "args: [{name: hash, valueFrom: {podTemplateHashValue: Latest}}]}"
)
ASKING = (
    TEMPLATE.replace("    interval: 30s\n", "")
    .replace('"canary:errors:ratio"', "'max(go_goroutines{pod_template_hash=\"{{args.hash}}\"})'")
    .replace("spec:", "spec:\n  args: [{name: hash}]")
)
NGINX = """\
      canaryService: shop-canary
      stableService: shop-stable
      trafficRouting:
        nginx: {stableIngress: shop}
"""
INGRESS = """\
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec:
  rules:
  - http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: SERVICE, port: {number: 80}}}}
"""


def rollout(strategy: str) -> str:
    return f"{ARGO}kind: Rollout\nmetadata: {{name: shop}}\nspec:\n  strategy:\n{strategy}"


def canary(*steps: str, routing: str = "") -> str:
    text = "".join(f"      - {step}\n" for step in steps)
    return rollout(f"    canary:\n{routing}      steps:\n{text}")


CASES = {
    "an endless metric before a blue-green switch": (
        rollout(
            "    blueGreen:\n      activeService: a\n      previewService: b\n"
            "      prePromotionAnalysis: {templates: [{templateName: check}]}\n"
        )
        + TEMPLATE,
        ["infinite-metric-in-step"],
    ),
    "an endless metric beside the steps, where it belongs": (
        rollout(
            "    canary:\n      analysis: {templates: [{templateName: check}]}\n      steps: []\n"
        )
        + TEMPLATE,
        [],
    ),
    "an endless metric of an experiment, which ends it": (
        canary(
            "experiment: {duration: 5m, templates: [], analyses: [{name: a, templateName: check}]}"
        )
        + TEMPLATE,
        [],
    ),
    "an endless metric of a cluster's template": (
        canary("analysis: {templates: [{templateName: check, clusterScope: true}]}") + CLUSTER,
        ["infinite-metric-in-step"],
    ),
    "a cluster's template that is looked for in the namespace": (
        canary("analysis: {templates: [{templateName: check}]}")
        + CLUSTER
        + TEMPLATE.replace("check", "a"),
        ["template-not-defined"],
    ),
    "an endless metric two templates further": (
        canary("analysis: {templates: [{templateName: outer}]}")
        + f"---\n{ARGO}kind: AnalysisTemplate\nmetadata: {{name: outer}}\n"
        + "spec: {templates: [{templateName: check}]}\n"
        + TEMPLATE,
        ["infinite-metric-in-step"],
    ),
    "a template that names itself": (
        canary("analysis: {templates: [{templateName: check}]}")
        + TEMPLATE.replace("    interval: 30s\n", "")
        + "  templates: [{templateName: check}]\n",
        ["templates-in-a-circle"],
    ),
    "a list of objects": (
        f"apiVersion: v1\nkind: List\nitems:\n- {ARGO}  kind: Rollout\n  metadata: {{name: a}}\n"
        "  spec: {strategy: {canary: {steps: [{setWeight: x}]}}}\n",
        ["set-weight-expression"],
    ),
    "an Ingress without a rule for the stable Service": (
        canary("setWeight: 20", routing=NGINX) + INGRESS.replace("SERVICE", "shop"),
        ["nginx-without-services"],
    ),
    "an Ingress that has it": (
        canary("setWeight: 20", routing=NGINX) + INGRESS.replace("SERVICE", "shop-stable"),
        [],
    ),
    "an Ingress of somebody else, and ours elsewhere": (
        canary("setWeight: 20", routing=NGINX)
        + INGRESS.replace("SERVICE", "blog").replace("name: shop}", "name: blog}"),
        [],
    ),
    "a Service of somebody else, and ours elsewhere": (
        canary("setWeight: 20", routing=NGINX)
        + "---\napiVersion: v1\nkind: Service\nmetadata: {name: blog}\n"
        + "spec: {selector: {app: blog}, ports: [{port: 80}]}\n",
        [],
    ),
    "Services one level too deep": (
        canary(
            "setWeight: 20",
            routing="      trafficRouting:\n        stableService: a\n        canaryService: b\n"
            "        nginx: {stableIngress: shop}\n",
        ),
        ["nginx-without-services", "unknown-field", "unknown-field"],
    ),
    "a mirror without Istio": (
        canary("setMirrorRoute: {name: mirror}", routing=NGINX),
        ["route-not-supported"],
    ),
    "a header route that nobody manages": (
        canary(
            "setHeaderRoute: {name: other}",
            routing="      canaryService: a\n      stableService: b\n      trafficRouting:\n"
            "        istio: {virtualService: {name: a}}\n"
            "        managedRoutes: [{name: header}]\n",
        ),
        ["route-not-supported"],
    ),
    "a scale beside a header route and a pause, which may stand in one step": (
        canary("{setCanaryScale: {weight: 20}, pause: {}}", "setWeight: 20", routing=NGINX),
        [],
    ),
    "a query for the hash before there are pods": (
        canary(HASHED) + ASKING,
        ["no-canary-yet"],
    ),
    "what was pushed, which needs no pods": (
        canary(HASHED) + ASKING.replace("go_goroutines", "push_time_seconds"),
        [],
    ),
    "a query for the hash after an experiment": (
        canary("experiment: {duration: 5m, templates: [{name: a, specRef: canary}]}", HASHED)
        + ASKING,
        [],
    ),
    "an experiment of a day, which Go does not know": (
        canary("experiment: {duration: 1d, templates: [{name: a, specRef: canary}]}"),
        ["experiment-never-ends"],
    ),
    "a scale that is handed back right behind the first weight": (
        canary(
            "setCanaryScale: {replicas: 1}",
            "setWeight: 60",
            "setCanaryScale: {matchTrafficWeight: true}",
            "setWeight: 80",
            routing=NGINX,
        ),
        [],
    ),
    "a scale that is handed back by nobody": (
        canary("setCanaryScale: {replicas: 1}", "setWeight: 60", "setWeight: 80", routing=NGINX),
        ["canary-scale-kept"],
    ),
    "an experiment of no revision": (
        canary("experiment: {duration: 5m, templates: [{name: a, specRef: base}]}"),
        ["experiment-template-unknown"],
    ),
    "an AnalysisRun of its own": (
        TEMPLATE.replace("AnalysisTemplate", "AnalysisRun").replace(
            "    interval: 30s\n", "    failureLimit: 1\n"
        ),
        ["never-fails"],
    ),
}


@pytest.mark.parametrize(("text", "rules"), CASES.values(), ids=CASES)
def test_the_trap_is_found_there_too(text: str, rules: list[str]) -> None:
    read = Read(["a.yaml"], read_documents(text, "a.yaml"))

    findings = lint(read, argo_version="1.9", scrape_seconds=15.0).findings

    assert rules == sorted(each.rule for each in findings)
