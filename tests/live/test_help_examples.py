"""Every example of every help, run for real: with hosts and folders that are there, in their place."""

import inspect
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
import requests

from canarygate.cli import commands
from push_metrics.cli import command as push_command
from tests.cli.test_calibrate import SWINGING, Given, write_aa_run
from tests.live.conftest import ENOUGH, LIMITS_ONLY, Gateway, Shop, eventually, free_port

pytestmark = pytest.mark.live
CHECKOUT = Path(__file__).parents[2]
SHORT = {name.upper(): value for name, value in ENOUGH.items()}
"""So that a load takes seconds; what an example says itself comes before it."""


def every_help() -> Iterator[tuple[str, click.Command]]:
    """All commands, groups among them."""
    waiting: list[tuple[str, click.Command]] = [
        ("canarygate", commands),
        ("python -m push_metrics", push_command),
    ]
    while waiting:
        name, command = waiting.pop()
        yield name, command
        if isinstance(command, click.Group):
            waiting += [(f"{name} {each}", below) for each, below in command.commands.items()]


def examples_of(command: click.Command) -> list[str]:
    """One string for each, however many lines it has."""
    parts = inspect.cleandoc(command.help or "").split("\n\n")
    found = "\n".join(part.removeprefix("\b\n") for part in parts if part.startswith("\b"))
    return found.replace("\\\n", " ").splitlines()


EXAMPLES = sorted({each for _, command in every_help() for each in examples_of(command)})


