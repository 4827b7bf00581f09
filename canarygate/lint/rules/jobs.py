"""Jobs that never end, run again, vanish, or are not asked what they are thought to be asked."""

from collections.abc import Iterator

from canarygate.lint.findings import Rule, Told, told
from canarygate.lint.manifests import Metric, containers, job_of
from canarygate.lint.nodes import Node
from canarygate.lint.scripts import LOAD_TOOLS
from canarygate.lint.world import World

LONG_ENOUGH = 3600
LOAD_VARIABLES = {"TARGET_HOST", "SPAWN_RATE", "RUN_TIME", "LOCUST_FILE", "LOCUSTFILE"}


def of_jobs(world: World) -> Iterator[tuple[Metric, Node]]:
    """Metrics whose provider is a Job, with the Job's spec."""
    for metric in world.metrics:
        if spec := job_of(metric)["spec"]:
            yield metric, spec


def makes_load(spec: Node) -> bool:
    """Whether a Job looks like a load test: the tool that it calls, or how it is told what to do."""
    for each in containers(spec["template"]):
        words = [each["image"].text, *(x.text for key in ("command", "args") for x in each[key])]
        named = {x["name"].text for x in each["env"]}
        if LOAD_VARIABLES & named or LOAD_TOOLS.search(" ".join(words)):
            return True
    return False


def _no_deadline(world: World) -> Iterator[Told]:
    for metric, spec in of_jobs(world):
        if not spec["activeDeadlineSeconds"] and not spec.at(
            "template", "spec", "activeDeadlineSeconds"
        ):
            yield Told(
                metric.owner,
                job_of(metric).key_place("spec"),
                f"the Job of metric {metric.name!r} has no deadline: a pod that finds no node, no image or "
                "no answer keeps the rollout waiting for ever",
            )


def _retries(world: World) -> Iterator[Told]:
    for metric, spec in of_jobs(world):
        limit = spec["backoffLimit"]
        if spec.at("podFailurePolicy", "rules").items and limit:
            actions = {each["action"].text for each in spec.at("podFailurePolicy", "rules")}
            if actions & {"FailJob", "FailIndex"}:
                continue
        if not limit or (limit.whole or 0) > 0:
            again = f"backoffLimit {limit.text}" if limit else "no backoffLimit, which is 6"
            yield Told(
                metric.owner,
                (limit or spec).place,
                f"the Job of metric {metric.name!r} has {again}: a failed pod is run again, and one that "
                "passes makes the Job Complete",
            )


def _restarts(world: World) -> Iterator[Told]:
    for metric, spec in of_jobs(world):
        pod = spec.at("template", "spec")
        policy = pod["restartPolicy"]
        if pod and policy.text not in ("Never", "OnFailure") and "{{" not in policy.text:
            says = f"restartPolicy {policy.text}" if policy else "no restartPolicy, which is Always"
            yield Told(
                metric.owner,
                (policy or pod).place,
                f"the pod of metric {metric.name!r} has {says}: the API server refuses such a Job, each "
                "measurement is an Error, and the fifth aborts the rollout",
            )


def _expires(world: World) -> Iterator[Told]:
    for metric, spec in of_jobs(world):
        kept = spec["ttlSecondsAfterFinished"]
        if kept.whole is not None and kept.whole < LONG_ENOUGH:
            yield told(
                metric.owner,
                kept,
                f"the Job of metric {metric.name!r} is deleted {kept.text} s after its end; when "
                "Argo has not "
                "looked by then, the measurement is an Error and the whole Job is run again",
            )


def _conditions(world: World) -> Iterator[Told]:
    for metric, _ in of_jobs(world):
        for name in ("successCondition", "failureCondition"):
            if condition := metric.node[name]:
                yield told(
                    metric.owner,
                    condition,
                    f"metric {metric.name!r}: a Job has no result to compare; Complete is "
                    "Successful, Failed is "
                    f"Failed, and {name} is never read",
                )


def _resources(world: World) -> Iterator[Told]:
    for metric, spec in of_jobs(world):
        if not makes_load(spec):
            continue
        for each in spec.at("template", "spec", "containers"):
            resources = each["resources"]
            if not (resources["requests"]["cpu"] or resources["limits"]["cpu"]):
                yield told(
                    metric.owner,
                    each["name"],
                    f"the load of metric {metric.name!r} asks for no CPU: on a busy node it "
                    "measures its own "
                    "starvation and calls it the canary's latency",
                )


def _images(world: World) -> Iterator[Told]:
    for metric, spec in of_jobs(world):
        for each in containers(spec["template"]):
            image = each["image"]
            name = image.text.rpartition("/")[2]
            if "{{" in image.text or not name or "@" in name:
                continue
            tag = name.partition(":")[2]
            if tag in ("", "latest"):
                yield told(
                    metric.owner,
                    image,
                    f"image {image.text} is another one tomorrow: two runs of metric "
                    f"{metric.name!r} on one "
                    "revision need not measure the same",
                )


RULES = (
    Rule(
        name="job-without-deadline",
        remedy="activeDeadlineSeconds beside backoffLimit: the run time, the image's pull, and slack",
        find=_no_deadline,
    ),
    Rule(name="job-retries", remedy="backoffLimit: 0", find=_retries),
    Rule(name="job-restart-policy", remedy="restartPolicy: Never", find=_restarts),
    Rule(
        name="job-expires",
        remedy="leave ttlSecondsAfterFinished out: the Job goes with its AnalysisRun",
        find=_expires,
    ),
    Rule(
        name="job-conditions-ignored",
        remedy="let the container's exit code say it; a third answer needs a metric of its own",
        find=_conditions,
    ),
    Rule(
        name="load-without-cpu",
        remedy="resources.requests.cpu, enough for the load",
        find=_resources,
    ),
    Rule(
        name="mutable-image",
        remedy="a version as tag, or a digest",
        find=_images,
    ),
)
