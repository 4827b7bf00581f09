"""Families of series, and the text format 0.0.4 that the gateway and promtool read. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric as ClientMetric
from prometheus_client.registry import Collector

from push_metrics.catalogue import METRICS, Metric
from push_metrics.grouping import GroupKey
from push_metrics.labels import label_value


@dataclass(frozen=True)
class Sample:
    """One series of a family: its labels besides the group's, and its value in base units.

    `suffix` is `_sum`, `_count` or `_bucket` where the family's type has such series.
    """

    value: float
    labels: Mapping[str, str]
    suffix: str = ""


@dataclass(frozen=True)
class Family:
    """All series of one metric."""

    metric: Metric
    samples: Sequence[Sample]


@dataclass(frozen=True)
class Group:
    """What one PUT to the gateway replaces: a key, and every series below it."""

    key: GroupKey
    families: Sequence[Family]

    @property
    def series(self) -> int:
        """How many series it holds."""
        return sum(len(family.samples) for family in self.families)


def render(group: Group) -> bytes:
    """The body of the group's PUT; the grouping labels are in the URL only."""
    return _encode(group.families)


def render_file(groups: Iterable[Group]) -> str:
    """All groups as one text, each series with its grouping labels: what a scrape would show."""
    groups = list(groups)
    found = [
        (family.metric, _labelled(sample, group.key))
        for group in groups
        for family in group.families
        for sample in family.samples
    ]
    families = [
        Family(metric, [sample for owner, sample in found if owner == metric])
        for metric in METRICS
        if any(owner == metric for owner, _ in found)
    ]
    return _encode(families).decode("utf-8")


def _labelled(sample: Sample, key: GroupKey) -> Sample:
    return Sample(sample.value, {**key.mapping, **sample.labels}, sample.suffix)


class _Ready(Collector):
    """Hands finished families to the client library's own encoder."""

    def __init__(self, families: Sequence[Family]) -> None:
        self._families = families

    def collect(self) -> Iterator[ClientMetric]:
        for family in self._families:
            metric = family.metric
            out = ClientMetric(metric.name, metric.help, metric.kind.value)
            for sample in family.samples:
                labels = {name: label_value(value) for name, value in sample.labels.items()}
                out.add_sample(metric.name + sample.suffix, labels, sample.value)
            yield out


def _encode(families: Sequence[Family]) -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Ready(families))
    return generate_latest(registry)
