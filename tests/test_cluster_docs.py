"""docs/kubernetes.md and docs/runbook.md name nothing that is not there, and miss nothing that is."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from canarygate import __version__
from canarygate.cli import commands
from canarygate.errors import ExitCode
from push_metrics.grouping import GroupKey
from tests.jobs.manifests import JOBS, templates

CHECKOUT = Path(__file__).resolve().parent.parent
DOCS = CHECKOUT / "docs"
PAGES = {name: (DOCS / name).read_text("utf-8") for name in ("kubernetes.md", "runbook.md")}
RUNBOOK = PAGES["runbook.md"]
EVERYTHING = "\n".join(PAGES.values())

PLUGIN = {
    "abort": set[str](),
    "create analysisrun": {"--from", "-a"},
    "get rollout": {"--watch"},
    "promote": {"--full"},
    "retry rollout": set(),
    "set image": set(),
    "status": set(),
    "undo": {"--to-revision"},
    "version": set(),
}
"""Of `kubectl argo rollouts` 1.9.1, docs/generated/kubectl-argo-rollouts there; all of them take -n."""
OTHERS_NAMES = {
    # Of other people's software, in places where our own names stand too.
    *("argo-rollouts", "ingress-nginx", "proxy-next-upstream", "proxy-set-headers"),
    *("kube-state-metrics", "cert-manager"),
}
OTHERS_VARIABLES = {"SSL_CERT_FILE", "ENABLE_NATIVE_SIDECARS", "FAULTS", "HASH", "NAME", "POD"}


@cache
def manifests() -> tuple[dict[str, Any], ...]:
    """Every object and kustomization in jobs/ and monitoring/."""
    paths = [*JOBS.rglob("*.yaml"), *(CHECKOUT / "monitoring").rglob("*.yaml")]
    return tuple(
        each
        for path in paths
        for each in yaml.load_all(path.read_text("utf-8"), yaml.CSafeLoader)
        if each
    )


@cache
def analysis_templates() -> dict[str, dict[str, Any]]:
    """Those of all folders, by name."""
    return {
        each["metadata"]["name"]: each["spec"]
        for each in manifests()
        if each.get("kind") == "AnalysisTemplate"
    }


def section(title: str) -> str:
    """What stands below a heading of the third level of the runbook."""
    found = re.search(rf"^### {re.escape(title)}\n(.*?)(?=^##)", RUNBOOK + "\n##", re.M | re.S)
    assert found, f"the runbook has no section {title}"
    return " ".join(found[1].split())


def headings_of(part: str) -> list[str]:
    text = re.search(rf"^## {part}\n(.*?)(?=^## )", RUNBOOK + "\n## ", re.M | re.S)
    assert text
    return re.findall(r"^### (.+)$", text[1], re.M)


def test_every_metric_of_every_template_has_its_section_and_no_other() -> None:
    metrics = {each["name"] for spec in analysis_templates().values() for each in spec["metrics"]}

    assert len(analysis_templates()) >= 9
    assert sorted(metrics) == sorted(headings_of("By metric"))


def test_the_section_of_a_metric_names_its_template() -> None:
    missing = [
        (template, metric["name"])
        for template, spec in analysis_templates().items()
        for metric in spec["metrics"]
        # "As X" and "The same" lead to the one above, of the same template.
        if f"`{template}`" not in section(metric["name"])
        and not section(metric["name"]).startswith(("As [", "The same"))
    ]

    assert [] == missing


def test_every_alert_has_its_section_and_no_other() -> None:
    rules = yaml.safe_load((CHECKOUT / "monitoring/rules/alerts.yaml").read_text("utf-8"))
    alerts = [rule["alert"] for group in rules["groups"] for rule in group["rules"]]

    assert sorted(alerts) == sorted(headings_of("By alert"))


@pytest.mark.parametrize("page", PAGES)
def test_every_file_and_folder_that_a_page_names_is_there(page: str) -> None:
    named = set(
        re.findall(r"(?<![\w/.-])(?:jobs|monitoring|docs|benchmarks)/[\w./-]+", PAGES[page])
    )

    assert named
    assert [] == sorted(each for each in named if not (CHECKOUT / each.rstrip("./")).exists())


@pytest.mark.parametrize("page", PAGES)
def test_whatever_is_applied_with_k_is_a_kustomization(page: str) -> None:
    named = set(re.findall(r"(?:-k|kustomize) ([\w./-]+)", PAGES[page])) - {"of", "does"}

    assert named or page == "runbook.md"
    assert [] == sorted(
        each for each in named if not (CHECKOUT / each / "kustomization.yaml").is_file()
    )


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def anchors(path: Path) -> set[str]:
    text = re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.M | re.S)
    return {slug(each) for each in re.findall(r"^#+ (.+)$", text, re.M)}


LINK = re.compile(r"\]\(([^)\s]*)\)")


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda path: path.name)
def test_every_anchor_within_docs_is_a_heading_there(page: Path) -> None:
    inner = [each for each in LINK.findall(page.read_text("utf-8")) if "#" in each]
    lost = []
    for link in inner:
        target, _, anchor = link.partition("#")
        path = page.parent / target if target else page
        if "://" not in link and path.suffix == ".md" and anchor not in anchors(path):
            lost.append(link)

    assert [] == lost


def test_the_runbook_leads_to_itself_often_enough_to_be_tested() -> None:
    assert 20 < len([each for each in LINK.findall(RUNBOOK) if each.startswith("#")])


def known_names() -> set[str]:
    """Of objects, metrics, arguments, labels of stages and keys in jobs/ and monitoring/."""
    found: set[str] = set()
    for each in manifests():
        found.add(each.get("metadata", {}).get("name", ""))
    for spec in analysis_templates().values():
        found |= {each["name"] for each in [*spec["args"], *spec["metrics"]]}
    found |= {"canarygate-rules", "canarygate-dashboard"} & set(
        re.findall(r"[\w-]+", (CHECKOUT / "monitoring/kustomization.yaml").read_text("utf-8"))
    )
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_name_with_a_dash_is_one_of_ours_or_of_software_that_is_named(page: str) -> None:
    """Templates, arguments, metrics, objects: a renamed one would be searched for in vain."""
    named = set(re.findall(r"`([a-z][a-z0-9]*(?:-[a-z0-9]+)+)(?::[^`]*)?`", PAGES[page]))

    assert 10 < len(named)
    assert set() == named - known_names() - OTHERS_NAMES


def variables() -> set[str]:
    return set(
        re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*\b", (DOCS / "cli.md").read_text("utf-8"))
    )


@pytest.mark.parametrize("page", PAGES)
def test_every_variable_is_known(page: str) -> None:
    named = set(re.findall(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)", PAGES[page]))

    assert named
    assert set() == named - variables() - OTHERS_VARIABLES


def test_every_series_of_ours_is_pushed_recorded_or_served() -> None:
    known = (DOCS / "metrics.md").read_text("utf-8") + (DOCS / "monitoring.md").read_text("utf-8")
    named = set(re.findall(r"\bcanary(?:gate)?_\w+", EVERYTHING))

    assert {"canarygate_verdict", "canary_latency_delta"} <= named
    assert [] == sorted(each for each in named if f"`{each}`" not in known)


def shell_lines() -> Iterator[str]:
    """Each command of both pages: in blocks, continued lines joined, and inline ones."""
    for text in PAGES.values():
        for block in re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S):
            yield from block.replace("\\\n", " ").splitlines()
        yield from re.findall(r"`((?:kubectl|curl|canarygate|make) [^`\n]*)`", text)


@pytest.mark.parametrize(
    "line", [each for each in shell_lines() if "kubectl argo rollouts" in each]
)
def test_a_command_of_the_plugin_is_one_that_it_has(line: str) -> None:
    words = shlex.split(line[line.index("kubectl argo rollouts") :])[3:]
    verb = next((each for each in PLUGIN if words[: len(each.split())] == each.split()), None)
    assert verb, f"no such command: {words}"
    flags = {each.partition("=")[0] for each in words if each.startswith("-")} - {"-n"}

    assert set() == flags - PLUGIN[verb]
    assert verb == "version" or ["-n", "production"] == words[words.index("-n") :][:2]


def test_an_analysis_run_that_is_created_by_hand_gets_what_its_template_wants() -> None:
    [line] = [each for each in shell_lines() if "create analysisrun" in each]
    words = shlex.split(line)
    template = templates()[words[words.index("--from") + 1]]
    given = {word.partition("=")[0] for flag, word in pairwise(words) if flag == "-a"}

    assert {name for name, default in template.defaults.items() if default is None} == given


@pytest.mark.parametrize("line", [each for each in shell_lines() if "canarygate lint " in each])
def test_a_command_of_canarygate_is_understood_by_its_own_parser(line: str) -> None:
    words = shlex.split(line[line.index("canarygate lint") :])[1:]
    with click.Context(commands) as context:
        name, command, rest = commands.resolve_command(context, words)
        assert command
        command.make_context(name, list(rest))


def test_the_exit_codes_are_those_of_the_code() -> None:
    table = RUNBOOK.partition("## Exit codes")[2].partition("## ")[0]
    codes = {int(each) for each in re.findall(r"^\| (\d+) \|", table, re.M)}

    # Nobody presses Ctrl-C in a pod.
    assert {each.value for each in ExitCode} - {ExitCode.SIGINT.value} == codes


def test_versions_are_those_of_the_code() -> None:
    module = (CHECKOUT / "tests/argo/go.mod").read_text("utf-8")
    [argo] = re.findall(r"argoproj/argo-rollouts (v[\d.]+)$", module, re.M)

    assert {argo} == set(re.findall(r"/download/(v[\d.]+)/", EVERYTHING))
    assert {__version__} == set(re.findall(r"canarygate:([\d.]+\d)", EVERYTHING))


def test_the_path_that_deletes_a_group_is_the_one_that_a_gate_makes() -> None:
    [path] = re.findall(r"-X DELETE http://localhost:9091/metrics/(\S+)", RUNBOOK)
    labels = {"namespace": "production", "pod_template_hash": "HASH"}

    assert path == GroupKey.of("checkout-service", "canary", "s00", labels).path
