"""Documents in, findings and what was checked out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from canarygate.lint.findings import Finding, look
from canarygate.lint.manifests import CHECKED, manifests
from canarygate.lint.reading import Read
from canarygate.lint.rules import RULES
from canarygate.lint.schema import is_known
from canarygate.lint.world import World

VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What a run of the rules saw."""

    findings: Sequence[Finding]
    objects: Mapping[str, int]
    """How many of Argo's objects of each kind were checked."""
    others: Mapping[str, int]
    """How many of Kubernetes' own objects of each kind, of which little more than the fields is."""
    unknown: Mapping[str, int]
    """How many objects of kinds that nothing is known of."""

    @property
    def nothing(self) -> bool:
        """There was nothing to check, which is no clean run.

        Nor is it one without an object of Argo's beside one of an unknown kind: that may be a Rollout
        whose kind or group is misspelt.
        """
        return not self.objects and (not self.others or bool(self.unknown))


def lint(read: Read, *, argo_version: str, scrape_seconds: float) -> Checked:
    """Run every rule over what was read."""
    found = tuple(manifests(read.documents))
    world = World(found, argo_version, scrape_seconds, read.gives_namespace)
    argos = Counter(each.kind for each in world.of_kind(*CHECKED))
    others = Counter(each.kind for each in found if is_known(each))
    known = (*CHECKED, *others, "Kustomization", "Component")
    unknown = Counter(each.kind for each in found if each.kind not in known)
    unknown += Counter(each.kind for each in found if each.kind in CHECKED and not each.is_argo)
    findings = {each for rule in RULES for each in look(rule, world)}
    return Checked(
        findings=sorted(findings),
        objects={kind: argos[kind] for kind in CHECKED if argos[kind]},
        others=dict(sorted(others.items())),
        unknown=dict(sorted(unknown.items())),
    )


def lint_document(checked: Checked, read: Read, *, argo_version: str) -> dict[str, Any]:
    """The answer for programs."""
    return {
        "version": VERSION,
        "argo_version": argo_version,
        "files": read.files,
        "patches": read.patches,
        "unreadable": read.problems,
        "checked": dict(checked.objects),
        "others": dict(checked.others),
        "findings": [asdict(each) for each in checked.findings],
    }


def sentence(checked: Checked, read: Read) -> str:
    """What was found, and in what."""
    count = len(checked.findings)
    files = _counted(len(read.files), "file")
    if checked.nothing and not checked.others:
        return f"nothing checked: no object of Argo Rollouts or Kubernetes in {files}"
    if checked.nothing:
        unknown = ", ".join(f"{number} {kind}" for kind, number in checked.unknown.items())
        return (
            f"no object of Argo Rollouts in {files}, and nothing is known of {unknown}: "
            "is a kind or an apiVersion misspelt?"
        )
    kinds = ", ".join(
        f"{number} {kind}" for kind, number in (checked.objects or checked.others).items()
    )
    found = _counted(count, "trap") if count else "no traps"
    alone = "" if checked.objects else "; no object of Argo Rollouts among them"
    return f"{found} in {kinds}{alone} ({files})"


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
