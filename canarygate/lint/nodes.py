"""A tree of YAML whose every node knows its file, line and column."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

WHOLE = re.compile(r"[-+]?[0-9]{1,18}")


@dataclass(frozen=True)
class Place:
    """Where something is written; lines and columns count from 1."""

    file: str
    line: int
    column: int


@dataclass(eq=False)
class Node:
    """A mapping, a list or a scalar. What is not there is `NOTHING`, which has nothing either."""

    place: Place
    kind: str
    """`map`, `list`, or what a scalar is: `str`, `int`, `float`, `bool`, `null`; "" for nothing."""
    text: str = ""
    entries: dict[str, "Node"] = field(default_factory=dict)
    keys: dict[str, Place] = field(default_factory=dict)
    items: list["Node"] = field(default_factory=list)
    twice: list[tuple[str, Place, Place]] = field(default_factory=list)
    """Keys that were written before: the key, where first, where again. The last one stands."""

    def __bool__(self) -> bool:
        return self.kind not in ("", "null")

    def __getitem__(self, key: str) -> "Node":
        return self.entries.get(key, NOTHING)

    def __iter__(self) -> Iterator["Node"]:
        return iter(self.items)

    @property
    def whole(self) -> int | None:
        """The whole number that it is; None for anything else, a number in quotes too."""
        return int(self.text) if self.kind == "int" and WHOLE.fullmatch(self.text) else None

    @property
    def is_true(self) -> bool:
        """As YAML 1.1, which Kubernetes reads, spells it."""
        return self.kind == "bool" and self.text.lower() in ("true", "yes", "on")

    @property
    def braces(self) -> str:
        """`args.x` where somebody wrote `{{args.x}}` without quotes; else ""."""
        name = next(iter(self.entries), "")
        return name[1:-1] if name.startswith("{") else ""

    def at(self, *path: str) -> "Node":
        """What is below, key by key."""
        node = self
        for key in path:
            node = node[key]
        return node

    def key_place(self, key: str) -> Place:
        """Where a key is written; where the mapping begins when it is not there."""
        return self.keys.get(key, self.place)

    def walk(self) -> Iterator["Node"]:
        """This node and all below it, each once however many aliases name it."""
        waiting, seen = [self], {id(self)}
        while waiting:
            node = waiting.pop()
            yield node
            below = [*node.entries.values(), *node.items]
            waiting += [each for each in reversed(below) if id(each) not in seen]
            seen.update(map(id, below))


NOTHING = Node(Place("", 0, 0), "")
