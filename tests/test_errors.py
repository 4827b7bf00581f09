import pytest

from canarygate import console
from canarygate.errors import (
    CanarygateError,
    ConfigError,
    ExitCode,
    Interrupted,
    PushFailed,
    RunBroken,
)


def test_the_exit_codes_are_the_documented_ones() -> None:
    """Jobs, pipelines and templates are written against these numbers."""
    assert {
        "PASS": 0,
        "BUG": 1,
        "USAGE": 2,
        "BROKEN": 3,
        "PUSH": 4,
        "FAIL": 10,
        "INCONCLUSIVE": 11,
        "SIGINT": 130,
        "SIGTERM": 143,
    } == {code.name: code.value for code in ExitCode}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CanarygateError("?"), ExitCode.BUG),
        (ConfigError("?"), ExitCode.USAGE),
        (RunBroken("?"), ExitCode.BROKEN),
        (PushFailed("?"), ExitCode.PUSH),
        (Interrupted(2), ExitCode.SIGINT),
        (Interrupted(15), ExitCode.SIGTERM),
    ],
    ids=lambda each: type(each).__name__,
)
def test_every_error_knows_its_exit_code(error: CanarygateError, code: ExitCode) -> None:
    assert code is error.exit_code


def test_an_interruption_says_what_it_was() -> None:
    assert ["ended by Ctrl-C", "ended by SIGTERM"] == [str(Interrupted(2)), str(Interrupted(15))]


def test_a_configuration_error_holds_every_problem() -> None:
    one, two = ConfigError("a"), ConfigError(["a", "b"], hint="c")

    assert (["a"], "a", "") == (one.problems, str(one), one.hint)
    assert (["a", "b"], "a\nb", "c") == (two.problems, str(two), two.hint)


def test_a_complaint_has_a_line_for_each_problem_and_the_remedy_last(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console.complain(ConfigError(["this is wrong", "that too"], hint="mend it"))
    console.complain(RunBroken("it broke"))

    assert (
        "",
        "canarygate: this is wrong\ncanarygate: that too\n  hint: mend it\ncanarygate: it broke\n",
    ) == capsys.readouterr()
