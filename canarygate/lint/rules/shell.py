"""Shell strings in a Job: what they hide, what they never hear, and what may be put into them."""

from collections.abc import Iterator

from canarygate.lint.arguments import names_in
from canarygate.lint.exit_codes import accepts_any_answer, deaf, hidden
from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.manifests import Metric, containers
from canarygate.lint.nodes import Node
from canarygate.lint.rules.jobs import of_jobs
from canarygate.lint.scripts import Script, script_of, shown
from canarygate.lint.world import World


def _scripts(world: World) -> Iterator[tuple[Metric, Script, bool]]:
    """Metric, the script of a shell, and whether it is the Job's work and no preparation."""
    for metric, spec in of_jobs(world):
        first = spec.at("template", "spec", "initContainers").items
        for each in containers(spec["template"]):
            if script := script_of(each):
                yield metric, script, each not in first


def _hides(world: World) -> Iterator[Told]:
    for metric, script, _ in _scripts(world):
        if command := hidden(script.text, script.stops, script.pipes):
            yield told(
                metric.owner,
                script.node,
                f"metric {metric.name!r}: the exit code of `{shown(command)}` is lost to what follows it; "
                "it may fail every request and the Job is Complete, which is Successful",
            )


def _deaf(world: World) -> Iterator[Told]:
    for metric, script, is_work in _scripts(world):
        command = deaf(script.text) if is_work and script.is_first else ""
        if command:
            yield told(
                metric.owner,
                script.node,
                f"metric {metric.name!r}: the shell is process 1 and passes no SIGTERM on; an "
                f"aborted rollout leaves `{shown(command)}` running until it is killed, without its "
                "last results",
            )


def _pasted(world: World) -> Iterator[Told]:
    for metric, script, _ in _scripts(world):
        if names := names_in(script.text):
            yield told(
                metric.owner,
                script.node,
                f"metric {metric.name!r}: args.{names[0]} is pasted into the script as text; a "
                "blank, a quote or a $( ) in it is run by the shell",
            )


def _any_answer(world: World) -> Iterator[Told]:
    for metric, node, text in _calls(world):
        if accepts_any_answer(text):
            yield told(
                metric.owner,
                node,
                f"metric {metric.name!r}: curl ends with 0 for any answer that arrives, 404 and 503 too; the "
                "Job is Complete, which is Successful",
            )


def _calls(world: World) -> Iterator[tuple[Metric, Node, str]]:
    """What a Job's containers do, where it can be read: a script, or the words of a program."""
    for metric, spec in of_jobs(world):
        for each in spec.at("template", "spec", "containers"):
            words = [*each["command"], *each["args"]]
            if script := script_of(each):
                yield metric, script.node, script.text
            elif words:
                yield (
                    metric,
                    words[0],
                    " ".join(repr(x.text) if " " in x.text else x.text for x in words),
                )
            if (
                not each["command"]
                and words
                and each["image"].text.rpartition("/")[2].startswith("curl:")
            ):
                yield metric, words[0], "curl " + " ".join(x.text for x in words)


RULES = (
    Rule(
        name="shell-hides-exit-code",
        remedy="keep it (`load; rc=$?; push; exit $rc`), or run one program without a shell",
        find=_hides,
    ),
    Rule(
        name="shell-without-signals",
        remedy="no shell, or `exec` before the last command",
        find=_deaf,
    ),
    Rule(
        name="arg-in-shell",
        remedy='pass it by env and write "$NAME" in the script',
        find=_pasted,
    ),
    Rule(
        name="curl-accepts-all",
        remedy="curl --fail (or --fail-with-body), or look at its answer",
        find=_any_answer,
    ),
)
