"""What was meant, where a word is nearly right."""

from pathlib import Path

import pytest

from canarygate.near import did_you_mean, is_one_slip, near_path


@pytest.mark.parametrize(
    "word",
    ["TARGT_HOST", "TARGET_HOSTS", "TRAGET_HOST", "TARGET-HOST", "TARGETHOST", "ARGET_HOST"],
)
def test_one_slip_is_one(word: str) -> None:
    assert is_one_slip(word, "TARGET_HOST")
    assert is_one_slip("TARGET_HOST", word)


@pytest.mark.parametrize(
    "word", ["TARGET_HOST", "TARG_HOST", "RTAGET_HOTS", "TARGET_HOST_2", "HOST", "", "HOST_TARGET"]
)
def test_none_or_two_are_not(word: str) -> None:
    assert not is_one_slip(word, "TARGET_HOST")


def test_a_path_that_is_not_there_is_answered_with_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "strict.toml").touch()

    assert f"; did you mean {tmp_path}/strict.toml?" == near_path(tmp_path / "strikt.toml")
    assert "" == near_path(tmp_path / "strict.toml")
    assert "" == near_path(tmp_path / "else.json")
    assert "" == near_path(tmp_path / "nowhere" / "strict.toml")


def test_of_a_few_words_the_nearest_is_told() -> None:
    assert "; did you mean 'open'?" == did_you_mean("OPNE", ["closed", "open"])
    assert "" == did_you_mean("steady", ["closed", "open"])
