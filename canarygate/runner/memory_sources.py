"""What a metrics endpoint and a Prometheus say about memory, read from their text."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit, urlunsplit

from canarygate.memory import Sample
from canarygate.runner.fetch import Unreadable

BYTES = "process_resident_memory_bytes"
START = "process_start_time_seconds"
USED = "container_memory_working_set_bytes"
LIMIT = "kube_pod_container_resource_limits"
RESTARTS = "kube_pod_container_status_restarts_total"
LAST_REASON = "kube_pod_container_status_last_terminated_reason"
RECENT = "2m"
"""Older values count for nothing: cAdvisor gives its samples times of their own, so that Prometheus
goes on showing a container for five minutes after it is gone."""

Series = tuple[Mapping[str, str], Sequence[tuple[float, float]]]
"""Labels, and (seconds since the epoch, value) by time."""


class Reading(NamedTuple):
    """What one metrics endpoint says of the process behind it."""

    bytes: float
    process_start: float | None


def read_exposition(text: str) -> Reading:
    """One process's memory and start.

    Raises:
        Unreadable: it is not there, or there are several of it.
    """
    # Only the lines that are wanted, as a large exposition takes seconds to parse; and only whole
    # ones: half a number is another number.
    whole = text.rpartition("\n")[0].split("\n")
    lines = [line for line in whole if line.startswith((BYTES, START))]
    used, started = _values(lines, BYTES), _values(lines, START)
    if not used:
        raise Unreadable(f"there is no {BYTES} in the answer")
    if len(used) > 1 or len(started) > 1:
        name, found = max(((BYTES, used), (START, started)), key=lambda each: len(each[1]))
        raise Unreadable(f"there are {len(found)} series of {name}, and it takes one process")
    if not math.isfinite(used[0]) or used[0] <= 0:
        raise Unreadable(f"{BYTES} is {used[0]:g}")
    is_known = started and math.isfinite(started[0]) and started[0] > 0
    return Reading(used[0], started[0] if is_known else None)


def _values(lines: Iterable[str], name: str) -> list[float]:
    from prometheus_client.parser import text_string_to_metric_families

    text = "".join(f"{line}\n" for line in lines if line.startswith((f"{name} ", f"{name}{{")))
    try:
        return [
            float(sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        ]
    except (ValueError, IndexError, KeyError, TypeError) as error:
        raise Unreadable(f"{name} cannot be read ({error})") from error


def queries(base: str, selector: str) -> tuple[str, str]:
    """URLs of two instant queries: the newest readings of memory, and everything else.

    `selector` is label matchers as `read_selector` gives them: whole, quoted, without braces.
    """
    used = f'{USED}{{{selector},container!="",container!="POD"}}[{RECENT}]'
    rest = " or ".join(
        f"{name}{{{selector}{more}}}"
        for name, more in (
            (LIMIT, ',resource="memory"'),
            (RESTARTS, ""),
            (LAST_REASON, ',reason="OOMKilled"'),
        )
    )
    parts = urlsplit(base)
    path = f"{parts.path.rstrip('/')}/api/v1/query"
    used_url, rest_url = (
        urlunsplit(parts._replace(path=path, query=f"query={quote(text, safe='')}", fragment=""))
        for text in (used, rest)
    )
    return used_url, rest_url


def read_answer(body: bytes) -> list[Series]:
    """The series of an instant query's answer, a vector or a matrix.

    Raises:
        Unreadable: it is no such answer.
    """
    try:
        document: Any = json.loads(body)
        if document["status"] != "success":
            raise Unreadable(f"the query failed: {document.get('error', '')}"[:300])
        data = document["data"]
        if data["resultType"] not in ("vector", "matrix"):
            raise Unreadable(f"the query gave a {data['resultType']}")
        return [
            (
                {str(name): str(value) for name, value in each["metric"].items()},
                [
                    (float(at), float(value))
                    for at, value in each.get("values", [each.get("value")])
                ],
            )
            for each in data["result"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable("that is no answer of a Prometheus") from error


class PodReader:
    """Turns answers into samples, one per container; a reading is given once, however often seen.

    Prometheus shows the last scrape again until the next. Counted each time, one reading would weigh
    as much as three, and chance would look like a trend: so a sample without a new one has no bytes.
    """

    def __init__(self, role: str, limit_bytes: float | None) -> None:
        self._role = role
        self._limit = limit_bytes
        self._seen: dict[tuple[str, str], float] = {}

    def samples(self, at: float, used: Sequence[Series], rest: Sequence[Series]) -> list[Sample]:
        """What was read at that moment.

        Raises:
            Unreadable: the selector matches no container.
        """
        newest: dict[tuple[str, str], tuple[float, float]] = {}
        for labels, values in used:
            # A container that was started again has a second series for a while: the newer counts.
            if good := [each for each in values if math.isfinite(each[1]) and each[1] > 0]:
                newest[_key(labels)] = max(newest.get(_key(labels), good[-1]), good[-1])
        others = {name: _by_container(rest, name) for name in (LIMIT, RESTARTS, LAST_REASON)}
        found = newest.keys() | others[RESTARTS].keys()
        if not found:
            raise Unreadable(f"the selector matches no container with {USED}")
        pods = [pod for pod, _ in found]
        samples = []
        for key in sorted(found):
            pod, container = key
            when, value = newest.get(key, (0.0, None))
            is_new = when > self._seen.get(key, 0.0)
            self._seen[key] = max(when, self._seen.get(key, 0.0))
            restarts = others[RESTARTS].get(key)
            samples.append(
                Sample(
                    time=at,
                    role=self._role,
                    pod=pod if pods.count(pod) == 1 else f"{pod}/{container}",
                    bytes=value if is_new else None,
                    limit_bytes=others[LIMIT].get(key, self._limit),
                    restarts=restarts,
                    oom_kills=others[LAST_REASON].get(key, None if restarts is None else 0.0),
                )
            )
        return samples


def _key(labels: Mapping[str, str]) -> tuple[str, str]:
    namespace, pod = labels.get("namespace", ""), labels.get("pod", "")
    return f"{namespace}/{pod}" if namespace else pod, labels.get("container", "")


def _by_container(series: Sequence[Series], name: str) -> dict[tuple[str, str], float]:
    """The largest value of each container: two scrapes of one exporter may overlap."""
    found: dict[tuple[str, str], float] = {}
    for labels, values in series:
        if labels.get("__name__") == name and values and math.isfinite(values[-1][1]):
            key = _key(labels)
            found[key] = max(found.get(key, -math.inf), values[-1][1])
    return found
