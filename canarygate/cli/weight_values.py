"""How the text of the weight service's options becomes a value."""

import re
from collections.abc import Callable

from canarygate.settings import parse_duration
from canarygate.weights.matchers import Matcher, parse_matchers, value_problem
from canarygate.weights.queries import METRIC_NAME, template_problems
from canarygate.weights.settings import LEVELS


def number(least: float, most: float, *, above: bool = False) -> Callable[[str], float]:
    """Reads a finite number in this range."""

    def read(text: str) -> float:
        if not re.fullmatch(r"[0-9]*\.?[0-9]+", text.strip()):
            raise ValueError(f"{text!r} is not a number")
        found = float(text)
        if not least <= found <= most or (above and found == least):
            raise ValueError(
                f"{text!r} is not {'above' if above else 'from'} {least:g} to {most:g}"
            )
        return found

    return read


def required_matchers(text: str) -> tuple[Matcher, ...]:
    """One at least: without any, every series would be this role's."""
    found = parse_matchers(text)
    if not found:
        raise ValueError('it is empty and would take every series; try version="<canary>"')
    return found


def metric_name(text: str) -> str:
    """The base name of a histogram."""
    name = text.strip()
    if not METRIC_NAME.fullmatch(name):
        raise ValueError(f"{text!r} is not the name of a metric")
    for suffix in ("_bucket", "_count", "_sum"):
        if name.endswith(suffix):
            raise ValueError(f"give the histogram's own name, {name.removesuffix(suffix)!r}")
    return name


def query(text: str) -> str:
    """PromQL with placeholders."""
    if problems := list(template_problems(text)):
        raise ValueError("; ".join(problems))
    return text.strip()


def parameter(name: str) -> Callable[[str], str]:
    """Reads what a request may name too."""

    def read(text: str) -> str:
        if (text or name != "stable") and (problem := value_problem(name, text)):
            raise ValueError(problem.removeprefix(f"{name}: "))
        return text

    return read


def short_duration(text: str) -> float:
    """Seconds, also from `5ms`."""
    if match := re.fullmatch(r"([0-9]{1,9})ms", text.strip()):
        return int(match[1]) / 1000
    return parse_duration(text)


def log_level(text: str) -> str:
    """One of the levels."""
    if text.lower() not in LEVELS:
        raise ValueError(f"{text!r} is none of {', '.join(LEVELS)}")
    return text.lower()
