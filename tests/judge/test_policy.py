from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canarygate.errors import ConfigError, ExitCode
from canarygate.judge.policy import (
    DEFAULT_PATH,
    ClearRules,
    CompareRules,
    ErrorLimit,
    ErrorRules,
    EvidenceRules,
    GrossRules,
    MemoryRules,
    Policy,
    RunLimits,
    SlowLimit,
    StallRules,
    default_policy_text,
    load_policy,
)
from canarygate.judge.policy_keys import KEYS, Choice, Number, Switch

DEFAULT = Policy(
    errors=ErrorLimit(share=0.01),
    slow=(
        SlowLimit(slower_than_seconds=0.5, share=0.05),
        SlowLimit(slower_than_seconds=1.0, share=0.01),
    ),
    evidence=EvidenceRules(
        alpha=0.01, confidence=0.95, hits_apart=3, block_seconds=2.0, silence_seconds=10.0
    ),
    compare=CompareRules(
        enabled=True,
        tolerance=0.10,
        tolerance_seconds=0.003,
        slower_alpha=0.035,
        persistence=0.10,
        requests=20,
    ),
    compare_errors=ErrorRules(alpha=0.01, share=0.005, seconds_apart=3),
    compare_gross=GrossRules(
        tolerance=0.30, tolerance_seconds=0.010, alpha=0.002, rank_p=0.001, block_seconds=2.0
    ),
    compare_stalls=StallRules(alpha=0.005, share=0.25, seconds=0.05),
    clear=ClearRules(
        slower=0.25,
        slower_seconds=0.005,
        share=0.0075,
        slow_seconds=0.5,
        confidence=0.95,
        last_look="default",
        last_slower=1.0,
        last_share=0.02,
        last_confidence=0.90,
    ),
    memory=MemoryRules(
        warm_up_seconds=30.0,
        samples=12,
        span_seconds=60.0,
        horizon_seconds=3600.0,
        horizon_times=10.0,
        confidence=0.99,
        full_share=0.9,
    ),
    run=RunLimits(
        unfinished_share=0.02,
        exceptions=0,
        cut_short_seconds=1.0,
        generator_cpu=0.9,
        generator_lag_seconds=0.1,
    ),
)


def policy_from(folder: Path, text: str) -> Policy:
    path = folder / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return load_policy(path)


def problems_of(folder: Path, text: str) -> list[str]:
    """Without the file's name in front of each."""
    with pytest.raises(ConfigError) as caught:
        policy_from(folder, text)

    prefix = f"{folder / 'policy.toml'}: "
    assert all(problem.startswith(prefix) for problem in caught.value.problems)
    return [problem.removeprefix(prefix) for problem in caught.value.problems]


def test_the_built_in_policy_is_the_documented_one() -> None:
    assert load_policy(None) == DEFAULT


def test_the_default_as_text_is_the_default(tmp_path: Path) -> None:
    assert policy_from(tmp_path, default_policy_text()) == DEFAULT


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    assert policy_from(tmp_path, "") == DEFAULT


def test_a_file_changes_only_the_keys_it_gives(tmp_path: Path) -> None:
    changed = policy_from(tmp_path, "[evidence]\nalpha = 0.001\n[run]\nexceptions = 5\n")

    assert changed == replace(
        DEFAULT,
        evidence=replace(DEFAULT.evidence, alpha=0.001),
        run=replace(DEFAULT.run, exceptions=5),
    )


def test_limits_of_slowness_replace_the_built_in_ones(tmp_path: Path) -> None:
    changed = policy_from(tmp_path, "[[slow]]\nslower_than_seconds = 2\nshare = 0.1\n")

    assert changed.slow == (SlowLimit(slower_than_seconds=2, share=0.1),)


