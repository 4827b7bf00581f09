"""docs/policy.md names every key of the built-in policy, with its default."""

import re
import tomllib
from pathlib import Path
from typing import Any

from canarygate.judge.policy import default_policy_text
from canarygate.judge.policy_keys import KEYS

DOCS = Path(__file__).parents[2] / "docs" / "policy.md"


def documented() -> dict[str, list[str]]:
    """The key of each row of the table, and the defaults that the row gives."""
    rows = re.findall(r"^\| `([a-z_.]+)` \|[^|]+\|([^|]+)\|", DOCS.read_text("utf-8"), re.MULTILINE)
    return {key: re.findall(r"`([^`]+)`", defaults) for key, defaults in rows}


def built_in() -> dict[str, list[str]]:
    """The same of the policy itself."""
    policy: dict[str, Any] = tomllib.loads(default_policy_text())
    return {
        f"{section}.{key}": [spelled(table[key]) for table in as_list(policy[section])]
        for section, keys in KEYS.items()
        for key in keys
    }


def spelled(value: Any) -> str:
    """As TOML spells it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_list(section: Any) -> list[dict[str, Any]]:
    """A section that is a list of tables, or its one table."""
    return section if isinstance(section, list) else [section]


def test_every_key_is_documented_with_its_default() -> None:
    assert built_in() == documented()


def test_the_example_is_a_policy(tmp_path: Path) -> None:
    from canarygate.judge.policy import load_policy

    (example,) = re.findall(r"```toml\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    path = tmp_path / "policy.toml"
    path.write_text(example, "utf-8")

    assert load_policy(path).errors.share == 0.02


def test_every_check_and_number_that_the_page_promises_is_one() -> None:
    from tests.judge.samples import judged, traffic

    names = {check.name for check in judged(traffic(10)).checks}
    promised = set(re.findall(r"`(canary\.[a-z0-9_.]+)`", DOCS.read_text("utf-8")))

    assert promised == {"canary.error_ratio", "canary.slower_than_0.5s_ratio"}
    assert promised <= names
