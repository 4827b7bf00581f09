"""`canarygate lint`: what it says of good, bad and unreadable input, and with which exit code."""

import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Command

HINT = "  hint: canarygate lint --help shows every option; docs/lint.md every rule\n"
BAD = """\
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata:
  name: smoke
spec:
  metrics:
  - name: load
    failureLimit: 1
    provider:
      job:
        spec:
          backoffLimit: 0
          activeDeadlineSeconds: 300
          template:
            spec:
              restartPolicy: Never
              containers:
              - name: load
                image: shop/smoke:1.2
"""
GOOD = BAD.replace("failureLimit: 1", "failureLimit: 0")
TOLD = """\
bad.yaml:8:19: never-fails
  AnalysisTemplate smoke: metric 'load' can never fail: it takes more than
  failureLimit, 1, and one measurement is made; whatever is measured, it ends
  Successful
  remedy: failureLimit: 0; a limit is what is tolerated, and must be less than
  count

1 trap in 1 AnalysisTemplate (1 file)
"""


def test_a_trap_is_told_with_its_place_what_happens_and_the_remedy(
    canarygate: "Command", here: Path
) -> None:
    (here / "bad.yaml").write_text(BAD)

    ended = canarygate("lint", "bad.yaml")

    assert (10, TOLD, "") == (ended.code, ended.out, ended.err)


def test_nothing_found_is_said_with_what_was_checked(canarygate: "Command", here: Path) -> None:
    (here / "good.yaml").write_text(GOOD)

    ended = canarygate("lint", "good.yaml")

    assert (0, "no traps in 1 AnalysisTemplate (1 file)\n", "") == (
        ended.code,
        ended.out,
        ended.err,
    )


SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: checkout}
spec:
  selector: {app: checkout}
  ports: [{port: 80, targetPort: 8080}]
