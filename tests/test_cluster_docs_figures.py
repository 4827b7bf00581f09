"""The numbers in docs/kubernetes.md and docs/runbook.md are those of jobs/ and of the benchmark."""

import re
import sys
from collections.abc import Iterator
from math import ceil
from pathlib import Path

import numpy as np
import pytest
import yaml

from tests.jobs.manifests import JOBS, templates
from tests.test_cluster_docs import DOCS, PAGES, analysis_templates, section

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.append(str(CHECKOUT / "benchmarks"))

from _rollout import stages  # noqa: E402 - a script's folder is no package
from rollout_alarms import (  # noqa: E402
    GATE,
    HEALTHY_SERVICES,
    MEMORY,
    RATES,
    seconds,
    users,
)


def percent(value: str | None) -> str:
    return f"{100 * float(value or 'nan'):g}"


def told() -> Iterator[tuple[str, str]]:
    """Sections, and what they have to say by the defaults of their templates."""
    of = {name: each.defaults for name, each in templates().items()}
    errors, latency, memory = (
        of["canary-error-rate"],
        of["canary-latency"],
        of["canary-memory"],
    )
    success, verdict = of["canary-success-rate"], of["canary-verdict"]
    worst, good = percent(errors["fail-error-ratio"]), percent(errors["max-error-ratio"])
    yield "error-rate", f"two windows above {worst} %"
    yield "error-rate", f"between {good} and {worst} %, or with fewer than {errors['min-requests']}"
    for name in ("p95", "p99"):
        least, most = latency[f"max-{name}-seconds"], latency[f"fail-{name}-seconds"]
        yield name, f"below {least} s is a success, above {most} s a failure"
    yield "p95", f"fewer than {latency['latency-min-requests']} successes"
    yield (
        "p95-vs-stable",
        f"Up to {latency['max-p95-ratio']} is a success, above {latency['fail-p95-ratio']} a failure",
    )
    yield "p99-vs-stable", f"with {latency['max-p99-ratio']} and {latency['fail-p99-ratio']}"
    yield "success-rate", f"Below {percent(success['fail-success-ratio'])} % in two windows aborts"
    least, most = (percent(success[f"{each}-success-drop"]) for each in ("max", "fail"))
    yield "success-vs-stable", f"above {most} points aborts, between {least} and {most} pauses"
    least, most = (percent(memory[f"{each}-saturation"]) for each in ("max", "fail"))
    yield "memory-saturation", f"above {most} % of its memory limit"
    yield "memory-saturation", f"between {least} and {most} % it pauses"
    least, most = (percent(memory[f"{each}-projected"]) for each in ("max", "fail"))
    minutes = int(memory["horizon-seconds"] or 0) // 60
    yield (
        "memory-growth",
        f"above {most} % of its limit within {minutes} minutes; {least} to {most} % pauses",
    )
    assert verdict["max-age-seconds"] == "600"
    yield "Stale groups on the Pushgateway", "has to be younger than ten minutes"


@pytest.mark.parametrize(("title", "text"), list(told()), ids=lambda each: each[:40])
def test_limits_are_the_defaults_of_the_templates(title: str, text: str) -> None:
    assert text in section(title)


def test_how_often_an_error_is_forgiven_is_what_the_templates_say() -> None:
    """The first is at once, and each after that 10 s later."""
    lasts = {
        name: max(10 * each.get("consecutiveErrorLimit", 4) for each in template.metrics)
        for name, template in templates().items()
    }
    text = section("Prometheus is down")

    assert 60 == lasts["canary-memory"]
    assert 120 == lasts["canary-verdict"]
    assert {40} == {
        lasts[name]
        for name in re.findall(r"`(canary-[a-z-]+)`", text.partition(" abort after 40 s")[0])
    }
    assert "`canary-memory` after a minute, `canary-verdict` after two" in text


