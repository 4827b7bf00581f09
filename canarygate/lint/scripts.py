"""Scripts of shells, as far as they can be understood without running them."""

import re
from dataclasses import dataclass

from canarygate.lint.nodes import Node

SHELLS = {"sh", "bash", "ash", "dash", "zsh", "ksh"}
REAPERS = {"tini", "dumb-init", "catatonit"}
WRAPPERS = {"timeout", "env", "nice", "stdbuf", *REAPERS}
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


@dataclass(frozen=True)
class Script:
    """What a shell is given."""

    node: Node
    stops: bool
    """It was called with `-e`."""
    pipes: bool
    """It was called with `-o pipefail`."""
    is_first: bool
    """Nothing that passes signals on stands before the shell."""

    @property
    def text(self) -> str:
        """The script itself."""
        return self.node.text


def script_of(container: Node) -> Script | None:
    """The script of `sh -c` and its like; None where a container runs none."""
    words = [*container["command"], *container["args"]]
    at = _shell(words)
    if at is None:
        return None
    options, rest = "", iter(words[at + 1 :])
    for each in rest:
        if not each.text.startswith(("-", "+")):
            if "c" not in options:
                return None
            stops, pipes = "e" in options or "errexit" in options, "pipefail" in options
            return Script(each, stops, pipes, not {_name(x) for x in words[:at]} & REAPERS)
        if each.text.startswith("--"):
            continue
        options += each.text[1:] if each.text[0] == "-" else ""
        if each.text.endswith("o"):
            options += f" {next(rest, each).text} "
    return None


def _shell(words: list[Node]) -> int | None:
    """Where the shell stands: first, or behind what only starts it."""
    for index, each in enumerate(words):
        if _name(each) in SHELLS:
            return index
        if _name(each) not in WRAPPERS and not re.match(r"-|\d|\w+=", each.text):
            return None
    return None


def _name(node: Node) -> str:
    return node.text.rpartition("/")[2]


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


def is_readable(script: str) -> bool:
    """Loops and branches need a shell to know what happens."""
    return not WORDS_OF_CONTROL.search(script) and not UNREADABLE.search(script)


def hidden(script: str, stops: bool, pipes: bool = False) -> str:
    """The first command whose failure the script forgets, or ""."""
    if not is_readable(script) or re.search(r"\$\?|PIPESTATUS", script):
        return ""
    parts = commands(script)
    sets = [command for command, _ in parts if word(command) == "set"]
    stops = stops or any(re.search(r"\s-[a-z]*e|errexit", each) for each in sets)
    pipes = pipes or any("pipefail" in each for each in sets)
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
    if not is_readable(script) or re.search(r"\btrap\b|\bexec\b", script):
        return ""
    parts = [command for command, _ in commands(script)]
    working = [each for each in parts if word(each) and word(each) not in QUIET]
    return working[0] if working and len(parts) > 1 else ""


def accepts_any_answer(script: str) -> bool:
    """Whether all that it does is a call of curl that ends with 0 for 503 as well."""
    if not is_readable(script):
        return False
    working = [(x, end) for x, end in commands(script) if word(x) and word(x) not in QUIET]
    if len(working) != 1 or word(working[0][0]) != "curl" or working[0][1] == "|":
        return False
    call = f" {working[0][0]} "
    return not re.search(r"\s-[a-zA-Z]*f|\s--fail|\s--version", call)


def shown(command: str) -> str:
    """A command in a line, and not all of it."""
    return " ".join(command.split())[:40]
