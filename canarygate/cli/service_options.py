"""The options of the service that `smoke` starts, and how a command line becomes a command."""

import os
import re
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

from canarygate.cli import values
from canarygate.cli.options import Option, Settings
from canarygate.settings import ServiceSettings

OPERATOR = re.compile(r"[();<>|&]+")
EXPANDED = re.compile(r"[$`]")
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
PATH = re.compile(r"/[!-~]*")
IN_SINGLE_QUOTES = re.compile(r"'[^']*'")
SHELL = "write sh -c '...' around the whole"


def command_words(text: str) -> tuple[str, ...]:
    """A command line as a program and its arguments; nothing in it is left to a shell."""
    try:
        words = tuple(shlex.split(text))
        lexer = shlex.shlex(text, posix=False, punctuation_chars=True)
        lexer.whitespace_split = True
        lexer.commenters = ""
        raw = list(lexer)
    except ValueError as error:
        raise ValueError(f"{text!r} is no command line ({str(error).lower()})") from None
    if not words or not words[0]:
        raise ValueError("there is no program in it; try './server --port 8080'")
    operators = [each for each in raw if OPERATOR.fullmatch(each)]
    expanded = [each for each in raw if EXPANDED.search(IN_SINGLE_QUOTES.sub("", each))]
    if found := operators or expanded:
        raise ValueError(f"{found[0]!r} is for a shell, and there is none; {SHELL}")
    if ASSIGNMENT.match(words[0]):
        raise ValueError(
            f"{words[0]!r} sets a variable, which a shell does; write env in front, or {SHELL}"
        )
    return words


def ready_path(text: str) -> str:
    """`/healthz`, below the base URL of each host."""
    if not PATH.fullmatch(text) or "#" in text:
        raise ValueError(f"{text!r} is no path below the base URL; try /healthz")
    return text


START = Option(
    name="start",
    metavar="COMMAND",
    read=command_words,
    help="Start the service with this first, and end it after; without a shell, in this folder and "
    "environment. It has to stay in the foreground and listen at --target-host.",
)
READY_PATH = Option(
    name="ready_path",
    metavar="PATH",
    read=ready_path,
    help="Ready is who answers GET of this path with 2xx or 3xx.  [default: / with anything below 500]",
)
READY_TIMEOUT = Option(
    name="ready_timeout",
    metavar="TIME",
    default="60s",
    read=values.some_time,
    help="How long to wait until every host is ready, started by us or not.",
)
STOP_TIMEOUT = Option(
    name="stop_timeout",
    metavar="TIME",
    default="10s",
    read=values.duration,
    help="How long what was started may take to end after SIGTERM, before SIGKILL.",
)
SERVICE = (START, READY_PATH, READY_TIMEOUT, STOP_TIMEOUT)


def read_service_settings(settings: Settings, environ: Mapping[str, str]) -> ServiceSettings:
    """What to start, and what to wait for; `settings.problems` says what cannot be."""
    command = settings["start"] or ()
    if command and shutil.which(command[0], path=environ.get("PATH")) is None:
        settings.problems.append(f"{START.label}: {_missing(command[0])}")
    return ServiceSettings(
        command=command,
        ready_path=settings["ready_path"] or "",
        ready_timeout_seconds=settings["ready_timeout"] or 60.0,
        stop_timeout_seconds=10.0 if (stop := settings["stop_timeout"]) is None else stop,
    )


def _missing(program: str) -> str:
    if Path(program).is_file() and os.sep in program:
        return f"{program} is no program that can be run; chmod +x, or name its interpreter first"
    if Path(program).is_file():
        return f"there is no program {program!r} on the PATH; the one here is ./{program}"
    return f"there is no program {program!r} on the PATH or here"
