import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canarygate.errors import ConfigError
from push_metrics.grouping import GroupKey
from push_metrics.series import group_keys

VALUES = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=30)


def read_path(path: str) -> dict[str, str]:
    """As the gateway reads it."""
    parts = path.split("/")
    labels = {}
    for name, value in zip(parts[::2], parts[1::2], strict=True):
        plain, encoded, _ = name.partition("@base64")
        labels[plain] = base64.urlsafe_b64decode(value).decode() if encoded else value
    return labels


def test_the_keys_of_both_roles_name_the_same_comparison() -> None:
    canary, stable = group_keys("checkout", "5", {"pod_template_hash": "6b8c"})

    assert "job/canarygate/service/checkout/role/canary/stage/5/pod_template_hash/6b8c" == (
        canary.path
    )
    assert "job/canarygate/service/checkout/role/stable/stage/5/pod_template_hash/6b8c" == (
        stable.path
    )


@pytest.mark.parametrize(
    ("value", "segment"),
    [
        ("..", "team@base64/Li4="),
        (".", "team@base64/Lg=="),
        ("", "team@base64/="),
        ("a/b", "team@base64/YS9i"),
        ("a b", "team@base64/YSBi"),
        ("größe", "team@base64/Z3LDtsOfZQ=="),
        ("plain_-1", "team/plain_-1"),
    ],
)
def test_a_value_that_a_path_could_misread_is_encoded(value: str, segment: str) -> None:
    key = GroupKey.of("checkout", "canary", "", {"team": value})

    assert f"job/canarygate/service/checkout/role/canary/{segment}" == key.path


@given(st.text(st.sampled_from("./%+?# ab@é"), min_size=1), VALUES)
def test_a_path_reads_back_as_the_labels(service: str, value: str) -> None:
    key = GroupKey.of(service, "stable", "", {"team": value})

    assert {"job": "canarygate", "service": service, "role": "stable", "team": value} == (
        read_path(key.path)
    )


def test_a_listed_group_starts_with_its_job_whatever_its_order() -> None:
    key = GroupKey.listed({"a": "1", "job": "canarygate", "service": "x"})

    assert "job/canarygate/a/1/service/x" == key.path


def test_all_that_cannot_be_a_grouping_label_is_said_at_once() -> None:
    labels = {"job": "x", "1a": "x", "__x": "x", "name": "x", "verdict": "x", "team": "a\nb"}
    labels |= {"long": "x" * 129}

    with pytest.raises(ConfigError) as raised:
        group_keys("", "", labels)

    assert [
        "the service has no name; a group is found by it",
        "push label 'job' is set by canarygate itself",
        "push label '1a' is no label name (letters, digits and _, not __ first)",
        "push label '__x' is no label name (letters, digits and _, not __ first)",
        "push label 'name' would overwrite the label of that name inside the series",
        "push label 'verdict' would overwrite the label of that name inside the series",
        "label 'team' has a control character in its value 'a\\nb'",
        f"label 'long' is longer than 128 bytes: '{'x' * 32}'…",
    ] == raised.value.problems
