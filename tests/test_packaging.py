import importlib.metadata
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import canarygate

CHECKOUT = Path(__file__).resolve().parent.parent
LOCKS = sorted((CHECKOUT / "locks").glob("*.txt"))
PIN = re.compile(r"^([a-z0-9-]+)==([^ ;\\]+)", re.MULTILINE)

# In two halves, so that this file does not name them either.
HOSTS = (
    ("pypi", ".org"),
    ("pythonhosted", ".org"),
    ("registry.npm", "js.org"),
    ("proxy.", "golang.org"),
    ("deb.deb", "ian.org"),
)
PLACES = (("/ro", "ot/"), ("/wo", "rk/"))


def git(*arguments: str, accept: tuple[int, ...] = (0,)) -> list[str]:
    done = subprocess.run(
        ["git", *arguments], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode in accept, done.stderr
    return done.stdout.splitlines()


def pins(lock: Path) -> dict[str, str]:
    return dict(PIN.findall(lock.read_text()))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=CHECKOUT,
        capture_output=True,
        check=True,
        timeout=60,
    )
    [file] = folder.glob("*.whl")
    return file


def test_the_wheel_holds_the_two_packages_whole_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    packaged = {name for name in names if ".dist-info/" not in name}
    visible = git("ls-files", "--cached", "--others", "--exclude-standard", *packages())
    present = {name for name in visible if (CHECKOUT / name).exists()}

    assert set(packages()) == {name.partition("/")[0] for name in packaged}
    assert present == packaged


def packages() -> list[str]:
    settings = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    found: list[str] = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    return found


def test_the_wheel_has_the_version_the_licence_and_the_command(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    information = f"canarygate-{canarygate.__version__}.dist-info"

    assert (
        f"\nVersion: {canarygate.__version__}\n" in archive.read(f"{information}/METADATA").decode()
    )
    assert "Apache License" in archive.read(f"{information}/licenses/LICENSE").decode()
    assert (
        "canarygate = canarygate.__main__:main"
        in archive.read(f"{information}/entry_points.txt").decode()
    )


def test_the_installed_version_is_the_one_in_the_source() -> None:
    """`make setup` installs again when the version changes."""
    assert canarygate.__version__ == importlib.metadata.version("canarygate")


def test_only_the_packages_can_be_imported_from_another_folder(tmp_path: Path) -> None:
    """An ordinary editable install puts every folder of the checkout on the import path."""
    folders = [
        "benchmarks",
        "docs",
        "jobs",
        "locks",
        "locustfiles",
        "monitoring",
        "scripts",
        "tests",
    ]
    question = (
        "import importlib.util, sys;"
        "print(*(name for name in sys.argv[1:] if importlib.util.find_spec(name)))"
    )

    answer = subprocess.run(
        [sys.executable, "-c", question, *folders, *packages()],
        cwd=tmp_path,
        env={},
        capture_output=True,
        text=True,
        check=True,
    )

    assert packages() == answer.stdout.split()


def test_there_is_a_lock_for_the_image_its_builder_the_developer_and_go() -> None:
    assert [lock.name for lock in LOCKS] == ["build.txt", "dev.txt", "go.txt", "runtime.txt"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_locked_requirement_has_a_version_and_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text()
    requirements = [
        entry
        for entry in re.split(r"\n(?=\S)", text.replace("\\\n", " "))
        if entry and not entry.startswith("#")
    ]

    assert requirements
    assert [entry for entry in requirements if not PIN.match(entry)] == []
    assert [
        entry for entry in requirements if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry)
    ] == []
    assert "://" not in text
    assert not re.search(r"^\s*--(?!hash)", text, re.MULTILINE)


def test_the_locks_agree_with_each_other() -> None:
    """What is tested is what is shipped."""
    developer = pins(CHECKOUT / "locks/dev.txt")
    for name in ("runtime.txt", "build.txt"):
        shipped = pins(CHECKOUT / "locks" / name)

        assert shipped == {package: developer.get(package) for package in shipped}


def test_the_locks_hold_all_that_pyproject_asks_for() -> None:
    settings = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    groups = settings["dependency-groups"]
    wanted = {
        "runtime.txt": settings["project"]["dependencies"],
        "build.txt": groups["build"],
        "dev.txt": [entry for entry in groups["dev"] if isinstance(entry, str)],
        "go.txt": groups["go"],
    }
    for lock, entries in wanted.items():
        names = {re.split(r"[^a-z0-9-]", entry, maxsplit=1)[0] for entry in entries}

        assert set() == names - pins(CHECKOUT / "locks" / lock).keys()


def test_no_file_names_a_machine_or_where_its_packages_come_from() -> None:
    patterns = [re.escape("".join(halves)) for halves in (*HOSTS, *PLACES)]
    if len(CHECKOUT.parts) > 2:  # a checkout called /app is a word that the Dockerfile uses too
        patterns.append(re.escape(str(CHECKOUT)) + "/")

    # 1 is grep's "nothing found".
    found = git("grep", "-nIE", "|".join(patterns), accept=(0, 1))

    assert found == []


def test_all_that_the_dockerfile_copies_gets_through_the_dockerignore() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (CHECKOUT / "Dockerfile").read_text(), re.M)
    sources = {Path(source).parts[0] for line in copied for source in line.split()}
    ignored, *allowed = [
        line
        for line in (CHECKOUT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]

    assert ignored == "*"
    assert sources == {line[1:] for line in allowed if line.startswith("!")}
    assert [source for source in sources if not (CHECKOUT / source).exists()] == []


def test_the_image_runs_as_a_number_with_the_runner_as_process_one() -> None:
    """Kubernetes checks runAsNonRoot against a number only; a shell would swallow the signals."""
    lines = (CHECKOUT / "Dockerfile").read_text().splitlines()

    assert "USER 10001:10001" in lines
    assert 'ENTRYPOINT ["canarygate"]' in lines
    assert 'CMD ["gate"]' in lines
    assert [line for line in lines if "@sha256:" in line] == []
