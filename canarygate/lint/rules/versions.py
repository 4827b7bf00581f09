"""Objects of a version that nobody serves."""

from collections.abc import Iterator

from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.manifests import ARGO, CHECKED, MEASURING
from canarygate.lint.world import World

SERVED = "argoproj.io/v1alpha1"


def _versions(world: World) -> Iterator[Told]:
    for manifest in world.manifests:
        version = manifest.node["apiVersion"]
        # Others have Rollouts and Experiments too; analyses by these names are Argo's alone.
        is_ours = version.text.startswith(ARGO) if manifest.kind in CHECKED else False
        if (is_ours or manifest.kind in MEASURING) and version.text != SERVED:
            yield told(
                manifest,
                version,
                f"there is no {manifest.kind} in {version.text or 'no apiVersion'}: kubectl finds no matches "
                "for the kind, and nothing is made",
            )


RULES = (
    Rule(
        name="version-not-served",
        remedy=f"apiVersion: {SERVED}",
        find=_versions,
    ),
)
