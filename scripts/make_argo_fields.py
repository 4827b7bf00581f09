"""Writes canarygate/lint/argo_fields.json: the fields of Argo Rollouts' objects, and of Kubernetes'.

    python scripts/make_argo_fields.py 1.9.1=FOLDER 1.10.0=FOLDER kubernetes=FOLDER

FOLDER is a checkout of the module github.com/argoproj/argo-rollouts in that release, such as
`$(go env GOMODCACHE)/github.com/argoproj/argo-rollouts@v1.9.1` after
`go mod download github.com/argoproj/argo-rollouts@v1.9.1`, and of k8s.io/kubernetes. Only names and
kinds are taken from Argo's custom resource definitions and from Kubernetes' own description of its
API; `--argo-version` chooses the release by its first two numbers.
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

TABLE = Path(__file__).resolve().parent.parent / "canarygate" / "lint" / "argo_fields.json"
SWAGGER = Path("api") / "openapi-spec" / "swagger.json"
BESIDE_ROLLOUTS = (
    *("v1/Pod", "v1/Service", "v1/ConfigMap", "v1/Secret", "v1/ServiceAccount", "v1/Namespace"),
    *("apps/v1/Deployment", "apps/v1/StatefulSet", "apps/v1/DaemonSet", "apps/v1/ReplicaSet"),
    *("batch/v1/Job", "batch/v1/CronJob", "autoscaling/v1/HorizontalPodAutoscaler"),
    *("autoscaling/v2/HorizontalPodAutoscaler", "policy/v1/PodDisruptionBudget"),
    *("networking.k8s.io/v1/Ingress", "networking.k8s.io/v1/NetworkPolicy"),
    *("rbac.authorization.k8s.io/v1/Role", "rbac.authorization.k8s.io/v1/RoleBinding"),
    *(
        "rbac.authorization.k8s.io/v1/ClusterRole",
        "rbac.authorization.k8s.io/v1/ClusterRoleBinding",
    ),
)
"""What people deploy together with a Rollout."""
OPEN = ("IntOrString", "Quantity", "RawExtension", "FieldsV1", "JSON")
"""Definitions that take a number as well as a text, or anything."""
META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
KINDS = {"integer": "int", "string": "text", "boolean": "bool", "number": "number"}


class Shapes:
    """Every mapping once: thousands of fields share a few hundred shapes."""

    def __init__(self, definitions: dict[str, Any]) -> None:
        self.definitions = definitions
        self.known: dict[str, int] = {}
        self.shapes: list[dict[str, Any]] = []

    def of(self, schema: dict[str, Any]) -> Any:
        """A kind, `["list", shape]`, `["map", shape]`, or a shape's number.

        Kinds are `int`, `text`, `bool`, `number`, `object` (a mapping of anything) and `any`.
        """
        match schema:
            case {"$ref": str(name)}:
                return self._named(name.removeprefix("#/definitions/"))
            case {"x-kubernetes-int-or-string": True}:
                return "any"
            case {"x-kubernetes-preserve-unknown-fields": True}:
                return "any"
            case {"properties": properties}:
                return self._number(properties, schema.get("required", ()))
            case {"additionalProperties": dict(each)}:
                return ["map", self.of(each)]
            case {"items": dict(each)}:
                return ["list", self.of(each)]
            case {"type": "object"}:
                return "object"
            case {"type": str(kind)}:
                return KINDS.get(kind, "any")
        return "any"

    def _named(self, name: str) -> Any:
        return "any" if name.endswith(OPEN) else self.of(self.definitions[name])

    def _number(self, properties: dict[str, Any], required: Any) -> int:
        """The number of a shape, whose names end in `!` where the API server insists on them."""
        if "apiVersion" in properties:
            properties = properties | {"status": {}}  # nobody writes it
        shape = {
            name + ("!" if name in required else ""): self.of(each)
            for name, each in properties.items()
        }
        text = json.dumps(shape, sort_keys=True)
        if text not in self.known:
            self.known[text] = len(self.shapes)
            self.shapes.append(dict(sorted(shape.items())))
        return self.known[text]


def kinds(folder: Path, shapes: Shapes) -> dict[str, Any]:
    """The fields of every kind that Argo's module defines."""
    found = {}
    for path in sorted((folder / "manifests" / "crds").glob("*-crd.yaml")):
        definition = yaml.safe_load(path.read_text(encoding="utf-8"))
        [current] = definition["spec"]["versions"]
        schema = current["schema"]["openAPIV3Schema"]
        schema["properties"]["metadata"] = {"$ref": META}
        found[definition["spec"]["names"]["kind"]] = shapes.of(schema)
    return found


def others(shapes: Shapes) -> dict[str, Any]:
    """The fields of the kinds that stand beside Rollouts, by `apiVersion/kind`."""
    found = {}
    for schema in shapes.definitions.values():
        for each in schema.get("x-kubernetes-group-version-kind", ()):
            name = "/".join(filter(None, (each["group"], each["version"], each["kind"])))
            if name in BESIDE_ROLLOUTS:
                found[name] = shapes.of(schema)
    return dict(sorted(found.items()))


def main(folders: dict[str, Path]) -> None:
    """Write the table, a line per shape."""
    swagger = (folders.pop("kubernetes") / SWAGGER).read_text(encoding="utf-8")
    shapes = Shapes(json.loads(swagger)["definitions"])
    releases = {
        ".".join(release.split(".")[:2]): {"release": release, "kinds": kinds(folder, shapes)}
        for release, folder in folders.items()
    }
    beside = others(shapes)
    lines = ",\n".join(json.dumps(each, separators=(",", ":")) for each in shapes.shapes)
    head = json.dumps({"releases": releases, "others": beside}, indent=1)[:-2]
    TABLE.write_text(f'{head},\n "shapes": [\n{lines}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    given = (argument.partition("=") for argument in sys.argv[1:])
    main({release: Path(folder) for release, _, folder in given})
