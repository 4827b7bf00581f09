"""Shell strings in a Job: what they hide, what they never hear, and what may be put into them."""

import itertools
import re
from collections.abc import Iterator

from canarygate.lint.arguments import names_in
from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.manifests import Metric, containers
from canarygate.lint.nodes import Node
from canarygate.lint.rules.jobs import of_jobs
from canarygate.lint.world import World

SHELLS = {"sh", "bash", "ash", "dash", "zsh", "ksh"}
QUIET = {
    *(
        "cd",
        "export",
        "set",
        "echo",
        "printf",
        "mkdir",
        "source",
        ".",
        "trap",
        "sleep",
        "unset",
        "umask",
    ),
    *(
        "shift",
        "local",
        "readonly",
        "ulimit",
        "true",
        ":",
        "date",
        "exit",
        "exec",
        "wait",
        "cat",
        "ls",
    ),
}
"""Nobody means a gate to fail by these."""
WORDS_OF_CONTROL = re.compile(
    r"^\s*(if|then|else|elif|fi|for|while|until|do|done|case|esac|function|\{|\})\b", re.MULTILINE
)
ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*=\S*\s*")
UNREADABLE = re.compile(r"<<-?\s*['\"]?\w|(^|[\s;|&])\(|\$\([^)]*[;|&\n(]")
"""Here-documents, subshells, and whole scripts within a substitution."""


def _scripts(world: World) -> Iterator[tuple[Metric, Node, str, bool]]:
    """Metric, the script of its shell, the script's text, and whether `-e` was given."""
    for metric, spec in of_jobs(world):
        for each in containers(spec["template"]):
            words = [*each["command"], *each["args"]]
            if not words or words[0].text.rpartition("/")[2] not in SHELLS:
                continue
            for flag, script in itertools.pairwise(words):
                if re.fullmatch(r"-[a-z]*c", flag.text):
                    stops = any(
                        "e" in x.text for x in words[1:] if re.fullmatch(r"-[a-z]+", x.text)
                    )
                    yield metric, script, script.text, stops
                    break


def commands(script: str) -> list[tuple[str, str]]:
    """The commands of a script, each with what ends it: `;`, `&&`, `||`, `|`, `&` or ""."""
    text = script.replace("\\\n", " ")
    found, start, quote, index = [], 0, "", 0
    while index < len(text):
        letter = text[index]
        if quote:
            index += 2 if letter == "\\" and quote == '"' else 1
            quote = "" if letter == quote else quote
            continue
        if letter == "\\":
            index += 2
            continue
        if letter == "#" and (index == 0 or text[index - 1] in " \t\n;"):
            end = text.find("\n", index)
            end = len(text) if end < 0 else end
            text = text[:index] + text[end:]
            continue
        if letter in "'\"`":
            quote = letter
        elif mark := re.match(r"&&|\|\||[|;\n]|(?<![>&<])&(?![>&\d])", text[index:]):
            found.append((text[start:index].strip(), ";" if mark[0] == "\n" else mark[0]))
            index += len(mark[0])
            start = index
            continue
        index += 1
    found.append((text[start:].strip(), ""))
    return [(command, end) for command, end in found if command]


def word(command: str) -> str:
    """The program of a command, without its assignments and its folder."""
    while match := ASSIGNMENT.match(command):
        command = command[match.end() :]
    return (command.split() or [""])[0].rpartition("/")[2]


def _is_readable(script: str) -> bool:
    """Loops and branches need a shell to know what happens."""
    return not WORDS_OF_CONTROL.search(script) and not UNREADABLE.search(script)


def hidden(script: str, stops: bool) -> str:
    """The first command whose failure the script forgets, or ""."""
    if not _is_readable(script) or re.search(r"\$\?|PIPESTATUS", script):
        return ""
    parts = commands(script)
    sets = [command for command, _ in parts if word(command) == "set"]
    stops = stops or any(re.search(r"\s-[a-z]*e|errexit", each) for each in sets)
    pipes = any("pipefail" in each for each in sets)
    for index, (command, end) in enumerate(parts):
        after = parts[index + 1 :]
        if word(command) in QUIET or not word(command):
            continue
        if end == "||" and after and word(after[0][0]) in ("true", ":", "echo", "printf"):
            return command
        if end == "|" and not pipes:
            return command
        if end == ";" and after and not stops and any(word(x) != "exit" for x, _ in after):
            return command
    return ""


def deaf(script: str) -> str:
    """The command that a signal to the shell does not reach, or ""."""
    if not _is_readable(script) or re.search(r"\btrap\b|\bexec\b", script):
        return ""
    parts = [command for command, _ in commands(script)]
    working = [each for each in parts if word(each) and word(each) not in QUIET]
    return working[0] if working and len(parts) > 1 else ""


def _shown(command: str) -> str:
    return " ".join(command.split())[:40]


def _hides(world: World) -> Iterator[Told]:
    for metric, node, script, stops in _scripts(world):
        if command := hidden(script, stops):
            yield told(
                metric.owner,
                node,
                f"metric {metric.name!r}: the exit code of `{_shown(command)}` is lost to what follows it; "
                "it may fail every request and the Job is Complete, which is Successful",
            )


def _deaf(world: World) -> Iterator[Told]:
    for metric, node, script, _ in _scripts(world):
        if command := deaf(script):
            yield told(
                metric.owner,
                node,
                f"metric {metric.name!r}: the shell is process 1 and passes no SIGTERM on; an "
                "aborted rollout "
                f"leaves `{_shown(command)}` running until it is killed, without its last results",
            )


def _pasted(world: World) -> Iterator[Told]:
    for metric, node, script, _ in _scripts(world):
        if names := names_in(script):
            yield told(
                metric.owner,
                node,
                f"metric {metric.name!r}: args.{names[0]} is pasted into the script as text; a "
                "blank, a quote "
                "or a $( ) in it is run by the shell",
            )


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
)
