"""A flow is a file that Locust alone can run."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

FLOWS = Path(__file__).parents[2] / "locustfiles"
SIBLINGS = {path.stem for path in FLOWS.glob("*.py")}

DESCRIBE = """
import json, sys
from collections import Counter
from types import SimpleNamespace

sys.path.insert(0, sys.argv[1])
from locust.dispatch import UsersDispatcher
import mixed_flow

classes = [getattr(mixed_flow, name) for name in mixed_flow.__all__]


def dispatched(users, workers):
    nodes = [SimpleNamespace(id=f"host_{n}") for n in range(workers)]
    dispatcher = UsersDispatcher(nodes, classes)
    dispatcher.new_dispatch(users, spawn_rate=users)
    last = list(dispatcher)[-1]
    return dict(sum(map(Counter, last.values()), Counter()))


json.dump({
    "tasks": {c.__name__: Counter(t.__name__ for t in c.tasks) for c in classes},
    "users": {n: dispatched(n, 1) for n in [*range(3, 60), 100, 200]},
    "users on two workers": {n: dispatched(n, 2) for n in range(3, 60)},
    "insecure": [c.insecure for c in classes],
    "contexts": len({c.ssl_context_factory(cafile=None) for c in classes}),
    "timeouts": [[c.connection_timeout, c.network_timeout] for c in classes],
}, sys.stdout)
"""


@pytest.fixture(scope="module")
def described() -> dict[str, dict[str, dict[str, int]]]:
    """What Locust makes of the mixed flow; in a process of its own, for Locust patches its host."""
    command = [sys.executable, "-c", DESCRIBE, str(FLOWS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    found: dict[str, dict[str, dict[str, int]]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("path", sorted(FLOWS.glob("*.py")), ids=lambda path: path.name)
def test_a_flow_imports_nothing_but_locust_the_standard_library_and_its_neighbours(
    path: Path,
) -> None:
    """Its neighbours by bare name: Locust puts the flow's own folder on the path, and no other."""
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert 0 == node.level
            imported.add(str(node.module).partition(".")[0])

    assert set() == imported - {"locust"} - SIBLINGS - sys.stdlib_module_names


@pytest.mark.parametrize("name", ["_data", "_answers"])
def test_the_pure_helpers_do_without_locust(name: str) -> None:
    tree = ast.parse((FLOWS / f"{name}.py").read_text())
    imported = {
        str(node.module).partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
    } | {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }

    assert set() == imported - sys.stdlib_module_names


def test_no_flow_is_named_like_a_module_of_the_standard_library() -> None:
    """Locust files each flow under its base name in `sys.modules`."""
    assert set() == SIBLINGS & sys.stdlib_module_names


@pytest.mark.live
@pytest.mark.smoke
def test_the_tasks_have_the_weights_that_the_flows_promise(
    described: dict[str, dict[str, dict[str, int]]],
) -> None:
    assert {
        "BrowseUser": {"browse": 5, "compare": 1},
        "SearchUser": {"search_products": 3, "search_and_open": 1},
        "CheckoutUser": {"browse": 5, "search_products": 3, "checkout": 1},
    } == described["tasks"]


@pytest.mark.live
def test_the_mix_has_one_of_each_class_from_three_users_on(
    described: dict[str, dict[str, dict[str, int]]],
) -> None:
    assert {"BrowseUser": 1, "CheckoutUser": 1, "SearchUser": 1} == described["users"]["3"]
    assert {"BrowseUser": 10, "CheckoutUser": 4, "SearchUser": 6} == described["users"]["20"]
    assert [] == [n for n, mix in described["users"].items() if len(mix) < 3]
    assert described["users on two workers"].items() <= described["users"].items()


@pytest.mark.live
def test_every_size_of_the_mix_is_close_to_five_three_and_two(
    described: dict[str, dict[str, dict[str, int]]],
) -> None:
    promised = {"BrowseUser": 0.5, "SearchUser": 0.3, "CheckoutUser": 0.2}
    farthest = max(
        abs(mix[name] - share * int(users))
        for users, mix in described["users"].items()
        for name, share in promised.items()
    )

    assert farthest < 1


@pytest.mark.live
def test_a_plain_run_verifies_certificates_and_gives_up_after_five_seconds(
    described: dict[str, object],
) -> None:
    assert [False, False, False] == described["insecure"]
    assert 1 == described["contexts"]
    assert [[5.0, 5.0]] * 3 == described["timeouts"]
