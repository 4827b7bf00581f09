"""Pages of runs made from a few numbers, and what a browser would make of them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import numpy as np

from canarygate.judge.checks import judge
from canarygate.judge.policy import load_policy
from canarygate.judge.trace import trace
from canarygate.memory import MemorySamples, Sample, columns
from canarygate.records import OUTCOMES, Outcome, Records
from canarygate.report.document import report_document
from canarygate.report.html.page import render_html
from canarygate.results import RoleRun, RunFile, RunOutcome

POLICY = load_policy(None)
START = 1_790_000_000.0
ENDPOINTS = (("GET", "/api/products/:id"), ("POST", "/api/checkout"), ("GET", "/api/cart"))
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}


def traffic(
    requests: int = 900,
    *,
    lasting: float = 60.0,
    slower: float = 1.0,
    failing: float = 0.0,
    endpoints: tuple[tuple[str, str], ...] = ENDPOINTS,
    seed: int = 1,
) -> Records:
    """Requests of 20 ms and more; those of the second endpoint so much slower."""
    random = np.random.default_rng(seed)
    end = START + np.sort(random.uniform(0.2, lasting, requests))
    endpoint = random.integers(0, len(endpoints), requests)
    seconds = 0.02 * (1 + endpoint % 5) * np.exp(0.3 * random.standard_normal(requests))
    seconds[endpoint == 1] *= slower
    outcome = np.full(requests, OUTCOMES.index(Outcome.OK), np.int64)
    outcome[random.random(requests) < failing] = OUTCOMES.index(Outcome.HTTP_5XX)
    nothing = np.zeros(requests, np.int64)
    return Records(
        start=end - seconds,
        intended_start=end - seconds,
        end=end,
        user=nothing,
        sequence=np.arange(1, requests + 1),
        endpoint=endpoint,
        duration_ms=np.asarray(1000 * seconds, np.float64),
        status=np.full(requests, 200),
        outcome=outcome,
        bytes=nothing,
        worker=nothing,
        endpoints=endpoints,
        users=("Shopper/0",),
    )


def role_of(records: Records, lasting: float = 60.0, **changes: Any) -> RoleRun:
    """A role whose counters agree with its records."""
    count = len(records)
    facts: dict[str, Any] = {
        "host": "http://canary:8080",
        **dict.fromkeys(("users", "users_at_end", "users_wanted"), 20),
        **dict.fromkeys(("started", "returned", "recorded", "statistics_requests"), count),
        "statistics_failures": int((~records.ok).sum()),
        "start": START,
        "end": START + lasting,
        "planned_seconds": lasting,
        "generator_cpu": 0.2,
        "generator_lag_seconds": 0.005,
        "busy_seconds": 30.0,
        "user_seconds": 1200.0,
        "complete": True,
        "exit_status": 0,
    }
    return RoleRun(**(facts | changes))


def run_of(records: Mapping[str, Records], **changes: Any) -> RunFile:
    """A finished run with these records."""
    file = RunFile(
        run_id="run-1",
        service="checkout",
        outcome=RunOutcome.FINISHED,
        warm_up_seconds=10.0,
        stage="weight-20",
        seed="seed-1",
        settings={"run_time_seconds": 60, "users": 20, "hosts": {}, "memory": None},
        versions={"canarygate": "0.1.0"},
        roles={role: role_of(each) for role, each in records.items()},
    )
    return replace(file, **changes)


def leaking(
    role: str, bytes_a_second: float, *, limit: float | None = 512 * 2.0**20
) -> list[Sample]:
    """A sample every 5 s over two minutes."""
    return [
        Sample(
            time=START + at,
            role=role,
            bytes=100 * 2.0**20 + bytes_a_second * at + 1000 * (at % 3),
            limit_bytes=limit,
        )
        for at in range(1, 120, 5)
    ]


def samples(*roles: list[Sample]) -> dict[str, MemorySamples]:
    """By role."""
    return {each[0].role: columns(each) for each in roles}


def document_of(
    records: Mapping[str, Records],
    memory: Mapping[str, MemorySamples] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """What report.json holds."""
    run = run_of(records, **changes)
    judgement = judge(run, records, POLICY, memory)
    return report_document(run, judgement, records, asdict(POLICY))


def page_of(
    records: Mapping[str, Records],
    memory: Mapping[str, MemorySamples] | None = None,
    *,
    document: Mapping[str, Any] | None = None,
    links: tuple[str, ...] = ("report.json", "canary_requests.csv"),
    **changes: Any,
) -> str:
    """The page of a run; of another document where one is given."""
    run = run_of(records, **changes)
    if document is None:
        document = document_of(records, memory, **changes)
    return render_html(document, memory, trace(run, records, POLICY), links=links)


@dataclass
class Seen(HTMLParser):
    """A page as a parser reads it."""

    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    """Outside of style."""
    style: str = ""
    open: list[str] = field(default_factory=list)
    unbalanced: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element without content, as in an SVG."""
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        """An element ends: the one that was begun last."""
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        """Text."""
        if self.open and self.open[-1] == "style":
            self.style += data
        else:
            self.texts.append(data)

    @property
    def text(self) -> str:
        """What there is to read, in one line."""
        return " ".join(" ".join(self.texts).split())

    def names(self) -> list[str]:
        """The elements in their order."""
        return [tag for tag, _ in self.tags]


def seen(page: str) -> Seen:
    """Read a page."""
    found = Seen()
    found.feed(page)
    found.close()
    return found


def pictures(page: str) -> list[ElementTree.Element]:
    """Each SVG, read as the XML that it is."""
    parts = page.split("<svg")[1:]
    return [
        ElementTree.fromstring("<svg" + part.partition("</svg>")[0] + "</svg>") for part in parts
    ]
