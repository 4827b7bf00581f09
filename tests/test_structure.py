"""The layers of ARCHITECTURE.md, held by reading the imports of every module."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
PLUGIN = "canarygate.runner.plugin"

# From the top down: a module imports from its own layer's package and from the layers below.
LAYERS = (
    {"canarygate.__main__"},
    {"canarygate.cli", "canarygate.console", "canarygate.progress", "canarygate.terminal"},
    {"canarygate.gate", "canarygate.watch", "canarygate.draw"},
    {"push_metrics"},
    {
        *("canarygate.runner", "canarygate.judge", "canarygate.report", "canarygate.shop"),
        *("canarygate.weights", "canarygate.lint"),
    },
    {"canarygate.answer"},
    {
        *("canarygate.results", "canarygate.summary", "canarygate.verdict", "canarygate.memory"),
        "canarygate.trace",
    },
    {"canarygate.records", "canarygate.record_reader"},
    {"canarygate.settings", "canarygate.errors", "canarygate.signals", "canarygate.near"},
    {"canarygate"},
)
SIBLINGS = {
    *("canarygate.runner", "canarygate.judge", "canarygate.report", "canarygate.shop"),
    *("canarygate.weights", "canarygate.lint"),
}
# The push has a command of its own, which is started as `python -m push_metrics`.
ENTRY_POINTS = {
    "canarygate.__main__",
    "push_metrics.__main__",
    "push_metrics.reference",  # of scripts/make_docs.py
    "canarygate.judge.simulation",  # of the tests and benchmarks that the judge's figures come from
    f"{PLUGIN}._canarygate_recorder",
}
MOST_LINES = 300


@cache
def modules() -> dict[str, Path]:
    found = {}
    for package in ("canarygate", "push_metrics"):
        for path in (CHECKOUT / package).rglob("*.py"):
            parts = path.relative_to(CHECKOUT).with_suffix("").parts
            found[".".join(part for part in parts if part != "__init__")] = path
    return found


@cache
def imports(module: str) -> frozenset[str]:
    """Full names of all that a module imports, at its top or inside a function."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(modules()[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module} has a relative import"
            source = node.module or ""
            found.update(
                f"{source}.{each.name}" if f"{source}.{each.name}" in modules() else source
                for each in node.names
            )
    return frozenset(found)


def package_of(module: str) -> str:
    """The part of a name that has a place in LAYERS."""
    known = {each for layer in LAYERS for each in layer}
    parts = module.split(".")
    names = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    found = next((name for name in names if name in known), "")
    # Only the package itself is at the bottom: a new module has to be given its layer.
    return found if found != "canarygate" or module == "canarygate" else ""


def layer_of(module: str) -> int:
    return next(index for index, layer in enumerate(LAYERS) if package_of(module) in layer)


def ours(module: str) -> Iterator[str]:
    return (name for name in imports(module) if name in modules())


def test_every_module_has_a_place_in_a_layer() -> None:
    assert [] == [module for module in modules() if not package_of(module)]


def test_imports_point_downwards_only() -> None:
    upward = [
        f"{module} imports {name}"
        for module in modules()
        for name in ours(module)
        if layer_of(name) < layer_of(module)
    ]

    assert [] == upward


def test_siblings_never_import_each_other() -> None:
    """The gate hands the one to the other."""
    across = [
        f"{module} imports {name}"
        for module in modules()
        for name in ours(module)
        if package_of(module) in SIBLINGS
        and package_of(name) in SIBLINGS
        and package_of(module) != package_of(name)
    ]

    assert [] == across


def test_only_the_plugin_imports_locust_or_gevent() -> None:
    """`import locust` replaces the sockets of the whole process."""
    patched = ("locust", "gevent", "geventhttpclient", "greenlet")
    wrong = [
        f"{module} imports {name}"
        for module in modules()
        if not module.startswith(PLUGIN)
        for name in imports(module)
        if name.partition(".")[0] in patched
    ]

    assert [] == wrong


def test_nobody_imports_the_plugin() -> None:
    """It only ever runs inside of Locust; the parent knows the path of its file."""
    wrong = [
        f"{module} imports {name}"
        for module in modules()
        if not module.startswith(PLUGIN)
        for name in ours(module)
        if name.startswith(PLUGIN)
    ]

    assert [] == wrong


def test_every_module_but_the_entry_points_is_imported_by_another() -> None:
    imported = {name for module in modules() for name in ours(module)}
    packages = {module for module, path in modules().items() if path.name == "__init__.py"}

    assert modules().keys() - packages - imported == ENTRY_POINTS


@pytest.mark.parametrize("folder", ["canarygate", "push_metrics", "locustfiles"])
def test_nothing_prints_behind_the_console(folder: str) -> None:
    """What reaches stdout is the result; a stray line would end up inside of `--json`."""
    calls = [
        f"{path}:{node.lineno}"
        for path in (CHECKOUT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("print", "pprint", "breakpoint")
    ]

    assert [] == calls


def test_no_module_is_long_and_each_says_what_it_is() -> None:
    texts = {module: path.read_text(encoding="utf-8") for module, path in modules().items()}

    assert {} == {
        module: lines
        for module, text in texts.items()
        if (lines := len(text.splitlines())) > MOST_LINES
    }
    assert [] == [
        module for module, text in texts.items() if not ast.get_docstring(ast.parse(text))
    ]


def test_the_environment_is_read_at_the_edge_only() -> None:
    """Below the command line, settings are values."""
    readers = {
        module
        for module, path in modules().items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv")
    }

    assert readers <= {
        "canarygate.cli.options",
        "canarygate.console",  # NO_COLOR
        "push_metrics.cli",
        f"{PLUGIN}._canarygate_recorder",  # how its parent talks to it
    }


HELP = """
import sys
from canarygate.cli import run_command_line
from canarygate.signals import Signals

for arguments in ([], ["gate"], ["run"], ["judge"], ["push"], ["demo"], ["serve", "shop"]):
    assert 0 == run_command_line([*arguments, "--help"], Signals()), arguments
third_party = {name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)
print(sorted(third_party - {"__main__"}), file=sys.stderr)
"""


def test_the_help_imports_nothing_heavy() -> None:
    """pandas takes half a second and numpy a fifth; `--help` should not feel like it.

    Compared with what a bare interpreter of this environment has: site hooks import things too.
    """
    bare = "import sys; print(sorted({name.partition('.')[0] for name in sys.modules}))"

    before = run_python(bare).stdout
    after = run_python(HELP).stderr

    assert {"canarygate", "push_metrics", "click"} >= set(ast.literal_eval(after)) - set(
        ast.literal_eval(before)
    )


def run_python(text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", text],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )


def test_every_live_test_is_marked_so() -> None:
    """One that is not runs in `make test`, for a minute, and is not tried again where it stumbles."""
    files = sorted((CHECKOUT / "tests/live").glob("test_*.py"))

    assert files
    assert [] == [
        file.name for file in files if "\npytestmark = pytest.mark.live\n" not in file.read_text()
    ]
