"""One gate, step by step: pre-flight, load, judge, report, push. The only module that knows them all."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from canarygate import __version__
from canarygate.answer import Answer, exit_code
from canarygate.draw import later, with_page
from canarygate.errors import (
    CanarygateError,
    ConfigError,
    Interrupted,
    PushFailed,
    RunBroken,
)
from canarygate.judge.policy import Policy, load_policy
from canarygate.memory import read_memory
from canarygate.records import Records
from canarygate.results import CANARY, STABLE, Run, RunFile, RunOutcome, write_atomically, write_run
from canarygate.runner.events import Phase
from canarygate.runner.load import Listener, Load
from canarygate.runner.outcome import outcome_of
from canarygate.runner.preflight import probe_all, same_identity
from canarygate.runner.sampler import sampling
from canarygate.runner.service import Service
from canarygate.settings import GateSettings, RunSettings, without_secrets
from canarygate.signals import Signals
from canarygate.watch import Watcher

if TYPE_CHECKING:
    from push_metrics.exposition import Group

LAST_PUSH_SECONDS = 7.0
"""For the push after a signal: with Locust's stop and the files it stays inside 15 s."""


def run_gate(
    settings: GateSettings, environ: Mapping[str, str], *, signals: Signals, listen: Listener
) -> Answer:
    """Drive, judge, write, push.

    Raises:
        ConfigError: a policy, a locustfile or a folder cannot be used; no request was sent.
        PushFailed: the old groups could not be deleted; no request was sent.
    """
    policy = load_policy(settings.policy)
    file = _planned(settings)
    _make_folder(settings.run.folder)
    write_run(settings.run.folder, file)
    try:
        driven = _drive(settings, file, policy, environ, signals, listen)
    except (ConfigError, PushFailed) as error:
        write_run(settings.run.folder, replace(file, reason=str(error)))
        raise
    run = Run(file=driven.file, records=driven.records)
    try:
        answer = _conclude(settings, driven, policy, listen)
        return with_page(answer, run, policy, signals, listen)
    except Interrupted as error:
        # Whatever was already written or pushed is replaced: an ended gate has no verdict.
        with signals.held():
            answer = _conclude(settings, _interrupted(driven, error), policy, listen)
            return replace(answer, notes=(*answer.notes, later(answer.folder)))


@dataclass(frozen=True, kw_only=True)
class _Driven:
    """A load that is over, however it ended."""

    file: RunFile
    records: Mapping[str, Records]
    problem: CanarygateError | None = None
    notes: tuple[str, ...] = ()


def _drive(
    settings: GateSettings,
    file: RunFile,
    policy: Policy,
    environ: Mapping[str, str],
    signals: Signals,
    listen: Listener,
) -> _Driven:
    load = Load(settings.run, environ, interrupted=lambda: signals.number, listen=listen)
    service = Service(settings.service, settings.run, environ, signals)
    notes: list[str] = []
    problem: CanarygateError | None = None
    try:
        try:
            if settings.service is not None:
                listen(Phase(text="waiting until the service is ready"))
            service.bring_up()
            with signals.held():
                load.start()
            signals.raise_noted()
            listen(Phase(text="asking the hosts who they are"))
            # Locust imports meanwhile; nothing is sent before begin().
            file = replace(file, same_identity=_shared_identity(settings, notes))
            notes += _forget_the_last_run(settings, file)
            load.wait_until_ready()
            with signals.held():
                load.begin()
                write_run(settings.run.folder, replace(file, outcome=RunOutcome.RUNNING))
                with sampling(settings.run.memory, settings.run.folder):
                    _import_the_judge()
                    watcher = Watcher(settings, file, policy)
                    load.watch(service.or_ended(watcher.is_certain), near=watcher.near)
            signals.raise_noted()  # it may have come after the last look
            service.stop()
        except (Interrupted, RunBroken) as error:
            problem = error
        file = replace(file, started_service=service.facts())
        return _driven(load, file, problem, notes + service.notes)
    finally:
        try:
            load.close()
        finally:
            service.stop()


def _driven(
    load: Load, file: RunFile, problem: CanarygateError | None, notes: list[str]
) -> _Driven:
    roles, records = load.roles(), load.records()
    outcome, reason = outcome_of(
        roles,
        records,
        was_stopped=load.was_stopped,
        run_time_seconds=file.settings["run_time_seconds"],
    )
    if isinstance(problem, Interrupted):
        outcome, reason = RunOutcome.INTERRUPTED, str(problem)
    elif problem is not None:
        outcome, reason = RunOutcome.BROKEN, str(problem)
    elif file.started_service is not None and file.started_service.exit_status is not None:
        # Whatever else is missing then, a service that ends under load has answered.
        outcome, reason = RunOutcome.DECIDED, "the started service ended by itself"
    elif outcome is RunOutcome.BROKEN:
        problem = RunBroken(reason, hint="Locust's own words are in *_locust.log beside the report")
    file = replace(file, outcome=outcome, reason=reason, roles=roles)
    return _Driven(file=file, records=records, problem=problem, notes=tuple(notes))


