"""Variables of the environment that look like ours and are not: nobody would read them."""

from collections.abc import Collection, Iterator, Mapping

import click

from canarygate.near import is_one_slip

OTHERS = ("LOCUST_", "npm_", "CARGO_")
"""How variables of well-known programs begin."""
OTHER_NAMES = frozenset({"RUNTIME"})
LEAST = 7
"""Shorter names, and those of one word, are too often somebody else's (USER, RATE)."""
ENDINGS = ("_URL", "_HOST", "_FILE", "_LABELS")
CREDENTIALS = (
    *("PUSH_USERNAME", "PUSH_PASSWORD", "PUSH_PASSWORD_FILE", "PUSH_TOKEN", "PUSH_TOKEN_FILE"),
    "PUSH_CA_FILE",
)


def misspelt(
    environ: Mapping[str, str], wanted: Collection[str], known: Collection[str]
) -> Iterator[str]:
    """What to say of each variable that is very near to one of ours.

    Args:
        environ: the environment.
        wanted: our variables that this command would read and that nothing else has given.
        known: all variables of ours.
    """
    for name in sorted(environ):
        if not environ[name] or name in known or name in OTHER_NAMES or name.startswith(OTHERS):
            continue
        meant = [each for each in wanted if _is_near(name, each)]
        if len(meant) == 1:
            yield f"{name} is set but is no variable of canarygate's; did you mean {meant[0]}?"


def variables_of(command: click.Command) -> set[str]:
    """Of a command and all below it."""
    found = {str(each.envvar) for each in command.params if each.envvar}
    if isinstance(command, click.Group):
        found = found.union(*map(variables_of, command.commands.values()))
    return found


def _is_near(name: str, ours: str) -> bool:
    if "_" not in ours or len(ours) < LEAST:
        return False
    is_start = len(name) >= LEAST and ours.removeprefix(name) in ENDINGS
    return is_start or is_one_slip(name, ours)
