"""Containers of Jobs that cannot start, cannot end in time, or are told one thing twice."""

import itertools
import re
from collections.abc import Iterator

from canarygate.lint.arguments import Values, filled, surroundings
from canarygate.lint.durations import go_duration
from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.manifests import containers
from canarygate.lint.nodes import Node
from canarygate.lint.rules.jobs import of_jobs
from canarygate.lint.world import World

RUN_TIMES = {"RUN_TIME", "LOCUST_RUN_TIME", "K6_DURATION"}
TIME_FLAG = re.compile(r"(--run-time|--duration|-t)(?:[= ]|$)")
TIME = re.compile(r"(?:--run-time|--duration|-t)[= ]+['\"]?((?:\d+[hms])+)\b")


def _blanks(world: World) -> Iterator[Told]:
    for metric, spec in of_jobs(world):
        for each in containers(spec["template"]):
            program = next(iter(each["command"]), None)
            if (
                program is not None
                and re.search(r"\S\s+\S", program.text)
                and "{{" not in program.text
            ):
                yield told(
                    metric.owner,
                    program,
                    f"metric {metric.name!r}: the program of this container is the whole text "
                    f"{' '.join(program.text.split())[:40]!r}, blanks included; there is none of that "
                    "name, so the container never starts and the Job fails",
                )


def _deadlines(world: World) -> Iterator[Told]:
    for metric, spec in of_jobs(world):
        deadline = spec["activeDeadlineSeconds"]
        for _, values in surroundings(world, metric.owner):
            longest = max(_run_times(spec, values), default=0.0)
            if deadline.whole is not None and longest >= deadline.whole:
                yield told(
                    metric.owner,
                    deadline,
                    f"metric {metric.name!r}: the load takes {longest:g} s and the Job is ended after "
                    f"{deadline.whole} s, image pull included: it fails however well the canary does",
                )
                break


def _run_times(spec: Node, values: Values) -> Iterator[float]:
    for each in spec.at("template", "spec", "containers"):
        texts = [x["value"].text for x in each["env"] if x["name"].text in RUN_TIMES]
        words = [x.text for key in ("command", "args") for x in each[key]]
        texts += [after for flag, after in itertools.pairwise(words) if TIME_FLAG.fullmatch(flag)]
        for word in words:
            texts += TIME.findall(filled(word, values) or "")
        for text in texts:
            plain = filled(text, values) or ""
            seconds = float(plain) if plain.isdigit() else go_duration(plain)
            if seconds:
                yield seconds


def _twice(world: World) -> Iterator[Told]:
    for metric, spec in of_jobs(world):
        for each in containers(spec["template"]):
            seen: dict[str, int] = {}
            for variable in each["env"]:
                name = variable["name"]
                first = seen.setdefault(name.text, name.place.line)
                if name.text and first != name.place.line:
                    yield told(
                        metric.owner,
                        name,
                        f"metric {metric.name!r}: {name.text} is set twice, first on line {first}; the last "
                        "one stands, without a word",
                    )


RULES = (
    Rule(
        name="command-with-blanks",
        remedy='a list item per word: command: ["python", "push.py"]',
        find=_blanks,
    ),
    Rule(
        name="deadline-before-end",
        remedy="activeDeadlineSeconds: the run time, the image's pull, and slack",
        find=_deadlines,
    ),
    Rule(
        name="variable-twice",
        remedy="keep one",
        find=_twice,
    ),
)
