"""What authenticates us at the gateway, from the environment or from files, never from a flag."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Who we are, and what was wrong with the variables that say it."""

    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    token_file: Path | None = None
    """Where the token was read from: a service that lives longer than a token reads it again."""
    ca_file: Path | None = None
    problems: tuple[str, ...] = ()


def read_credentials(environment: Mapping[str, str], prefix: str = "PUSH") -> Credentials:
    """Read PUSH_USERNAME, PUSH_PASSWORD, PUSH_TOKEN (or …_FILE) and PUSH_CA_FILE; empty is unset."""
    problems: list[str] = []
    ca_file = environment.get(f"{prefix}_CA_FILE", "")
    token_file = environment.get(f"{prefix}_TOKEN_FILE", "")
    return Credentials(
        username=environment.get(f"{prefix}_USERNAME", ""),
        password=_secret(environment, f"{prefix}_PASSWORD", problems),
        token=_secret(environment, f"{prefix}_TOKEN", problems),
        token_file=Path(token_file) if token_file else None,
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
