"""The A/A runs that a calibration is given: found, refused with every problem at once, or left out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from canarygate.errors import ConfigError
from canarygate.judge.comparable import missing_role, void_reason
from canarygate.near import near_path
from canarygate.record_reader import FOLDER_HINT
from canarygate.results import Run, RunFile, read_run, read_run_file

Found = TypeVar("Found")


def counted_runs(results: Sequence[Path]) -> tuple[dict[Path, RunFile], dict[str, str]]:
    """The runs that count, by folder, and those left out, each with its reason.

    Raises:
        ConfigError: no folder of runs, a damaged run.json, a run without stable, or one run twice.
    """
    files: dict[Path, RunFile] = {}
    left_out: dict[str, str] = {}
    problems: list[str] = []
    seen: dict[object, Path] = {}
    for folder in _folders(results, problems):
        try:
            file = read_run_file(folder)
        except ConfigError as error:
            problems += error.problems
            continue
        # A copy is the same run: its name and the moment it began are enough to tell.
        for key in (folder.resolve(), (file.run_id, *_starts(file))):
            if key in seen:
                same = "" if seen[key] == folder else f" (it is {seen[key]})"
                problems.append(f"{folder}: given twice{same}; every run counts once")
                break
            seen[key] = folder
        else:
            if reason := void_reason(file):
                left_out[str(folder)] = reason
            elif role := missing_role(file):
                problems.append(f"{folder}: no {role} role; an A/A run drives canary and stable")
            else:
                files[folder] = file
    if problems:
        raise ConfigError(problems, hint=FOLDER_HINT)
    return files, left_out


def read_counted(files: Mapping[Path, RunFile], read: Callable[[Run], Found]) -> list[Found]:
    """What `read` makes of each run, its records read one run after the other.

    Raises:
        ConfigError: records are missing or damaged; of all such runs at once.
    """
    found: list[Found] = []
    problems: list[str] = []
    for folder in files:
        try:
            found.append(read(read_run(folder)))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems, hint=FOLDER_HINT)
    return found


def _folders(results: Sequence[Path], problems: list[str]) -> Iterator[Path]:
    for path in results:
        if (path / "run.json").exists():
            yield path
            continue
        try:
            below = sorted(each for each in path.iterdir() if (each / "run.json").exists())
        except OSError as error:
            problems.append(
                f"{path}: not a folder that can be read ({error.strerror}){near_path(path)}"
            )
            continue
        if not below:
            problems.append(f"{path}: holds no run")
        yield from below


def _starts(file: RunFile) -> tuple[float | None, ...]:
    return tuple(file.roles[role].start for role in sorted(file.roles))
