"""The tree of a condition."""

from collections.abc import Callable
from dataclasses import dataclass, field

from canarygate.lint.conditions.static import UNKNOWN, Type


@dataclass(slots=True)
class Node:
    """One construct.

    The kinds: nil, bool, int, float, string (`value` is the literal), name, unary, binary (the
    operator), member (its property is the second part; value: whether it is optional), chain,
    slice, call (the callee is the first part), builtin (its name), closure, pointer, let,
    conditional, array, absent, set (of constants) and the rewritten builtins of the optimizer.
    """

    kind: str
    value: bool | int | float | str | None = None
    parts: list["Node"] = field(default_factory=list)
    static: Type = field(default=UNKNOWN, compare=False)
    # Of a count: it ends here. Of a find: it fails when nothing is found.
    threshold: int | None = field(default=None, compare=False)
    throws: bool = field(default=False, compare=False)

    @property
    def name(self) -> str:
        """The value as a text: an operator, or the name of what is used."""
        return str(self.value)

    def is_builtin(self, *names: str) -> bool:
        """Whether this calls one of these builtins."""
        return self.kind == "builtin" and self.name in names


def walk(node: Node, visit: Callable[[Node], Node]) -> Node:
    """The tree with each node replaced by what `visit` makes of it, from the leaves up."""
    node.parts = [walk(part, visit) for part in node.parts]
    return visit(node)
