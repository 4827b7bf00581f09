"""The policy: every threshold that the judge holds a run against, read from TOML."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from canarygate.errors import ConfigError

DEFAULT_PATH = Path(__file__).with_name("default_policy.toml")
POLICY_HINT = f"every key with its default is in {DEFAULT_PATH}; a policy holds what it changes"


@dataclass(frozen=True, kw_only=True)
class ErrorLimit:
    """At most this share of all requests may fail."""

    share: float


@dataclass(frozen=True, kw_only=True)
class SlowLimit:
    """At most this share of the successes after the warm-up may take longer than that."""

    slower_than_seconds: float
    share: float


@dataclass(frozen=True, kw_only=True)
class EvidenceRules:
    """How sure a limit's answer must be."""

    alpha: float
    """Highest probability of calling a limit broken that is kept, however often one looks."""
    confidence: float
    """One-sided confidence of the bound that has to lie below a limit for a pass."""
    hits_apart: int
    """So many errors (slow requests), each at least one second after the one before."""
    block_seconds: float
    """Any window of this length may be left out without the evidence getting too weak."""
    silence_seconds: float
    """A canary that answered nothing for so long has failed, if stable answered."""


@dataclass(frozen=True, kw_only=True)
class RunLimits:
    """What a run may lack and still be believed."""

    unfinished_share: float
    """Requests without an end, of those started."""
    exceptions: int
    """Exceptions raised by users' tasks."""
    cut_short_seconds: float
    """How much earlier than planned a run may end."""
    generator_cpu: float
    """CPU seconds per second of the busiest generating process."""
    generator_lag_seconds: float
    """95th percentile of how late the generator's event loop woke."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Thresholds only; never hosts, users or durations of load."""

    errors: ErrorLimit
    slow: tuple[SlowLimit, ...]
    evidence: EvidenceRules
    run: RunLimits


@dataclass(frozen=True, kw_only=True)
class Key:
    """What a key's value may be: a finite number from `low` to `high`, ends included or not."""

    low: float
    high: float
    ends: str = "()"
    whole: bool = False

    def accepts(self, value: object) -> bool:
        """A bool is no number here, though Python counts it as one."""
        if isinstance(value, bool) or not isinstance(value, int if self.whole else int | float):
            return False
        return (
            self.low < value < self.high
            or (value == self.low and self.ends[0] == "[")
            or (value == self.high and self.ends[1] == "]")
        )

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        low = f"{'of at least' if self.ends[0] == '[' else 'above'} {self.low:g}"
        return f"{kind} {low} and {'at most' if self.ends[1] == ']' else 'below'} {self.high:g}"


SHARE = Key(low=1e-6, high=1, ends="[)")
KEYS: Mapping[str, Mapping[str, Key]] = {
    "errors": {"share": SHARE},
    "slow": {"slower_than_seconds": Key(low=0, high=3600, ends="(]"), "share": SHARE},
    "evidence": {
        "alpha": Key(low=0, high=0.5, ends="(]"),
        "confidence": Key(low=0.5, high=1, ends="[)"),
        "hits_apart": Key(low=1, high=100, ends="[]", whole=True),
        "block_seconds": Key(low=0, high=60, ends="[]"),
        "silence_seconds": Key(low=1, high=3600, ends="[]"),
    },
    "run": {
        "unfinished_share": Key(low=0, high=1, ends="[)"),
        "exceptions": Key(low=0, high=1_000_000, ends="[]", whole=True),
        "cut_short_seconds": Key(low=0, high=3600, ends="[]"),
        "generator_cpu": Key(low=0, high=1, ends="(]"),
        "generator_lag_seconds": Key(low=0, high=60, ends="(]"),
    },
}
LISTS = frozenset({"slow"})


def default_policy_text() -> str:
    """The built-in policy as TOML, every key with its default."""
    return DEFAULT_PATH.read_text(encoding="utf-8")


def load_policy(path: Path | None) -> Policy:
    """The built-in policy, changed by what the file at `path` gives (None: nothing).

    Raises:
        ConfigError: the file cannot be read, is not TOML, or gives anything that is not a key of a
            policy or not a possible value of it; holds all problems at once.
    """
    document = tomllib.loads(default_policy_text())
    if path is not None:
        given = _read(path)
        if problems := [f"{path}: {problem}" for problem in _problems(given)]:
            raise ConfigError(problems, hint=POLICY_HINT)
        for section, values in given.items():
            document[section] = values if section in LISTS else document[section] | values
    return Policy(
        errors=ErrorLimit(**document["errors"]),
        slow=tuple(SlowLimit(**limit) for limit in document["slow"]),
        evidence=EvidenceRules(**document["evidence"]),
        run=RunLimits(**document["run"]),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = f"{path}: cannot read the policy ({error})"
        raise ConfigError(reason, hint=POLICY_HINT) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: not TOML ({error})", hint=POLICY_HINT) from error


def _problems(document: Mapping[str, object]) -> Iterator[str]:
    for section, content in document.items():
        if section not in KEYS:
            yield _unknown(f"section {section!r}", section, KEYS)
        elif section in LISTS:
            yield from _list_problems(section, content)
        elif isinstance(content, dict):
            yield from _key_problems(f"[{section}]", content, KEYS[section])
        else:
            yield f"{section} must be a table; write [{section}]"


def _list_problems(section: str, content: object) -> Iterator[str]:
    if not isinstance(content, list) or not all(isinstance(each, dict) for each in content):
        yield f"{section} must be a list of tables; write [[{section}]]"
        return
    for number, table in enumerate(content, 1):
        where = f"[[{section}]] number {number}:"
        yield from _key_problems(where, table, KEYS[section])
        yield from (f"{where} {key} is missing" for key in KEYS[section] if key not in table)
    # Compared as they are written into the name of a check.
    durations = [table.get("slower_than_seconds") for table in content]
    accepted = KEYS[section]["slower_than_seconds"].accepts
    seen = [f"{duration:g}" for duration in durations if accepted(duration)]
    for duration in dict.fromkeys(each for each in seen if seen.count(each) > 1):
        yield f"[[{section}]]: slower_than_seconds = {duration} is given more than once"


def _key_problems(
    where: str, table: Mapping[str, object], keys: Mapping[str, Key]
) -> Iterator[str]:
    for name, value in table.items():
        if name not in keys:
            yield _unknown(f"{where} key {name!r}", name, keys)
        elif not keys[name].accepts(value):
            yield f"{where} {name} = {value!r} must be {keys[name]}"


def _unknown(what: str, name: str, known: Mapping[str, object]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"{what} is unknown" + (
        f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(known)}"
    )
