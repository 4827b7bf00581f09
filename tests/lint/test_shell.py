"""What is told of a script without running it."""

import pytest

from canarygate.lint.documents import read_documents
from canarygate.lint.exit_codes import accepts_any_answer, deaf, hidden
from canarygate.lint.scripts import commands, script_of


def test_commands_are_apart_where_the_shell_takes_them_apart() -> None:
    script = "a --x \\\n  --y; b 'c; d' && e \"f | g\" || h 2>&1 # i; j\nk &> l & m"

    assert [
        ("a --x    --y", ";"),
        ("b 'c; d'", "&&"),
        ('e "f | g"', "||"),
        ("h 2>&1", ";"),
        ("k &> l", "&"),
        ("m", ""),
    ] == commands(script)


@pytest.mark.parametrize(
    ("script", "lost"),
    [
        ("load\npush", "load"),
        ("load; push", "load"),
        ("X=1 load; push", "X=1 load"),
        ("load | tee log", "load"),
        ("load || true", "load"),
        ("load && push", ""),
        ("cd /app; load", ""),
        ("load", ""),
        ("load; exit 1", ""),
        ("load; rc=$?; push; exit $rc", ""),
        ("set -e\nload\npush", ""),
        ("set -euo pipefail\nload | tee log\npush", ""),
        ("for i in 1 2; do load; done\npush", ""),
        ("(load; push)", ""),
        ("load\nif [ -f stats ]; then push; fi", "load"),
        ("load\nif [ $? -ne 0 ]; then exit 1; fi", ""),
        ("load\nif ! grep -q passed out; then exit 1; fi", ""),
        ("if ! load; then exit 1; fi\npush", ""),
        ("load || exit 0", "load"),
        ("load || exit 1", ""),
        ("load\nexit 0", "load"),
        ("load\npush\nexit $?", "load"),
        ("load\necho $?", "load"),
        ("load\nrc=$?\npush", "load"),
        ("load\nrc=$?\npush\nexit ${rc}", ""),
        ("locust & sleep 9; push", "locust"),
        ("locust &\nwait\npush", "locust"),
        ("locust & pid=$!\nwait $pid\nrc=$?\npush\nexit $rc", ""),
        ("locust & pid=$!\nwait $pid\npush", "locust"),
        ("server & sleep 3; k6 run s.js", ""),
        ("pip install -r r.txt\npython smoke.py", ""),
        ("k6 run s.js\npython push.py", "k6 run s.js"),
        ("smoke | grep -q passed", ""),
        ("vegeta attack | vegeta report", "vegeta attack"),
        ("x=$(date; id)\nload", ""),
    ],
)
def test_an_exit_code_that_nobody_reads(script: str, lost: str) -> None:
    assert lost == hidden(script, stops=False)


def test_a_shell_with_e_stops_at_the_first_failure() -> None:
    assert "" == hidden("load\npush", stops=True)


@pytest.mark.parametrize(
    ("script", "unheard"),
    [
        ("load", ""),
        ("load\npush", "load"),
        ("cd /app\nload", "load"),
        ("prepare\nexec load", ""),
        ("load\nif [ -f stats ]; then push; fi", "load"),
        ("until ready; do sleep 1; done\nload", ""),
        ("trap 'kill $pid' TERM\nload & pid=$!\nwait", ""),
    ],
)
def test_a_signal_that_does_not_arrive(script: str, unheard: str) -> None:
    assert unheard == deaf(script)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("[sh, -c, load]", ("load", False, False, True)),
        ("[sh, -c, -x, -e, load]", ("load", True, False, True)),
        ("[bash, -euo, pipefail, -c, load]", ("load", True, True, True)),
        ("[/bin/bash, -o, pipefail, -ec, load]", ("load", True, True, True)),
        ("[bash, --login, -c, load]", ("load", False, False, True)),
        ("[timeout, 60s, sh, -c, load]", ("load", False, False, True)),
        ("[/sbin/tini, --, sh, -c, load]", ("load", False, False, False)),
        ("[env, A=1, sh, -c, load]", ("load", False, False, True)),
        ("[sh, +e, -c, load]", ("load", False, False, True)),
    ],
)
def test_the_script_of_a_shell_and_how_it_is_called(
    words: str, expected: tuple[str, bool, bool, bool]
) -> None:
    [node] = read_documents(f"command: {words}\n", "a.yaml")

    script = script_of(node)

    assert script is not None
    assert expected == (script.text, script.stops, script.pipes, script.is_first)


@pytest.mark.parametrize(
    "words", ["[sh, run.sh]", "[python, -c, load]", "[sh]", "[]", "[load, sh, -c, x]", "[sh, -c]"]
)
def test_a_program_that_is_given_no_script(words: str) -> None:
    [node] = read_documents(f"command: {words}\n", "a.yaml")

    assert script_of(node) is None


@pytest.mark.parametrize(
    ("script", "accepts"),
    [
        ("curl http://shop/healthz", True),
        ("curl -sS -o /dev/null http://shop/healthz", True),
        ("sleep 5; curl -s http://shop", True),
        ("curl -so /dev/null -w %{http_code} http://shop", True),
        ("curl -sf http://shop/healthz", False),
        ("curl --silent --fail http://shop", False),
        ("curl --fail-with-body http://shop", False),
        ("curl -s http://shop | grep ok", False),
        ("test $(curl -s -o /dev/null -w '%{http_code}' http://shop) = 200", False),
        ("code=$(curl -s http://shop); [ $code = 200 ]", False),
        ("until curl -s http://shop; do sleep 1; done", False),
        ("load && curl -X POST http://hook", False),
        ("curl --version && load", False),
    ],
)
def test_a_call_whose_answer_nobody_looks_at(script: str, accepts: bool) -> None:
    assert accepts == accepts_any_answer(script)
