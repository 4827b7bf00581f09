"""Writes canarygate/lint/argo_fields.json: the names of all fields of Argo Rollouts' objects.

    python scripts/make_argo_fields.py 1.9.1=FOLDER 1.10.0=FOLDER

FOLDER is a checkout of the module github.com/argoproj/argo-rollouts in that release, such as
`$(go env GOMODCACHE)/github.com/argoproj/argo-rollouts@v1.9.1` after
`go mod download github.com/argoproj/argo-rollouts@v1.9.1`. Only names and kinds are taken from its
custom resource definitions; `--argo-version` chooses the release by its first two numbers.
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

TABLE = Path(__file__).resolve().parent.parent / "canarygate" / "lint" / "argo_fields.json"


class Shapes:
    """Every mapping once: thousands of fields share a few hundred shapes."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}
        self.shapes: list[dict[str, Any]] = []

    def of(self, schema: dict[str, Any]) -> Any:
        """A kind (`int`, `text`, `any`), `["list", shape]`, `["map", shape]`, or a shape's number."""
        match schema:
            case {"x-kubernetes-int-or-string": True}:
                return "any"
            case {"properties": properties}:
                return self._number({name: self.of(each) for name, each in properties.items()})
            case {"additionalProperties": dict(each)}:
                return ["map", self.of(each)]
            case {"items": dict(each)}:
                return ["list", self.of(each)]
            case {"type": "integer"}:
                return "int"
        return "any"

    def _number(self, shape: dict[str, Any]) -> int:
        text = json.dumps(shape, sort_keys=True)
        if text not in self.known:
            self.known[text] = len(self.shapes)
            self.shapes.append(dict(sorted(shape.items())))
        return self.known[text]


def kinds(folder: Path, shapes: Shapes) -> dict[str, Any]:
    """The fields of every kind that the module's definitions describe."""
    found = {}
    for path in sorted((folder / "manifests" / "crds").glob("*-crd.yaml")):
        definition = yaml.safe_load(path.read_text(encoding="utf-8"))
        [current] = definition["spec"]["versions"]
        schema = current["schema"]["openAPIV3Schema"]
        found[definition["spec"]["names"]["kind"]] = shapes.of(schema)
    return found


def main(folders: dict[str, Path]) -> None:
    """Write the table, a line per shape."""
    shapes = Shapes()
    releases = {
        ".".join(release.split(".")[:2]): {"release": release, "kinds": kinds(folder, shapes)}
        for release, folder in folders.items()
    }
    lines = ",\n".join(json.dumps(each, separators=(",", ":")) for each in shapes.shapes)
    head = json.dumps({"releases": releases}, indent=1)[:-2]
    TABLE.write_text(f'{head},\n "shapes": [\n{lines}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    given = (argument.partition("=") for argument in sys.argv[1:])
    main({release: Path(folder) for release, _, folder in given})