@dataclass(frozen=True)
class Place:
    """Where examples are run: a folder with all that they name, and services in place of theirs."""

    folder: Path
    replaced: Mapping[str, str]

    def start(
        self, example: str, *more: str, **variables: str
    ) -> "tuple[subprocess.Popen[str], list[str]]":
        """Its process, and its words."""
        for old, new in self.replaced.items():
            example = example.replace(old, new)
        words = shlex.split(example)
        environ = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        environ |= variables
        while "=" in words[0]:
            name, _, value = words.pop(0).partition("=")
            environ[name] = value
        words = ["python", "-m", "canarygate", *words[1:]] if words[0] == "canarygate" else words
        at = words.index("--") if "--" in words else len(words)
        words[at:at] = more
        process = subprocess.Popen(
            [sys.executable, *words[1:]],
            env=environ,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return process, words

    def run(self, example: str, *more: str, **variables: str) -> tuple[int, str, str]:
        """Its exit code and what it said."""
        process, _ = self.start(example, *more, **variables)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Prometheus that knows nothing."""
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "prometheus.yml").write_text("scrape_configs: []\n")
    port = free_port()
    argv = ["prometheus", f"--config.file={folder}/prometheus.yml"]
    argv += [f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(argv, cwd=folder, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"

    def is_ready() -> bool:
        with suppress(requests.ConnectionError):
            return requests.get(f"{url}/-/ready", timeout=5).ok
        return False

    eventually(is_ready, "Prometheus is ready")
    yield url
    process.kill()
    process.wait()


@pytest.fixture
def place(
    tmp_path: Path,
    canary: Shop,
    stable: Shop,
    gateway: Gateway,
    prometheus: str,
) -> Place:
    """With the folders of the examples, and a Makefile that serves the demo shop."""
    for number, slower in enumerate(SWINGING):
        given = Given(slower=slower)
        part = "aa-1" if number < 5 else "aa-2"
        write_aa_run(tmp_path / "results" / "aa" / f"run-{number:02}", given)
        write_aa_run(tmp_path / "results" / part / f"run-{number:02}", given)
    run = tmp_path / "results" / "run-7"
    write_aa_run(run, Given())
    shutil.copytree(run, run.with_name("20261120-221500-4f1c2a"))
    (tmp_path / "strict.toml").write_text("[errors]\nshare = 0.005\n")
    (tmp_path / "limits_only.toml").write_text(LIMITS_ONLY)
    (tmp_path / "locustfiles").symlink_to(CHECKOUT / "locustfiles")
    port = free_port()
    serve = f"exec {shlex.quote(sys.executable)} -m canarygate serve shop --port {port}"
    (tmp_path / "Makefile").write_text(f"serve:\n\t{serve}\n")
    return Place(
        tmp_path,
        {
            "http://canary": canary.url,
            "http://stable": stable.url,
            "http://pushgateway:9091": gateway.url,
            "http://prometheus.monitoring:9090": prometheus,
            "http://127.0.0.1:9090": prometheus,
            # What starts a service needs a port that is free, what does not a shop that is there.
            "TARGET_HOST=http://127.0.0.1:8080 canarygate smoke --start": (
                f"TARGET_HOST=http://127.0.0.1:{port} canarygate smoke --start"
            ),
            "http://127.0.0.1:8080": canary.url,
            "--port 8080": f"--port {free_port()}",
        },
    )


def runs_dry(place: Place, example: str) -> None:
    """What takes a minute: every setting is resolved, and nothing is sent."""
    code, out, err = place.run(example, "--dry-run")

    assert (0, "") == (code, err)
    assert "\ncanary:\n" in out
    assert "locust" in out


def drives(place: Place, example: str) -> None:
    """A short load, held against limits; the folder and the report are there."""
    variables = {**SHORT, "POLICY": "limits_only.toml", "PYTHONPATH": str(CHECKOUT)}
    code, out, err = place.run(example, **variables)

    assert 0 == code, err
    assert out.startswith("pass")
    assert 1 == len(list(place.folder.glob("results/*/report.json")))


def judges(place: Place, example: str) -> None:
    code, out, err = place.run(example)

    if "--power" in example:
        assert 0 == code, err
        assert "smallest fault" in out
        assert " 600 s" in out
    else:
        assert (True, "") == (code in (0, 10, 11), err)
        assert out.startswith(("pass", "fail", "inconclusive"))


def draws(place: Place, example: str) -> None:
    code, _, err = place.run(example)

    page = place.folder / "strict.html"
    if "--output" not in example:
        page = place.folder / "results" / "20261120-221500-4f1c2a" / "report.html"
    assert 0 == code, err
    assert "</html>" in page.read_text("utf-8")


def calibrates(place: Place, example: str) -> None:
    code, out, err = place.run(example)

    assert 0 == code, err
    if "--json" in example:
        assert 10 == json.loads(out)["runs"]
    else:
        assert "tolerance" in (place.folder / "policy.toml").read_text("utf-8")


def pushes(place: Place, example: str) -> None:
    code, out, err = place.run(example)

    assert 0 == code, err
    if "--output=-" in example:
        assert "canarygate_" in out
    elif "--output" in example:
        assert "canarygate_" in (place.folder / "metrics.prom").read_text("utf-8")
    else:
        text = requests.get(f"{place.replaced['http://pushgateway:9091']}/metrics", timeout=5).text
        assert "canarygate_" in text


def serves(place: Place, example: str) -> None:
    process, _ = place.start(example)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("listening on ").strip()
        assert requests.get(f"{url}/healthz", timeout=10).ok
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode in (0, 143)


def weighs(place: Place, example: str) -> None:
    """A Prometheus that knows nothing of the service: hold, and no weight."""
    code, out, err = place.run(example)

    assert (11, "") == (code, err)
    assert ("hold", 0) == ((answer := json.loads(out))["status"], answer["weight"])


def counts(place: Place, example: str) -> None:
    code, out, err = place.run(example)

    assert (0, "") == (code, err)
    assert '"version": 1' in out if "--json" in example else "net saving" in out


def demonstrates(place: Place, example: str) -> None:
    code, out, err = place.run(example)

    assert 0 == code, err
    assert ["pass", "fail"] == [
        line.split()[0]
        for line in out.splitlines()
        if line.startswith(("pass after", "fail after"))
    ]


def lints(place: Place, example: str) -> None:
    """Our own manifests, of which nothing is to be said; as a folder, and two files of them alone."""
    jobs = CHECKOUT / "jobs"
    for part in ("analysis", "demo-shop"):
        shutil.copytree(jobs / part, place.folder / "deploy" / part)
    shutil.copy(jobs / "demo-shop" / "checkout-service.rollout.yaml", place.folder / "rollout.yaml")
    template = jobs / "analysis" / "canary-verdict.analysistemplate.yaml"
    shutil.copy(template, place.folder / "analysis-template.yaml")
    code, out, err = place.run(example)

    if "--json" in example:
        assert 1 == json.loads(out)["version"]
        assert code in (0, 10), err
    else:
        assert (0, "") == (code, err)
        assert re.match(r"no traps in [1-9]\d* Rollout, [1-9]\d* AnalysisTemplate ", out), out


RUNS: Mapping[str, Callable[[Place, str], None]] = {
    "gate": drives,
    "lint": lints,
    "run": drives,
    "smoke": drives,
    "judge": judges,
    "report": draws,
    "calibrate": calibrates,
    "push": pushes,
    "push_metrics": pushes,
    "demo": demonstrates,
    "serve": serves,
    "weights": weighs,
    "roi": counts,
}


def runner_of(example: str) -> Callable[[Place, str], None]:
    """By the command; one that says itself for how many minutes it runs is only resolved."""
    words = [each for each in shlex.split(example) if "=" not in each or each.startswith("-")]
    found = RUNS[words[2] if words[0] == "python" else words[1]]
    return runs_dry if found is drives and "--run-time" in words else found


@pytest.mark.smoke
def test_every_command_has_an_example_and_each_is_run() -> None:
    assert [] == [name for name, command in every_help() if not examples_of(command)]
    assert [] == [
        f"{name}: {each}"
        for name, command in every_help()
        for each in examples_of(command)
        if name.split()[-1] not in ("canarygate", "serve") and name not in each
    ]
    assert all(callable(runner_of(each)) for each in EXAMPLES)


@pytest.mark.parametrize("example", [each for each in EXAMPLES if runner_of(each) != demonstrates])
def test_an_example_does_what_it_says(place: Place, example: str) -> None:
    runner_of(example)(place, example)


def test_the_examples_of_the_demo(place: Place) -> None:
    """At the same time, as each takes most of a minute."""
    demos = [each for each in EXAMPLES if runner_of(each) == demonstrates]
    assert 2 <= len(demos)

    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(demonstrates, place, each) for each in demos]:
            done.result()
