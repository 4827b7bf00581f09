"""Every file of jobs/ is built by something, and every build is of files that are there."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.jobs.manifests import JOBS, files

FOLDERS = [path.parent for path in files() if path.name == "kustomization.yaml"]
every_folder = pytest.mark.parametrize(
    "folder", FOLDERS, ids=lambda each: str(each.relative_to(JOBS))
)


def kustomization(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((folder / "kustomization.yaml").read_text("utf-8"))
    return found


def test_these_can_be_built() -> None:
    assert [
        "analysis",
        "base",
        "base/gate",
        "base/keep-alive",
        "base/load",
        "base/weights",
        "demo-shop",
        "demo-shop/background",
        "demo-shop/checkpoint",
        "demo-shop/experiment",
        "demo-shop/services",
        "overlays/distributed",
        "overlays/kind",
        "overlays/production",
        "overlays/production/autoscaling",
    ] == sorted(str(each.relative_to(JOBS)) for each in FOLDERS)


@every_folder
def test_a_kustomization_names_every_object_beside_it_and_folders_that_can_be_built(
    folder: Path,
) -> None:
    """kustomize refuses a missing one; a forgotten one it cannot see."""
    named = kustomization(folder)["resources"]

    assert sorted(set(named)) == sorted(named)
    assert {path.name for path in folder.glob("*.*.yaml")} == {
        each for each in named if each.endswith(".yaml")
    }
    for each in named:
        assert each.endswith(".yaml") or (folder / each / "kustomization.yaml").is_file()


@every_folder
def test_no_base_contains_what_uses_it(folder: Path) -> None:
    """kustomize refuses that as a cycle."""
    for each in kustomization(folder)["resources"]:
        other = (folder / each).resolve()
        assert not other.is_dir() or not folder.resolve().is_relative_to(other)


def test_every_yaml_file_is_a_kustomization_or_named_by_one() -> None:
    named = {
        (folder / each).resolve()
        for folder in FOLDERS
        for each in kustomization(folder)["resources"]
    }

    assert [] == [
        str(path.relative_to(JOBS))
        for path in files()
        if path.name != "kustomization.yaml" and path.resolve() not in named
    ]
    assert [] == [str(path) for path in JOBS.rglob("*.yml")]
