"""The demo's Pushgateway is nobody else's."""

import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from canarygate.cli import demo


def test_it_neither_reads_nor_writes_the_machines_own_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian's Pushgateway keeps its groups in a file by default: a demo would answer with old ones."""
    program = tmp_path / "pushgateway"
    program.write_text(
        f"#!{sys.executable}\n"
        "import pathlib, sys, time\n"
        f"pathlib.Path({str(tmp_path / 'words')!r}).write_text(' '.join(sys.argv[1:]))\n"
        "time.sleep(60)\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    with ExitStack() as stack:
        push = demo._push_settings(stack)
        deadline = time.monotonic() + 20
        while not (tmp_path / "words").exists() or not (tmp_path / "words").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    assert push is not None
    port = push.url.rpartition(":")[2]
    words = (tmp_path / "words").read_text()
    assert f"--web.listen-address=127.0.0.1:{port} --persistence.file=" == words
