"""`{{…}}` that Argo cannot fill."""

from collections.abc import Iterator

from canarygate.lint.arguments import ARGUMENT, BRACES, HELM, strings
from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.world import World


def _other_braces(world: World) -> Iterator[Told]:
    for metric in world.metrics:
        for node in strings(metric.node):
            if problem := _problem(node.text):
                yield told(
                    metric.owner,
                    node,
                    f"metric {metric.name!r}: {problem}; there is no escape for the braces",
                )


def _problem(text: str) -> str:
    if "{{" not in text:
        return ""
    for match in BRACES.finditer(text):
        if not ARGUMENT.fullmatch(match[0]) and not HELM.search(match[1].strip()):
            shown = " ".join(match[0].split())[:40]
            return f"Argo fills {{{{args.NAME}}}} and nothing else; {shown} ends the run as Error"
    if "{{" in BRACES.sub("", text):
        return "a {{ that never closes ends the run as Error ('cannot find end tag')"
    return ""


def _no_quotes(world: World) -> Iterator[Told]:
    for manifest in world.manifests:
        for node in manifest.node.walk():
            if node.braces:
                yield told(
                    manifest,
                    node,
                    f"{{{{{node.braces}}}}} without quotes is a mapping to YAML and no text: kubectl cannot "
                    "read the file ('invalid map key')",
                )


RULES = (
    Rule(
        name="other-braces",
        remedy="keep scripts and templates of other languages in the image, and pass values by env",
        find=_other_braces,
    ),
    Rule(
        name="braces-without-quotes",
        remedy='quote it: "{{args.NAME}}"',
        find=_no_quotes,
    ),
)