def _interrupted(driven: _Driven, error: Interrupted) -> _Driven:
    file = replace(driven.file, outcome=RunOutcome.INTERRUPTED, reason=str(error))
    return replace(driven, file=file, problem=error)


def _conclude(settings: GateSettings, driven: _Driven, policy: Policy, listen: Listener) -> Answer:
    from canarygate.judge.checks import judge
    from canarygate.report.document import report_document, report_text
    from push_metrics.exposition import render_file
    from push_metrics.series import groups_of_run

    folder, file = settings.run.folder, driven.file
    listen(Phase(text="judging"))
    write_run(folder, file)
    judgement = judge(file, driven.records, policy, read_memory(folder))
    document = report_document(file, judgement, driven.records, asdict(policy))
    write_atomically(folder / "report.json", report_text(document))
    run = Run(file=file, records=driven.records)
    wants_endpoints = settings.push is not None and settings.push.endpoints
    write_atomically(
        folder / "metrics.prom", render_file(groups_of_run(run, judgement, endpoints=True))
    )
    groups = groups_of_run(run, judgement, endpoints=wants_endpoints)
    if settings.push is not None:
        listen(Phase(text="pushing"))
    failed, notes = _push(settings, groups, hurry=file.outcome is RunOutcome.INTERRUPTED)
    return Answer(
        exit_code=exit_code(
            file.outcome,
            judgement.verdict,
            on_inconclusive=settings.on_inconclusive,
            push_failed=failed is not None,
            signal_number=getattr(driven.problem, "signal_number", None),
        ),
        run=file,
        judgement=judgement,
        document=document,
        folder=folder,
        problems=tuple(each for each in (driven.problem, failed) if each is not None),
        notes=(*driven.notes, *notes),
    )


def _push(
    settings: GateSettings, groups: Sequence["Group"], *, hurry: bool
) -> tuple[PushFailed | None, list[str]]:
    """The failure of a required push, and what there is to say of any other."""
    push = settings.push
    if push is None:
        return None, []
    from push_metrics import gateway
    from push_metrics.deadline import Deadline

    limit = min(push.timeout_seconds, LAST_PUSH_SECONDS) if hurry else push.timeout_seconds
    try:
        gateway.push(push, groups, deadline=Deadline.after(limit))
    except PushFailed as failure:
        if not push.required:
            return None, [f"not pushed: {failure}"]
        failure.hint = (
            f"{failure.hint}; the files are kept, again with: canarygate push {settings.run.folder}"
        ).removeprefix("; ")
        return failure, []
    series = sum(group.series for group in groups)
    return None, [f"pushed {series} series to {without_secrets(push.url)}"]


def _forget_the_last_run(settings: GateSettings, file: RunFile) -> list[str]:
    """Delete this gate's groups, so that a query made while the load runs finds nothing.

    Raises:
        PushFailed: they could not be deleted, and the push is required.
    """
    if settings.push is None:
        return []
    from push_metrics import gateway
    from push_metrics.deadline import Deadline
    from push_metrics.series import group_keys

    keys = group_keys(file.service, file.stage, file.push_labels)
    deadline = Deadline.after(settings.push.timeout_seconds)
    try:
        gateway.delete(settings.push, keys, deadline=deadline)
    except PushFailed as failure:
        if settings.push.required:
            raise
        return [f"old groups were not deleted: {failure}"]
    return gateway.prune(settings.push, file.service, time.time(), keep=keys, deadline=deadline)


def _shared_identity(settings: GateSettings, notes: list[str]) -> str:
    found = probe_all(settings.run.hosts)
    notes += [
        f"{role} ({without_secrets(settings.run.hosts[role])}) did not answer before the load: "
        f"{identity.error}"
        for role, identity in found.items()
        if not identity.answered
    ]
    if settings.run.allow_same_host or STABLE not in found:
        return ""
    return same_identity(found[CANARY], found[STABLE])


def _import_the_judge() -> None:
    """numpy and scipy take 0.3 s to import: while the load runs, not after it."""
    import canarygate.judge.checks  # noqa: F401 (imported for later)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise ConfigError(
            f"--run-id (RUN_ID): {folder} exists already",
            hint="every run keeps its own folder; leave --run-id out for a new name",
        ) from None
    except OSError as error:
        raise ConfigError(
            f"--results-dir (RESULTS_DIR): {folder} cannot be made ({error.strerror})",
            hint="name a folder that may be written to",
        ) from error


def _planned(settings: GateSettings) -> RunFile:
    run = settings.run
    return RunFile(
        run_id=run.run_id,
        service=run.service,
        outcome=RunOutcome.NOT_STARTED,
        seed=run.seed,
        warm_up_seconds=run.warm_up_seconds,
        stage=run.stage,
        push_labels=run.push_labels,
        settings=_plain(run),
        versions={"canarygate": __version__, "locust": version("locust")},
    )


def _plain(run: RunSettings) -> dict[str, Any]:
    kept = replace(run, memory=run.memory and run.memory.printable())
    values = {
        name: str(value) if isinstance(value, Path) else value
        for name, value in asdict(kept).items()
    }
    return {**values, "hosts": {role: without_secrets(url) for role, url in run.hosts.items()}}
