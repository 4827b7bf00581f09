"""The findings for people: the place first and unbroken, so that an editor or a terminal opens it."""

from collections.abc import Iterator, Sequence
from textwrap import fill

from canarygate.lint.findings import Finding

WIDTH = 80
INDENT = "  "


def findings_text(findings: Sequence[Finding], summary: str) -> str:
    """Every finding in 80 columns, but for long paths; then the sentence."""
    return "".join(f"{line}\n" for line in (*_lines(findings), summary))


def _lines(findings: Sequence[Finding]) -> Iterator[str]:
    for each in findings:
        yield _plain(f"{each.file}:{each.line}:{each.column}: {each.rule}")
        yield _wrapped(" ".join(filter(None, (each.kind, each.name))) + f": {each.happens}")
        yield _wrapped(f"remedy: {each.remedy}")
        yield ""


def _wrapped(text: str) -> str:
    return fill(
        _plain(text),
        WIDTH,
        initial_indent=INDENT,
        subsequent_indent=INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _plain(text: str) -> str:
    """What a terminal would obey instead of showing is a question mark."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