def test_the_minutes_of_a_release_are_those_of_its_steps() -> None:
    rows = re.findall(
        r"^\| \d+ \| (\d+) % \| .* \| ([\d.]+)(?: to ([\d.]+))? \|$", PAGES["kubernetes.md"], re.M
    )
    expected = [
        (each.weight, round(least / 60, 1), round(most / 60, 1))
        for each in stages()
        for least, most in [seconds(each)]
    ]
    all_of = [sum(round(seconds(each)[end] / 60, 1) for each in stages()) for end in (0, 1)]

    assert expected == [
        (int(weight), float(least), float(most or least)) for weight, least, most in rows
    ]
    assert f"takes {all_of[0]:.0f} to {all_of[1]:.0f} minutes" in PAGES["kubernetes.md"].replace(
        "**", ""
    )


def test_so_many_users_are_wanted_as_the_limits_make() -> None:
    errors = templates()["canary-error-rate"].defaults
    wanted = float(errors["min-requests"] or 0) / 120 / 0.05

    assert "2m" == errors["window"]
    page = " ".join(PAGES["kubernetes.md"].split())
    assert f"At 5 % that is {wanted:.0f} requests/s" in page
    background = analysis_templates()["canary-p99"]["args"]
    [least] = [each["value"] for each in background if each["name"] == "latency-min-requests"]
    assert (
        f"{least} requests in two minutes at 10 %, so for {float(least) / 120 / 0.1:.0f} requests/s"
        in page
    )


def test_so_many_orders_are_made_as_the_gates_last() -> None:
    lasting = sum(seconds(each)[0] for each in stages() if GATE in each.templates)
    # Each of both versions: the rarest endpoint's 0.93 requests/s of docs/judging.md are orders.
    orders = round(2 * 0.93 * lasting, -2)

    assert "the rarest 0.93" in " ".join((DOCS / "judging.md").read_text("utf-8").split())
    assert f"some {orders:,.0f} in a whole rollout" in section("Synthetic orders")


HEALTHY = {
    "fails 0.1 % of its requests": "0.1 % errors",
    "fails 0.5 %": "0.5 % errors",
    "one request in fifty is 2 to 10 times as slow": "2 % slow tail",
}


@pytest.mark.parametrize("row", HEALTHY)
def test_the_figures_are_still_those_of_the_rollout(row: str) -> None:
    """A limit or a count that changes asks for a new run of the benchmark."""
    cells = re.search(rf"^\| {re.escape(row)} \| (.+) \|$", PAGES["kubernetes.md"], re.M)
    assert cells
    draw, ours = np.random.default_rng(5), stages()
    twice = 2 * MEMORY.paused / MEMORY.of

    by_rate = dict(zip(RATES, map(float, cells[1].split(" | ")), strict=True))
    for rate in (35, 50, 500):
        told_percent = by_rate[rate]
        found = users(draw, ours, HEALTHY_SERVICES[HEALTHY[row]], rate, 400)
        measured = 100 * (found.paused / found.of + twice)
        # Four times the standard error of 400 rollouts, and no less than 0.7 points.
        slack = max(4 * 100 * (found.unseen * (1 - found.unseen) / found.of) ** 0.5, 0.7)
        assert told_percent == pytest.approx(min(measured, 100), abs=slack), f"{row} at {rate}/s"
        assert 0.01 > found.aborted / found.of


def test_every_weight_of_the_background_variant_needs_a_pod_more() -> None:
    """Which holds a rollout whose background analysis was inconclusive: Argo adds no pods then."""
    path = JOBS / "demo-shop" / "background" / "checkout-service.rollout.yaml"
    spec = yaml.safe_load(path.read_text("utf-8"))["spec"]
    weights = [
        each["setWeight"] for each in spec["strategy"]["canary"]["steps"] if "setWeight" in each
    ]
    pods = [ceil(spec["replicas"] * weight / 100) for weight in weights]

    assert [1, 2, 3, 4, 5] == pods
    assert "With five replicas each weight needs one more" in section("Leave an inconclusive pause")
