"""`scripts/binaries.py` with programs and a package manager of our own making."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "binaries.py"

# Like apt-get: refuses to download without lists, unless told of other lists that were updated.
# A package's file is a list of the programs in it.
APT_GET = """
PATH=/usr/bin:/bin
for word; do
    case $word in
    Dir::State::lists=*) lists=${word#*=};;
    update) do=update;;
    download) do=download;;
    esac
    package=$word
done
case $do in
update) touch "$lists/fetched";;
download)
    [ -n "$lists" ] && [ -e "$lists/fetched" ] || { echo "E: no package $package"; exit 100; }
    case $package in
    prometheus) echo prometheus promtool > $package.deb;;
    *) echo $package > $package.deb;;
    esac;;
esac
"""

# Like dpkg -x FILE FOLDER.
DPKG = """
PATH=/usr/bin:/bin
mkdir -p "$3/usr/bin"
for program in $(cat "$2"); do
    printf '#!/bin/sh\\necho "%s, version 9.9 (from a package)"\\n' $program > "$3/usr/bin/$program"
    chmod 755 "$3/usr/bin/$program"
done
"""


def write_script(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def start(path: Path, cache: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, SCRIPT, "--cache", cache],
        env={"PATH": str(path)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def provide(path: Path, cache: Path) -> tuple[int | None, str, str]:
    process = start(path, cache)
    output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


def ask(program: Path) -> str:
    return subprocess.run([program], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The only folder on PATH; empty."""
    folder = tmp_path / "path"
    folder.mkdir()
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def packages(path: Path) -> None:
    write_script(path / "apt-get", APT_GET)
    write_script(path / "dpkg", DPKG)


def test_programs_on_path_are_linked_under_their_upstream_names(path: Path, cache: Path) -> None:
    for name in ("prometheus-pushgateway", "prometheus", "promtool"):
        write_script(path / name, f'echo "{name}, version 1.2 (branch: x)"')

    status, output, _ = provide(path, cache)

    assert status == 0
    assert [
        f"pushgateway 1.2: {path / 'prometheus-pushgateway'}",
        f"prometheus 1.2: {path / 'prometheus'}",
        f"promtool 1.2: {path / 'promtool'}",
    ] == output.splitlines()
    assert path / "prometheus-pushgateway" == (cache / "bin/pushgateway").readlink()


@pytest.mark.usefixtures("packages")
def test_what_path_lacks_is_unpacked_from_packages_with_lists_of_our_own(
    path: Path, cache: Path
) -> None:
    """An ordinary user of a fresh machine has no package lists and may not fetch them."""
    write_script(path / "promtool", 'echo "promtool, version 1.2"')

    status, _, errors = provide(path, cache)

    assert (status, errors) == (0, "")
    assert ask(cache / "bin/pushgateway") == "prometheus-pushgateway, version 9.9 (from a package)"
    assert ask(cache / "bin/prometheus") == "prometheus, version 9.9 (from a package)"
    assert ask(cache / "bin/promtool") == "promtool, version 1.2"
    assert list(cache.glob("unpack-*")) == []


def test_what_cannot_be_had_is_named_with_what_to_install(path: Path, cache: Path) -> None:
    write_script(path / "prometheus", 'echo "prometheus, version 1.2"')

    status, output, errors = provide(path, cache)

    assert status == 1
    assert output.startswith("prometheus 1.2: ")
    assert "Put pushgateway, promtool on PATH" in errors
    assert "prometheus-pushgateway" in errors


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize(
    "body",
    [
        "echo 'prometheus: a film'",
        "echo 'prometheus, version 1'; exit 1",
        "echo 'prometheus, ver'",  # half a download may well start
    ],
)
def test_a_program_of_that_name_which_is_not_it_is_passed_over(
    path: Path, cache: Path, body: str
) -> None:
    write_script(path / "prometheus", body)

    status, _, _ = provide(path, cache)

    assert status == 0
    assert ask(cache / "bin/prometheus") == "prometheus, version 9.9 (from a package)"


@pytest.mark.usefixtures("packages")
def test_a_cache_that_was_damaged_or_moved_is_repaired(path: Path, cache: Path) -> None:
    provide(path, cache)
    (cache / "packages/prometheus/usr/bin/prometheus").write_bytes(b"\x7fELF and no more")
    moved = cache.rename(cache.with_name("moved"))

    status, _, _ = provide(path, moved)

    assert status == 0
    for name in ("pushgateway", "prometheus", "promtool"):
        assert "9.9" in ask(moved / "bin" / name)
        assert (moved / "bin" / name).resolve().is_relative_to(moved)


@pytest.mark.usefixtures("packages")
def test_runs_at_the_same_time_do_not_disturb_each_other(path: Path, cache: Path) -> None:
    together = [start(path, cache) for _ in range(4)]
    answers = [process.communicate(timeout=60) for process in together]

    assert [process.returncode for process in together] == [0] * 4
    assert len(set(answers)) == 1


def test_the_folder_it_fills_is_not_a_place_to_find_things_in(path: Path, cache: Path) -> None:
    """With .cache/bin on PATH, a broken link there must not be taken for the machine's program."""
    (cache / "bin").mkdir(parents=True)
    (cache / "bin/prometheus").symlink_to("prometheus")

    status, _, errors = provide(Path(os.pathsep.join([str(cache / "bin"), str(path)])), cache)

    assert status == 1
    assert "prometheus: not available" in errors
