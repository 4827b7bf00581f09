"""What a real gate has imported in its own process, at every moment of the load and at its end."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
GATE = """
import json, os, sys
from pathlib import Path

from canarygate.cli.demo import demo_shop
from canarygate.gate import run_gate
from canarygate.runner.events import Progress
from canarygate.settings import GateSettings, RunSettings
from canarygate.signals import Signals

seen = []


def listen(event):
    seen.append((isinstance(event, Progress), sorted(name for name in sys.modules if "." not in name)))


flows, results = map(Path, sys.argv[1:])
with demo_shop("v1") as stable, demo_shop("v2") as canary:
    run = RunSettings(
        hosts={"canary": canary, "stable": stable},
        locust_file=flows / "checkout_flow.py",
        users=4,
        spawn_rate=4,
        run_time_seconds=4,
        warm_up_seconds=0,
        seed="1",
        results_dir=results,
        run_id="run-1",
        service="shop",
    )
    answer = run_gate(GateSettings(run=run), os.environ, signals=Signals(), listen=listen)
print(json.dumps([answer.run.outcome, seen, sorted(sys.modules)]))
"""


@pytest.mark.live
@pytest.mark.smoke
def test_the_parent_never_imports_locust_and_no_pandas_while_the_load_runs(tmp_path: Path) -> None:
    """`import locust` replaces every socket of a process; pandas takes CPU from the generators."""
    done = subprocess.run(
        [sys.executable, "-c", GATE, CHECKOUT / "locustfiles", tmp_path],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert 0 == done.returncode, done.stderr
    outcome, seen, at_the_end = json.loads(done.stdout)
    during = {name for _, names in seen for name in names}
    assert "finished" == outcome
    assert sum(is_progress for is_progress, _ in seen) >= 3
    assert set() == during & {"locust", "gevent", "geventhttpclient", "greenlet", "pandas"}
    assert [] == [
        name for name in at_the_end if name.partition(".")[0] in ("locust", "gevent", "greenlet")
    ]
