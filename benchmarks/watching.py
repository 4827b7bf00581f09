"""What watching costs: CPU of the gate's own process while the load runs, and its memory.

Both roles send `--rate` requests a second to the static server. The policy asks for more than can be
shown, so that nothing is certain before the end and every second is judged.

    .venv/bin/python benchmarks/watching.py [--rate 100] [--seconds 180]
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from _bench import CHECKOUT, cpu_seconds, ended, put, running_server

FLOW = """
from locust import FastHttpUser, constant_throughput, task


class Steady(FastHttpUser):
    wait_time = constant_throughput({each})

    @task(5)
    def product(self):
        self.client.get("/api/products/1", name="/api/products/:id")

    @task(3)
    def search(self):
        self.client.get("/api/products?q=usb", name="/api/products")

    @task(1)
    def order(self):
        self.client.get("/api/orders/1", name="/api/orders/:id")
"""
NEVER_SURE = "[clear]\nshare = 0.000001\nlast_share = 0.000001\n"
USERS = 20
STEP_SECONDS = 15


def resident_mib(pid: int) -> float:
    """Memory of a process (Linux)."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the share of one core, as the run gets longer."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rate", type=float, default=100.0, help="requests/s of each role")
    parser.add_argument("--seconds", type=int, default=180)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name, running_server(2) as (canary, stable):
        folder = Path(name)
        (folder / "flow.py").write_text(FLOW.format(each=options.rate / USERS), encoding="utf-8")
        (folder / "policy.toml").write_text(NEVER_SURE, encoding="utf-8")
        argv = [sys.executable, "-m", "canarygate", "gate", "--users", str(USERS)]
        argv += ["--target-host", f"http://127.0.0.1:{canary}", "--spawn-rate", "20"]
        argv += ["--stable-host", f"http://127.0.0.1:{stable}"]
        argv += ["--run-time", f"{options.seconds}s", "--locust-file", str(folder / "flow.py")]
        argv += ["--policy", str(folder / "policy.toml"), "--results-dir", str(folder / "results")]
        with (folder / "out").open("wb") as out:
            gate = subprocess.Popen(argv, cwd=CHECKOUT, stdout=out, stderr=subprocess.STDOUT)
        with ended(gate):
            time.sleep(8)  # imports
            put(f"{options.rate:g} requests/s and role: CPU of the gate's process, of one core")
            before, moment = cpu_seconds(gate.pid), time.monotonic()
            for step in range(8 + STEP_SECONDS, options.seconds, STEP_SECONDS):
                time.sleep(STEP_SECONDS)
                if gate.poll() is not None:
                    put("the gate ended early:")
                    break
                now, then = cpu_seconds(gate.pid), time.monotonic()
                share = (now - before) / (then - moment)
                put(f"{step:5} s  {share:6.1%}  {resident_mib(gate.pid):6.0f} MiB")
                before, moment = now, then
            gate.wait(timeout=60)
        put((folder / "out").read_text(encoding="utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
