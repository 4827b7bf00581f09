"""What Argo's own checks refuse, case by case: told of, and the nearest that they accept, not."""

import pytest

from canarygate.lint.documents import read_documents
from canarygate.lint.durations import go_duration
from canarygate.lint.linting import lint
from canarygate.lint.reading import Read

METRIC = """\
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: check}
spec:
  metrics:
  - name: ratio
    successCondition: result < 0.01
    provider: {web: {url: "http://slo.internal/ratio", jsonPath: "{$.ratio}"}}
"""
ROLLOUT = """\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: shop, image: "acme/shop:1.2"}]}
  strategy:
    canary:
      canaryService: shop-canary
      stableService: shop-stable
      trafficRouting: {nginx: {stableIngress: shop}}
      steps: [{setWeight: 20}]
"""


def told(text: str) -> list[str]:
    """The rules, and what happens without the reason that is the same for all."""
    read = Read(["a.yaml"], read_documents(text, "a.yaml"))
    found = lint(read, argo_version="1.9", scrape_seconds=15.0).findings
    return [f"{each.rule}: {each.happens}".split("; Argo refuses")[0] for each in found]


def test_the_examples_are_right_as_they_are() -> None:
    assert [] == told(METRIC) + told(ROLLOUT)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ("count: 2", "count 2 without an interval"),
        ("count: 1", ""),
        ("count: 0", ""),
        ("interval: 10, count: 3", None),
        ('interval: "10", count: 3', "interval '10' is no duration"),
        ("interval: 1d, count: 3", "interval '1d' is no duration"),
        ("interval: 5 m, count: 3", "interval '5 m' is no duration"),
        ("interval: 1.5h, count: 3", ""),
        ("initialDelay: 1 minute", "initialDelay '1 minute' is no duration"),
        ("initialDelay: 500ms", ""),
        ("interval: 5s, count: 3, failureLimit: -1", "failureLimit -1 asks for a consecutive"),
        ("interval: 5s, count: 3, failureLimit: -1, consecutiveSuccessLimit: 3", ""),
        ("failureLimit: -2", "failureLimit -2 is below -1"),
        ("inconclusiveLimit: -1", "inconclusiveLimit -1 is below 0"),
        ("consecutiveErrorLimit: -1", "consecutiveErrorLimit -1 is below 0"),
        (
            "interval: 5s, count: 3, failureLimit: 2, consecutiveSuccessLimit: 2",
            "count 3 is less than failureLimit and consecutiveSuccessLimit together, 4",
        ),
        ("interval: 5s, count: 4, failureLimit: 2, consecutiveSuccessLimit: 2", ""),
    ],
)
def test_counts_limits_and_durations_of_a_metric(fields: str, wrong: str | None) -> None:
    lines = "".join(f"    {each.strip()}\n" for each in fields.split(","))
    found = told(METRIC.replace("    successCondition", f"{lines}    successCondition"))
    refused = [each for each in found if each.startswith("metric-refused")]

    if wrong:
        assert refused[0].startswith(f"metric-refused: metric 'ratio': {wrong}")
    else:
        assert [] == refused
    assert (wrong is None) == any(each.startswith("wrong-type") for each in found)


@pytest.mark.parametrize(
    ("before", "after", "wrong"),
    [
        ('jsonPath: "{$.ratio}"}', 'jsonPath: "{$.ratio}"}, job: {spec: 1}', "it has 2 providers"),
        ('{web: {url: "http://slo.internal/ratio", jsonPath: "{$.ratio}"}}', "{}", "it has no pro"),
        (METRIC[METRIC.index("  metrics") :], "  metrics: []\n", "AnalysisTemplate check has no m"),
    ],
)
def test_providers_and_metrics(before: str, after: str, wrong: str) -> None:
    changed = METRIC.replace(before, after)

    assert METRIC != changed
    assert any(wrong in each and each.startswith("metric-refused") for each in told(changed))


@pytest.mark.parametrize(
    ("before", "after", "wrong"),
    [
        (
            "    canary:\n",
            "    blueGreen: {activeService: a}\n    canary:\n",
            "canary and blueGreen",
        ),
        (ROLLOUT[ROLLOUT.index("    canary:") :], "    canary:\n", "the strategy is neither"),
        (ROLLOUT[ROLLOUT.index("    canary:") :], "    canary: {}\n", ""),
        ("  selector: {matchLabels: {app: shop}}\n", "", "spec.selector is missing"),
        ("{matchLabels: {app: shop}}", "{}", "spec.selector is empty"),
        ("{labels: {app: shop}}", "{labels: {app: store}}", "the selector wants app: shop"),
        ("{labels: {app: shop}}", "{labels: {app: shop, tier: web}}", ""),
        ("{labels: {app: shop}}", '{labels: {app: "${APP}"}}', ""),
        ("    canary:\n", "    canary:\n      maxSurge: 0\n      maxUnavailable: 0\n", "maxSurge"),
        ("    canary:\n", "    canary:\n      maxSurge: 0\n", ""),
        ("  strategy:", "  minReadySeconds: 600\n  strategy:", "progressDeadlineSeconds, 600"),
        ("  strategy:", "  minReadySeconds: 599\n  strategy:", ""),
        ("stableService: shop-stable", "stableService: shop-canary", "canaryService and stable"),
        ("    canary:\n", "    canary:\n      antiAffinity: {}\n", "antiAffinity takes exactly"),
        ("  strategy:", "  workloadRef: {name: a}\n  strategy:", "workloadRef and template"),
        (
            "nginx: {stableIngress: shop}",
            "maxTrafficWeight: 1000, smi: {}",
            "maxTrafficWeight is for nginx",
        ),
        (
            "    canary:\n",
            "    canary:\n      dynamicStableScale: true\n      scaleDownDelaySeconds: 30\n",
            "dynamicStableScale and scaleDownDelaySeconds exclude",
        ),
    ],
)
def test_specs_of_rollouts(before: str, after: str, wrong: str) -> None:
    changed = ROLLOUT.replace(before, after)
    found = [each for each in told(changed) if each.startswith("rollout-refused")]

    assert ROLLOUT != changed
    assert [True] * bool(wrong) == [each.startswith(f"rollout-refused: {wrong}") for each in found]


@pytest.mark.parametrize(
    ("step", "wrong"),
    [
        ("{pause: null}", "pause without a value"),
        ("{}", "the step is empty"),
        ("{pause: {}}", ""),
        ("{pause: {duration: 5}}", ""),
        ('{pause: {duration: "5"}}', ""),
        ("{pause: {duration: 1h5m}}", ""),
        ("{pause: {duration: -5}}", "a pause of '-5' is no duration"),
        ("{pause: {duration: 1.5}}", "a pause of '1.5' is no duration"),
        ("{pause: {duration: 2w}}", "a pause of '2w' is no duration"),
        ('{pause: {duration: "${PAUSE}"}}', ""),
        (
            "{experiment: {duration: 5m, templates: [{name: a, specRef: canary, weight: 5}]}}",
            "the weight of an experiment's template",
        ),
    ],
)
def test_what_is_in_a_step(step: str, wrong: str) -> None:
    changed = ROLLOUT.replace("{setWeight: 20}", f"{{setWeight: 20}}, {step}")
    found = [each for each in told(changed) if each.startswith("step-refused")]

    assert [True] * bool(wrong) == [each.startswith(f"step-refused: {wrong}") for each in found]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0.0), ("90s", 90.0), ("1h30m", 5400.0), (".5s", 0.5), ("-2m", -120.0), ("1d", None)],
)
def test_durations_are_go_s(text: str, seconds: float | None) -> None:
    assert seconds == go_duration(text)
