"""The page: every section in its order, one template, everything escaped."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from canarygate.memory import MemorySamples
from canarygate.report.html import view
from canarygate.report.html.canvas import Section, drawing
from canarygate.report.html.change import changes
from canarygate.report.html.distribution import distributions
from canarygate.report.html.facts import facts, listed
from canarygate.report.html.memory import memory_pictures
from canarygate.report.html.over_time import last_second, over_time
from canarygate.report.html.proof import proofs
from canarygate.trace import Trace

FOLDER = Path(__file__).parent
FILES: Mapping[str, str] = {
    "report.json": "this report for machines",
    "run.json": "settings, versions, times and counters of the run",
    "metrics.prom": "the series that are pushed",
    "memory.csv": "every memory sample",
    "junit.xml": "the checks as test cases",
    "requests.csv": "every request",
    "stats.csv": "Locust's statistics",
    "stats_history.csv": "Locust's statistics over time",
    "failures.csv": "Locust's failures",
    "exceptions.csv": "exceptions in tasks",
    "locust.log": "Locust's own words",
}


def render_html(
    document: Mapping[str, Any],
    memory: Mapping[str, MemorySamples] | None,
    trace: Trace,
    *,
    links: Iterable[str] = (),
    between: Callable[[], None] = lambda: None,
) -> str:
    """A report document as a page; the same values give the same bytes.

    Args:
        document: what report.json holds.
        memory: samples by role, where there are any.
        trace: the run as it was judged.
        links: addresses of the run's files, relative to where the page will be.
        between: called before each kind of picture; what it raises ends the drawing.
    """
    parts: dict[str, Callable[[], Section]] = {
        "latency": lambda: distributions(document, trace),
        "change": lambda: changes(document),
        "time": lambda: over_time(document, trace),
        "evidence": lambda: proofs(document, trace, last_second(trace)),
        "memory": lambda: memory_pictures(document, memory),
    }
    sections = {}
    with drawing():
        for name, draw in parts.items():
            between()
            sections[name] = draw()
    between()
    style = (FOLDER / "style.css").read_text(encoding="utf-8")
    page: str = _template().render(sections=sections, style=style, **_texts(document, links))
    return page


def _texts(document: Mapping[str, Any], links: Iterable[str]) -> dict[str, Any]:
    loud, quiet = view.checks(document)
    rows, rest = view.endpoints(document)
    roles, counted = facts(document)
    texts: dict[str, Any] = view.printable(
        {
            "head": view.head(document),
            "checks": loud,
            "quiet": quiet,
            "endpoints": rows,
            "endpoints_left": rest,
            "rows_open": view.ROWS_OPEN,
            "until": document["decided_at_seconds"],
            "warm_up": document["warm_up_seconds"],
            "is_compared": document["comparison"] is not None,
            "roles": roles,
            "facts": counted,
            "settings": listed(document["settings"]),
            "policy": listed(document["policy"]),
            "versions": [*listed(document["versions"]), ("seed", document["seed"])],
            "links": list(_links(links)),
        }
    )
    return texts


def _links(addresses: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Address, name and meaning; `./` in front, so that no name is taken for a scheme."""
    for address in addresses:
        name = address.rpartition("/")[2]
        meaning = FILES.get(name) or FILES.get(name.partition("_")[2], "")
        href = quote(address.encode("utf-8", "replace"))
        yield f"./{href}", name, meaning


def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("page.html")
