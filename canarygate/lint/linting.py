"""Documents in, findings and what was checked out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from canarygate.lint.findings import Finding, look
from canarygate.lint.manifests import CHECKED, manifests
from canarygate.lint.reading import Read
from canarygate.lint.rules import RULES
from canarygate.lint.world import World

VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What a run of the rules saw."""

    findings: Sequence[Finding]
    objects: Mapping[str, int]
    """How many of Argo's objects of each kind were checked; empty when there was nothing to check."""
    others: int
    """Objects that the rules only look up, or have nothing to say of."""


def lint(read: Read, *, argo_version: str, scrape_seconds: float) -> Checked:
    """Run every rule over what was read."""
    found = tuple(manifests(read.documents))
    world = World(found, argo_version, scrape_seconds, read.gives_namespace)
    checked = Counter(each.kind for each in world.of_kind(*CHECKED))
    findings = {finding for rule in RULES for finding in look(rule, world)} if checked else set()
    return Checked(
        findings=sorted(findings),
        objects={kind: checked[kind] for kind in CHECKED if checked[kind]},
        others=len(found) - checked.total(),
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
        "findings": [asdict(each) for each in checked.findings],
    }


def sentence(checked: Checked, read: Read) -> str:
    """What was found, and in what."""
    count = len(checked.findings)
    kinds = ", ".join(f"{number} {kind}" for kind, number in checked.objects.items())
    files = _counted(len(read.files), "file")
    if not kinds:
        return f"nothing checked: no object of Argo Rollouts in {files}"
    found = _counted(count, "trap") if count else "no traps"
    return f"{found} in {kinds} ({files})"


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