def test_latency_can_be_left_unjudged(tmp_path: Path) -> None:
    assert policy_from(tmp_path, "slow = []").slow == ()


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    text = """
host = "http://canary"
[error]
share = 0.5
[errors]
shares = 0.5
share = true
[evidence]
alpha = nan
confidence = inf
hits_apart = 2.5
[compare]
enabled = 1
[clear]
last_look = "Strict"
[run]
exceptions = "none"
zebra = 1
[[slow]]
slower_than_seconds = -1
"""
    assert problems_of(tmp_path, text) == [
        "section 'host' is unknown; there are errors, slow, evidence, compare, compare_errors,"
        " compare_gross, compare_stalls, clear, memory, run",
        "section 'error' is unknown; did you mean 'errors'?",
        "[errors] key 'shares' is unknown; did you mean 'share'?",
        "[errors] share = True must be a number of at least 1e-06 and below 1",
        "[evidence] alpha = nan must be a number above 0 and at most 0.5",
        "[evidence] confidence = inf must be a number of at least 0.5 and below 1",
        "[evidence] hits_apart = 2.5 must be a whole number of at least 1 and at most 100",
        "[compare] enabled = 1 must be true or false",
        """[clear] last_look = 'Strict' must be "default" or "strict\"""",
        "[run] exceptions = 'none' must be a whole number of at least 0 and at most 1e+06",
        "[run] key 'zebra' is unknown; there are unfinished_share, exceptions, cut_short_seconds,"
        " generator_cpu, generator_lag_seconds",
        "[[slow]] number 1: slower_than_seconds = -1 must be a number above 0 and at most 3600",
        "[[slow]] number 1: share is missing",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("errors = 0.01", "errors must be a table; write [errors]"),
        ("[slow]\nshare = 0.1", "slow must be a list of tables; write [[slow]]"),
        ("slow = [0.5]", "slow must be a list of tables; write [[slow]]"),
        (
            "[[slow]]\nslower_than_seconds=1\nshare=0.1\n" * 2,
            "[[slow]]: slower_than_seconds = 1 is given more than once",
        ),
        (
            "[[slow]]\nslower_than_seconds=1\nshare=0.1\n"
            "[[slow]]\nslower_than_seconds=1.0\nshare=0.2\n",
            "[[slow]]: slower_than_seconds = 1 is given more than once",
        ),
    ],
)
def test_a_misshapen_section_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    assert problems_of(tmp_path, text) == [problem]


def test_the_hint_says_where_the_default_is(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        policy_from(tmp_path, "[error]")

    assert str(DEFAULT_PATH) in caught.value.hint
    assert DEFAULT_PATH.read_text("utf-8") == default_policy_text()
    assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize("content", [b"[errors", b"\xff\xfe", b"a = " + b"[" * 5_000])
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "policy.toml"
    path.write_bytes(content)

    with pytest.raises(ConfigError, match=r"policy\.toml"):
        load_policy(path)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.toml"):
        with pytest.raises(ConfigError, match="cannot read the policy"):
            load_policy(path)


def test_a_tolerance_that_nothing_could_clear_is_refused(tmp_path: Path) -> None:
    """Between the two, a canary could neither fail nor pass."""
    assert problems_of(tmp_path, "[compare]\ntolerance = 0.25\n") == [
        "[clear] slower = 0.25 must be above [compare] tolerance = 0.25:"
        " what is tolerated could never be ruled out"
    ]


EVERY_KEY = [key for keys in KEYS.values() for key in keys.values()]
NUMBERS = [key for key in EVERY_KEY if isinstance(key, Number)]


@pytest.mark.parametrize("key", NUMBERS, ids=str)
@given(wrong=st.one_of(st.booleans(), st.text(max_size=3), st.sampled_from([float("nan"), -1.0])))
def test_no_number_takes_what_is_no_possible_number(key: Number, wrong: bool | str | float) -> None:
    assert not key.accepts(wrong)


@pytest.mark.parametrize("key", EVERY_KEY, ids=str)
def test_no_key_takes_infinity_or_a_number_beyond_all_floats(key: Number | Switch | Choice) -> None:
    assert not key.accepts(float("inf"))
    assert not key.accepts(10**400)


def test_a_switch_takes_true_and_false_only() -> None:
    taken = [value for value in (True, False, 0, 1, "true", "", None) if Switch().accepts(value)]

    assert [True, False] == taken


def test_a_choice_takes_its_words_only() -> None:
    key = Choice(words=("default", "strict"))
    taken = [value for value in ("default", "strict", "", "Strict", True, 1) if key.accepts(value)]

    assert ["default", "strict"] == taken
