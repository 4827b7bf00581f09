"""How a script ends: whose exit code it is, and who hears a signal."""

import itertools
import re

from canarygate.lint.scripts import LOAD_TOOLS, Part, commands, word

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
PREPARING = {
    *(
        "pip",
        "pip3",
        "npm",
        "yarn",
        "apt-get",
        "apt",
        "apk",
        "yum",
        "git",
        "wget",
        "cp",
        "mv",
        "tar",
    ),
    *("unzip", "chmod", "chown", "ln", "rm", "touch", "envsubst", "sed", "tee", "aws", "gsutil"),
}
"""What fails here makes what follows fail."""
PASSING = {
    *("tee", "cat", "tail", "head", "sed", "awk", "ts", "logger", "sort", "gzip", "jq", "tr"),
    *("column", "vegeta"),
}
"""They end well whatever they are given."""
WORDS_OF_CONTROL = re.compile(
    r"^\s*(if|then|else|elif|fi|for|while|until|do|done|case|esac|function|\{|\})\b", re.MULTILINE
)
UNREADABLE = re.compile(r"<<-?\s*['\"]?\w|(^|[\s;|&])\(|\$\([^)]*[;|&\n(]")
"""Here-documents, subshells, and whole scripts within a substitution."""


def is_readable(script: str) -> bool:
    """Loops and branches need a shell to know what happens."""
    return not WORDS_OF_CONTROL.search(script) and not UNREADABLE.search(script)


def hidden(script: str, stops: bool, pipes: bool = False) -> str:
    """The first command whose failure the script forgets, or ""."""
    if UNREADABLE.search(script) or "PIPESTATUS" in script:
        return ""
    parts = commands(script)
    known = list(itertools.takewhile(lambda part: not WORDS_OF_CONTROL.match(part[0]), parts))
    # Beyond a loop or a branch somebody may look at what happened, and end accordingly.
    if any(re.search(r"\b(exit|return)\b", command) for command, _ in parts[len(known) :]):
        return ""
    sets = [command for command, _ in known if word(command) == "set"]
    stops = stops or any(re.search(r"\s-[a-z]*e|errexit", each) for each in sets)
    pipes = pipes or any("pipefail" in each for each in sets)
    loads = any(LOAD_TOOLS.search(command) for command, _ in known)
    for index, (command, end) in enumerate(known):
        matters = _works(command) and (LOAD_TOOLS.search(command) or not loads)
        if matters and _is_lost(command, end, parts[index + 1 :], stops, pipes):
            return command
    return ""


def _works(command: str) -> bool:
    return word(command) not in QUIET | PREPARING | {""}


def _is_lost(command: str, end: str, after: list[Part], stops: bool, pipes: bool) -> bool:
    """Whether nothing that follows depends on how a command ended."""
    if not after:
        return False
    following = after[0][0]
    match end:
        case "||":
            forgives = word(following) in ("true", ":", "echo", "printf")
            return forgives or bool(re.fullmatch(r"exit\s+0", following))
        case "|":
            return not pipes and word(following) in PASSING
        case "&":
            return bool(LOAD_TOOLS.search(command)) and not _is_awaited(after, stops)
        case ";":
            return not stops and not _is_kept(after)
    return False


def _is_kept(after: list[Part]) -> bool:
    """Whether `$?` is looked at before the next command overwrites it."""
    following = after[0][0]
    if saved := re.fullmatch(r"(?:export\s+|local\s+)?(\w+)=[\"']?\$\?[\"']?", following):
        return any(re.search(rf"\$\{{?{saved[1]}\b", command) for command, _ in after[1:])
    if "$?" in following:
        return word(following) not in ("echo", "printf")
    return all(word(command) == "exit" for command, _ in after) and following.split() != [
        "exit",
        "0",
    ]


def _is_awaited(after: list[Part], stops: bool) -> bool:
    """Whether some `wait` gives the code of a command in the background, and it is kept."""
    for index, (command, end) in enumerate(after):
        if word(command) == "wait" and len(command.split()) > 1:
            rest = after[index + 1 :]
            if not rest or end in ("&&", "||") or stops or _is_kept(rest):
                return True
    return False


def deaf(script: str) -> str:
    """The command that a signal to the shell does not reach, or ""."""
    if UNREADABLE.search(script) or re.search(r"\btrap\b|\bexec\b", script):
        return ""
    parts = commands(script)
    known = itertools.takewhile(lambda part: not WORDS_OF_CONTROL.match(part[0]), parts)
    working = [command for command, _ in known if _works(command)]
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
