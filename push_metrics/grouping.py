"""The grouping key: which group on the gateway is ours, and the path that names it."""

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from canarygate.errors import ConfigError
from canarygate.results import ROLES
from canarygate.settings import LABEL_NAME
from push_metrics.catalogue import BODY_LABELS, GROUPING_LABELS, JOB
from push_metrics.labels import MAX_BYTES, has_control_characters

PLAIN = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class GroupKey:
    """The labels of one group on the gateway, `job` first. `GroupKey.of` checks what it is given."""

    labels: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, service: str, role: str, stage: str, push_labels: Mapping[str, str]) -> "GroupKey":
        """Name the group of one role.

        Raises:
            ConfigError: something in it cannot be a grouping label; it holds every problem.
        """
        problems = list(label_problems(service, role, stage, push_labels))
        if problems:
            raise ConfigError(problems, hint=HINT)
        stages = {"stage": stage} if stage else {}
        labels = {"job": JOB, "service": service, "role": role, **stages, **push_labels}
        return cls(tuple(labels.items()))

    @classmethod
    def listed(cls, labels: Mapping[str, str]) -> "GroupKey":
        """The key of a group that the gateway itself lists, whoever made it."""
        return cls(tuple(sorted(labels.items(), key=lambda label: label[0] != "job")))

    @property
    def mapping(self) -> Mapping[str, str]:
        """The labels by name."""
        return MappingProxyType(dict(self.labels))

    @property
    def path(self) -> str:
        """`job/canarygate/service/checkout/…`, below the gateway's `/metrics/`."""
        return "/".join(_segment(name, value) for name, value in self.labels)

    def __str__(self) -> str:
        return "{" + ", ".join(f'{name}="{value}"' for name, value in self.labels) + "}"


HINT = "push labels name the comparison, such as stage=5 or pod_template_hash=6b8c"


def label_problems(
    service: str, role: str, stage: str, push_labels: Mapping[str, str]
) -> Iterator[str]:
    """What in these cannot be part of a grouping key, each with its reason."""
    if not service:
        yield "the service has no name; a group is found by it"
    if role not in ROLES:
        yield f"role {role!r} is neither {' nor '.join(ROLES)}"
    yield from _value_problems("service", service)
    yield from _value_problems("stage", stage)
    for name, value in push_labels.items():
        yield from _name_problems(name)
        yield from _value_problems(name, value)


def _name_problems(name: str) -> Iterator[str]:
    if not LABEL_NAME.fullmatch(name) or name.startswith("__"):
        yield f"push label {name!r} is no label name (letters, digits and _, not __ first)"
    elif name in GROUPING_LABELS:
        yield f"push label {name!r} is set by canarygate itself"
    elif name in BODY_LABELS:
        yield f"push label {name!r} would overwrite the label of that name inside the series"


def _value_problems(name: str, value: str) -> Iterator[str]:
    if has_control_characters(value):
        yield f"label {name!r} has a control character in its value {value!r}"
    elif len(value.encode("utf-8")) > MAX_BYTES:
        yield f"label {name!r} is longer than {MAX_BYTES} bytes: {value[:32]!r}…"


def _segment(name: str, value: str) -> str:
    # A gateway answers `.` and `..` with a redirect, and an HTTP client that tidies the path first
    # would delete another group; so only what can mean nothing else is written as it is.
    if PLAIN.fullmatch(value):
        return f"{name}/{value}"
    encoded = base64.urlsafe_b64encode(value.encode("utf-8")).decode("ascii")
    return f"{name}@base64/{encoded or '='}"
