"""Scripts of shells, as far as they can be understood without running them."""

import re
from dataclasses import dataclass

from canarygate.lint.nodes import Node

SHELLS = {"sh", "bash", "ash", "dash", "zsh", "ksh"}
REAPERS = {"tini", "dumb-init", "catatonit"}
WRAPPERS = {"timeout", "env", "nice", "stdbuf", *REAPERS}
LOAD_TOOLS = re.compile(
    r"\b(locust|k6|vegeta|fortio|hey|wrk2?|ghz|jmeter|gatling|artillery|canarygate|ab)\b"
)
Part = tuple[str, str]
"""A command and what ends it."""
ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*=\S*\s*")


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


def commands(script: str) -> list[Part]:
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


def shown(command: str) -> str:
    """A command in a line, and not all of it."""
    return " ".join(command.split())[:40]
