"""What `--start` understands: a command, never a script."""

import pytest

from canarygate.cli.service_options import command_words, ready_path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("./server", ("./server",)),
        ("python -m shop --port 8080", ("python", "-m", "shop", "--port", "8080")),
        ("'./my server' \"a b\" c\\ d", ("./my server", "a b", "c d")),
        ("sh -c 'a && b | c > d; e $X'", ("sh", "-c", "a && b | c > d; e $X")),
        ("server --match='$1' '|' \"a;b\" 'a&b'", ("server", "--match=$1", "|", "a;b", "a&b")),
        ("server --tag=#1 # 2", ("server", "--tag=#1", "#", "2")),
        ("env PORT=8080 ./server --set=A=B", ("env", "PORT=8080", "./server", "--set=A=B")),
    ],
)
def test_a_command_is_split_as_a_shell_would(text: str, words: tuple[str, ...]) -> None:
    assert words == command_words(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("make build && ./server", "&&"),
        ("cd app; ./server", ";"),
        ("./server &", "&"),
        ("./server | tee log", "|"),
        ("./server > log 2>&1", ">"),
        ("./server 2>log", ">"),
        ("./server>log", ">"),
        ("(./server)", "("),
        ("./server --port $PORT", "$PORT"),
        ('./server --port "$PORT"', '"$PORT"'),
        ("./server --name `hostname`", "`hostname`"),
    ],
)
def test_what_only_a_shell_knows_is_refused_with_its_remedy(text: str, found: str) -> None:
    """Without a shell `&&` would be an argument, and the service would say something odd, or start."""
    with pytest.raises(ValueError, match="for a shell") as refused:
        command_words(text)

    assert (
        f"{found!r} is for a shell, and there is none; write sh -c '...' around the whole"
    ) == str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is no program in it"),
        ("  ", "there is no program in it"),
        ("''", "there is no program in it"),
        ("./server 'oh", "is no command line (no closing quotation)"),
        ("PORT=8080 ./server", "'PORT=8080' sets a variable"),
    ],
)
def test_what_is_no_command_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        command_words(text)

    assert said in str(refused.value)


@pytest.mark.parametrize("text", ["/", "/healthz", "/health?deep=1&x=%20"])
def test_a_path_is_a_path(text: str) -> None:
    assert text == ready_path(text)


@pytest.mark.parametrize("text", ["", "healthz", "http://x/y", "/a b", "/a\nX: y", "/ä", "/a#b"])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no path below the base URL"):
        ready_path(text)
