"""The policy: every threshold that the judge holds a run against, read from TOML."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from canarygate.errors import ConfigError
from canarygate.judge.policy_keys import LISTS, problems
from canarygate.near import near_path

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
class CompareRules:
    """Canary against stable: whether at all, and what is too small to matter."""

    enabled: bool
    """False: limits only, stable stands beside."""
    tolerance: float
    """So much slower (a fraction) is no regression."""
    tolerance_seconds: float
    """Nor is so much, whatever fraction it is."""
    slower_alpha: float
    """For every endpoint and every look together."""
    persistence: float
    """The second half of the time alone has to show it too, with a p below this."""
    requests: int
    """Successes per role that an endpoint needs to be compared."""


@dataclass(frozen=True, kw_only=True)
class ErrorRules:
    """When the canary fails more often than stable."""

    alpha: float
    share: float
    """By at least this difference of the two shares."""
    seconds_apart: int
    """The canary's errors fall in so many different seconds."""


@dataclass(frozen=True, kw_only=True)
class GrossRules:
    """When the canary is so much slower that no look needs to be waited for."""

    tolerance: float
    tolerance_seconds: float
    alpha: float
    rank_p: float
    """Highest p of the rank test of both arms' unpaired durations that has to agree."""
    block_seconds: float
    """Any window of this length may be left out without the evidence getting too weak."""


@dataclass(frozen=True, kw_only=True)
class StallRules:
    """When the worst seconds are mostly the canary's."""

    alpha: float
    share: float
    """The canary's excess is reduced by this fraction of the endpoint's median,"""
    seconds: float
    """or by so much, whichever is larger."""


@dataclass(frozen=True, kw_only=True)
class ClearRules:
    """What has to be ruled out for a pass, at a look and at the last look."""

    slower: float
    """An endpoint slower by this fraction,"""
    slower_seconds: float
    """and by so much."""
    share: float
    """So much more errors, or slow requests, than stable: a difference of shares."""
    slow_seconds: float
    """Slow is above this and above stable's 99th percentile."""
    confidence: float
    last_look: str
    """`default`: the bar of the `last_…` keys at the end of the run; `strict`: the same bar."""
    last_slower: float
    last_share: float
    last_confidence: float


@dataclass(frozen=True, kw_only=True)
class MemoryRules:
    """When memory grows towards its limit."""

    warm_up_seconds: float
    samples: int
    span_seconds: float
    horizon_seconds: float
    """Reaching the limit within this time fails,"""
    horizon_times: float
    """or within so many times the observed time, whichever is shorter."""
    confidence: float
    full_share: float
    """Above this share of the limit it fails at once."""


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
    compare: CompareRules
    compare_errors: ErrorRules
    compare_gross: GrossRules
    compare_stalls: StallRules
    clear: ClearRules
    memory: MemoryRules
    run: RunLimits


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
        _refuse(path, problems(given))
        for section, values in given.items():
            document[section] = values if section in LISTS else document[section] | values
        _refuse(path, _contradictions(document))
    return Policy(
        errors=ErrorLimit(**document["errors"]),
        slow=tuple(SlowLimit(**limit) for limit in document["slow"]),
        evidence=EvidenceRules(**document["evidence"]),
        compare=CompareRules(**document["compare"]),
        compare_errors=ErrorRules(**document["compare_errors"]),
        compare_gross=GrossRules(**document["compare_gross"]),
        compare_stalls=StallRules(**document["compare_stalls"]),
        clear=ClearRules(**document["clear"]),
        memory=MemoryRules(**document["memory"]),
        run=RunLimits(**document["run"]),
    )


def _contradictions(document: Mapping[str, Any]) -> Iterator[str]:
    """Keys that are possible each and not together."""
    tolerance, slower = document["compare"]["tolerance"], document["clear"]["slower"]
    if slower <= tolerance:
        yield (
            f"[clear] slower = {slower!r} must be above [compare] tolerance = {tolerance!r}:"
            " what is tolerated could never be ruled out"
        )


def _refuse(path: Path, found: Iterator[str]) -> None:
    if listed := [f"{path}: {problem}" for problem in found]:
        raise ConfigError(listed, hint=POLICY_HINT)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = f"{path}: cannot read the policy ({error}){near_path(path)}"
        raise ConfigError(reason, hint=POLICY_HINT) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: not TOML ({error})", hint=POLICY_HINT) from error
