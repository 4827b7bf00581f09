"""The functions that evaluate a predicate for each item of an array."""

from typing import Protocol

from canarygate.lint.conditions.aggregates import added, array, made
from canarygate.lint.conditions.nodes import Node
from canarygate.lint.conditions.values import ConditionError


class Evaluator(Protocol):
    """What the machine does for them."""

    def value(self, node: Node) -> object:
        """What a node evaluates to."""

    def within(self, node: Node, item: object, accumulated: object) -> object:
        """The value of a predicate for one item."""


def gone_through(machine: Evaluator, node: Node) -> object:
    """The value of `all(array, predicate)` and its like."""
    items = array(machine.value(node.parts[0]))
    if node.name == "reduce":
        return _reduced(machine, node, items)
    predicate = node.parts[1]
    if node.name in ("map", "sum"):
        mapped = [machine.within(predicate, item, None) for item in items]
        return made(mapped) if node.name == "map" else added(mapped)
    matching: list[int] = []
    for index, item in enumerate(items):
        if not _holds(machine, predicate, item):
            if node.name == "all":
                return False
            continue
        if node.name in ("any", "none"):
            return node.name == "any"
        matching.append(index)
        if node.name.startswith("find") or len(matching) == node.threshold:
            break
    return _answer(node, items, matching)


def _answer(node: Node, items: list[object], matching: list[int]) -> object:
    match node.name:
        case "all" | "none":
            return True
        case "any":
            return False
        case "one":
            return len(matching) == 1
        case "count":
            return len(matching)
        case "filter":
            return [items[index] for index in matching]
    if not matching:
        if node.throws:
            raise ConditionError("index out of range")
        return None
    [index] = matching
    return index if node.name == "findIndex" else items[index]


def _holds(machine: Evaluator, predicate: Node, item: object) -> bool:
    found = machine.within(predicate, item, None)
    if not isinstance(found, bool):
        raise ConditionError("a predicate has to be true or false")
    return found


def _reduced(machine: Evaluator, node: Node, items: list[object]) -> object:
    if len(node.parts) == 3:
        accumulated = machine.value(node.parts[2])
    elif items:
        accumulated = items.pop(0)
    else:
        raise ConditionError("reduce of nothing")
    for item in items:
        accumulated = machine.within(node.parts[1], item, accumulated)
    return accumulated
