"""Put a Pushgateway, a Prometheus and a promtool into `.cache/bin`, for the demo and the tests.

Each comes from PATH as a symlink, else out of the distribution's packages, which are unpacked and
never installed: installing them would start services that listen on every interface. Nothing here
needs root or package lists that somebody fetched before. Standard library only.
"""

import argparse
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
COMMAND_TIMEOUT_S = 180
VERSION_TIMEOUT_S = 20


@dataclass(frozen=True)
class Tool:
    """A program we need, and where it may be found."""

    name: str
    package: str
    also_called: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The upstream name first, then what distributions call it."""
        return (self.name, *self.also_called)


TOOLS = (
    Tool("pushgateway", "prometheus-pushgateway", also_called=("prometheus-pushgateway",)),
    Tool("prometheus", "prometheus"),
    Tool("promtool", "prometheus"),
)


class Unavailable(Exception):
    """A package could not be had; the message is the reason."""


def version_of(program: Path, tool: Tool) -> str | None:
    """Return the version that the program itself reports, or None where it is not that tool.

    Half a download, a binary of another processor and an unrelated program of the same name all
    look like files that may be executed; only running them tells.
    """
    try:
        answer = subprocess.run(
            [program, "--version"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=VERSION_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    name, _, rest = answer.stdout.partition(", version ")
    if answer.returncode != 0 or name.strip() not in tool.names or not rest.split():
        return None
    return rest.split()[0]


def find_on_path(tool: Tool, search_path: str, ours: Path) -> Path | None:
    """Look through PATH for a working copy, leaving out the folder that we fill ourselves."""
    for folder in search_path.split(os.pathsep):
        if not folder or Path(folder).resolve() == ours.resolve():
            continue
        for name in tool.names:
            found = shutil.which(name, path=folder)
            if found and version_of(Path(found), tool):
                return Path(found).absolute()
    return None


def find_unpacked(tool: Tool, root: Path) -> Path | None:
    """Look for a working copy in an unpacked package."""
    for name in tool.names:
        program = root / "usr" / "bin" / name
        if version_of(program, tool):
            return program.resolve()
    return None


def run(command: list[str], folder: Path, timeout_s: float = COMMAND_TIMEOUT_S) -> None:
    """Run one command in a folder; its own last lines are the reason when it fails."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"`{command[0]}` did not end in {timeout_s} s") from None
    if done.returncode != 0:
        last_lines = " / ".join(done.stdout.strip().splitlines()[-2:]) or "it said nothing"
        raise Unavailable(f"`{command[0]}` ended with {done.returncode}: {last_lines}")


def download(package: str, folder: Path, own_lists: Path) -> Path:
    """Fetch a package's file with the machine's lists, else with lists of our own."""
    # The sandbox user cannot write into a folder of ours, and apt says so at length.
    quiet = ["-q", "-o", "APT::Sandbox::User=root", "-o", "Acquire::http::Timeout=20"]
    try:
        run(["apt-get", *quiet, "download", package], folder)
    except Unavailable:
        # No lists, or lists that name a version the archive has replaced. The machine's own
        # lists belong to root; apt works as well on lists kept elsewhere.
        (own_lists / "lists" / "partial").mkdir(parents=True, exist_ok=True)
        (own_lists / "cache" / "archives" / "partial").mkdir(parents=True, exist_ok=True)
        elsewhere = [
            *quiet,
            *("-o", f"Dir::State::lists={own_lists / 'lists'}"),
            *("-o", f"Dir::Cache={own_lists / 'cache'}"),
        ]
        run(["apt-get", *elsewhere, "update"], folder)
        run(["apt-get", *elsewhere, "download", package], folder)
    files = sorted(folder.glob("*.deb"))
    if len(files) != 1:
        raise Unavailable(f"expected one file of {package}, found {len(files)}")
    return files[0]


def unpack(package: str, cache: Path) -> Path:
    """Unpack a package below the cache folder; it appears there whole or not at all."""
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        raise Unavailable("this machine has no apt-get and dpkg to fetch a package with")
    target = cache / "packages" / package
    with tempfile.TemporaryDirectory(dir=cache, prefix="unpack-") as scratch:
        file = download(package, Path(scratch), cache / "apt")
        root = Path(scratch) / "root"
        run(["dpkg", "-x", str(file), str(root)], Path(scratch))
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        root.rename(target)
    return target


def link(program: Path, at: Path) -> None:
    """Point the link at the program; a reader finds the old target or the new one."""
    temporary = at.with_name(f".{at.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(program)
    temporary.replace(at)


@contextmanager
def held(lock: Path) -> Iterator[None]:
    """Let one of several runs at a time work on the cache; the others find it ready."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def provide(tool: Tool, cache: Path, search_path: str) -> tuple[Path, str]:
    """Make sure that `cache/bin` has this tool: its path there and its version, or the reason."""
    entry = cache / "bin" / tool.name
    if version := version_of(entry, tool):
        return entry, version
    root = cache / "packages" / tool.package
    program = find_on_path(tool, search_path, entry.parent) or find_unpacked(tool, root)
    if program is None:
        program = find_unpacked(tool, unpack(tool.package, cache))
    if program is None:
        raise Unavailable(f"the package {tool.package} has no {tool.name} that runs here")
    entry.parent.mkdir(parents=True, exist_ok=True)
    link(program, entry)
    version = version_of(entry, tool)
    if version is None:
        raise Unavailable(f"{program} stopped working")
    return entry, version


def main(arguments: list[str] | None = None) -> int:
    """Provide every tool; 1 when one is missing, after saying what to install."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--cache", type=Path, default=CHECKOUT / ".cache", help="the folder to fill"
    )
    cache: Path = parser.parse_args(arguments).cache.absolute()
    cache.mkdir(parents=True, exist_ok=True)
    missing = []
    with held(cache / "lock"):
        for tool in TOOLS:
            try:
                entry, version = provide(tool, cache, os.environ.get("PATH", ""))
            except Unavailable as reason:
                missing.append(tool.name)
                print(f"{tool.name}: not available: {reason}", file=sys.stderr)
            else:
                print(f"{tool.name} {version}: {entry.resolve()}")
    if missing:
        print(
            f"Put {', '.join(missing)} on PATH and run this again: Debian and Ubuntu have them in "
            "the packages prometheus and prometheus-pushgateway, Homebrew in prometheus and "
            "pushgateway, and every release for every system is listed on "
            "https://prometheus.io/download/.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