"""


def test_without_an_object_of_argos_the_fields_of_the_others_are_checked_and_the_end_says_so(
    canarygate: "Command", here: Path
) -> None:
    """A pipeline lints each kustomization, also that of a namespace without a Rollout."""
    (here / "good.yaml").write_text(SERVICE)
    (here / "bad.yaml").write_text(SERVICE.replace("selector:", "selectors:"))

    good, bad = canarygate("lint", "good.yaml"), canarygate("lint", "bad.yaml", "--json")

    told = "no traps in 1 Service; no object of Argo Rollouts among them (1 file)\n"
    assert (0, told, "") == (good.code, good.out, good.err)
    document = json.loads(bad.out)
    assert (10, {}, {"Service": 1}, ["unknown-field"]) == (
        bad.code,
        document["checked"],
        document["others"],
        [each["rule"] for each in document["findings"]],
    )


@pytest.mark.parametrize(
    ("version", "kind"), [("argoproj.io/v1alpha1", "Rolout"), ("argoprj.io/v1alpha1", "Rollout")]
)
def test_a_rollout_whose_kind_or_group_is_misspelt_is_no_clean_run_beside_others(
    canarygate: "Command", here: Path, version: str, kind: str
) -> None:
    text = f"{SERVICE}---\napiVersion: {version}\nkind: {kind}\nmetadata: {{name: checkout}}\n"
    (here / "misspelt.yaml").write_text(text)

    ended = canarygate("lint", "misspelt.yaml")

    told = (
        f"no object of Argo Rollouts in 1 file, and nothing is known of 1 {kind}: "
        "is a kind or an apiVersion misspelt?\n"
    )
    assert (2, f"canarygate: {told}{HINT}") == (ended.code, ended.err)
    assert ["version-not-served"] == re.findall(r"^\S+: (\S+)$", ended.out, re.MULTILINE)

    (here / "good.yaml").write_text(GOOD)

    assert 10 == canarygate("lint", "misspelt.yaml", "good.yaml").code


def test_a_folder_is_read_with_all_below_it_but_what_is_hidden(
    canarygate: "Command", here: Path
) -> None:
    for name in ("a.yaml", "b/c.yml", "b/.d.yaml", ".git/e.yaml", "f.txt", "locustfiles/g.yaml"):
        path = here / "all" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(GOOD)

    ended = canarygate("lint", "all", "all/a.yaml")

    assert "no traps in 3 AnalysisTemplate (3 files)\n" == ended.out


def test_json_is_one_document(canarygate: "Command", here: Path) -> None:
    (here / "bad.yaml").write_text(BAD)

    ended = canarygate("lint", "--json", "bad.yaml")
    document = json.loads(ended.out)
    [finding] = document.pop("findings")

    assert 10 == ended.code
    assert {
        "version": 1,
        "argo_version": "1.9",
        "files": ["bad.yaml"],
        "patches": [],
        "unreadable": [],
        "checked": {"AnalysisTemplate": 1},
        "others": {},
    } == document
    assert ("bad.yaml", 8, 19, "never-fails", "AnalysisTemplate", "smoke") == tuple(
        finding[key] for key in ("file", "line", "column", "rule", "kind", "name")
    )


def test_what_comes_on_stdin_is_read_too(
    canarygate: "Command", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(BAD.encode())))

    ended = canarygate("lint", "-")

    assert (10, "stdin:8:19: never-fails") == (ended.code, ended.out.splitlines()[0])


@pytest.mark.parametrize("closed", [True, False])
def test_nothing_on_stdin_is_no_clean_run(
    canarygate: "Command", monkeypatch: pytest.MonkeyPatch, closed: bool
) -> None:
    monkeypatch.setattr("sys.stdin", None if closed else io.TextIOWrapper(io.BytesIO()))

    ended = canarygate("lint", "-")

    told = "canarygate: nothing checked: no object of Argo Rollouts or Kubernetes in 1 file\n"
    assert (2, "", told + HINT) == (ended.code, ended.out, ended.err)


NOT_ARGOS = (
    "apiVersion: argoproj.io/v1alpha1\nkind: Application\n---\nkind: Service\n---\n- a\n---\nb\n"
)

# Name, content, and what is told of it.
UNREADABLE: list[tuple[str, bytes, str]] = [
    ("cut.yaml", b"a: {b", "cut.yaml:2:1: is no YAML: did not find expected ',' or '}'"),
    (
        "helm.yaml",
        b"{{- if .Values.a }}\nc: {{ include x }}",
        "helm.yaml:1:3: is no YAML: did not find expected node content; "
        "it looks like a Helm template: lint what `helm template` makes of it",
    ),
    (
        "value.yaml",
        b"a: {{ .Values.b }}",
        "value.yaml:1:5: is a template of Helm; lint what `helm template` makes of it\n",
    ),
    ("binary.yaml", b"\x7fELF\x02\x01\x80\xff", "binary.yaml: is no text in UTF-8"),
    ("big.yaml", b"a: 1\n" * 2_000_000, "big.yaml: is larger than 4 MB; give the files of "),
    ("deep.yaml", b"a: " + b"[" * 100_000, "deep.yaml:1:103: nests deeper than 100 levels"),
    ("empty.yaml", b"", "nothing checked: no object of Argo Rollouts or Kubernetes in 1 file"),
    (
        "other.yaml",
        NOT_ARGOS.encode(),
        "nothing checked: no object of Argo Rollouts or Kubernetes in 1 file",
    ),
]


@pytest.mark.parametrize(("name", "content", "told"), UNREADABLE, ids=[x[0] for x in UNREADABLE])
def test_what_cannot_be_checked_is_told_with_2_and_never_a_clean_run(
    canarygate: "Command", here: Path, name: str, content: bytes, told: str
) -> None:
    (here / name).write_bytes(content)

    ended = canarygate("lint", name)

    assert (2, "") == (ended.code, ended.out)
    assert f"canarygate: {told}" in ended.err
    assert ended.err.endswith(HINT)


def test_a_file_that_cannot_be_read_makes_it_2_and_the_others_are_told_of_all_the_same(
    canarygate: "Command", here: Path
) -> None:
    (here / "bad.yaml").write_text(BAD)
    (here / "cut.yaml").write_text("a: {b")

    ended = canarygate("lint", "cut.yaml", "bad.yaml", "bda.yaml")

    assert (2, TOLD.replace("(1 file)", "(2 files)")) == (ended.code, ended.out)
    assert (
        "canarygate: cut.yaml:2:1: is no YAML: did not find expected ',' or '}'\n"
        "canarygate: bda.yaml: is not there; did you mean bad.yaml?\n" + HINT
    ) == ended.err


def test_an_empty_folder_is_no_clean_run(canarygate: "Command", here: Path) -> None:
    (here / "empty").mkdir()

    ended = canarygate("lint", "empty")

    told = "canarygate: nothing checked: no object of Argo Rollouts or Kubernetes in 0 files\n"
    assert (2, "", told + HINT) == (ended.code, ended.out, ended.err)


def test_patches_of_a_kustomization_are_left_out_and_named(
    canarygate: "Command", here: Path
) -> None:
    """Half an object misses its other half: a Job without a deadline, which the base has."""
    folder = here / "overlay"
    folder.mkdir()
    (folder / "good.yaml").write_text(GOOD)
    (folder / "patch.yaml").write_text(BAD)
    (folder / "kustomization.yaml").write_text(
        "resources: [good.yaml]\npatches: [path: patch.yaml]\n"
    )

    ended = canarygate("lint", "overlay")

    assert (0, "no traps in 1 AnalysisTemplate (2 files)\n") == (ended.code, ended.out)
    assert "overlay/patch.yaml: is a patch, half an object" in ended.err


def test_names_with_what_a_terminal_obeys_are_shown_as_text(
    canarygate: "Command", here: Path
) -> None:
    (here / "bad.yaml").write_text(BAD.replace("name: load", 'name: "a\\e[31m\\nb"', 1))

    ended = canarygate("lint", "bad.yaml")

    assert "\x1b" not in ended.out
    assert "never-fails" in ended.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ("--argo-version", "1.8"),
            "--argo-version (ARGO_VERSION): '1.8' is not known; 1.9 or 1.10",
        ),
        (("--scrape-interval", "0s"), "--scrape-interval (SCRAPE_INTERVAL): "),
    ],
)
def test_a_wrong_option_is_told_before_anything_is_read(
    canarygate: "Command", arguments: tuple[str, str], told: str
) -> None:
    ended = canarygate("lint", "nowhere", *arguments)

    assert (2, "") == (ended.code, ended.out)
    assert f"canarygate: {told}" in ended.err
    assert "nowhere" not in ended.err


def test_the_release_of_argo_decides_what_a_condition_means(
    canarygate: "Command", here: Path
) -> None:
    """max() of a vector is an Error up to 1.9 and a number from 1.10 on."""
    (here / "max.yaml").write_text(
        "apiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {name: x}\nspec:\n"
        "  metrics:\n  - name: errors\n    successCondition: len(result) > 0 && max(result) < 0.01\n"
        "    provider: {prometheus: {query: 'canary:errors'}}\n"
    )

    codes = {
        version: canarygate("lint", "max.yaml", ARGO_VERSION=version).code
        for version in ("1.9", "1.10")
    }

    assert {"1.9": 10, "1.10": 0} == codes
