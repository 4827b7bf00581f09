"""What Argo Rollouts makes of a measurement and its two conditions."""

from canarygate.lint.conditions import static
from canarygate.lint.conditions.checker import check
from canarygate.lint.conditions.machine import run
from canarygate.lint.conditions.nodes import Node
from canarygate.lint.conditions.optimizer import optimized
from canarygate.lint.conditions.parser import parse
from canarygate.lint.conditions.values import (
    ConditionError,
    Engine,
    Phase,
    Refused,
    Value,
    given,
)


def assess(success: str, failure: str, result: Value, engine: Engine) -> Phase:
    """The phase of a measurement with these conditions; "" stands for none.

    Refused is raised when one of them uses what is not evaluated here.
    """
    conditions = (success, failure)
    answers = [_answer(each, result, engine) if each else None for each in conditions]
    # An error in either is one, whatever the other says.
    if Phase.ERROR in answers:
        return Phase.ERROR
    for answer in answers:
        if isinstance(answer, Refused):
            raise answer
    succeeded, failed = answers
    if failed is True or (not failure and succeeded is False):
        return Phase.FAILED
    inconclusive = bool(failure) and succeeded is False
    return Phase.INCONCLUSIVE if inconclusive else Phase.SUCCESSFUL


def problems(condition: str, example: Value, engine: Engine) -> tuple[str, ...]:
    """Why a condition would not compile for a result of the example's type, in words.

    Refused is raised when it uses what is not evaluated here.
    """
    try:
        _compiled(condition, given(example), engine)
    except ConditionError as error:
        return (str(error),)
    except RecursionError:
        raise Refused("a condition that is nested too deeply") from None
    return ()


def _answer(condition: str, result: Value, engine: Engine) -> bool | Phase | Refused:
    try:
        value = given(result)
        answer = run(_compiled(condition, value, engine), value, engine)
    except ConditionError:
        return Phase.ERROR
    except Refused as refused:
        return refused
    except RecursionError:
        return Refused("a condition or result that is nested too deeply")
    return answer if isinstance(answer, bool) else Phase.ERROR


def _compiled(condition: str, value: object, engine: Engine) -> Node:
    tree = parse(condition, engine)
    check(tree, static.of(value), engine)
    return optimized(tree, engine)
