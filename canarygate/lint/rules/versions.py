"""Objects of a version, a group or a kind that nobody serves."""

from collections.abc import Iterator

from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.manifests import ARGO, CHECKED, MEASURING
from canarygate.lint.world import World
from canarygate.near import is_one_slip

SERVED = "argoproj.io/v1alpha1"


def _versions(world: World) -> Iterator[Told]:
    for manifest in world.manifests:
        version = manifest.node["apiVersion"]
        # Others have Rollouts and Experiments too; analyses by these names are Argo's alone.
        is_meant = manifest.kind in MEASURING or (
            manifest.is_argo or is_one_slip(version.text.partition("/")[0], ARGO.rstrip("/"))
        )
        misspelt = manifest.is_argo and any(is_one_slip(manifest.kind, kind) for kind in CHECKED)
        if misspelt or (manifest.kind in CHECKED and is_meant and version.text != SERVED):
            yield told(
                manifest,
                manifest.node["kind"] if misspelt else version,
                f"there is no {manifest.kind} in {version.text or 'no apiVersion'}: kubectl finds no matches "
                "for the kind, and nothing is made",
            )


RULES = (
    Rule(
        name="version-not-served",
        remedy=f"apiVersion: {SERVED}, and one of {', '.join(CHECKED)}",
        find=_versions,
    ),
)
