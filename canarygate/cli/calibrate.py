"""`canarygate calibrate RESULTS…`: the tolerance for this environment, from A/A runs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from canarygate import console
from canarygate.cli.options import Option, resolve, with_options
from canarygate.errors import ConfigError
from canarygate.results import CANARY, Run, RunFile, RunOutcome, write_atomically

if TYPE_CHECKING:
    from canarygate.judge.calibration import Calibration

CALIBRATION_VERSION = 1
OUTPUT = Option(
    name="output",
    metavar="FILE",
    help="Write the policy there; else it is printed below the table.",
)
FORCE = Option(name="force", is_switch=True, help="Replace the file if it is there already.")
OPTIONS = (OUTPUT, FORCE)
MIXED_HINT = "calibrate from runs of the same settings and locustfile; hosts and seeds may differ"


@click.command("calibrate", short_help="The tolerance for this environment, from A/A runs.")
@click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path))
@with_options(OPTIONS)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead.")
@click.pass_context
def command(
    context: click.Context, /, results: tuple[Path, ...], as_json: bool, **given: Any
) -> int:
    """Tell how far two roles of one version differ by themselves, and write it as a policy.

    RESULTS are folders of runs, or folders that hold such; at least 10 A/A runs, in which canary
    and stable were the same version. Give all of them, whatever their verdict.

    \b
    canarygate calibrate results/aa --output policy.toml
    canarygate calibrate results/aa-1 results/aa-2 --json
    """
    from canarygate.report.calibration import policy_text, render_calibration
    from canarygate.report.document import report_text

    settings = resolve(OPTIONS, given, context)
    output = Path(settings["output"]) if settings["output"] else None
    if output is not None and output.exists() and not settings["force"]:
        settings.problems.append(
            f"{OUTPUT.label}: {output} is there already; {FORCE.label} replaces it"
        )
    if settings.problems:
        raise ConfigError(settings.problems)
    document = _calibrated(results)
    policy = policy_text(document)
    if output is not None:
        _write(output, policy)
    if as_json:
        console.put(report_text(document))
    else:
        console.show(render_calibration(document))
        if output is None:
            console.put(f"\n{policy}")
    if output is not None:
        console.say(f"policy: {output}")
    return 0


def _calibrated(results: Sequence[Path]) -> dict[str, Any]:
    from canarygate.cli.aa_runs import counted_runs, read_counted
    from canarygate.judge.arm import read_arm
    from canarygate.judge.calibration import calibrate, measure
    from canarygate.judge.comparable import differences
    from canarygate.judge.policy import load_policy
    from canarygate.results import STABLE

    files, left_out = counted_runs(results)
    for name, reason in left_out.items():
        console.say(f"left out: {name}: {reason}")
    if problems := list(differences({str(folder): file for folder, file in files.items()})):
        raise ConfigError(
            [f"the runs differ in {problem}" for problem in problems], hint=MIXED_HINT
        )
    policy = load_policy(None)

    def ratios(run: Run) -> Mapping[Any, Any]:
        # One run at a time: many runs' records need not fit into memory together.
        canary, stable = (
            read_arm(role, run.file.roles[role], run.records[role], run.file.warm_up_seconds)
            for role in (CANARY, STABLE)
        )
        return measure(canary, stable, policy)

    measured = read_counted(files, ratios)
    calibration = calibrate(measured, policy)
    return _document(calibration, list(files.values()), left_out, asdict(policy))


def _document(
    calibration: "Calibration",
    files: Sequence[RunFile],
    left_out: Mapping[str, str],
    built_in: Mapping[str, Any],
) -> dict[str, Any]:
    """Everything that was found, as plain values: what `--json` prints."""
    from canarygate.judge.comparable import drives_one_host, shared_settings
    from canarygate.report.calibration import KEYS, sentence, words

    first, last = min(map(_began, files)), max(map(_began, files))
    values = (calibration.tolerance, calibration.gross, calibration.clear)
    document: dict[str, Any] = {
        "version": CALIBRATION_VERSION,
        "tolerance": calibration.tolerance,
        "gross": calibration.gross,
        "clear": calibration.clear,
        "runs": calibration.runs,
        "left_out": dict(sorted(left_out.items())),
        "first_run": first,
        "last_run": last,
        "settings": dict(shared_settings(files[0])),
        "ended_early": sum(file.outcome is RunOutcome.DECIDED for file in files),
        "one_host": drives_one_host(files[0]),
        "too_noisy": calibration.is_too_noisy,
        "decided_by": calibration.decided_by and list(calibration.decided_by),
        "bias": [asdict(each) for each in calibration.bias],
        "endpoints": [asdict(each) for each in calibration.endpoints],
        "forgiven_seconds": built_in["compare"]["tolerance_seconds"],
        "policy": {
            section: {key: value} for (section, key), value in zip(KEYS, values, strict=True)
        },
        "built_in": {section: {key: built_in[section][key]} for section, key in KEYS},
    }
    return document | {"words": list(words(document)), "sentence": sentence(document)}


def _began(file: RunFile) -> str:
    """The day and minute of the first user, UTC; text that sorts as time does."""
    starts = [facts.start for facts in file.roles.values() if facts.start is not None]
    if not starts:
        return "-"
    return datetime.fromtimestamp(min(starts), UTC).strftime("%Y-%m-%d %H:%M UTC")


def _write(output: Path, policy: str) -> None:
    try:
        write_atomically(output, policy)
    except OSError as error:
        raise ConfigError(
            f"{OUTPUT.label}: {output} cannot be written ({error.strerror})",
            hint="name a file in a folder that may be written to",
        ) from error
