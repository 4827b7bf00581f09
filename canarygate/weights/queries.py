"""What Prometheus is asked: queries built from templates, matchers and a request's parameters. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from canarygate.weights.analysis import CANARY, QUANTILE, STABLE
from canarygate.weights.matchers import (
    PARAMETERS,
    PLACE,
    Matcher,
    parse_matcher,
    parse_matchers,
    unknown_place,
)

PLACES = ("matchers", "success", "error", "told", "window", "metric")
"""What a template may hold; `success`, `error` and `told` (either of them) are one matcher each."""
METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


class Measure(StrEnum):
    """What is asked of each role."""

    REQUESTS = "requests"
    ERRORS = "errors"
    LATENCY = "latency"
    BEYOND = "beyond"
    AGE = "age"
    RESETS = "resets"


def _counted(suffix: str, more: str = "") -> str:
    """What was counted in the window, by series.

    `increase` sees nothing of a series that is new: of ten errors at ten endpoints, each the first
    of its kind, none. What was not there a window ago counts whole.
    """
    series = f"<metric>_{suffix}{{<matchers>{more}}}"
    return (
        f"({series} unless last_over_time({series}[<window>] offset <window>)) "
        f"or increase({series}[<window>])"
    )


_REQUESTS = _counted("count")
_ERRORS, _TOLD = _counted("count", ",<error>"), _counted("count", ",<told>")
# Of successes: what fails at once would otherwise make a canary fast.
_BUCKETS, _FINITE, _ALL = (
    _counted("bucket", f",<success>{bound}") for bound in ("", ',le!="+Inf"', ',le="+Inf"')
)
# A comparison at the end turns 0/0 into nothing: a role without successes has no p99, which is no
# failure to read it.
TEMPLATES: Mapping[Measure, str] = {
    Measure.REQUESTS: f"sum({_REQUESTS})",
    # A role without any error has no series of errors, and a share of 0; one whose series lack the
    # label that tells errors has no share at all, or a misspelt label would look like health.
    Measure.ERRORS: f"(sum({_ERRORS}) or 0 * sum({_TOLD})) / sum({_TOLD}) >= 0",
    Measure.LATENCY: f"histogram_quantile({QUANTILE}, sum by (le) ({_BUCKETS})) >= 0",
    # The highest finite bound has the largest of the cumulative counts.
    Measure.BEYOND: f"1 - max(sum by (le) ({_FINITE})) / sum({_ALL}) > -1",
    Measure.AGE: "time() - max(timestamp(<metric>_count{<matchers>}))",
    Measure.RESETS: "sum(resets(<metric>_count{<matchers>}[<window>]))",
}
OF_BOTH = parse_matchers('job="<service>",traffic!="synthetic"')
OF_CANARY, OF_STABLE = (parse_matchers(f'version="<{role}>"') for role in (CANARY, STABLE))
ERROR = parse_matcher('status_code=~"5.."')


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which series are whose, and how they are asked for."""

    metric: str = "http_request_duration_seconds"
    """The base name of a histogram."""
    matchers: tuple[Matcher, ...] = OF_BOTH
    """Of both roles."""
    canary: tuple[Matcher, ...] = OF_CANARY
    stable: tuple[Matcher, ...] = OF_STABLE
    error: Matcher = ERROR
    """What tells a failed request; its opposite tells a success."""
    templates: Mapping[Measure, str] = field(default_factory=lambda: TEMPLATES)
    window_seconds: float = 300.0

    def of(self, role: str) -> tuple[Matcher, ...]:
        """Every matcher of a role."""
        return self.matchers + (self.canary if role == CANARY else self.stable)

    @property
    def parameters(self) -> tuple[str, ...]:
        """What a request has to name, because a matcher waits for it."""
        waited = {
            place for role in (CANARY, STABLE) for each in self.of(role) for place in each.places
        }
        return tuple(name for name in PARAMETERS if name in waited)

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What is asked. Where another query tells the latency, no bucket says how far it reaches."""
        is_own = self.templates[Measure.LATENCY] == TEMPLATES[Measure.LATENCY]
        return tuple(each for each in Measure if is_own or each is not Measure.BEYOND)


DEFAULT_SELECTION = Selection()


@dataclass(frozen=True)
class Query:
    """One question about one role."""

    role: str
    measure: Measure
    text: str


def build_queries(selection: Selection, values: Mapping[str, str]) -> tuple[Query, ...]:
    """Every question about both roles; `values` were checked before, and are escaped all the same."""
    return tuple(
        Query(role, measure, _fill(selection, role, measure, values))
        for role in (CANARY, STABLE)
        for measure in selection.measures
    )


def are_the_same(selection: Selection, values: Mapping[str, str]) -> bool:
    """Both roles would be the same series."""
    one, other = (
        sorted(each.filled(values) for each in selection.of(role)) for role in (CANARY, STABLE)
    )
    return one == other


def _fill(selection: Selection, role: str, measure: Measure, values: Mapping[str, str]) -> str:
    parts = {
        "matchers": ",".join(str(each.filled(values)) for each in selection.of(role)),
        "success": str(selection.error.opposite),
        "error": str(selection.error),
        "told": str(Matcher(selection.error.label, "!=", "")),
        "window": _duration(selection.window_seconds),
        "metric": selection.metric,
    }
    # In one pass: what is filled in is never looked at again.
    return PLACE.sub(lambda place: parts[place[1]], selection.templates[measure])


def _duration(seconds: float) -> str:
    return f"{seconds:.0f}s" if seconds == int(seconds) else f"{round(seconds * 1000)}ms"


def template_problems(text: str) -> Iterator[str]:
    """What is wrong with a query of the user's own, as far as can be told without a Prometheus."""
    names = PLACE.findall(text)
    for name in dict.fromkeys(names):
        if name not in PLACES:
            yield unknown_place(name, PLACES)
    if "matchers" not in names:
        yield "there is no <matchers> in it, so canary and stable would be the same"
    elif unbalanced := _unbalanced(text):
        yield unbalanced


def _unbalanced(text: str) -> str:
    """Quotes and brackets, each closed by its own."""
    bare = re.sub(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|`[^`]*`', "", text)
    if quote := re.search(r"[\"'`]", bare):
        return f"a quote ({quote[0]}) is not closed"
    pairs, waiting = {")": "(", "]": "[", "}": "{"}, []
    for letter in bare:
        if letter in "([{":
            waiting.append(letter)
        elif letter in pairs and (not waiting or waiting.pop() != pairs[letter]):
            return f"there is a {letter!r} without its {pairs[letter]!r}"
    return f"a {waiting[-1]!r} is not closed" if waiting else ""


def unknown_parameters(names: Sequence[str], selection: Selection) -> Iterator[str]:
    """Parameters that nothing would come of."""
    import difflib

    for name in names:
        if name not in PARAMETERS:
            near = difflib.get_close_matches(name, PARAMETERS, n=1)
            meant = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(PARAMETERS)}"
            yield f"unknown parameter {name[:80]!r}; {meant}"
        elif name not in selection.parameters and name != "service":
            yield f"parameter {name!r} is given, and no matcher uses <{name}>"
