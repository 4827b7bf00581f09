"""What was meant, where a word is nearly right."""

from difflib import get_close_matches
from pathlib import Path


def did_you_mean(word: str, known: list[str]) -> str:
    """`; did you mean 'open'?`, or nothing."""
    near = get_close_matches(word.lower(), known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def near_path(path: Path) -> str:
    """`; did you mean policies/strict.toml?` where that is beside a path that is not there."""
    if path.exists():
        return ""
    try:
        names = [each.name for each in path.parent.iterdir() if not each.name.startswith(".")]
    except OSError:
        return ""
    near = get_close_matches(path.name, names, n=1, cutoff=0.7)
    return f"; did you mean {path.parent / near[0]}?" if near else ""


def is_one_slip(word: str, meant: str) -> bool:
    """One letter is missing, too much or another, or two neighbours are swapped."""
    if word == meant or abs(len(word) - len(meant)) > 1:
        return False
    short, long = sorted((word, meant), key=len)
    at = next((i for i, letter in enumerate(short) if letter != long[i]), len(short))
    if len(short) < len(long):
        return short[at:] == long[at + 1 :]
    swapped = long[at : at + 2][::-1] + long[at + 2 :]
    return short[at + 1 :] == long[at + 1 :] or short[at:] == swapped
