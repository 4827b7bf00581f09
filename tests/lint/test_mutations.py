"""Whatever stands where something else belongs: rules are silent or tell of it, and never break."""

import copy
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from canarygate.lint.documents import Unreadable, read_documents
from canarygate.lint.linting import lint
from canarygate.lint.reading import Read

FOLDER = Path(__file__).parents[1] / "data" / "seeds-like"
ODD: list[Any] = [
    *(None, 0, -3, 1.5, True, 10**22, "", "x", "010", "1_0", "1:30", "1e5", "sh", "\n", "é"),
    *("{{args.x}}", "{{", [], {}, [1], [None], {"a": 1}, [[]], {"metrics": [{}]}),
]
TIMES = 30


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with each of its keys."""
    keys = (
        node.keys()
        if isinstance(node, dict)
        else range(len(node))
        if isinstance(node, list)
        else ()
    )
    for key in keys:
        yield node, key
        yield from places(node[key])


def mutated(documents: list[Any], chance: random.Random) -> str:
    changed = copy.deepcopy(documents)
    for _ in range(chance.randint(1, 4)):
        container, key = chance.choice(list(places(changed)))
        container[key] = copy.deepcopy(chance.choice(ODD))
    return str(yaml.safe_dump_all(changed))


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda path: path.stem)
def test_no_value_in_a_wrong_place_breaks_a_rule(path: Path) -> None:
    documents = list(yaml.safe_load_all(path.read_text("utf-8")))
    chance = random.Random(path.name)

    for _ in range(TIMES):
        text = mutated(documents, chance)
        read = Read(["a.yaml"], read_documents(text, "a.yaml"))
        lint(read, argo_version="1.9", scrape_seconds=15.0)


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda path: path.stem)
def test_half_a_file_breaks_nothing_either(path: Path) -> None:
    """As an editor sees it while somebody writes."""
    lines = path.read_text("utf-8").splitlines()
    for end in range(5, len(lines), 7):
        text = "\n".join(lines[:end])
        try:
            documents = read_documents(text, "a.yaml")
        except Unreadable:
            continue
        lint(Read(["a.yaml"], documents), argo_version="1.10", scrape_seconds=15.0)
