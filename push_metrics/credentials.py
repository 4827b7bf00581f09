"""What authenticates us at the gateway, from the environment or from files, never from a flag."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Fields of PushSettings, and what was wrong with the variables they come from."""

    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    ca_file: Path | None = None
    problems: tuple[str, ...] = ()


def read_credentials(environment: Mapping[str, str]) -> Credentials:
    """Read PUSH_USERNAME, PUSH_PASSWORD, PUSH_TOKEN (or …_FILE) and PUSH_CA_FILE; empty is unset."""
    problems: list[str] = []
    ca_file = environment.get("PUSH_CA_FILE", "")
    return Credentials(
        username=environment.get("PUSH_USERNAME", ""),
        password=_secret(environment, "PUSH_PASSWORD", problems),
        token=_secret(environment, "PUSH_TOKEN", problems),
        ca_file=Path(ca_file) if ca_file else None,
        problems=tuple(problems),
    )


def _secret(environment: Mapping[str, str], name: str, problems: list[str]) -> str:
    value, file = environment.get(name, ""), environment.get(f"{name}_FILE", "")
    if value and file:
        problems.append(f"{name} and {name}_FILE are both set; set one")
    if not file:
        return value
    try:
        # Files made by `echo` and mounted by Kubernetes end with a line break that is no secret.
        text = Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        problems.append(f"{name}_FILE: cannot read {file}: {reason}")
        return ""
    if not text:
        problems.append(f"{name}_FILE: {file} is empty")
    return text
